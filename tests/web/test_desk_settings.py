"""Settings at the desk: what is set and by what, what an owner sets there, and a mail that tries the way out."""

from html import unescape
from pathlib import Path

import msgspec
import pytest

from newsletter.broadcasts import Draft
from newsletter.owners import settings_store
from newsletter.web.kit import owner_settings
from newsletter.words import told
from tests.conftest import ON_ONE
from tests.mail.conftest import run
from tests.pictures import png
from tests.web.broadcaster import Broadcaster, at_desk
from tests.web.stage import Stage

pytestmark = ON_ONE
MINE = {
    "postal_address": "Olga, 2 Quay, Lagos",
    "time_zone": "Europe/Lisbon",
    "clicks": "yes",
    "reminder_hours": "0",
    "confirmation_days": "5",
    "download_days": "9",
    "pending_days": "20",
}


@pytest.fixture
async def desk(still: Stage) -> Broadcaster:
    return await at_desk(still)


async def press(desk: Broadcaster, status: int = 303, /, path: str = "", **fields: str) -> str:
    answer = await desk.web.post(f"/admin/settings{path}", data={"csrf": desk.csrf, **fields})
    assert answer.status_code == status, answer.text
    return answer.headers["Location"] if status == 303 else unescape(answer.text)


async def page(desk: Broadcaster, query: str = "") -> str:
    return unescape((await desk.web.get(f"/admin/settings{query}")).text)


async def test_what_is_saved_counts_at_once_and_after_a_start(desk: Broadcaster) -> None:
    site = desk.stage.site
    assert await press(desk, **MINE) == "/admin/settings?saved=1"
    now = site.settings
    assert (now.clicks, now.store_ip, now.reminder_hours, now.pending_days) == (True, False, 0, 20)
    assert "Olga, 2 Quay, Lagos" in (await desk.web.get("/archive")).text
    _, plain, _ = site.letters.letter(Draft(subject="x", body="y")).seen_by({})
    assert "Olga, 2 Quay, Lagos" in plain
    assert told(1_784_000_000_000, now.time_zone).endswith("WEST")
    shown = await page(desk)
    assert 'value="Europe/Lisbon"' in shown
    assert 'value="Olga, 2 Quay, Lagos"' in shown
    assert "<bdi>Olga, 2 Quay, Lagos</bdi>" not in shown, "it is said once"
    started = msgspec.structs.replace(now, clicks=False, pending_days=30)
    owner_settings.adopt(started, await site.db.read(settings_store.everything), {"clicks": "environment"})
    assert (started.clicks, started.pending_days) == (False, 20)


async def test_what_is_wrong_is_named_and_nothing_is_kept(desk: Broadcaster) -> None:
    before = msgspec.structs.asdict(desk.stage.site.settings)
    wrong = {"time_zone": "Lisbon", "pending_days": "0", "download_days": "x", "confirmation_days": "99999"}
    said = await press(desk, 422, **(MINE | wrong))
    assert all(f'href="#field-{name}"' in said for name in wrong)
    assert 'value="Lisbon"' in said
    assert msgspec.structs.asdict(desk.stage.site.settings) == before
    assert await desk.stage.site.db.read(settings_store.everything) == {}


async def test_what_the_environment_says_is_shown_and_stays(
    desk: Broadcaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSLETTER_POSTAL_ADDRESS", "Olga, 1 Quay, Porto")
    shown = await page(desk)
    assert "NEWSLETTER_POSTAL_ADDRESS</code> in the environment, and changed there" in shown
    assert 'name="postal_address"' not in shown
    await press(desk, **MINE)
    assert desk.stage.site.settings.postal_address == "Olga, 1 Quay, Porto"
    assert "postal_address" not in await desk.stage.site.db.read(settings_store.everything)


async def test_no_secret_is_shown(desk: Broadcaster) -> None:
    msgspec.structs.force_setattr(
        desk.stage.site.settings, "smtp_url", "smtps://ada:geheim@mail.example.org:465"
    )
    shown = await page(desk)
    assert "mail.example.org:465" in shown
    assert "geheim" not in shown
    assert desk.stage.site.settings.secret_keys[0] not in shown


async def test_a_test_mail_says_what_the_server_said(desk: Broadcaster) -> None:
    where = await press(desk, path="/test")
    assert "waits to be sent" in (await desk.web.get(where)).text
    await run(desk.stage.site.db, "UPDATE outbox SET state = 'failed', reply = '535 <no> such login'")
    refused = (await desk.web.get(where)).text
    assert "The test mail was refused. The server said: 535 &lt;no&gt; such login" in refused
    msgspec.structs.force_setattr(desk.stage.site.settings, "postal_address", "")
    await press(desk, path="/test")  # it is no mail of the list, which would need one


async def test_a_picture_is_sent_shown_and_removed(desk: Broadcaster, tmp_path: Path) -> None:
    content = Path(png(tmp_path / "logo.png", 96, 96)).read_bytes()

    def shown() -> str:
        logo = desk.stage.site.letters.brand.logo
        return logo.name if logo else ""

    async def send(file: bytes, status: int) -> str:
        files = {"file": ("mine.png", file, "image/png")}
        answer = await desk.web.post("/admin/settings/logo", data={"csrf": desk.csrf}, files=files)
        assert answer.status_code == status, answer.text
        return unescape(answer.text)

    for wrong in (b"", b"GIF89a", content + bytes(100_000)):
        assert 'href="#field-logo"' in await send(wrong, 422)
    assert shown() == ""
    await send(content, 303)
    where = f"/logo/{shown()}"
    assert f'src="{where}"' in await page(desk)
    assert (await desk.web.get(where)).content == content
    await press(desk, path="/logo/remove")
    assert shown() == ""
    assert (await desk.web.get(where)).status_code == 404


async def test_a_limit_holds_from_the_next_sign_up_on(desk: Broadcaster) -> None:
    web = await desk.stage.visitor()

    async def signs_up(name: str) -> int:
        return (await web.post("/forms/guide", data={"email": f"{name}@example.org"})).status_code

    await press(desk, **MINE, signups_per_network="1")
    assert [await signs_up("zoe"), await signs_up("yann")] == [303, 429]
    await press(desk, **MINE, signups_per_network="50")
    assert await signs_up("yann") == 303
