"""Workers that take what a server has said for something else. The model has to see it, or it sees nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from newsletter.mail import bulk_lane, bulk_worker, ledger
from newsletter.mail.smtp import Connection, Outcome, RelayTrouble

Break = Callable[[pytest.MonkeyPatch], None]


def _silence_is_no_answer(patch: pytest.MonkeyPatch) -> None:
    """What has no answer is tried again as if it had been refused for now."""
    whole = ledger.settlement

    def settlement(job: Any, result: Any, words: str, *, ask: bool) -> Any:
        return whole(job, "deferred" if result == "in_doubt" else result, words, ask=ask)

    patch.setattr(bulk_lane, "settlement", settlement)


def _closing_is_a_yes(patch: pytest.MonkeyPatch) -> None:
    """A 421 after the dot counts as sent."""
    whole = Connection.verdict

    async def verdict(self: Connection) -> Outcome:
        try:
            return await whole(self)
        except RelayTrouble:
            return Outcome("sent", 421, "")

    patch.setattr(Connection, "verdict", verdict)


def _trouble_is_a_try(patch: pytest.MonkeyPatch) -> None:
    """What was never judged is used up by it."""
    patch.setattr(bulk_lane, "release", lambda job, why, _delay: ledger.settlement(job, "deferred", why))


def _the_next_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A connection that breaks is told of the message on it alone, and the one whose envelope is out is sent on."""
    whole = bulk_lane.Lane._undo

    def undo(self: bulk_lane.Lane, why: str, pause: float) -> None:
        while len(self._begun) > 1:
            self._end(self._begun.pop().job, "in_doubt", why)
        whole(self, why, pause)

    patch.setattr(bulk_lane.Lane, "_undo", undo)


def _made_anew(patch: pytest.MonkeyPatch) -> None:
    """A message that is sent again is another one."""
    whole = bulk_worker.BulkWorker._message

    def message(self: bulk_worker.BulkWorker, job: Any) -> bytes:
        return whole(self, job) + b"." * int(job.attempts) + b"\r\n"

    patch.setattr(bulk_worker.BulkWorker, "_message", message)


DESIGNS: dict[str, Break] = {
    "silence is no answer": _silence_is_no_answer,
    "closing is a yes": _closing_is_a_yes,
    "trouble is a try": _trouble_is_a_try,
    "the next is forgotten": _the_next_is_forgotten,
    "made anew": _made_anew,
}
