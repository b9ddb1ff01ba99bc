"""A message that the ledger says is being sent, and that nobody has in hand: found by the living worker itself."""

from collections.abc import Callable
from typing import Any

import pytest

from newsletter.mail import Post, ledger
from newsletter.mail.hand import Hand
from newsletter.storage import Database
from newsletter.storage.db import unavailable
from tests.mail.between import Between
from tests.mail.conftest import CONTEXTS, AtWork, eventually, rows
from tests.mail.sink import Sink

Chosen = Callable[[tuple[Any, ...]], bool]


class Away(Between):
    """The real database, whose connection is lost once around a turn: before it, or after its commit."""

    def __init__(self, db: Database, when: Chosen, error: Exception, *, committed: bool) -> None:
        super().__init__(db)
        self._when, self._error, self._committed = when, error, committed
        self.lost = False

    async def written(self, write: Any, action: Any, *args: Any, **more: Any) -> Any:
        if action is not ledger.turn or self.lost or not self._when(args):
            return await write(action, *args, **more)
        if self._committed:
            claimed = await write(action, *args, **more)
            if not claimed:
                return claimed
        self.lost = True
        raise self._error


@pytest.mark.parametrize(
    ("settling", "committed", "error"),
    [
        pytest.param(False, True, unavailable(), id="claimed"),
        pytest.param(True, True, unavailable(), id="settled-and-claimed"),
        pytest.param(True, False, unavailable(), id="not-settled"),
        pytest.param(True, False, RuntimeError("cut"), id="not-settled-by-a-fault"),
    ],
)
async def test_what_was_lost_on_the_way_to_the_database_is_sent_all_the_same(
    db: Database,
    post: Post,
    at_work: AtWork,
    sink: Sink,
    *,
    settling: bool,
    committed: bool,
    error: Exception,
) -> None:
    for n in range(3):
        await db.write(post.enqueue, "confirmation", f"ada{n}@example.org", context=CONTEXTS["confirmation"])
    away: Any = Away(db, lambda args: (args[2] is not None) == settling, error, committed=committed)

    async def all_out() -> bool:
        return {one.state for one in await rows(db)} == {"sent"}

    async with at_work(on=away, connections=1, beat=0.05):
        await eventually(all_out, seconds=20)
    assert away.lost
    recipients = [mail.recipient for mail in sink.mails]
    assert len(set(recipients)) == 3
    assert len(recipients) <= 4, "what was in doubt went once more, and only that"


def test_what_is_in_hand_is_no_stray() -> None:
    hand = Hand()
    hand.take([1, 2])
    assert hand.strays([1, 2, 3]) == [], "what has just been let go of may still be written down"
    assert hand.strays([1, 2, 3]) == [3]
    hand.drop(2)
    assert hand.strays([1, 2]) == []
    assert hand.strays([1, 2]) == [2]


def test_what_is_taken_again_before_its_first_lane_let_go_is_in_hand() -> None:
    """The ledger has it back and gives it away once more, while the lane's own turn has still to be heard of."""
    hand = Hand()
    hand.take([1])
    hand.take([1])
    hand.drop(1)
    assert hand.strays([1]) == hand.strays([1]) == []
    hand.drop(1)
    hand.drop(1)
    assert hand.strays([1]) == []
    assert hand.strays([1]) == [1]
    hand.take([1])
    assert hand.strays([1]) == hand.strays([1]) == []


def test_what_a_turn_may_just_bring_is_no_stray() -> None:
    hand = Hand()
    with hand.turning():
        assert hand.strays([7]) == []
        assert hand.strays([7]) == []
        with hand.turning():
            pass
    with hand.turning():
        assert hand.strays([7]) == [7], "the turn that was under way at the first look has ended"
    assert hand.strays([]) == []
    assert hand.strays([7]) == [], "one that was gone in between is looked at anew"
    assert hand.strays([7]) == [7]
