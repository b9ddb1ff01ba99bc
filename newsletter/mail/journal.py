"""What a worker has on the wire of what goes to many. Each function is a part of a transaction.

Written with each commit, it takes the place of two writes of each message's own row: a row says `sending` from when it
is reserved, the journal says whether its message may have left and whether a server has taken it, and the rows are
settled hundreds at a time.
"""

from collections.abc import Collection, Mapping

import msgspec

from newsletter.storage import Tx


class Journal(msgspec.Struct, frozen=True):
    """What a worker's journal comes to."""

    accepted: Mapping[
        int, str
    ]  # what servers have taken that its row does not say yet, and the servers' words
    begun: frozenset[int]  # the rest of what may have left


class _Entry(msgspec.Struct):
    begun: str
    accepted: str


async def add(tx: Tx, worker: int, begun: Collection[int], accepted: Mapping[int, str]) -> None:
    if begun or accepted:
        await _write(tx, worker, begun, accepted)


async def anew(tx: Tx, worker: int, begun: Collection[int]) -> None:
    """What it said is in the rows now, but for what is still on the wire."""
    await burn(tx, worker)
    await _write(tx, worker, begun, {})


async def open_(tx: Tx, worker: int) -> None:
    """From its first message on a worker is one that keeps a journal."""
    await tx.run(
        """
        INSERT INTO send_journal (worker, begun, accepted) SELECT CAST(:worker AS BIGINT), '[]', '{}'
        WHERE NOT EXISTS (SELECT 1 FROM send_journal WHERE worker = CAST(:worker AS BIGINT))
        """,
        worker=worker,
    )


async def read(tx: Tx, worker: int) -> Journal | None:
    """None: it kept none."""
    entries = await tx.all(
        _Entry, "SELECT begun, accepted FROM send_journal WHERE worker = :worker", worker=worker
    )
    if not entries:
        return None
    begun, accepted = set[int](), dict[int, str]()
    for entry in entries:
        begun.update(msgspec.json.decode(entry.begun, type=list[int]))
        accepted.update(msgspec.json.decode(entry.accepted, type=dict[int, str]))
    return Journal(accepted, frozenset(begun - accepted.keys()))


async def burn(tx: Tx, worker: int) -> None:
    await tx.run("DELETE FROM send_journal WHERE worker = :worker", worker=worker)


async def _write(tx: Tx, worker: int, begun: Collection[int], accepted: Mapping[int, str]) -> None:
    await tx.run(
        "INSERT INTO send_journal (worker, begun, accepted) VALUES (:worker, :begun, :accepted)",
        worker=worker,
        begun=msgspec.json.encode([*begun]).decode(),
        accepted=msgspec.json.encode(accepted).decode(),
    )
