"""Readers are asked whether they stay: who says yes does, and who doesn't answer is let go when the owner is sure."""

from newsletter.clock import DAY
from newsletter.ids import new_id
from newsletter.storage import Tx
from newsletter.subscribers import staying
from tests.web.stage import ADA, BEN, CLEO, Stage
from tests.web.test_desk import csrf_on

PATH = "/admin/ask-again"


async def test_who_does_not_answer_is_let_go(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    for email in (ADA, BEN, CLEO):
        await still.member(await still.visitor(), email)
    page = await web.get(PATH)
    own = {"csrf": csrf_on(page)}
    wrong = await web.post(PATH, data={**own, "action": "write", "audience": "tag:"})
    assert (wrong.status_code, 'id="audience-error"' in wrong.text) == (422, True)
    made = await web.post(PATH, data={**own, "action": "write", "audience": "joined > 2026-01-01"})
    id = int(made.headers["Location"].rpartition("/")[2])
    draft = (await web.get(made.headers["Location"])).text
    assert "Shall I keep writing to you?" in draft
    assert "joined &gt; 2026-01-01" in draft
    assert "is not sent yet" in (await web.get(PATH)).text
    assert (await web.post(PATH, data={**own, "action": "write"})).status_code == 409  # one at a time
    assert (await web.post(PATH, data={**own, "action": "leave", "sure": "0"})).status_code == 422

    ada, ben = await still.house.person(ADA), await still.house.person(BEN)
    await still.site.db.write(_sent, id, (ada.id, ben.id))
    token = still.site.tokens.make("preferences", ada.id, ada.epoch, now=still.clock.now())
    theirs = await still.visitor()
    assert staying.TITLE in (await theirs.get(f"/preferences/{token}")).text
    await theirs.post(f"/preferences/{token}", data={"name": "Ada", f"topic-stays-{id}": "1"})

    assert "Unsubscribe who did not" not in (await web.get(PATH)).text
    assert (await web.post(PATH, data={**own, "action": "leave", "sure": "1"})).status_code == 422  # early
    still.clock.forward(13 * DAY)
    await still.signs_in(web)
    still.clock.forward(DAY)
    page = await web.get(PATH)
    own = {"csrf": csrf_on(page)}
    assert "<dt>Said yes</dt><dd>1</dd>" in page.text
    assert "<dt>Did not answer</dt><dd>1</dd>" in page.text
    assert "Are you sure?" in (await web.post(PATH, data={**own, "action": "leave"})).text
    assert (await web.post(PATH, data={**own, "action": "leave", "sure": "2"})).status_code == 422
    done = await web.post(PATH, data={**own, "action": "leave", "sure": "1"})
    assert done.headers["Location"] == f"{PATH}?done=1"
    standing = [(await still.house.person(email)).status for email in (ADA, BEN, CLEO)]
    assert standing == ["active", "unsubscribed", "active"]
    await web.post(PATH, data={**own, "action": "end"})
    assert "Write the draft" in (await web.get(PATH)).text
    assert staying.TITLE not in (await theirs.get(f"/preferences/{token}")).text


async def _sent(tx: Tx, id: int, people: tuple[int, ...]) -> None:
    """As it stands when a worker has sent it."""
    mailing = new_id()
    sql = "INSERT INTO mailings (id, seed, content, created_at) VALUES (:id, 'x', :content, :now)"
    await tx.run(sql, id=mailing, content=b"{}", now=tx.now)
    sql = "UPDATE broadcasts SET state = 'sent', sent_at = :now, mailing_id = :mailing WHERE id = :id"
    await tx.run(sql, id=id, mailing=mailing, now=tx.now)
    for person in people:
        await tx.run(
            """INSERT INTO outbox (id, message, priority, subscriber_id, recipient, context, message_id, state,
                                   not_before, created_at, settled_at, mailing_id)
               VALUES (:id, 'broadcast', 10, :person, 'a@example.org', '{}', 'x', 'sent', 0, :now, :now, :mailing)""",
            id=new_id(), person=person, now=tx.now, mailing=mailing,
        )  # fmt: skip
