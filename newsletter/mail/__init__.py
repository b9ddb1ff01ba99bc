"""Everything that leaves: promised in the transaction that causes it, sent by a worker, settled for good.

Calls go worker > handover > messages, relay > smtp > wire, and worker > ledger > claims > limits; a feature
needs `Post`, a process needs `Worker`.
"""

from newsletter.mail.headers import REFUSED
from newsletter.mail.look import last_sent, waiting, workers
from newsletter.mail.messages import size
from newsletter.mail.outbox import Post, prune
from newsletter.mail.worker import Worker

__all__ = [
    "REFUSED",
    "Post",
    "Worker",
    "last_sent",
    "prune",
    "size",
    "waiting",
    "workers",
]
