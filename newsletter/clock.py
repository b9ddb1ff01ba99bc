"""The time, in one place: epoch milliseconds, UTC, as every table holds it."""

import time
from datetime import UTC, datetime
from email.utils import format_datetime

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

monotonic = time.monotonic
"""Seconds that never jump: for deadlines and rates, never for rows."""


_ahead = 0  # ms


def now() -> int:
    return own() + _ahead


def own() -> int:
    """By this machine's clock, whatever the others have."""
    return time.time_ns() // 1_000_000


def follow(ahead: int) -> None:
    """From now on `now` is that of a clock which is so many ms ahead of this machine's: the one that all share."""
    global _ahead  # noqa: PLW0603  a process lives in one time
    _ahead = ahead


def ahead() -> int:
    return _ahead


def moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def iso(ms: int) -> str:
    """To the second, with the offset, as proof of consent needs it: ``2026-11-22T19:30:00+00:00``."""
    return moment(ms).isoformat(timespec="seconds")


def iso_or_none(ms: int | None) -> str | None:
    """As `iso`; for what may not have happened yet."""
    return None if ms is None else iso(ms)


def mail_date(ms: int) -> str:
    """RFC 5322 §3.3."""
    return format_datetime(moment(ms))
