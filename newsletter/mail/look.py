"""What the ledger says to those above: what waits, who got a mailing, who was last reached when, who works."""

import re

import msgspec

from newsletter.mail.life import SILENCE
from newsletter.storage import Param, Tx

EVERYTHING = 2**63 - 1
"""More than there can be of anything."""


class _Count(msgspec.Struct):
    state: str
    count: int


class Delivery(msgspec.Struct, frozen=True):
    """One person's row of a mailing, with the place from which the next ones are asked for."""

    email: str
    state: str
    at: int | None  # ms, when it was settled
    reply: str
    attempts: int
    resends: int
    first: int
    second: int

    @property
    def place(self) -> tuple[int, int]:
        return self.first, self.second


async def waiting(tx: Tx, most: int = EVERYTHING) -> dict[str, int]:
    """How many messages are not done, by state. What was sent, of which there may be millions, is not looked at.

    Nor what is above `most` of a state: while a broadcast to a million goes out, a count looks at each of them.
    """
    counts = dict.fromkeys(("queued", "sending", "deferred", "in_doubt", "failed"), 0)
    for sql in (_WAITING, _MANY_WAITING):
        for row in await tx.all(_Count, sql, most=most):
            counts[row.state] = min(counts[row.state] + row.count, most)
    return counts


async def deliveries(
    tx: Tx, mailing_id: int, state: str, search: str, after: tuple[int, int], limit: int
) -> list[Delivery]:
    """Who has that state ('': any) and an address with `search` in it, after a row's `place` (0, 0: from the first).

    Each list goes along an index of its own, so that its last page costs what its first does.
    """
    params: dict[str, Param] = {"id": mailing_id, "first": after[0], "limit": limit}
    if state:
        params |= {"state": state, "second": after[1]}
    if search:
        params["search"] = "%" + re.sub(r"([\\%_])", r"\\\1", search.lower()) + "%"
    sql = _IN_STATE if state else _ANYBODY
    return await tx.all(Delivery, sql.format(searched=_SEARCHED if search else ""), **params)


class Fate(msgspec.Struct, frozen=True):
    state: str
    reply: str


async def fate_of(tx: Tx, id: int, message: str) -> Fate | None:
    """What became of one transactional message of that kind, and what their server said."""
    sql = "SELECT state, reply FROM outbox WHERE id = :id AND message = :message"
    return await tx.one(Fate, sql, id=id, message=message)


async def last_sent(tx: Tx, subscriber_id: int) -> int:
    """When a server last accepted a mail for this person: epoch ms, 0 for never."""
    at = await tx.value(
        "SELECT max(settled_at) FROM outbox WHERE subscriber_id = :id AND state = 'sent'", id=subscriber_id
    )
    return int(at or 0)


async def workers(tx: Tx) -> int:
    """How many workers are alive."""
    return int(await tx.value("SELECT count(*) FROM workers WHERE seen_at >= :since", since=tx.now - SILENCE))


# Each along an index that holds nothing else, but for the workers' own.
_WAITING = """
    SELECT state, count(*) AS count FROM (SELECT state FROM outbox
        WHERE mailing_id IS NULL AND state IN ('queued', 'deferred') LIMIT :most) q GROUP BY state
    UNION ALL SELECT 'sending', count(*) FROM (SELECT 1 FROM outbox
        WHERE mailing_id IS NULL AND worker IS NOT NULL AND state = 'sending' LIMIT :most) s
    UNION ALL SELECT 'in_doubt', count(*) FROM (SELECT 1 FROM outbox WHERE state = 'in_doubt' LIMIT :most) d
    UNION ALL SELECT 'failed', count(*) FROM (SELECT 1 FROM outbox WHERE state = 'failed' LIMIT :most) f
    """
# Mailing by mailing, and in the order of their index: PostgreSQL would else read all that was ever mailed to find what
# waits, or all that waits in one to see that nothing does in another.
_MANY_WAITING = """
    SELECT state, CAST(sum(n) AS BIGINT) AS count FROM (
        SELECT s.state, (SELECT count(*) FROM (
            SELECT 1 FROM outbox o WHERE o.mailing_id = m.id AND o.state = s.state
            ORDER BY o.not_before LIMIT :most) w) AS n
        FROM mailings m CROSS JOIN (
            SELECT 'queued' AS state UNION ALL SELECT 'sending' UNION ALL SELECT 'deferred') s) c
    GROUP BY state
    """
_EMAIL = "COALESCE(NULLIF(o.recipient, ''), s.email, '')"  # who was skipped has none in the row
_SEARCHED = rf"AND lower({_EMAIL}) LIKE :search ESCAPE '\'"
_LISTED = f"""
    SELECT {_EMAIL} AS email, o.state, o.settled_at AS at, o.reply, o.attempts, o.resends,
           o.{{first}} AS first, o.id AS second
    FROM outbox o LEFT JOIN subscribers s ON s.id = o.subscriber_id
    """  # noqa: S608  our own
_ANYBODY = f"""{_LISTED.format(first="subscriber_id")}
    WHERE o.mailing_id = :id AND o.subscriber_id > :first {{searched}} ORDER BY o.subscriber_id LIMIT :limit
    """
_IN_STATE = f"""{_LISTED.format(first="not_before")}
    WHERE o.mailing_id = :id AND o.state = :state AND (o.not_before, o.id) > (:first, :second) {{searched}}
    ORDER BY o.not_before, o.id LIMIT :limit
    """
