"""From what somebody does to the mails that follow: what starts them, what stops them, how far apart they come."""

import pytest

from newsletter.clock import DAY, HOUR, MINUTE
from newsletter.errors import BadInput
from newsletter.web.kit import sequencing
from tests.conftest import NOON, ON_ONE
from tests.mail.conftest import ADA, BEN, run
from tests.sequences.walking import Path

GUIDE = "structure-your-career"


async def test_three_mails_follow_a_confirmation(path: Path) -> None:
    await path.begins()
    ada = await path.joins(ADA)
    await path.goes_round()
    assert await path.names() == []
    await path.days(8)
    assert [(one.slug, (one.at - NOON) // DAY) for one in await path.sent(ada.id)] == [
        ("box", 1),
        ("question", 3),
        ("talk", 6),
    ]
    assert await path.state(ada.id) == "finished"


@ON_ONE
async def test_a_first_step_without_delay_comes_in_the_same_round(path: Path) -> None:
    await path.begins(("box", 0), ("talk", 1))
    await path.joins(ADA)
    await path.goes_round()
    assert await path.names() == ["box"]


async def test_a_tag_starts_it_for_who_has_it_from_then_on(path: Path) -> None:
    ada, ben = await path.joins(ADA), await path.joins(BEN)
    await path.tags(ada.id, "coaching")
    path.clock.forward(1)
    await path.begins(("box", 0), start="tag", value="coaching")
    await path.tags(ben.id, "other")
    await path.goes_round()
    assert await path.names() == []
    await path.tags(ben.id, "coaching", "coaching")
    await path.goes_round()
    assert [one.subscriber_id for one in await path.sent()] == [ben.id]


@ON_ONE
async def test_a_topic_that_is_kept_is_no_new_one(path: Path) -> None:
    ada = await path.joins(ADA)
    await path.tags(ada.id, "coaching", "walks")
    await run(path.db, "UPDATE tags SET public = 1")
    path.clock.forward(1)
    await path.begins(("box", 0), start="tag", value="coaching")
    prefer = path.site.subscribers.prefer
    await path.db.write(prefer, ada.id, ada.epoch, None, ["coaching"], None)
    await path.goes_round()
    assert await path.names() == []
    await path.db.write(prefer, ada.id, ada.epoch, None, [], None)
    await path.db.write(prefer, ada.id, ada.epoch, None, ["coaching"], None)
    await path.goes_round()
    assert await path.names(ada.id) == ["box"]


async def test_a_guide_starts_it_for_who_downloads_it_but_no_scanner(path: Path) -> None:
    ada, ben = await path.joins(ADA), await path.joins(BEN)
    await path.downloads(ada.id)
    path.clock.forward(1)
    await path.begins(("box", 0), start="downloaded", value=GUIDE)
    await path.downloads(ben.id, automatic=True)
    await path.goes_round()
    assert await path.names() == []
    await path.downloads(ben.id)
    await path.downloads(ben.id)
    await path.goes_round()
    assert [one.subscriber_id for one in await path.sent()] == [ben.id]


@ON_ONE
async def test_a_guide_that_there_is_not_is_told(path: Path) -> None:
    with pytest.raises(BadInput, match="no guide called “career”"):
        await path.loads(start="downloaded", value="career")
    assert await path.db.read(path.site.sequences.all) == []


async def test_it_starts_for_nobody_from_before_unless_its_owner_asks(path: Path) -> None:
    ada = await path.joins(ADA)
    path.clock.forward(HOUR)
    ben = await path.joins(BEN)
    path.clock.forward(1)
    await path.begins(("box", 0))
    await path.goes_round()
    assert await path.entries() == []
    await path.turns_on(since=NOON + HOUR)
    await path.goes_round()
    assert [one.subscriber_id for one in await path.sent()] == [ben.id]
    await path.turns_on(since=0)
    await path.goes_round()
    assert [one.subscriber_id for one in await path.sent()] == [ben.id, ada.id]


@ON_ONE
async def test_while_it_is_off_it_starts_for_nobody_and_sends_nothing(path: Path) -> None:
    await path.begins(("box", 0), ("talk", 1))
    ada = await path.joins(ADA)
    await path.turns_off()
    path.clock.forward(DAY)
    await path.joins(BEN)
    await path.goes_round()
    assert await path.names() == []
    path.clock.forward(1)
    await path.turns_on()
    await path.goes_round()
    await path.days(1)
    assert await path.names(ada.id) == ["box", "talk"]
    assert len(await path.entries()) == 1


@ON_ONE
async def test_what_waits_to_be_sent_waits_while_it_is_off(path: Path) -> None:
    await path.begins(("box", 0))
    await path.joins(ADA)
    await path.goes_round(arrives=False)
    await path.turns_off()
    assert await path.count("SELECT count(*) FROM mailings WHERE state = 'held'") == 1
    await path.turns_on()
    assert await path.count("SELECT count(*) FROM mailings WHERE state = 'open'") == 1


@ON_ONE
async def test_who_leaves_gets_nothing_more_even_when_they_come_back(path: Path) -> None:
    await path.begins()
    ada, ben = await path.joins(ADA), await path.joins(BEN)
    await path.days(1)
    await path.leaves(ada.id)
    await path.days(5)
    assert await path.names(ada.id) == ["box"]
    assert await path.names(ben.id) == ["box", "question", "talk"]
    assert await path.state(ada.id) == "stopped"


async def test_who_leaves_and_is_back_before_the_next_step_has_left(path: Path) -> None:
    await path.begins()
    ada = await path.joins(ADA)
    await path.days(1)
    await path.leaves(ada.id)
    path.clock.forward(DAY)
    await path.joins(ADA)
    await path.days(9)
    assert await path.names(ada.id) == ["box"]
    assert await path.state(ada.id) == "stopped"


@ON_ONE
@pytest.mark.parametrize("status", ["bounced", "complained", "blocked", "unsubscribed"])
async def test_who_may_not_be_mailed_gets_nothing_more(path: Path, status: str) -> None:
    await path.begins()
    ada = await path.joins(ADA)
    await path.days(1)
    await run(path.db, "UPDATE subscribers SET status = :status", status=status)
    await path.days(6)
    assert await path.names(ada.id) == ["box"]
    assert await path.state(ada.id) == "stopped"


async def test_who_takes_a_pause_gets_the_next_step_after_it_and_the_distance_stays(path: Path) -> None:
    await path.begins()
    ada = await path.joins(ADA)
    await path.db.write(path.site.subscribers.prefer, ada.id, ada.epoch, None, [], 10)
    await path.days(20)
    days = [(one.slug, (one.at - NOON) // DAY) for one in await path.sent(ada.id)]
    assert days == [("box", 10), ("question", 12), ("talk", 15)]


async def test_of_who_is_erased_nothing_is_left(path: Path) -> None:
    await path.begins(("box", 0), ("talk", 1))
    ada, ben = await path.joins(ADA), await path.joins(BEN)
    await path.goes_round()
    await path.db.write(path.site.subscribers.erase, ada.id)
    await path.days(2)
    assert await path.names(ben.id) == ["box", "talk"]
    for table in ("sequence_entries", "sequence_sends"):
        assert await path.count(f"SELECT count(*) FROM {table} WHERE subscriber_id = {ada.id}") == 0
        assert await path.count(f"SELECT count(*) FROM {table} WHERE subscriber_id = {ben.id}") > 0


@ON_ONE
async def test_a_person_may_read_how_far_they_have_come(path: Path) -> None:
    await path.begins()
    ada = await path.joins(ADA)
    await path.days(1)
    known = await path.db.read(path.site.subscribers.own_data, ada.id)
    assert known["sequences"] == [
        {"sequence": "welcome", "state": "running", "step": "box", "started_at": "2026-01-15T12:00:00+00:00"}
    ]


@ON_ONE
async def test_after_days_without_a_worker_each_step_comes_once_and_at_its_distance(path: Path) -> None:
    await path.begins()
    ada = await path.joins(ADA)
    path.clock.forward(30 * DAY)
    await path.goes_round()
    assert await path.names() == ["box"]
    await path.days(9)
    days = [(one.slug, (one.at - NOON) // DAY) for one in await path.sent(ada.id)]
    assert days == [("box", 30), ("question", 32), ("talk", 35)]


async def test_a_step_waits_until_the_one_before_has_arrived(path: Path) -> None:
    await path.begins()
    ada = await path.joins(ADA)
    path.clock.forward(DAY)
    await path.goes_round(arrives=False)
    for state in ("sending", "deferred"):
        await run(path.db, "UPDATE outbox SET state = :state WHERE mailing_id IS NOT NULL", state=state)
        path.clock.forward(4 * DAY)
        await path.goes_round(arrives=False)
    assert await path.names(ada.id) == ["box"]
    await path.arrives()
    await path.days(1)
    assert await path.names(ada.id) == ["box"]
    await path.days(1)
    assert await path.names(ada.id) == ["box", "question"]


@ON_ONE
@pytest.mark.parametrize("state", ["failed", "in_doubt", "skipped"])
async def test_what_could_not_be_sent_holds_up_nothing(path: Path, state: str) -> None:
    await path.begins()
    ada = await path.joins(ADA)
    path.clock.forward(DAY)
    await path.goes_round(arrives=False)
    await path.arrives(state)
    await path.days(2)
    assert await path.names(ada.id) == ["box", "question"]


@ON_ONE
async def test_a_clock_that_was_ahead_keeps_nobody_waiting(path: Path) -> None:
    await path.begins()
    path.clock.forward(100 * DAY)
    ada = await path.joins(ADA)
    await path.days(1)
    assert await path.names() == ["box"]
    path.clock.forward(-99 * DAY)
    await path.goes_round()
    await path.days(2)
    assert await path.names(ada.id) == ["box", "question"]
    await path.days(2)
    assert await path.names(ada.id) == ["box", "question"]
    await path.days(1)
    assert await path.names(ada.id) == ["box", "question", "talk"]


@ON_ONE
async def test_a_round_that_looks_at_the_last_minutes_finds_who_came_in_them(path: Path) -> None:
    await path.begins(("box", 0))
    rounds = sequencing.Rounds(path.site)
    await rounds.once()
    ada = await path.joins(ADA)
    path.clock.forward(MINUTE)
    await rounds.once()
    assert await path.names(ada.id) == ["box"]


async def test_who_was_here_already_is_no_newcomer_for_confirming_again(path: Path) -> None:
    ada = await path.joins(ADA)
    path.clock.forward(DAY)
    await path.begins(("box", 0))
    await run(path.db, "UPDATE consent_records SET wording_id = 1")  # what they agreed to was other words
    await path.signs_up(ADA)
    signup = await path.count("SELECT max(id) FROM signups")
    assert (await path.db.write(path.site.signups.confirm, signup, ada.epoch)).fresh
    await path.goes_round()
    assert await path.names() == []
    await path.leaves(ada.id)
    path.clock.forward(2 * DAY)
    await path.joins(ADA)
    await path.goes_round()
    assert await path.names(ada.id) == ["box"]


@ON_ONE
async def test_the_shipped_one_runs_at_the_pace_of_a_demonstration(path: Path) -> None:
    await sequencing.begin_welcome(path.site, 2 * MINUTE)
    ada = await path.joins(ADA)
    await path.downloads(ada.id)
    for _ in range(17):
        await path.goes_round()
        path.clock.forward(MINUTE)
    minutes = [(one.slug, (one.at - NOON) // MINUTE) for one in await path.sent(ada.id)]
    assert minutes == [("box", 2), ("stranger", 8), ("thursday", 16)]
    await path.turns_off()
    await sequencing.begin_welcome(path.site, DAY)
    assert [one.state for one in await path.db.read(path.site.sequences.all)] == ["off"]
