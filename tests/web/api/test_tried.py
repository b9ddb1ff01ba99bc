"""What a program tries out: a test mail, with what the server said; and whether a page really carries a form."""

import httpx
import pytest

from newsletter.owners import SCOPES
from newsletter.storage import Tx
from newsletter.web.kit import forms_page_check
from newsletter.web.kit.forms_embedding import codes
from tests.web.api.conftest import ROOT, Program, program
from tests.web.conftest import Serve
from tests.web.stage import ADA, OLGA, Loopback, Stage
from tests.web.test_desk_form_page import blogging, noted, says


@pytest.mark.asyncio(loop_scope="module")
async def test_a_test_mail(shop: Program, stage: Stage) -> None:
    head = {"Idempotency-Key": "try"}
    sent, again = [await shop.ask("POST", "/settings/test", 202, json={}, headers=head) for _ in range(2)]
    assert sent.json() == again.json()
    path = sent.headers["Location"].removeprefix(ROOT)
    assert await shop.get(path) == {"state": "queued", "reply": ""}
    to = f"SELECT count(*) FROM outbox WHERE recipient = '{OLGA}'"
    assert await stage.house.count(to) == 1
    wrong = await shop.ask("POST", "/settings/test", 422, json={"to": "nobody"})
    assert wrong.json()["errors"].keys() == {"to"}
    await shop.ask("GET", "/settings/test/1", 404)
    theirs = await stage.site.db.write(_to_a_subscriber, stage)
    await shop.ask("GET", f"/settings/test/{theirs}", 404)  # what a server said to theirs names them


async def _to_a_subscriber(tx: Tx, stage: Stage) -> int:
    id = await stage.site.mailings.start(tx, b"{}")
    await tx.run(
        """INSERT INTO outbox (id, message, priority, subscriber_id, recipient, context, message_id, state, not_before,
               created_at, settled_at, reply, mailing_id)
           VALUES (:id, '', 10, 1, :to, '{}', '<1@example.org>', 'failed', 0, 0, 0, :reply, :id)""",
        id=id,
        to=ADA,
        reply=f"550 5.1.1 <{ADA}> unknown",
    )
    return id


async def test_what_the_server_said_of_it(service: Stage) -> None:
    """It is no mail of the list: whoever gets it is subscribed to nothing by it, and has nothing to leave."""
    shop = await program(service)
    sent = await shop.ask("POST", "/settings/test", 202, json={"to": "lea@example.org"})
    (mail,) = await service.letters("lea@example.org", 1)
    assert "This mail went the way that all of yours go." in " ".join(mail.text.split())
    assert "subscri" not in mail.text.lower()
    assert not [name for name, _ in mail.headers if name.startswith("List-")]
    fate = await shop.get(sent.headers["Location"].removeprefix(ROOT))
    assert (fate["state"], fate["reply"][:3]) == ("sent", "250")


@pytest.mark.asyncio(loop_scope="module")
async def test_the_code_to_copy(shop: Program, stage: Stage) -> None:
    found = (await shop.get("/forms/guide/embed"))["items"]
    form = await stage.site.db.read(stage.site.forms.stored, "guide")
    ours = codes(form, stage.site.settings.public_url)
    assert found == [{"kind": one.id, "code": one.text} for one in ours]
    assert [one["kind"] for one in found] == ["plain", "script", "frame"]
    await shop.ask("GET", "/forms/none/embed", 404)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_whether_a_page_carries_the_form(serve: Serve) -> None:
    here = "http://localhost:8000"
    async with (
        blogging() as blog,
        serve(worker=False, public_url=here, allowed_origins=(blog.origin,)) as still,
    ):
        token = await still.site.db.write(still.site.api_tokens.new, "Shop", SCOPES, None)
        form = await still.house.form()
        blog.pages = {"/with": says(codes(form, here)[0].text), "/without": says("<p>Nothing here")}
        head = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=here, transport=Loopback(still.port), headers=head) as web:
            shop, path = Program(still, web), "/forms/guide/page"
            there = await shop.ask("POST", path, json={"page": f"{blog.origin}/with#form"})
            assert there.json() == {"carries": True, "items": [{"kind": "plain", "what": ""}]}
            missing = await shop.ask("POST", path, json={"page": f"{blog.origin}/without"})
            assert missing.json() == {"carries": False, "items": []}
            async with forms_page_check._under_way:  # by somebody else
                busy = await shop.ask("POST", path, 409, json={"page": f"{blog.origin}/with"})
            assert busy.json()["detail"] == forms_page_check.BUSY
            asked = len(blog.asked)
            for url in ("", "https://evil.example/", f"{blog.origin}.evil.example/", "x"):
                wrong = await shop.ask("POST", path, 422, json={"page": url})
                assert wrong.json()["errors"].keys() == {"page"}, url
            assert len(blog.asked) == asked
            assert await noted(still, "api") == [("POST forms/{slug}/page", "guide")] * asked
            await shop.ask("POST", "/forms/none/page", 404, json={"page": f"{blog.origin}/with"})
