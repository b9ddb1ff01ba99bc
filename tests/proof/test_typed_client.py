"""A client is made from the description of the API by a generator of somebody else's, and does its owner's work.

It is made without a warning, which would be a part that is missing; mypy knows its types where they are used, and
it asks a live server.
"""

import asyncio
import sys
from pathlib import Path

import pytest

from newsletter.owners import SCOPES
from newsletter.web.api.table import ENDPOINTS
from tests.conftest import Clock
from tests.figures import Figure
from tests.pictures import png
from tests.ports import free_ports
from tests.web.conftest import set_clock
from tests.web.stage import serving

WORK = """
import sys
from io import BytesIO

from made import AuthenticatedClient
from made.api.broadcasts import add_broadcast, change_broadcast, get_broadcast
from made.api.imports import add_import, list_import_columns
from made.api.forms import change_form_mails, get_form_mails
from made.api.magnets import add_magnet_version, get_magnet, get_telling
from made.api.sequences import add_sequence, add_step, list_steps
from made.api.settings import (
    change_settings, delete_logo, delete_relay, get_logo, get_relay, get_settings, put_logo, put_relay,
)
from made.api.subscribers import (
    add_subscriber, ask_for_many, get_change_of_many, list_subscribers, start_change_of_many,
)
from made.models import (
    Broadcast, Change, Draft, DraftChange, FormMails, FormMailsChange, ImportColumns, Logo, Magnet, MagnetReceipt,
    MailWords, NewChange, NewChangeAction, NewRelay, NewRelayTls, NewSequence, NewStep, NewSubscriber, Problem, Receipt,
    Relay, Settings, SettingsChange, Start, Steps, Subscribers, Telling,
)
from made.types import File


def work(client: AuthenticatedClient) -> None:
    wanted = NewSubscriber(email="ada@example.org", name="Ada", tags=["shop"], imported="Ticked the box")
    added = add_subscriber.sync(client=client, body=wanted, idempotency_key="order-1")
    again = add_subscriber.sync(client=client, body=wanted, idempotency_key="order-1")
    assert isinstance(added, Receipt) and added == again and added.state == "active"
    refused = add_subscriber.sync(client=client, body=NewSubscriber(email="nobody"))
    assert isinstance(refused, Problem) and refused.status == 422 and refused.errors
    assert "email" in refused.errors.additional_properties
    found = list_subscribers.sync(client=client, segment="tag:shop", limit=1)
    assert isinstance(found, Subscribers) and found.next_ is None
    assert [(one.email, one.tags, str(one.status)) for one in found.items] == [("ada@example.org", ["shop"], "active")]

    draft = add_broadcast.sync(client=client, body=Draft(subject="On work", body="Hello."))
    assert isinstance(draft, Receipt)
    read = get_broadcast.sync_detailed(id=draft.id, client=client)
    other = DraftChange(preheader="A thought")
    changed = change_broadcast.sync(id=draft.id, client=client, body=other, if_match=read.headers["etag"])
    assert isinstance(changed, Broadcast) and changed.preheader == "A thought"
    late = change_broadcast.sync(id=draft.id, client=client, body=other, if_match=read.headers["etag"])
    assert isinstance(late, Problem) and late.status == 412

    pdf = File(payload=BytesIO(b"%PDF-1.7 shorter %%EOF"))
    renewed = add_magnet_version.sync(slug="structure-your-career", client=client, body=pdf, notes="Shorter")
    assert isinstance(renewed, MagnetReceipt) and renewed.version == 2
    magnet = get_magnet.sync(slug="structure-your-career", client=client)
    assert isinstance(magnet, Magnet) and (magnet.version, magnet.size) == (2, 22)

    many = ask_for_many.sync(client=client, body=NewChange(NewChangeAction.TAG, "tag:shop", tag="paid"))
    assert isinstance(many, Receipt)
    counted = get_change_of_many.sync(id=many.id, client=client)
    assert isinstance(counted, Change) and counted.people == 1
    begun = start_change_of_many.sync(id=many.id, client=client, body=Start(counted.people))
    assert isinstance(begun, Change) and str(begun.state) == "running"

    add_sequence.sync(client=client, body=NewSequence("course", "tag:paid"))
    add_step.sync(slug="course", client=client, body=NewStep("The first", "Hello.", wait="2 days"))
    steps = list_steps.sync(slug="course", client=client)
    assert isinstance(steps, Steps) and [one.wait for one in steps.items] == ["2 days"]

    seen = get_form_mails.sync_detailed(slug="guide", client=client)
    written = FormMailsChange(guide=MailWords(subject="Here it is"))
    mails = change_form_mails.sync(slug="guide", client=client, body=written, if_match=seen.headers["etag"])
    assert isinstance(mails, FormMails) and mails.guide.subject == "Here it is"
    telling = get_telling.sync(slug="structure-your-career", client=client)
    assert isinstance(telling, Telling) and telling.version == 2

    held = get_settings.sync_detailed(client=client)
    settings = change_settings.sync(client=client, body=SettingsChange(mail_per_day=500), if_match=held.headers["etag"])
    assert isinstance(settings, Settings) and settings.mail_per_day == 500

    png = sys.stdin.buffer.read()
    missed = put_logo.sync(client=client, body=File(payload=BytesIO(png)))
    assert isinstance(missed, Problem) and missed.status == 428
    shown = put_logo.sync(client=client, body=File(payload=BytesIO(png)), if_none_match="*")
    assert isinstance(shown, Logo) and (shown.width, shown.height) == (48, 48)
    picture = get_logo.sync_detailed(client=client)
    assert delete_logo.sync_detailed(client=client, if_match=picture.headers["etag"]).status_code == 204

    by = get_relay.sync_detailed(client=client)
    nowhere = NewRelay("127.0.0.1", 9, NewRelayTls.OFF)
    down = put_relay.sync(client=client, body=nowhere, if_match=by.headers["etag"])
    assert isinstance(down, Problem) and down.status == 422
    nowhere.anyway = True
    relay = put_relay.sync(client=client, body=nowhere, if_match=by.headers["etag"])
    assert isinstance(relay, Relay) and (relay.port, str(relay.source)) == (9, "desk") and relay.version
    stale = delete_relay.sync_detailed(client=client, if_match=by.headers["etag"])
    assert stale.status_code == 412

    sent = add_import.sync(client=client, body=File(payload=BytesIO(b"Mail,City\\nben@example.org,Porto\\n")))
    assert isinstance(sent, Receipt)
    columns = list_import_columns.sync(id=sent.id, client=client)
    assert isinstance(columns, ImportColumns) and [one.target for one in columns.items] == ["email", "field:city"]


if __name__ == "__main__":
    work(AuthenticatedClient(base_url=sys.argv[1], token=sys.argv[2]))
"""


