"""Links that are too old: the page offers a fresh one, and its button says the same to everybody."""

import msgspec
import pytest

from newsletter.clock import DAY
from newsletter.storage import Tx
from newsletter.subscribers import STATUSES
from tests.web.stage import ADA, BEN, Stage, link


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
