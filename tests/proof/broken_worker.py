"""Workers of designs that lose or double mail. The oracle has to see it, or it sees nothing."""

from collections.abc import Callable
from secrets import token_hex
from typing import Any

import msgspec

from newsletter.mail import bulk_ledger, bulk_turns, bulk_worker, life
from newsletter.storage.sqlite import SqliteDatabase
from tests.mail import worker_process


def _checkpoint_at_fetch() -> None:
    """What is fetched counts as sent."""
    whole = bulk_ledger.reserve

    async def reserve(tx: Any, worker: int, most: int, limits: Any, after: int = 0) -> Any:
        jobs = await whole(tx, worker, most, limits, after)
        for job in jobs:
            await tx.run("UPDATE outbox SET state = 'sent', worker = NULL WHERE id = :id", id=job.id)
        return jobs

    async def turn(tx: Any, worker: int, done: Any, wants: Any, limits: Any, **more: Any) -> set[int]:
        return {want.row_id for want in wants}

    bulk_ledger.reserve = reserve
    bulk_turns.turn = turn  # type: ignore[assignment]  # that is the fault


def _sent_before_the_dot() -> None:
    """What is about to be sent counts as sent."""
    whole = bulk_turns.turn

    async def turn(tx: Any, worker: int, done: Any, wants: Any, limits: Any, **more: Any) -> set[int]:
        begun = await whole(tx, worker, done, wants, limits, **more)
        for id in begun:
            await tx.run("UPDATE outbox SET state = 'sent', worker = NULL WHERE id = :id", id=id)
        return begun

    bulk_turns.turn = turn  # type: ignore[assignment]  # that is the fault
    SqliteDatabase.write_short = SqliteDatabase.write  # type: ignore[method-assign]  # it is more than one statement


def _nothing_written_before_the_dot() -> None:
    """Only the end is written down."""
    whole = bulk_turns.turn

    async def turn(tx: Any, worker: int, done: Any, wants: Any, limits: Any, **more: Any) -> set[int]:
        await whole(tx, worker, done, [], limits, **more)
        return {want.row_id for want in wants}

    bulk_turns.turn = turn  # type: ignore[assignment]  # that is the fault


def _another_message_id_each_time() -> None:
    message = bulk_worker.BulkWorker._message

    def another(self: Any, job: Any) -> bytes:
        return message(self, msgspec.structs.replace(job, message_id=f"<{token_hex(8)}@example.com>"))

    bulk_worker.BulkWorker._message = another  # type: ignore[method-assign]  # that is the point  # that is the fault


def _no_answer_is_a_failure() -> None:
    """What a dead worker held has failed."""
    life.DOUBT = """
        UPDATE outbox SET state = CASE WHEN CAST(:ask AS INTEGER) = 0 THEN 'failed' ELSE 'in_doubt' END,
          settled_at = CAST(:now AS BIGINT), worker = NULL
        WHERE state = 'sending' AND worker = :worker"""


DESIGNS: dict[str, tuple[Callable[[], None], str]] = {  # and what the oracle says of it
    "checkpoint at fetch": (_checkpoint_at_fetch, "lost"),
    "sent before the dot": (_sent_before_the_dot, "lost"),
    "nothing written before the dot": (_nothing_written_before_the_dot, "twice_outside_the_list"),
    "another Message-ID each time": (_another_message_id_each_time, "unexpected"),
    "no answer is a failure": (_no_answer_is_a_failure, "lost"),
}


def run(design: str, *words: str) -> None:
    if design:
        DESIGNS[design][0]()
    worker_process.run(*words)
