"""Answers wait together where they were stored together, and for no longer than who was there first."""

import asyncio
from collections.abc import Iterator

from newsletter.web.kit.veil import LONGEST, Veil


async def test_one_turn_shares_one_wait() -> None:
    drawn: Iterator[float] = iter((0.0, 0.001))
    veil = Veil(lambda: next(drawn))
    await asyncio.gather(*(veil.wait() for _ in range(64)))
    await asyncio.gather(*(veil.wait() for _ in range(64)))
    assert next(drawn, None) is None


async def test_the_next_turn_draws_anew() -> None:
    drawn: Iterator[float] = iter((0.0, 0.001))
    veil = Veil(lambda: next(drawn))
    first = asyncio.create_task(veil.wait())
    await asyncio.sleep(0)
    second = asyncio.create_task(veil.wait())
    await asyncio.sleep(0)
    second_came_later = next(drawn, None)
    await asyncio.gather(first, second)
    assert second_came_later is None


async def test_who_gives_up_takes_nobody_along() -> None:
    veil = Veil(lambda: 0.0)
    waiting = [asyncio.create_task(veil.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    done = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(each) for each in done] == [type(None), asyncio.CancelledError, type(None)]


def test_chance_draws_within_its_bounds() -> None:
    drawn = [Veil()._draw() for _ in range(1000)]
    assert 0 <= min(drawn) < max(drawn) <= LONGEST
