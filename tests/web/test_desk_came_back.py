"""What came back of a reader's mail stands in what happened to them, and the right one is mailed no more."""

from collections.abc import AsyncIterator

import pytest

from newsletter.mail.bounces.listener import Door, listening
from newsletter.mail.bounces.model import Report
from newsletter.mail.bounces.sender import envelope_sender
from newsletter.web.process import listen
from tests.mail.bounces.test_listener import SAMPLES, call
from tests.web.conftest import Serve
from tests.web.stage import ADA, BEN, Stage

DOMAIN = "bounces.example.com"


@pytest.fixture
async def stage(serve: Serve) -> AsyncIterator[Stage]:
    async with serve(bounce_domain=DOMAIN) as running:
        yield running


async def test_a_bounce_that_is_mailed_in_is_seen_at_the_desk(stage: Stage) -> None:
    """From the form over real SMTP and back by the door for bounces, in the words of Postfix."""
    web, site = await stage.visitor(), stage.site
    for reader in (ADA, BEN):
        await stage.joins(web, reader)
    (row, *_) = [mail.id for mail in await stage.house.mails(ADA) if mail.message == "guide"]
    to = envelope_sender(site.settings, site.tokens, row)

    async def take(report: Report) -> str:
        return await site.db.write(site.returns.take, report)

    listener = listen("127.0.0.1", 0)
    async with listening(Door(DOMAIN, site.tokens, take, connections=2), listener):
        talk = await call(listener.getsockname()[1])
        await talk.hears()
        sample = (SAMPLES / "hard-postfix-unknown.eml").read_bytes()
        assert (await talk.hands_over(to, sample)).startswith("250")
        assert (await talk.hands_over(f"bounce+forged.x@{DOMAIN}", sample)).startswith("5")
        talk.close()
    ada, ben = await stage.house.person(ADA), await stage.house.person(BEN)
    assert (ada.status, ben.status) == ("bounced", "active")
    assert await site.db.read(site.post.suppressed, ADA)
    assert not await site.db.read(site.post.suppressed, BEN)
    await stage.signs_in(web)
    page = (await web.get(f"/admin/subscribers/{ada.id}")).text
    assert "Mail came back: there is no such address" in page
    assert "On the suppression list" in page
    assert "came back" not in (await web.get(f"/admin/subscribers/{ben.id}")).text
    domains = (await web.get("/admin/domains")).text
    assert "<bdi>example.org</bdi>" in domains
    listed = (await web.get("/admin/suppressions", params={"email": ADA})).text
    assert "Mail came back" in listed
