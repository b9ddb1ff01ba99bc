"""Links that are too old: the page offers a fresh one, and its button says the same to everybody."""

import msgspec
import pytest

from newsletter.clock import DAY
from newsletter.storage import Tx
from newsletter.subscribers import STATUSES
from tests.web.conftest import Serve
from tests.web.saying import confirmation, edit_token, kept, numbers, open_for_comments, says
from tests.web.stage import ADA, BEN, CLEO, MALLORY, Stage, link


async def become(tx: Tx, status: str) -> None:
    await tx.run("UPDATE subscribers SET status = :status", status=status)


async def sent_since(still: Stage, before: int) -> list[str]:
    return [mail.message for mail in (await still.house.mails())[before:] if mail.state == "queued"]


async def test_each_kind_offers_a_fresh_one(still: Stage) -> None:
    web = await still.visitor()
    page = await still.member(web, ADA)
    await still.signs_up(web, BEN)
    invitation = await still.invitation(BEN)
    still.clock.forward(31 * DAY)
    for path, fresh in (
        (invitation, f"{invitation}/again"),
        (link(page, "/preferences/"), f"{link(page, '/preferences/')}/fresh"),
        (link(page, "/downloads/"), f"{link(page, '/downloads/')}/fresh"),
    ):
        before = len(await still.house.mails())
        expired = await web.get(path)
        assert expired.status_code == 410
        assert "<h1>This link has expired</h1>" in expired.text
        assert f'action="{fresh}"' in expired.text
        assert (await web.post(fresh)).status_code == 200
        assert len(await sent_since(still, before)) == 1
        still.clock.forward(2 * DAY)


@pytest.mark.parametrize("kind", ["confirm", "preferences"])
async def test_the_answer_is_the_same_whoever_that_is(still: Stage, kind: str) -> None:
    web = await still.visitor()
    mailed: dict[str, list[str]] = {}
    answers = set()
    page = await still.member(web, ADA)
    paths = {
        "confirm": f"{await still.invitation(ADA)}/again",
        "preferences": f"{link(page, '/preferences/')}/fresh",
    }
    for status in STATUSES:
        still.clock.forward(2 * DAY)
        await still.site.db.write(become, status)
        before = len(await still.house.mails())
        answer = await web.post(paths[kind])
        answers.add((answer.status_code, answer.text))
        mailed[status] = await sent_since(still, before)
    ada = await still.house.person(ADA)
    await still.site.db.write(still.site.subscribers.erase, ada.id)
    answer = await web.post(paths[kind])
    answers.add((answer.status_code, answer.text))

    assert len(answers) == 1
    assert {status for status, _ in answers} == {200}
    who = {"confirm": {"pending", "unsubscribed"}, "preferences": {"pending", "active", "unsubscribed"}}[kind]
    assert {status for status, messages in mailed.items() if messages} == who, msgspec.json.encode(mailed)


async def test_a_comment_s_link_too_and_the_comment_is_still_there(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        edit_token(await says(web, newsletter="yes"))
        old, asked = await confirmation(service), await numbers(service)
        assert len(asked) == 4
        service.clock.forward(8 * DAY)
        for expired in (await web.get(old), await web.post(old)):
            assert expired.status_code == 410
            assert f'action="{old}/again"' in expired.text
        assert (await kept(service))[0].status == "unverified"
        for _ in range(2):
            assert (await web.post(f"{old}/again")).status_code == 200
        assert [m.message for m in await service.house.mails(ADA)] == ["comment_confirm"] * 2, "one a day"
        assert await numbers(service) == asked, "the wish for the newsletter goes along"
        assert (await web.post(await confirmation(service))).status_code == 200
        assert (await kept(service))[0].status == "pending"
        assert (await service.house.person(ADA)).status == "active"


async def test_how_long_a_comment_waits_for_its_button_is_said_as_it_is_set(serve: Serve) -> None:
    async with open_for_comments(serve, pending_days=9) as service:
        web = await service.visitor()
        await says(web)
        assert "forgotten after 9 days." in (await web.get(await confirmation(service))).text


async def test_a_comment_s_fresh_link_is_answered_alike_whether_it_goes_or_not(serve: Serve) -> None:
    """Three mails at most; none to who may not be mailed, is erased, or has confirmed; none after the purge."""
    async with open_for_comments(serve) as service:
        web, site, house = await service.visitor(), service.site, service.house
        answers, mailed = set(), []

        async def asks(path: str) -> None:
            before = len(await house.mails())
            answer = await web.post(f"{path}/again")
            answers.add((answer.status_code, answer.text))
            mailed.append(len(await house.mails()) - before)
            service.clock.forward(2 * DAY)

        edit_token(await says(web))
        old = await confirmation(service)
        service.clock.forward(8 * DAY)
        for _ in range(3):
            await asks(old)
        await web.post(await confirmation(service))
        await asks(old)
        for email, end in ((BEN, "suppressed"), (CLEO, "erased"), (MALLORY, "purged")):
            edit_token(await says(web, f"I am {email}.", email=email))
            path = await confirmation(service, email)
            service.clock.forward(8 * DAY)
            if end == "suppressed":
                await site.db.write(site.post.suppress, email, "bounced")
            elif end == "erased":
                assert await site.db.write(site.persons.erase, email)
            else:
                service.clock.forward(30 * DAY)
                await site.db.write(site.notices.purge)
            await asks(path)
        assert mailed == [1, 1, 0, 0, 0, 0, 0]
        assert len(answers) == 1
        assert {status for status, _ in answers} == {200}
