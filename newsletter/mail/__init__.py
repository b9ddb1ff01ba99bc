"""Everything that leaves: promised in the transaction that causes it, sent by a worker, settled for good.

Calls go worker > handover > messages, relay > smtp > wire, and worker > ledger > claims > limits. What goes to
many goes worker > bulk_worker > bulk_lane > pipeline > smtp, and > books > bulk_turns > journal. A feature
needs `Post` and `Mailings`, a process needs `Worker`.
"""

from newsletter.mail.domains import HeldBack, held_back
from newsletter.mail.headers import REFUSED, MessageError
from newsletter.mail.look import Delivery, deliveries, fate_of, last_sent, waiting, workers
from newsletter.mail.mailings import Handed, Mailings, Recipient, Tally
from newsletter.mail.merge import kept_values
from newsletter.mail.outbox import Post, prune
from newsletter.mail.worker import Worker

__all__ = [
    "REFUSED",
    "Delivery",
    "Handed",
    "HeldBack",
    "Mailings",
    "MessageError",
    "Post",
    "Recipient",
    "Tally",
    "Worker",
    "deliveries",
    "fate_of",
    "held_back",
    "kept_values",
    "last_sent",
    "prune",
    "waiting",
    "workers",
]
