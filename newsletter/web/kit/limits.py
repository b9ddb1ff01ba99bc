"""Budgets: how often something may be done, by one key and in one process. In memory, and no key is kept as it is."""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from math import ceil

from newsletter.clock import monotonic

_ROUNDING = 1e-6


class Budget:
    """`limit` takes within `window` seconds for each key; what was taken comes back evenly over the window.

    Counts everybody together under the one key "". Holds `keys` keys at most and forgets the longest unseen
    first; each is kept as its keyed hash (BLAKE2b) under a secret of this process, with one number: the moment
    at which its budget is whole again (the "generic cell rate algorithm" of ATM networks).
    """

    def __init__(
        self, limit: int, window: float, *, keys: int = 20_000, clock: Callable[[], float] = monotonic
    ) -> None:
        self._window = window
        self._share = window / limit
        self._keys = keys
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        self._whole_at: OrderedDict[bytes, float] = OrderedDict()

    def allow(self, limit: int, window: float) -> None:
        """So much from now on; what was taken stays so."""
        share = window / limit
        if share != self._share:
            now, before = self._clock(), self._share
            for name, whole_at in self._whole_at.items():
                self._whole_at[name] = now + max(0.0, whole_at - now) * (share / before if before else 0.0)
        self._window, self._share = window, share

    def take(self, key: str = "") -> float:
        """0 when there was room, and one is taken; else the seconds until there is room, and nothing changes."""
        now = self._clock()
        name = self._name(key)
        whole_at = max(self._whole_at.get(name, now), now) + self._share
        wait = whole_at - self._window - now
        if wait > self._share * _ROUNDING:
            self._whole_at.move_to_end(name)
            return wait
        self._whole_at[name] = whole_at
        self._whole_at.move_to_end(name)
        self._forget(now)
        return 0.0

    def used(self, key: str = "") -> int:
        """How much of the budget is taken now."""
        now = self._clock()
        return max(0, ceil((self._whole_at.get(self._name(key), now) - now) / self._share - _ROUNDING))

    def _name(self, key: str) -> bytes:
        return blake2b(key.encode(), digest_size=16, key=self._secret).digest()

    def _forget(self, now: float) -> None:
        """Drops one key too many, and up to two whose budgets are whole: more than ever come in."""
        for _ in range(2):
            name, whole_at = next(iter(self._whole_at.items()))
            if whole_at > now and len(self._whole_at) <= self._keys:
                break
            del self._whole_at[name]
