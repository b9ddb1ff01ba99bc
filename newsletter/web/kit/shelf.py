"""Answers that many ask for, kept as bytes for as long as what they were made of is the same."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Protocol

import msgspec

from newsletter.clock import monotonic
from newsletter.errors import Unavailable

FRESH = 1.0  # seconds for which the database isn't asked again
MOST_BYTES = 32 * 2**20
BESIDE = 2_000  # bytes that an entry takes beside its answer, key and all


class Kept(msgspec.Struct):
    """An answer, and what it was made of."""

    body: bytes
    etag: str  # quoted, as the header has it
    basis: Hashable
    looked_at: float  # monotonic seconds
    written: int  # what this process had written when it was looked at


class Source(Protocol):
    """Where an answer comes from. `basis` is what it hangs on, and costs little; None: it is always made anew."""

    async def basis(self) -> Hashable | None: ...

    async def make(self) -> tuple[Hashable | None, bytes]: ...


class Shelf:
    """Holds `most` bytes at most, and lets go of what was asked for longest ago."""

    def __init__(self, most: int = MOST_BYTES, clock: Callable[[], float] = monotonic) -> None:
        self._most = most
        self._clock = clock
        self._bytes = 0
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._asking: dict[Hashable, asyncio.Task[Kept]] = {}

    async def get(self, key: Hashable, written: int, source: Source) -> Kept:
        """The answer kept under `key`, no older than a second, and never older than what was `written` here.

        While the database is away, the one that was kept last. Raises Unavailable where there is none.
        """
        kept = self._kept.get(key)
        if kept and kept.written == written and self._clock() - kept.looked_at < FRESH:
            self._kept.move_to_end(key)
            return kept
        return await self._once((key, written), lambda: self._look(key, written, source))

    async def _once(self, about: Hashable, look: Callable[[], Awaitable[Kept]]) -> Kept:
        """Who asks for the same at the same time waits for the first, and goes on when that one leaves."""

        async def looking() -> Kept:
            try:
                return await look()
            finally:
                del self._asking[about]

        if about not in self._asking:
            self._asking[about] = asyncio.create_task(looking())
        return await asyncio.shield(self._asking[about])

    async def _look(self, key: Hashable, written: int, source: Source) -> Kept:
        began = self._clock()
        kept = self._kept.get(key)
        try:
            if not kept or kept.basis is None or kept.basis != await source.basis():
                basis, body = await source.make()
                kept = Kept(body, _etag(body), basis, began, written)
                self._put(key, kept)
        except Unavailable:
            if not kept:
                raise
        kept.looked_at, kept.written = began, written
        return kept

    def _put(self, key: Hashable, kept: Kept) -> None:
        old = self._kept.pop(key, None)
        self._bytes += _size(kept) - (_size(old) if old else 0)
        self._kept[key] = kept
        while self._bytes > self._most:
            _, gone = self._kept.popitem(last=False)
            self._bytes -= _size(gone)


def _size(kept: Kept) -> int:
    return len(kept.body) + BESIDE


def _etag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:24]}"'
