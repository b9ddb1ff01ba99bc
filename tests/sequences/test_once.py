"""Each step once to each person: by several at once, when something breaks half-way, and when it can't go on."""

import asyncio
from typing import Any

import msgspec
import pytest

from newsletter.clock import DAY, HOUR, MINUTE
from newsletter.sequences import Sequence, Sequences
from newsletter.storage import Tx
from newsletter.web.kit import sequencing
from tests.cast import House, build
from tests.conftest import ON_ONE
from tests.mail.conftest import ADA, BEN, CLEO, OLGA, run
from tests.mail.mailing import people
from tests.sequences.walking import Path

MANY = 450  # more than two chunks


async def crowd(path: Path, count: int = MANY) -> None:
    """So many got a tag that starts it."""
    await people(path.db, count)
    await path.begins(("box", 0), ("talk", 1), start="tag", value="coaching")
    await run(path.db, "INSERT INTO tags (id, name, title) VALUES (1, 'coaching', 'Coaching')")
    await run(
        path.db,
        "INSERT INTO subscriber_tags (subscriber_id, tag_id, tagged_at) SELECT id, 1, :now FROM subscribers",
        now=path.clock.now(),
    )


async def test_several_rounds_at_once_are_one(path: Path) -> None:
    await crowd(path)
    for _ in range(2):
        await asyncio.gather(*(path.goes_round(arrives=False) for _ in range(4)))
        await path.goes_round()  # whom each of them left to the others
        path.clock.forward(DAY)
    sent = await path.sent()
    assert len(sent) == len({(one.subscriber_id, one.slug) for one in sent}) == 2 * MANY
    assert {one.state for one in await path.entries()} == {"finished"}


async def test_the_same_turn_taken_twice_is_one(path: Path) -> None:
    await crowd(path, 3)
    await path.goes_round()
    path.clock.forward(DAY)
    turns = await path.db.read(path.site.sequences.turns, (await found(path)).id)
    (turn,) = [turn for turn in turns if turn.step.slug == "talk"]
    ids = await path.db.read(path.site.sequences.due, turn)
    assert ids == [1, 2, 3]
    content = await sequencing._content(path.site, turn)
    for expected in (3, 0, 0):
        assert await path.db.write(path.site.sequences.send, turn, ids, content) == expected
    assert len(await path.sent()) == 6


async def test_what_breaks_half_way_has_not_happened(path: Path) -> None:
    """Any statement of the turn may be the last one that a process comes to."""
    await crowd(path, 3)
    await path.db.write(path.site.sequences.enter, await found(path), await comers(path))
    (turn, _) = await path.db.read(path.site.sequences.turns, (await found(path)).id)
    content = await sequencing._content(path.site, turn)
    steps = 0
    while True:
        steps += 1
        try:
            await path.db.write(_broken, path.site.sequences, steps, turn, [1, 2, 3], content)
        except _PowerCut:
            assert await path.count("SELECT count(*) FROM outbox") == 0
            assert await path.count("SELECT count(*) FROM sequence_sends") == 0
            assert {(one.state, one.slug) for one in await path.entries()} == {("running", "")}
        else:
            break
    assert steps > 8
    assert await path.names() == ["box"] * 3
    await path.goes_round()
    assert await path.names() == ["box"] * 3


class _PowerCut(Exception):
    pass


class _Failing:
    """A transaction that breaks at its nth statement."""

    def __init__(self, tx: Tx, left: int) -> None:
        self._tx = tx
        self._left = left

    def __getattr__(self, name: str) -> object:
        if name in ("one", "all", "value", "run", "many"):
            self._left -= 1
            if not self._left:
                raise _PowerCut
        return getattr(self._tx, name)


async def _broken(tx: Tx, sequences: Sequences, left: int, *args: object) -> None:
    await sequences.send(_Failing(tx, left), *args)  # type: ignore[arg-type]  # as good as a Tx, until it breaks


async def found(path: Path) -> Sequence:
    return await path.db.read(path.site.sequences.find, "welcome")


async def comers(path: Path) -> list[Any]:
    return [*await path.db.read(path.site.sequences.comers, await found(path), 0)]


@ON_ONE
async def test_a_round_that_fails_loses_nobody(path: Path) -> None:
    await crowd(path, 5)
    rounds = sequencing.Rounds(path.site)
    await run(path.db, "ALTER TABLE sequence_sends RENAME TO away")
    with pytest.raises(Exception, match="sequence_sends"):
        await rounds.once()
    path.clock.forward(HOUR)  # longer than a round looks back
    await run(path.db, "ALTER TABLE away RENAME TO sequence_sends")
    await rounds.once()
    assert await path.names() == ["box"] * 5


