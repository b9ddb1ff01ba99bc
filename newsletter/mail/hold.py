"""The owner's hand on the tap: while sending is held, no message to anybody is begun, whoever runs a worker.

A restored backup comes up held: what it says is still to be sent may have gone out long ago. Each `async` function is
one transaction.
"""

import msgspec

from newsletter.mail.outbox import TOPIC
from newsletter.storage import Tx

NOT_HELD = "NOT EXISTS (SELECT 1 FROM send_limits WHERE name = 'relay' AND held_at > 0)"
"""A part of each statement that gives a worker something to send."""

DROPPED = "It waited when a backup was restored, and was dropped."


class Hold(msgspec.Struct, frozen=True):
    held_at: int  # ms
    held_why: str


async def held(tx: Tx) -> Hold | None:
    """Since when and why nothing is sent, or None."""
    return await tx.one(
        Hold, "SELECT held_at, held_why FROM send_limits WHERE name = 'relay' AND held_at > 0"
    )


async def hold(tx: Tx, why: str = "") -> bool:
    """Nothing more is begun from now on; what is on the wire may end. Whether it was not held before."""
    done = await tx.run(
        "UPDATE send_limits SET held_at = :now, held_why = :why WHERE name = 'relay' AND held_at = 0",
        now=tx.now,
        why=why,
    )
    return bool(done)


async def let_go(tx: Tx) -> bool:
    """Sending goes on with all that waits. Whether it was held."""
    done = await tx.run(
        "UPDATE send_limits SET held_at = 0, held_why = '' WHERE name = 'relay' AND held_at > 0"
    )
    tx.wake(TOPIC)
    return bool(done)


async def older(tx: Tx, than: int) -> int:
    """How many messages to single people have waited since before then (ms)."""
    return int(await tx.value(f"SELECT count(*) FROM outbox {_OLDER}", than=than))  # noqa: S608  our own


async def drop_older(tx: Tx, than: int) -> int:
    """They are never sent; broadcasts are the owner's to cancel, one by one. Returns how many."""
    return await tx.run(
        f"""UPDATE outbox SET state = 'skipped', reply = :why, recipient = '', context = '{{}}',
                              settled_at = :now, worker = NULL {_OLDER}""",  # noqa: S608  our own
        why=DROPPED,
        now=tx.now,
        than=than,
    )


async def hold_all(tx: Tx, why: str) -> None:
    """As a restored backup comes up: nothing leaves, and each broadcast waits for a word of its own."""
    await hold(tx, why)
    await tx.run("UPDATE mailings SET state = 'held', why = :why WHERE state = 'open'", why=why)


_OLDER = """
    WHERE mailing_id IS NULL AND state IN ('queued', 'deferred', 'sending') AND created_at < CAST(:than AS BIGINT)
    """
