"""A crowd of clients that start and wait, and one among them that wants to be served."""

import asyncio
import time
from dataclasses import dataclass, field

from tests.web.wire import HEAD, HELLO, ask, say, status

STARTS = (b"", b"G", HEAD + b"Content-Length: 9\r\n\r\n")


@dataclass
class Crowd:
    still_open: int = 0
    refused: int = 0
    last_closed: float = 0.0  # seconds after the first came
    latencies: list[float] = field(default_factory=list)  # of the one that is served, in seconds

    @property
    def served(self) -> int:
        return len(self.latencies)


async def crowd(port: int, count: int, *, within: float) -> Crowd:
    """`count` clients, 300 a second: a third wait idle, a third in the headers, a third in the body.

    Each waits `within` seconds at most to be closed.
    """
    seen = Crowd()
    began = time.monotonic()

    async def wait(start: bytes, arrives: float) -> None:
        await asyncio.sleep(arrives)
        answer, closed = await say(port, start, wait=within)
        seen.refused += status(answer) == 408
        seen.still_open += not closed
        seen.last_closed = time.monotonic() - began

    waiting = asyncio.gather(*(wait(STARTS[n % 3], n / 300) for n in range(count)))
    while not waiting.done():
        asked = time.monotonic()
        assert status(await ask(port, HELLO)) == 200
        seen.latencies.append(time.monotonic() - asked)
        await asyncio.sleep(0.02)
    await waiting
    return seen
