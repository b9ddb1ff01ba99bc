"""Machines that share a PostgreSQL go by its clock: who lives, what is due and how much a day has had are told by rows,
and two clocks that are half a minute apart would take each other's workers for dead.

A machine's own clock goes on between two looks at the database's; one that was set meanwhile is noticed, since what
never jumps does not go along.
"""

import logging
from collections.abc import Callable
from typing import Any

from newsletter import clock
from newsletter.clock import SECOND, monotonic
from newsletter.storage.postgres_trouble import called, explained

LOOKS = 5.0  # seconds between two; clocks that run freely part by a millisecond in that time
_SET = 1 * SECOND  # further apart than what never jumps, within the time between: somebody set it
_TELLING = 5 * SECOND  # so far off, a machine's clock is worth a word to its operator
_THEIRS = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"

_log = logging.getLogger(__name__)


class SharedClock:
    """`time` says what it is; one that a caller brought along is left alone."""

    def __init__(self, time: Callable[[], int]) -> None:
        self._time = time
        self._follows = time is clock.now
        self._looked_at: float | None = None  # by `monotonic`
        self._own_then = 0
        self._told = False

    def __call__(self) -> int:
        return self._time()

    async def heed(self, connection: Any) -> None:
        """Asks what the time is there, where that was not done for a while. Raises Unavailable."""
        began, own = monotonic(), clock.own()
        if not self._follows or not self._is_old(began, own):
            return
        self._looked_at, self._own_then = began, own  # before: others need not ask as well
        try:
            theirs = await explained(called(connection.fetchval, _THEIRS), _THEIRS)
        except BaseException:
            self._looked_at = None
            raise
        took = int((monotonic() - began) * SECOND)
        # It was so late there at some moment between asking and hearing: what fits into that is left as it is.
        if not own + clock.ahead() - 1 <= theirs <= own + took + clock.ahead() + 1:
            clock.follow(theirs - own - took // 2)
        self._tell()

    def _is_old(self, moment: float, own: int) -> bool:
        if self._looked_at is None:
            return True
        passed = moment - self._looked_at
        return passed > LOOKS or abs(own - self._own_then - passed * SECOND) > _SET

    def _tell(self) -> None:
        """Once, until it is right again."""
        off = abs(clock.ahead()) > _TELLING
        if off and not self._told:
            _log.warning(
                "This machine's clock is %d s %s the database's, by which all is done.",
                abs(clock.ahead()) // SECOND,
                "behind" if clock.ahead() > 0 else "ahead of",
            )
        self._told = off

    def let_go(self) -> None:
        """The machine's own clock counts again."""
        if self._follows:
            clock.follow(0)
