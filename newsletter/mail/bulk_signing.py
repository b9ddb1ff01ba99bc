"""Signing what goes to many with RSA, in threads beside the loop: it takes longer than all else of a message.

An Ed25519 signature takes less than it costs that two threads ask each other for the interpreter (measured: 100 instead
of 170 µs a message), so the lanes sign with it as they make a message.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from newsletter.mail.bulk_ledger import Job
from newsletter.mail.dkim import Signer
from newsletter.mail.headers import MessageError

_AT_ONCE = 10
"""Messages that one thread makes before another may have its turn."""


class Signing:
    """Without a `signer` that is slow nothing is made ahead: the lanes make each message as they need it."""

    def __init__(self, signer: Signer | None) -> None:
        self.signer = signer
        self._made: dict[int, bytes] = {}
        self._threads = ThreadPoolExecutor(os.cpu_count(), "signing") if signer and signer.is_slow else None

    async def ahead(self, jobs: Sequence[Job], make: Callable[[Job], bytes]) -> None:
        """The messages of `jobs`, made and kept. One that can't be made is left to whoever asks for it."""
        if self._threads is None:
            return
        loop = asyncio.get_running_loop()
        slices = [jobs[start : start + _AT_ONCE] for start in range(0, len(jobs), _AT_ONCE)]
        made = await asyncio.gather(*(loop.run_in_executor(self._threads, _all, one, make) for one in slices))
        for some in made:
            self._made.update(some)

    def made(self, id: int) -> bytes | None:
        """The message of a job, once."""
        return self._made.pop(id, None)

    def forget(self) -> None:
        """Whom they were made for nobody has in hand any more."""
        self._made.clear()

    def close(self) -> None:
        if self._threads:
            self._threads.shutdown(wait=False, cancel_futures=True)


def _all(jobs: Sequence[Job], make: Callable[[Job], bytes]) -> dict[int, bytes]:
    made: dict[int, bytes] = {}
    for job in jobs:
        try:
            made[job.id] = make(job)
        except (MessageError, ValueError, KeyError):
            continue
    return made
