"""What its owner changes is for those who have not come so far; nobody gets a step twice."""

import pytest

from newsletter.clock import DAY
from tests.conftest import ON_ONE
from tests.mail.conftest import ADA, BEN, CLEO
from tests.sequences.walking import THREE, Path, plan

pytestmark = ON_ONE


async def two_days_in(path: Path) -> int:
    """Ada has got the box, a day ago; the question comes tomorrow, and the talk three days after it."""
    await path.begins()
    ada = await path.joins(ADA)
    await path.days(2)
    assert await path.names() == ["box"]
    return ada.id


async def test_other_words_are_for_who_did_not_get_them(path: Path) -> None:
    await path.begins(("box", 0), ("question", 1))
    ada = (await path.joins(ADA)).id
    await path.goes_round()
    words = await path.words()
    loaded = await path.loads(("box", 0), ("question", 1), question="Another one.", box="Another box.")
    assert loaded.changed == ["box", "question"]
    ben = await path.joins(BEN)
    await path.goes_round()
    words |= await path.words()
    await path.days(1)
    words |= await path.words()
    assert {key: "Another" in said for key, said in words.items()} == {
        ("box", ada): False,
        ("box", ben.id): True,
        ("question", ada): True,
        ("question", ben.id): True,
    }


async def test_the_same_words_are_no_other_revision(path: Path) -> None:
    await path.loads()
    loaded = await path.loads()
    assert (loaded.added, loaded.changed, loaded.removed) == ([], [], [])
    assert await path.count("SELECT max(revision) FROM sequence_steps") == 1


@pytest.mark.parametrize(("days", "then"), [(1, 0), (5, 4)])
async def test_another_delay_is_for_who_waits_for_it(path: Path, days: int, then: int) -> None:
    ada = await two_days_in(path)
    await path.loads(("box", 1), ("question", days), ("talk", 3))
    await path.goes_round()
    assert (len(await path.names(ada)) == 2) == (then == 0)
    await path.days(then)
    assert await path.names(ada) == ["box", "question"]


async def test_a_step_in_between_comes_before_what_is_next(path: Path) -> None:
    ada = await two_days_in(path)
    await path.loads(("box", 1), ("new", 1), ("question", 2), ("talk", 3))
    await path.goes_round()
    assert await path.names(ada) == ["box", "new"]
    await path.days(5)
    assert await path.names(ada) == ["box", "new", "question", "talk"]


async def test_a_step_before_where_they_stand_is_not_for_them(path: Path) -> None:
    ada = await two_days_in(path)
    await path.loads(("new", 0), *THREE)
    ben = await path.joins(BEN)
    await path.days(7)
    assert await path.names(ada) == ["box", "question", "talk"]
    assert await path.names(ben.id) == ["new", "box", "question", "talk"]


async def test_a_removed_step_is_left_out_and_who_stands_at_it_goes_on(path: Path) -> None:
    ada = await two_days_in(path)
    assert (await path.loads(("question", 2), ("talk", 3))).removed == ["box"]
    ben = await path.joins(BEN)
    await path.days(5)
    assert await path.names(ada) == ["box", "question", "talk"]
    assert await path.names(ben.id) == ["question", "talk"]


async def test_what_takes_the_place_of_a_removed_one_is_for_those_after_them(path: Path) -> None:
    ada = await two_days_in(path)
    await path.loads(("better", 1), ("question", 2), ("talk", 3))
    ben = await path.joins(BEN)
    await path.days(6)
    assert await path.names(ada) == ["box", "question", "talk"]
    assert await path.names(ben.id) == ["better", "question", "talk"]


async def test_a_removed_step_that_is_back_is_for_who_did_not_get_it(path: Path) -> None:
    ada = await two_days_in(path)
    await path.loads(("question", 2), ("talk", 3))
    assert (await path.loads()).added == ["box"]
    ben = await path.joins(BEN)
    await path.days(6)
    assert await path.names(ada) == ["box", "question", "talk"]
    assert await path.names(ben.id) == ["box", "question", "talk"]


