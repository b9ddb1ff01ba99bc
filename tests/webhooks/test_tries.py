"""What becomes of a delivery whose server is in trouble, and of a webhook that fails for days."""

import asyncio

import pytest

from newsletter import webhooks
from newsletter.clock import DAY, HOUR, MINUTE, SECOND
from newsletter.errors import NotFound
from newsletter.mail import hold
from newsletter.webhooks.model import DELAYS, KEPT, PATIENCE
from newsletter.webhooks.rounds import REST
from tests.conftest import ON_ONE
from tests.webhooks.conftest import OLGA, Post, rounds_of
from tests.webhooks.receiver import HANG, says

ADA, BEN, CLEO = "ada@example.net", "ben@example.net", "cleo@example.net"
DOWN, WRONG = says(503, "Back soon."), says(422, "Not like this.")

pytestmark = ON_ONE


async def test_it_is_tried_again_until_it_goes_well(post: Post) -> None:
    hook = await post.hook()
    await post.house.joins(ADA)
    post.receiver.script[:] = [WRONG, DOWN]
    (first,) = await post.goes()
    assert await post.goes() == []
    (second,) = await post.goes(12 * SECOND)
    (third,) = await post.goes(2 * MINUTE)
    assert await post.goes(DAY) == []
    assert {got.headers["webhook-id"] for got in (first, second, third)} == {first.headers["webhook-id"]}
    assert int(third.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 132
    (kept,) = await post.log(hook)
    assert (kept.state, kept.attempts, kept.status) == ("sent", 3, 204)


async def test_given_up_shown_and_sent_again(post: Post) -> None:
    hook = await post.hook("subscriber.confirmed")
    await post.house.joins(ADA)
    post.receiver.script[:] = [WRONG] * 9
    tried = [len(await post.goes(delay * 5 // 4)) for delay in (0, *DELAYS, DAY, DAY)]
    assert tried == [1] * 9 + [0, 0]
    (kept,) = await post.log(hook)
    assert (kept.state, kept.attempts, kept.status, kept.answer) == ("failed", 9, 422, "Not like this.")
    await post.db.write(webhooks.resend, hook.id, kept.id)
    (again,) = await post.goes()
    assert again.headers["webhook-id"] == f"msg_{kept.id}"
    assert [one.state for one in await post.log(hook)] == ["sent"]
    with pytest.raises(NotFound):
        await post.db.write(webhooks.resend, hook.id, 1)


async def test_one_that_is_refused_holds_up_no_other_and_a_server_in_trouble_is_left_alone(
    post: Post,
) -> None:
    await post.hook("subscriber.confirmed")
    for email in (ADA, BEN, CLEO):
        await post.house.joins(email)
    post.receiver.script[:] = [WRONG]
    assert len(await post.goes()) == 3
    for email in ("dora@example.net", "eve@example.net", "fay@example.net"):
        await post.house.joins(email)
    post.receiver.script[:] = [DOWN, DOWN, DOWN]
    assert len(await post.goes()) == 1
    assert await post.goes(8 * SECOND) == []
    assert len(await post.goes(REST)) == 1
    assert len(await post.goes(REST)) == 1
    assert len(await post.goes(REST)) == 4


async def test_one_that_fails_for_days_is_switched_off_and_its_owner_told_once(post: Post) -> None:
    hook = await post.hook("subscriber.confirmed")
    await post.house.joins(ADA)
    post.receiver.script[:] = [DOWN] * 3
    assert len(await post.goes()) == 1
    await post.house.joins(BEN)
    assert len(await post.goes(PATIENCE + MINUTE)) == 1
    off = await post.find(hook)
    assert (off.state, off.why) == ("off", "It failed for three days: it answered 503.")
    assert await post.goes(DAY) == []
    (mail,) = [one for one in await post.house.mails(OLGA) if one.message == "webhook_off"]
    assert hook.url in mail.context
    await post.house.joins(CLEO)  # while it is off: not told
    post.clock.forward(HOUR)
    post.receiver.script.clear()
    await post.db.write(webhooks.change, hook.id, hook.url, hook.chosen, "on", local=True)
    assert sorted(got.json["data"]["email"] for got in await post.goes(REST)) == [ADA, BEN]
    on = await post.find(hook)
    assert (on.state, on.why, on.failing_since) == ("on", "", None)


async def test_a_server_that_wants_no_more_gets_no_more(post: Post) -> None:
    hook = await post.hook("subscriber.confirmed")
    await post.house.joins(ADA)
    await post.house.joins(BEN)
    post.receiver.script[:] = [says(410)]
    assert len(await post.goes()) == 1
    assert (await post.find(hook)).state == "off"
    assert await post.goes(DAY) == []


async def test_while_sending_is_held_nothing_goes(post: Post) -> None:
    await post.hook()
    await post.house.joins(ADA)
    await post.db.write(hold.hold)
    assert await post.goes() == []
    await post.db.write(hold.let_go)
    assert len(await post.goes()) == 1


async def test_a_slow_server_keeps_nobody_waiting_but_itself(post: Post) -> None:
    await post.hook("subscriber.confirmed")
    slow = post.receiver.url.replace("/hooks", "/slow")
    await post.hook("subscriber.confirmed", url=slow)
    await post.house.joins(ADA)
    post.receiver.script[:] = [HANG]  # whoever is first
    await post.rounds.once()
    while len(post.receiver.got) < 2:
        await asyncio.sleep(0.001)
    first = post.receiver.got[0].line
    await post.house.joins(BEN)
    while len(post.receiver.got) < 3:
        await post.rounds.once()
        await asyncio.sleep(0.001)
    assert [got.line == first for got in post.receiver.got] == [True, False, False]
    await post.rounds.stop()


async def test_two_workers_send_it_once_and_one_that_died_is_followed_by_another(post: Post) -> None:
    await post.hook("subscriber.confirmed")
    other = rounds_of(post.house)
    for n in range(5):
        await post.house.joins(f"reader{n}@example.net")
    await asyncio.gather(post.rounds.once(), other.once())
    await asyncio.gather(post.rounds.idle(), other.idle())
    assert len({got.headers["webhook-id"] for got in post.receiver.got}) == len(post.receiver.got) == 5

    await post.run("UPDATE webhooks SET held_until = :until", until=post.clock.now() + MINUTE)  # it died now
    await post.house.joins(ADA)
    assert await post.goes() == []
    assert len(await post.goes(MINUTE)) == 1


async def test_what_is_over_goes_after_a_month(post: Post) -> None:
    hook = await post.hook("subscriber.confirmed")
    await post.house.joins(ADA)
    assert len(await post.goes()) == 1
    post.clock.forward(KEPT + DAY)
    post.rounds = rounds_of(post.house)
    assert await post.goes() == []
    assert await post.log(hook) == []
    assert await post.goes() == []  # and is not told anew
