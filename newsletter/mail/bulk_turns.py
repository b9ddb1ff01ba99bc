"""Beginning messages to many, and writing down what became of them: a batch of either is one transaction.

What a lane has had answered and the next two that it is about to send are written for all lanes at once, so of each
connection at most two may have left that nobody has answered for. Before the first byte of a message the worker's
journal holds that it may leave.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from newsletter.mail import breaker, domains, journal
from newsletter.mail import limits as held
from newsletter.mail.breaker import Verdict
from newsletter.mail.bulk_ledger import Want
from newsletter.mail.hold import NOT_HELD
from newsletter.mail.limits import UNLIMITED, Limits
from newsletter.mail.responses import LEFT
from newsletter.storage import Tx
from newsletter.storage.lists import IDS, as_list

SUPPRESSED = "The address is on the suppression list."


class _Id(msgspec.Struct):
    id: int


class _Key(msgspec.Struct):
    key: str


async def turn(
    tx: Tx,
    worker: int,
    done: Sequence[Verdict],
    wants: Sequence[Want],
    limits: Limits = UNLIMITED,
    *,
    accepted: Sequence[Verdict] = (),
    wire: Collection[int] = (),
) -> set[int]:
    """Settles the rows of those that are `done`, notes in the journal those that servers have `accepted`, and begins
    those of `wants` that may still be sent: their ids. `wire`: what was begun before and is neither.
    """
    if done:
        await settle(tx, worker, done, limits)
    taken = {one.id: one.words for one in accepted}
    if wants and tx.engine == "sqlite" and await _all_begun(tx, worker, wants, taken, wire if done else None):
        return {one.row_id for one in wants}
    begun = await _allowed(tx, worker, wants) if wants else set[int]()
    refused = [one for one in wants if one.row_id not in begun]
    for one in refused:
        await _refuse(tx, worker, one)
        if limits:
            await held.give_back(tx, one.claimed_at)
    if done:
        await journal.anew(tx, worker, begun.union(wire).difference(one.row_id for one in refused))
    elif taken_back := {one.row_id for one in refused}.intersection(wire):
        kept = await journal.read(tx, worker)
        await journal.anew(tx, worker, begun.union(wire) - taken_back)
        await journal.add(tx, worker, [], {**(kept.accepted if kept else {}), **taken})
    else:
        await journal.add(tx, worker, begun, taken)
    return begun


async def settle(tx: Tx, worker: int, done: Sequence[Verdict], limits: Limits) -> None:
    """Fenced: a row that was taken away from `worker` in the meantime stays as it is. Most of a batch are told the
    same, but for the server's words: one statement then, that reads nothing of each but those."""
    if limits.domains:
        await domains.heed(tx, done)
    for fate in {one.fate for one in done}:
        state, tried, resent, delay = fate
        await tx.run(
            _SETTLE[tx.engine],
            words=_json({str(one.id): one.words for one in done if one.fate == fate}),
            worker=worker,
            state=state,
            tried=tried,
            resent=resent,
            not_before=tx.now + delay,
            settled_at=None if state in ("queued", "deferred") else tx.now,
        )
    await breaker.heed(tx, done)
    if limits:
        for one in done:
            if not one.tried:
                await held.give_back(tx, one.claimed_at)


async def _all_begun(
    tx: Tx, worker: int, wants: Sequence[Want], taken: Mapping[int, str], wire: Collection[int] | None
) -> bool:
    """Whether all of them may be sent; then the journal has them, all by one statement: asked for their ids, a row
    each, SQLite's thread would have to take the interpreter from the loop for every one. With `wire` it begins anew.
    """
    ids = [one.row_id for one in wants]
    if wire is not None:
        await journal.burn(tx, worker)
    return bool(
        await tx.run(
            _BEGIN_ALL,
            worker=worker,
            ids=as_list(ids),
            count=len(ids),
            keys=_json([key for one in wants for key in {one.exact, one.mailbox}]),
            now=tx.now,
            begun=as_list([*ids, *(wire or ())]),
            accepted=_json(taken),
        )
    )


async def _allowed(tx: Tx, worker: int, wants: Sequence[Want]) -> set[int]:
    """Those that are ours, and whose readers want them. Who is suppressed is asked last: on PostgreSQL a later
    statement sees what was written before it."""
    if tx.engine == "postgres" and not await tx.value(_ALIVE, worker=worker):
        return set()
    ids = as_list(one.row_id for one in wants)
    rows = await tx.all(_Id, _MAY[tx.engine], ids=ids, worker=worker)
    if tx.engine == "postgres" and rows:
        rows = await tx.all(_Id, _STAYING, ids=as_list(row.id for row in rows))
    return {row.id for row in rows} - await _suppressed(tx, wants)


async def _suppressed(tx: Tx, wants: Sequence[Want]) -> set[int]:
    keys = [key for one in wants for key in {one.exact, one.mailbox}]
    rows = await tx.all(_Key, _SUPPRESSED[tx.engine], keys=_json(keys), now=tx.now)
    found = {row.key for row in rows}
    return {one.row_id for one in wants if not found.isdisjoint((one.exact, one.mailbox))} if found else set()