@ON_ONE
async def test_those_who_come_within_minutes_share_a_frozen_mail(path: Path) -> None:
    await path.begins(("box", 0))
    for minutes, mailings in ((0, 1), (14, 1), (2, 2)):
        path.clock.forward(minutes * MINUTE)
        await path.joins(f"reader{minutes}@example.org")
        await path.goes_round(arrives=False)
        assert await path.count("SELECT count(*) FROM mailings") == mailings
    assert await path.count("SELECT count(DISTINCT message_id) FROM outbox WHERE mailing_id IS NOT NULL") == 3


@ON_ONE
async def test_a_frozen_mail_is_forgotten_when_nobody_needs_it(path: Path) -> None:
    """But for the last of a step: what servers said of that counts for the next."""

    async def kept() -> int:
        return await path.count("SELECT count(*) FROM mailings")

    await path.begins(("box", 0))
    await path.joins(ADA)
    await path.goes_round(arrives=False)
    path.clock.forward(2 * HOUR)
    await path.arrives("failed")
    await path.joins(BEN)
    await path.goes_round()
    assert await kept() == 2
    path.clock.forward(2 * HOUR)
    await path.goes_round()
    assert await kept() == 2, "what failed may be sent once more"
    path.clock.forward(31 * DAY)
    await path.goes_round()
    assert await kept() == 1
    await path.joins(CLEO)
    await path.goes_round()
    assert await kept() == 1, "the one before is spent now"
    assert await path.names() == ["box", "box", "box"]


@ON_ONE
async def test_what_servers_refuse_is_turned_off_and_its_owner_hears_it_once(path: Path) -> None:
    await path.begins(("box", 0), ("talk", 1))
    ada = await path.joins(ADA)
    await path.goes_round()
    await run(path.db, "UPDATE mailings SET state = 'held', why = 'They refuse it.'")
    await asyncio.gather(*(path.goes_round() for _ in range(3)))
    assert ((await found(path)).state, (await found(path)).why) == ("off", "They refuse it.")
    assert await told(path) == ["They refuse it."]
    await path.days(2)
    assert await path.names() == ["box"]
    await path.turns_on()
    await path.goes_round()
    assert ((await found(path)).state, (await found(path)).why) == ("on", "")
    assert await path.names(ada.id) == ["box", "talk"]


@ON_ONE
async def test_a_step_that_can_not_be_sent_any_more_turns_it_off(path: Path) -> None:
    await path.begins(("box", 0))
    await path.joins(ADA)
    bare = await rebuilt(path, postal_address="")
    for _ in range(2):
        await sequencing.Rounds(bare.site).once()
    (why,) = await told(path)
    assert why.startswith("box: No postal address is set.")
    assert await path.names() == []
    await path.turns_on()
    await path.goes_round()
    assert await path.names() == ["box"]


async def rebuilt(path: Path, **changes: str) -> House:
    return await build(path.db, msgspec.structs.replace(path.site.settings, **changes))


async def told(path: Path) -> list[str]:
    """What the owner was mailed."""
    mails = [mail for mail in await path.mails(OLGA) if mail.message == "sequence_held"]
    return [msgspec.json.decode(mail.context)["why"] for mail in mails]


@ON_ONE
async def test_what_was_begun_with_other_words_or_another_order_is_not_sent(path: Path) -> None:
    await path.begins(("box", 0))
    await path.joins(ADA)
    await path.db.write(path.site.sequences.enter, await found(path), await comers(path))
    (turn,) = await path.db.read(path.site.sequences.turns, (await found(path)).id)
    ids = await path.db.read(path.site.sequences.due, turn)
    content = await sequencing._content(path.site, turn)
    await path.loads(("box", 0), box="Other words.")
    assert await path.db.write(path.site.sequences.send, turn, ids, content) == 0
    await path.loads(("new", 0), ("box", 0), box="Other words.")
    (turn, later) = await path.db.read(path.site.sequences.turns, (await found(path)).id)
    await path.turns_off()
    assert await path.db.write(path.site.sequences.send, turn, ids, content) == 0
    assert await path.names() == []
    await path.turns_on()
    await path.goes_round()
    assert await path.names() == ["new"]
    assert (await path.joins(BEN)).id
    assert later.step.slug == "box"
