"""What may be done with a broadcast in each of its states, and that each is done once. On both engines."""

import asyncio

import pytest

from newsletter.broadcasts import Broadcast
from newsletter.broadcasts.model import STATES
from newsletter.errors import BadInput, Conflict, NotFound
from newsletter.mail import Tally
from newsletter.mail.retries import SLICE
from newsletter.web.kit import broadcasting
from tests.broadcasts.writing import LETTER, Desk
from tests.mail.conftest import run
from tests.mail.mailing import people

MAY = {  # each verb, and the states in which it does something
    "change": {"draft", "scheduled"},
    "forget": {"draft", "scheduled"},
    "schedule": {"draft", "scheduled"},
    "unschedule": {"scheduled"},
    "send": {"draft", "scheduled"},
    "pause": {"sending"},
    "resume": {"paused"},
    "cancel": {"sending", "paused"},
    "retry": {"sending", "paused", "sent"},
}


async def do(desk: Desk, verb: str, one: Broadcast) -> object:
    args: tuple[object, ...] = ()
    if verb == "change":
        args = (one.version, LETTER)
    if verb == "send":
        args = (one.version, broadcasting.frozen(desk.site, LETTER))
    if verb == "schedule":
        args = (await desk.later(),)
    return await desk.does(verb, one, *args)


@pytest.mark.parametrize("state", STATES)
async def test_each_verb_has_its_states_and_says_so_in_all_others(desk: Desk, state: str) -> None:
    await people(desk.db, 1)
    for verb, states in MAY.items():
        one = await desk.in_state(state)
        if state in states:
            await do(desk, verb, one)
            continue
        rows = await desk.slips(one)
        with pytest.raises(Conflict) as refused:
            await do(desk, verb, one)
        assert refused.value.sentence.endswith("."), verb
        assert await desk.now(one) == one
        assert await desk.slips(one) == rows


async def test_who_is_late_with_a_change_hears_it_and_changes_nothing(desk: Desk) -> None:
    one = await desk.writes()
    first = await desk.does("change", one, one.version, LETTER)
    assert first.version == one.version + 1
    for verb, args in (("change", (LETTER,)), ("send", (broadcasting.frozen(desk.site, LETTER),))):
        with pytest.raises(Conflict, match="has changed this broadcast meanwhile"):
            await desk.does(verb, one, one.version, *args)
    assert await desk.now(one) == first
    sent = await desk.sends(first)
    with pytest.raises(Conflict, match="sent can’t be changed any more"):
        await desk.does("change", sent, sent.version, LETTER)


async def test_an_unreadable_audience_and_an_unknown_number_are_named(desk: Desk) -> None:
    with pytest.raises(BadInput, match="Column 1"):
        await desk.writes(audience="tags:x")
    one = await desk.writes()
    with pytest.raises(BadInput, match="Column 1"):
        await desk.does("change", one, one.version, type(LETTER)(audience="tags:x"))
    await desk.does("forget", one)
    for verb in MAY:
        with pytest.raises(NotFound, match="no such broadcast"):
            await do(desk, verb, one)


async def test_what_no_database_takes_is_left_out(desk: Desk) -> None:
    one = await desk.writes(subject="On\0 work", body="a\ud800b", sender="Olga\0 <olga@example.com>")
    assert (one.subject, one.body, one.sender) == ("On work", "ab", "Olga <olga@example.com>")


async def test_a_copy_is_a_draft_with_an_address_of_its_own(desk: Desk) -> None:
    old = await desk.sends(audience="tag:a", preheader="p", archive=True)
    new = await desk.does("copy", old)
    assert (new.state, new.mailing_id, new.sent_at) == ("draft", None, None)
    assert (new.subject, new.body, new.preheader) == (old.subject, old.body, "p")
    assert (new.audience, new.archive) == ("tag:a", True)
    assert old.slug == "on-work"
    assert new.slug.startswith("on-work-")


async def test_a_hundred_presses_send_it_once(desk: Desk) -> None:
    await people(desk.db, 3)
    one = await desk.writes()
    content = broadcasting.frozen(desk.site, LETTER)

    async def press() -> str:
        try:
            await desk.does("send", one, one.version, content)
        except Conflict as refused:
            return refused.sentence
        return ""

    answers = await asyncio.gather(*(press() for _ in range(100)))
    assert sorted(set(answers)) == [
        "",
        "This broadcast is on its way, so that is not possible now. Nothing was changed.",
    ]
    assert answers.count("") == 1
    assert await desk.count("SELECT count(*) FROM mailings") == 1
    await desk.fills(one)
    assert len(await desk.slips(one)) == 3