async def _refuse(tx: Tx, worker: int, refused: Want) -> None:
    """It may not begin, or not leave any more. Who left is skipped; what is held waits for anybody."""
    why = await tx.value(_WHY, id=refused.row_id, exact=refused.exact, mailbox=refused.mailbox, now=tx.now)
    if why:
        await tx.run(_SKIP, id=refused.row_id, worker=worker, why=why, now=tx.now)
    else:
        await tx.run(_GIVE_UP, id=refused.row_id, worker=worker)


def _json(value: Sequence[str] | Mapping[Any, Any]) -> str:
    return msgspec.json.encode(value).decode()


_STAYS = """(o.subscriber_id IS NULL OR EXISTS (
        SELECT 1 FROM subscribers s WHERE s.id = o.subscriber_id AND s.status = 'active'
                                      AND COALESCE(s.unsubscribed_at, 0) <= o.created_at))"""
_STANDS = "(p.expires_at IS NULL OR p.expires_at > :now)"
# `+o.worker`: found by its id, not among all that the worker has reserved (seven times the time, measured). The open
# mailings are found along their index: each one's own row has its message before its state.
_OURS = f"""
    SELECT o.id FROM outbox o
    WHERE o.id IN ({{ids}}) AND +o.worker = :worker AND o.state = 'sending'
      AND o.mailing_id IN (SELECT m.id FROM mailings m WHERE m.state = 'open')
      AND {_STAYS} AND {NOT_HELD}
    """  # noqa: S608  our own
# On PostgreSQL: who takes a row away from us at this moment, or leaves, waits until the journal has it, or was first.
_MAY = {
    "sqlite": _OURS.format(ids=IDS["sqlite"]),
    "postgres": f"{_OURS.format(ids=IDS['postgres'])} FOR SHARE OF o SKIP LOCKED",
}
# Whoever buries us takes our name off first: then our rows are theirs, also those that we have just reserved.
_ALIVE = "SELECT 1 FROM workers WHERE id = :worker FOR KEY SHARE SKIP LOCKED"
_STAYING = f"""
    SELECT o.id FROM outbox o WHERE o.id IN ({IDS["postgres"]}) AND (o.subscriber_id IS NULL OR o.subscriber_id IN (
      SELECT s.id FROM subscribers s WHERE s.id = o.subscriber_id AND s.status = 'active'
                                       AND COALESCE(s.unsubscribed_at, 0) <= o.created_at FOR SHARE SKIP LOCKED))
    """  # noqa: S608  our own
_KEYS = {
    "sqlite": "SELECT value FROM json_each(:keys)",
    "postgres": "SELECT value FROM json_array_elements_text(CAST(:keys AS json))",
}
_SUPPRESSED = {
    engine: f"SELECT p.key FROM suppressions p WHERE p.key IN ({keys}) AND {_STANDS}"  # noqa: S608  our own
    for engine, keys in _KEYS.items()
}
_BEGIN_ALL = f"""
    INSERT INTO send_journal (worker, begun, accepted)
    SELECT :worker, :begun, :accepted
    WHERE :count = (SELECT count(*) FROM ({_OURS.format(ids=IDS["sqlite"])}))
      AND NOT EXISTS ({_SUPPRESSED["sqlite"]})
    """  # noqa: S608  our own
_WHY = f"""
    SELECT CASE
      WHEN NOT {_STAYS} THEN '{LEFT}'
      WHEN EXISTS (SELECT 1 FROM suppressions p WHERE p.key IN (:exact, :mailbox) AND {_STANDS}) THEN '{SUPPRESSED}'
      ELSE '' END
    FROM outbox o WHERE o.id = :id
    """  # noqa: S608  our own
_SKIP = """
    UPDATE outbox SET state = 'skipped', reply = :why, recipient = '', context = '{}', settled_at = :now, worker = NULL,
                      provider = NULL
    WHERE id = :id AND worker = :worker AND state = 'sending'
    """
_GIVE_UP = "UPDATE outbox SET worker = NULL, state = 'queued' WHERE id = :id AND worker = :worker AND state = 'sending'"

_WORDS = {"sqlite": "json_each(:words)", "postgres": "json_each_text(CAST(:words AS json))"}
_SETTLE = {
    engine: f"""
    UPDATE outbox AS o SET state = :state, attempts = o.attempts + CAST(:tried AS INTEGER),
                           resends = o.resends + CAST(:resent AS INTEGER), not_before = :not_before,
                           settled_at = :settled_at, reply = d.value, worker = NULL, provider = NULL
    FROM {words} AS d
    WHERE o.id = CAST(d.key AS BIGINT) AND +o.worker = :worker AND o.state = 'sending'
    """  # noqa: S608  our own
    for engine, words in _WORDS.items()
}
