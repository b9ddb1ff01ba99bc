"""Kept answers are never older than they may be, and asked for as seldom as that allows."""

import asyncio
from collections.abc import Hashable

import pytest

from newsletter.errors import Unavailable
from newsletter.web.kit.shelf import BESIDE, FRESH, Shelf


class Page:
    """A source that counts how often it is looked at and made."""

    def __init__(self, words: str = "one", version: Hashable | None = 1) -> None:
        self.words, self.version = words, version
        self.looked = self.made = 0
        self.away = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def basis(self) -> Hashable | None:
        self._answer()
        self.looked += 1
        return self.version

    async def make(self) -> tuple[Hashable | None, bytes]:
        self._answer()
        self.made += 1
        basis, body = self.version, self.words.encode()
        await self.gate.wait()
        return basis, body

    def _answer(self) -> None:
        if self.away:
            raise Unavailable("Away.")


class Hand:
    """A clock that is moved by hand."""

    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def shelf(hand: Hand) -> Shelf:
    return Shelf(clock=hand)


async def test_within_a_second_nobody_is_asked(shelf: Shelf, hand: Hand) -> None:
    page = Page()
    for _ in range(5):
        assert (await shelf.get("a", 0, page)).body == b"one"
        hand.seconds += FRESH / 6
    assert (page.looked, page.made) == (0, 1)


async def test_after_a_second_it_is_looked_at_and_made_only_if_it_has_changed(
    shelf: Shelf, hand: Hand
) -> None:
    page = Page()
    first = await shelf.get("a", 0, page)
    hand.seconds += FRESH
    assert await shelf.get("a", 0, page) is first
    assert (page.looked, page.made) == (1, 1)
    page.words, page.version = "two", 2
    assert (await shelf.get("a", 0, page)).body == b"one"
    hand.seconds += FRESH
    second = await shelf.get("a", 0, page)
    assert (second.body, page.made) == (b"two", 2)
    assert second.etag != first.etag


async def test_what_was_written_here_is_seen_at_once(shelf: Shelf) -> None:
    page = Page()
    await shelf.get("a", 0, page)
    page.words, page.version = "two", 2
    assert (await shelf.get("a", 1, page)).body == b"two"


async def test_what_is_under_way_is_no_answer_to_who_asks_after_a_write(shelf: Shelf) -> None:
    page = Page()
    page.gate.clear()
    early = asyncio.create_task(shelf.get("a", 0, page))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert page.made == 1
    page.words, page.version = "two", 2
    late = asyncio.create_task(shelf.get("a", 1, page))
    await asyncio.sleep(0)
    page.gate.set()
    assert (await early).body == b"one"
    assert (await late).body == b"two"
    assert (await shelf.get("a", 1, page)).body == b"two"


async def test_a_crowd_asks_once_and_who_leaves_takes_nobody_along(shelf: Shelf) -> None:
    page = Page()
    page.gate.clear()
    crowd = [asyncio.create_task(shelf.get("a", 0, page)) for _ in range(50)]
    await asyncio.sleep(0)
    crowd[0].cancel()
    await asyncio.sleep(0)
    page.gate.set()
    answers = await asyncio.gather(*crowd, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert {kept.body for kept in answers[1:] if not isinstance(kept, BaseException)} == {b"one"}
    assert page.made == 1


async def test_while_the_database_is_away_the_last_is_shown(shelf: Shelf, hand: Hand) -> None:
    page = Page()
    await shelf.get("a", 0, page)
    page.away = True
    hand.seconds += FRESH
    assert (await shelf.get("a", 0, page)).body == b"one"
    with pytest.raises(Unavailable):
        await shelf.get("b", 0, page)
    page.away, page.words, page.version = False, "two", 2
    hand.seconds += FRESH
    assert (await shelf.get("a", 0, page)).body == b"two"


async def test_what_hangs_on_too_much_is_made_anew_each_second(shelf: Shelf, hand: Hand) -> None:
    page = Page(version=None)
    await shelf.get("a", 0, page)
    hand.seconds += FRESH
    await shelf.get("a", 0, page)
    assert (page.looked, page.made) == (0, 2)


async def test_it_holds_no_more_than_it_may(hand: Hand) -> None:
    shelf = Shelf(most=3 * (BESIDE + 10), clock=hand)
    pages = {name: Page("x" * 10) for name in "abcd"}
    for name in "abcabd":  # c was asked for longest ago
        await shelf.get(name, 0, pages[name])
    for name in "abdc":
        await shelf.get(name, 0, pages[name])
    assert {name: page.made for name, page in pages.items()} == {"a": 1, "b": 1, "c": 2, "d": 1}
    large = Page("x" * 10_000)
    assert (await shelf.get("large", 0, large)).body == b"x" * 10_000