async def test_another_order_skips_nothing_ahead_and_repeats_nothing(path: Path) -> None:
    ada = await two_days_in(path)
    await path.loads(("question", 1), ("box", 1), ("talk", 3))
    ben = await path.joins(BEN)
    await path.days(8)
    assert await path.names(ada) == ["box", "talk"]  # she stands behind the question now
    assert await path.names(ben.id) == ["question", "box", "talk"]
    assert [await path.state(id) for id in (ada, ben.id)] == ["finished", "finished"]


async def test_what_they_got_already_is_passed_by_without_a_wait(path: Path) -> None:
    ada = await two_days_in(path)
    await path.days(1)
    assert await path.names(ada) == ["box", "question"]
    await path.loads(("question", 1), ("box", 9), ("talk", 3))
    await path.days(3)
    assert await path.names(ada) == ["box", "question", "talk"]


async def test_a_file_by_another_name_is_the_same_step(path: Path) -> None:
    ada = await two_days_in(path)
    await path.loads(("box", 1), ("question", 2), ("talk", 3), box="The same.")
    await path.loads(("case", 1), ("question", 2), ("talk", 3), case="The same.", subjects={"case": "box"})
    assert await path.count("SELECT count(*) FROM sequence_steps") == 3
    await path.days(4)
    assert len(await path.names(ada)) == 3


async def test_a_step_at_the_end_is_for_who_is_through_if_its_time_is_to_come(path: Path) -> None:
    await path.begins(("box", 0))
    ada = await path.joins(ADA)
    await path.goes_round()
    path.clock.forward(5 * DAY)
    ben = await path.joins(BEN)
    await path.goes_round()
    assert {await path.state(id) for id in (ada.id, ben.id)} == {"finished"}
    path.clock.forward(DAY)
    await path.loads(("box", 0), ("talk", 3))
    assert (await path.state(ada.id), await path.state(ben.id)) == ("finished", "running")
    await path.days(2)
    assert await path.names() == ["box", "box", "talk"]
    assert await path.names(ben.id) == ["box", "talk"]


async def test_where_nothing_follows_any_more_they_are_through(path: Path) -> None:
    ada = await two_days_in(path)
    await path.loads(("box", 1))
    assert await path.state(ada) == "finished"
    await path.days(9)
    assert await path.names(ada) == ["box"]


async def test_what_starts_it_anew_does_so_from_then_on(path: Path) -> None:
    ben = await path.joins(BEN)
    path.clock.forward(1)
    ada = await two_days_in(path)
    await path.tags(ben.id, "coaching")
    path.clock.forward(1)
    await path.loads(start="tag", value="coaching")
    await path.goes_round()
    assert len(await path.entries()) == 1
    cleo = await path.joins(CLEO)
    await path.tags(cleo.id, "coaching")
    await path.days(1)
    assert await path.names(cleo.id) == ["box"]
    assert await path.names(ben.id) == []
    assert await path.names(ada) == ["box", "question"]


async def test_who_came_while_nothing_ran_is_in_it_before_what_starts_it_changes(path: Path) -> None:
    await path.begins(("box", 1))
    ada = await path.joins(ADA)
    path.clock.forward(DAY)  # no round: the service was down
    await path.loads(("box", 1), start="tag", value="coaching")
    ben = await path.joins(BEN)
    await path.goes_round()
    assert await path.names(ada.id) == ["box"]
    assert await path.names(ben.id) == []


async def test_who_comes_between_a_look_and_the_change_is_in_it(path: Path) -> None:
    await path.begins(("box", 1))
    ada = await path.joins(ADA)
    await path.db.write(path.site.sequences.load, plan(("box", 1), start="tag", value="coaching"))
    assert await path.state(ada.id) == "running"
    await path.db.write(path.site.sequences.load, plan(("box", 1)))
    path.clock.forward(1)
    ben = await path.joins(BEN)
    await path.db.write(path.site.sequences.turn_off, "welcome")
    assert await path.state(ben.id) == "running"
    path.clock.forward(1)
    cleo = await path.joins(CLEO)
    await path.db.write(path.site.sequences.load, plan(("box", 1), start="tag", value="coaching"))
    assert await path.state(cleo.id) == "", "it was off"
