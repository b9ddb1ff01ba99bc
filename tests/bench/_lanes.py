"""A broadcast without its ledger: the same messages over the same lanes, and nothing is written down.

Beside a whole broadcast it shows what the ledger costs. Nobody may send like this: a crash would lose everything.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import cast

from newsletter.mail import bulk_ledger
from newsletter.mail.books import Books
from newsletter.mail.breaker import Verdict
from newsletter.mail.bulk import thaw
from newsletter.mail.bulk_lane import Lane, Ready
from newsletter.mail.bulk_ledger import Job, Want
from newsletter.mail.pipeline import Parcel
from newsletter.mail.relay import Relay
from newsletter.mail.smtp import Outcome, RelayTrouble, Timeouts
from newsletter.settings import Settings
from newsletter.tokens import Tokens


class _Forgetful:
    """In place of the books: everybody may be sent to."""

    def __init__(self) -> None:
        self.sent = 0

    async def turn(self, done: Sequence[Verdict], wants: Sequence[Want]) -> set[int]:
        self.sent += sum(one.state == "sent" for one in done)
        return {want.row_id for want in wants}


class _Readers:
    """In place of the worker: merged, and their links signed, as it does."""

    asks = False

    def __init__(self, content: bytes, settings: Settings, count: int) -> None:
        self._frozen = thaw(content)
        self._tokens = Tokens(settings.secret_keys)
        self._url = settings.public_url
        self._sender = settings.from_email
        self._ready = self._all(count)

    def _all(self, count: int) -> Iterator[Ready]:
        for n in range(1, count + 1):
            job = Job(n, 1, n, 0, f"reader{n}@example{n % 50}.org", "{}", f"<{n}@example.com>", 0, 0, 0, 0)
            leave = f"{self._url}/u/{self._tokens.make('unsubscribe', n)}"
            body = self._frozen.message(job.recipient, job.message_id, job.context, leave)
            yield Ready(job, Parcel(self._sender, job.recipient, body), bulk_ledger.want(self._tokens, job))

    def take(self) -> Ready | None:
        return next(self._ready, None)

    def drop(self, id: int) -> None:
        """Nobody holds anything."""

    def heard(self, outcome: Outcome) -> None:
        assert outcome.result == "sent", outcome

    def broke(self) -> None:
        raise AssertionError("A lane broke.")


async def without_ledger(settings: Settings, content: bytes, count: int) -> tuple[float, float]:
    """Messages a second, and CPU seconds per thousand, of this process."""
    relay, books = Relay(settings, Timeouts()), _Forgetful()
    readers = _Readers(content, settings, count)

    async def lane() -> None:
        connection = await relay.lend()
        lane = Lane(readers, cast("Books", books), connection, most=count)
        await lane.run(trouble=_none)
        await relay.take_back(connection)

    spent, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*(lane() for _ in range(settings.mail_connections)))
    seconds = time.perf_counter() - began
    spent = time.process_time() - spent
    await relay.close()
    assert books.sent == count, books.sent
    return count / seconds, spent / count * 1000


def _none(trouble: RelayTrouble) -> float:
    raise trouble
