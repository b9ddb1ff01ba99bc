"""Many subscribers at once: tagged, untagged or erased, in slices that nobody waits for."""

from newsletter.subscribers.bulk.actions import (
    Bulk,
    ask,
    ask_for,
    change_some,
    done,
    find,
    forget,
    gather,
    hold,
    judge,
    latest,
    next_ids,
    old,
    press,
    undo_some,
    waiting,
)
from newsletter.subscribers.bulk.store import sizes

__all__ = [
    "Bulk",
    "ask",
    "ask_for",
    "change_some",
    "done",
    "find",
    "forget",
    "gather",
    "hold",
    "judge",
    "latest",
    "next_ids",
    "old",
    "press",
    "sizes",
    "undo_some",
    "waiting",
]