async def _runs(folder: Path, program: str, *words: str, reads: bytes = b"") -> None:
    """One of the programs beside this Python, or Python itself."""
    path = Path(sys.executable).with_name(program)
    running = await asyncio.create_subprocess_exec(
        str(path), *words, cwd=folder, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await running.communicate(reads)
    assert running.returncode == 0, said.decode()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_client_is_made_and_works(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock, figure: Figure
) -> None:
    set_clock(monkeypatch, clock)
    path = Path(sys.executable).parent
    monkeypatch.setenv("PATH", str(path), prepend=":")  # the generator lays out what it makes
    (tmp_path / "work.py").write_text(WORK, "utf-8")
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    async with serving(database_url, tmp_path, clock, worker=False, port=port, public_url=url) as stage:
        token = await stage.site.db.write(stage.site.api_tokens.new, "Shop", SCOPES, None)
        await _runs(
            tmp_path, "openapi-python-client", "generate", "--url", f"{url}/api/openapi.json",
            "--meta", "none", "--output-path", "made", "--fail-on-warning",
        )  # fmt: skip
        made = [one for one in (tmp_path / "made" / "api").glob("*/*.py") if one.stem != "__init__"]
        figure("client_calls_made", len(made), str(len(ENDPOINTS)), len(made) == len(ENDPOINTS))
        await _runs(tmp_path, "python", "-m", "mypy", "--strict", "--follow-imports=silent", "work.py")
        picture = Path(png(tmp_path / "logo.png", 96, 96)).read_bytes()
        await _runs(tmp_path, "python", "work.py", f"{url}/api/v1", token, reads=picture)
    assert len(made) == len(ENDPOINTS)
