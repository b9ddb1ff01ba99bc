"""Programs elsewhere that are told what happened here: which, of what, and what became of each delivery."""

from newsletter.webhooks.actions import (
    GONE,
    MOST,
    add,
    change,
    everyone,
    find,
    forget,
    is_local,
    log,
    note_erasure,
    resend,
    rotate,
    try_out,
    wrong_url,
)
from newsletter.webhooks.model import EVENTS, TEST, Delivery, Event, State, Webhook
from newsletter.webhooks.signing import secret_of
from newsletter.webhooks.targets import Target, allowed, is_public, read_target
from newsletter.webhooks.wire import Resolve, resolve

__all__ = [
    "EVENTS",
    "GONE",
    "MOST",
    "TEST",
    "Delivery",
    "Event",
    "Resolve",
    "State",
    "Target",
    "Webhook",
    "add",
    "allowed",
    "change",
    "everyone",
    "find",
    "forget",
    "is_local",
    "is_public",
    "log",
    "note_erasure",
    "read_target",
    "resend",
    "resolve",
    "rotate",
    "secret_of",
    "try_out",
    "wrong_url",
]
