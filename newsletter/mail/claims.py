"""Who is next: what could go now, and claiming it. Who left or must not be mailed is skipped on the way."""

import msgspec

from newsletter.mail import limits as held
from newsletter.mail.hold import NOT_HELD
from newsletter.mail.limits import Limits, Meter
from newsletter.mail.outbox import TOPIC, suppression_keys
from newsletter.storage import Tx
from newsletter.tokens import Tokens

BATCH = 8  # _SUPPRESSED asks for two keys of each
ALWAYS = "sign_in"
"""To the owner, who must not be locked out of the desk: neither by a suppression, nor by a day's limit that a
broadcast has used up, since the link is dead long before the limit lifts. Few go to one owner in an hour, and
they count; should the relay refuse them all the same, nothing is lost by having asked."""


class Delivery(msgspec.Struct, frozen=True):
    """One message to one person, held by one worker."""

    id: int
    message: str
    priority: int
    recipient: str
    context: str  # JSON
    message_id: str
    created_at: int
    attempts: int
    resends: int
    claimed_at: int


class _Candidate(Delivery, frozen=True):
    gone: bool


class _Seen(Meter, frozen=True):
    waiting: int


class Outlook(msgspec.Struct, frozen=True):
    """What a worker sees that looks for work."""

    ready: int  # messages that could go now
    wait: int  # ms until the rate lets another of them go; 0: the rate holds none back
    full_until: int  # when the day's limit lets go what waits for it; 0: it holds none back
    meter: Meter
    now: int


async def due(tx: Tx, limits: Limits, most: int) -> Outlook:
    """What could go now, counted to `most`, and how the way out stands, in one statement."""
    (seen,) = await tx.all(_Seen, _OUTLOOK, now=tx.now, limit=most)
    if not seen.waiting:
        return Outlook(0, 0, 0, seen, tx.now)
    room = seen.room(limits, tx.now, most)
    waiting = seen.waiting
    if room.full_until:
        waiting = await tx.value(_URGENT, now=tx.now, limit=most, always=ALWAYS)
    return Outlook(min(waiting, room.most), room.wait, room.full_until, seen, tx.now)


async def claim(tx: Tx, tokens: Tokens, limits: Limits, worker: int, most: int) -> list[Delivery]:
    """Up to `most` of what is due, as far as the limits leave room, made `sending`."""
    if not limits:
        return await _take(tx, tokens, worker, _ANY[tx.engine], most)
    meter = await held.meter(tx)
    room = meter.room(limits, tx.now, most)
    if not room.most:
        return []
    claimed = await _take(tx, tokens, worker, (_ALWAYS if room.full_until else _ANY)[tx.engine], room.most)
    if claimed:
        await held.spend(tx, meter, limits, len(claimed))
    return claimed


async def _take(tx: Tx, tokens: Tokens, worker: int, sql: str, most: int) -> list[Delivery]:
    candidates = await tx.all(_Candidate, sql, now=tx.now, limit=min(most, BATCH), always=ALWAYS)
    suppressed = await _suppressed(tx, tokens, candidates)
    claimed: list[Delivery] = []
    for row in candidates:
        why = _why_not(row, suppressed)
        if why:
            await tx.run(_SKIP, id=row.id, why=why, now=tx.now)
        else:
            await tx.run(_SEND, id=row.id, worker=worker)
            claimed.append(row)
    if candidates and not claimed:
        tx.wake(TOPIC)  # there may be more behind those
    return claimed


def _why_not(row: _Candidate, suppressed: set[int]) -> str:
    if row.gone:
        return "They left after this was promised."
    return "The address is on the suppression list." if row.id in suppressed else ""


async def _suppressed(tx: Tx, tokens: Tokens, rows: list[_Candidate]) -> set[int]:
    asked = {row.id: suppression_keys(tokens, row.recipient.lower()) for row in rows if row.message != ALWAYS}
    if not asked:
        return set()
    keys = [key for pair in asked.values() for key in pair] + ["", ""] * (BATCH - len(asked))
    named = {f"key{n}": key for n, key in enumerate(keys)}
    found = {row.key for row in await tx.all(_Suppression, _SUPPRESSED, now=tx.now, **named)}
    return {row_id for row_id, pair in asked.items() if found.intersection(pair)}


class _Suppression(msgspec.Struct):
    key: str


# Transactional messages only; what is written to many has lanes of its own: newsletter/mail/bulk_lane.py.
_OUTLOOK = """
    SELECT paused_until, pause, next_at, sent, began_at,
           (SELECT count(*) FROM (SELECT 1 FROM outbox WHERE mailing_id IS NULL AND state IN ('queued', 'deferred')
                                    AND not_before <= :now AND held_at = 0 LIMIT :limit) AS due) AS waiting
    FROM send_limits WHERE name = 'relay'
    """
_URGENT = """
    SELECT count(*) FROM (SELECT 1 FROM outbox WHERE mailing_id IS NULL AND message = :always
                            AND state IN ('queued', 'deferred') AND not_before <= :now LIMIT :limit) AS due
    """
_NEXT = f"""
    SELECT o.id, o.message, o.priority, o.recipient, o.context, o.message_id, o.created_at, o.attempts, o.resends,
           CAST(:now AS BIGINT) AS claimed_at,
           CASE WHEN o.subscriber_id IS NOT NULL AND (s.id IS NULL OR s.unsubscribed_at > o.created_at)
                THEN 1 ELSE 0 END AS gone
    FROM outbox o LEFT JOIN subscribers s ON s.id = o.subscriber_id
    WHERE o.mailing_id IS NULL AND o.state IN ('queued', 'deferred') AND o.not_before <= :now AND {NOT_HELD}
    ORDER BY o.not_before, o.id LIMIT :limit
    """  # noqa: S608  our own
_NEXT_ALWAYS = _NEXT.replace("o.mailing_id IS NULL", "o.mailing_id IS NULL AND o.message = :always")
_ANY = {"sqlite": _NEXT, "postgres": _NEXT + "FOR UPDATE OF o SKIP LOCKED"}
_ALWAYS = {"sqlite": _NEXT_ALWAYS, "postgres": _NEXT_ALWAYS + "FOR UPDATE OF o SKIP LOCKED"}
_SEND = "UPDATE outbox SET state = 'sending', worker = :worker WHERE id = :id"
_SKIP = "UPDATE outbox SET state = 'skipped', reply = :why, recipient = '', settled_at = :now WHERE id = :id"
_SUPPRESSED = """
    SELECT key FROM suppressions
    WHERE (expires_at IS NULL OR expires_at > :now)
      AND key IN (:key0, :key1, :key2, :key3, :key4, :key5, :key6, :key7,
                  :key8, :key9, :key10, :key11, :key12, :key13, :key14, :key15)
    """
