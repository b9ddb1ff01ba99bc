"""Row ids made by the application: sortable by time, the same on both engines, 63 bits at most.

Milliseconds since 2026 stand above 20 bits that start at random in each millisecond and then count up,
so one process never repeats itself and two rarely meet (a unique constraint catches them). Until 2050 an
id is spelled in ten characters of base 62, which keeps unsubscribe links short enough for their header.
"""

import random
import re
from threading import Lock

from newsletter import clock

EPOCH = 1_767_225_600_000  # 2026-01-01T00:00:00Z
_SPREAD = 20
_LARGEST = 2**63 - 1
_DIGITS = re.compile("[0-9]{1,19}")
_lock = Lock()
_last = 0


def new_id() -> int:
    global _last  # noqa: PLW0603  the last id handed out is what makes the next one unique
    fresh = max(1, clock.now() - EPOCH) << _SPREAD  # a clock that was never set stands before 2026
    with _lock:
        _last = _last + 1 if _last >= fresh else fresh | random.getrandbits(_SPREAD - 1)
        return _last


def new_ids(count: int) -> range:
    """As many as so many calls of `new_id` would give."""
    global _last  # noqa: PLW0603  as above
    fresh = max(1, clock.now() - EPOCH) << _SPREAD
    with _lock:
        first = _last + 1 if _last >= fresh else fresh | random.getrandbits(_SPREAD - 1)
        _last = first + count - 1
    return range(first, first + count)


def first_id(at: int) -> int:
    """All ids that were made since then (epoch ms) are at least this one."""
    return max(0, at - EPOCH) << _SPREAD


def read_id(text: str) -> int | None:
    """The id that a request names by its digits, which may be nobody's; None for what no row could have."""
    id = int(text) if _DIGITS.fullmatch(text) else -1
    return id if 0 <= id <= _LARGEST else None