async def test_one_that_waited_for_its_time_and_is_sent_now_goes_now(desk: Desk) -> None:
    one = await desk.in_state("scheduled")
    sent = await desk.sends(one)
    assert sent.send_at is None
    assert [found.id for found in await desk.db.read(desk.site.broadcasts.filling)] == [one.id]
    assert await desk.db.read(desk.site.broadcasts.under_way)


async def test_a_draft_again_has_no_time(desk: Desk) -> None:
    one = await desk.in_state("scheduled")
    await desk.does("unschedule", one)
    assert (await desk.now(one)).send_at is None


async def test_it_is_sent_when_all_have_a_row_and_none_is_left(desk: Desk) -> None:
    await people(desk.db, 201)
    one = await desk.sends()
    after, chunk = await desk.db.read(desk.site.broadcasts.next_of, one.id)
    assert await desk.does("fill", one, after, chunk)
    await desk.hands_over(one)
    await desk.settles()
    assert (await desk.now(one)).state == "sending"  # one person has no row yet
    await desk.fills(one)
    await desk.settles()
    assert (await desk.now(one)).state == "sending"  # and now it waits
    for state in ("deferred", "sending"):
        await run(desk.db, "UPDATE outbox SET state = :state WHERE state <> 'sent'", state=state)
        await desk.settles()
        assert (await desk.now(one)).state == "sending"
    await run(desk.db, "UPDATE outbox SET state = 'in_doubt' WHERE state <> 'sent'")
    await desk.settles()
    ended = await desk.now(one)
    assert ended.state == "sent"
    assert ended.finished_at is not None
    assert not await desk.db.read(desk.site.broadcasts.under_way)


@pytest.mark.parametrize("state", ["failed", "in_doubt"])
async def test_what_did_not_arrive_is_sent_once_more(desk: Desk, state: str) -> None:
    await people(desk.db, 5)
    one = await desk.in_state("sent")
    await run(desk.db, "UPDATE outbox SET state = :state WHERE subscriber_id IN (2, 4)", state=state)
    before = await desk.count("SELECT count(*) FROM outbox")
    assert await broadcasting.send_again(desk.site, one.id, state) == 2
    assert await broadcasting.send_again(desk.site, one.id, state) == 0
    again, tally, _ = await desk.db.read(desk.site.broadcasts.standing, one.id)
    assert again.state == "sending"
    assert Tally(**tally) == Tally(sent=3, queued=2)
    assert await desk.count("SELECT count(*) FROM outbox") == before
    await desk.hands_over(one)
    await desk.settles()
    assert (await desk.now(one)).state == "sent"
    with pytest.raises(BadInput, match="Only what failed"):
        await desk.does("retry", one, "sent")


async def test_nothing_of_a_cancelled_one_waits_for_ever(desk: Desk) -> None:
    """What was on the wire when it was cancelled may be told to come later."""
    await people(desk.db, 3)
    one = await desk.in_state("sending")
    await run(desk.db, "UPDATE outbox SET state = 'sending' WHERE subscriber_id = 1")
    await desk.does("cancel", one)
    await desk.settles()
    assert (await desk.now(one)).finished_at is None
    await run(desk.db, "UPDATE outbox SET state = 'deferred' WHERE subscriber_id = 1")
    await broadcasting.keep_going(desk.site)
    assert {slip.state for slip in await desk.slips(one)} == {"skipped"}
    ended = await desk.now(one)
    assert ended.state == "cancelled"
    assert ended.finished_at is not None


async def test_with_many_rows_it_is_ended_and_sent_again_at_once_and_the_clock_sees_to_the_rest(
    desk: Desk,
) -> None:
    await people(desk.db, 2 * SLICE + 1)
    one = await desk.in_state("sending")
    await run(desk.db, "UPDATE outbox SET state = 'failed'")
    assert await broadcasting.send_again(desk.site, one.id, "failed") == 2 * SLICE + 1
    assert sum(slip.state == "queued" for slip in await desk.slips(one)) == SLICE
    await desk.settles()
    assert (await desk.now(one)).state == "sending", "it is not over before all have it once more"
    await broadcasting.keep_going(desk.site)
    assert {slip.state for slip in await desk.slips(one)} == {"queued"}
    await desk.does("cancel", one)
    assert (await desk.now(one)).state == "cancelled"
    assert sum(slip.state == "skipped" for slip in await desk.slips(one)) == SLICE
    await broadcasting.keep_going(desk.site)
    assert {slip.state for slip in await desk.slips(one)} == {"skipped"}
    assert (await desk.now(one)).finished_at is not None


async def test_pausing_holds_the_mailing_and_resuming_lets_it_go(desk: Desk) -> None:
    one = await desk.in_state("sending")
    assert one.mailing_id
    for verb, state in (("pause", "held"), ("resume", "open"), ("pause", "held"), ("cancel", "cancelled")):
        await desk.does(verb, one)
        assert (await desk.db.read(desk.site.mailings.find, one.mailing_id)).state == state
