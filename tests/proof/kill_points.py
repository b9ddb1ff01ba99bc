"""A worker that dies at one exact step of a broadcast, in a process of its own."""

import os
from collections.abc import Callable
from typing import Any, Literal

from newsletter.mail import Worker, books, bulk_worker, pipeline
from tests.mail import worker_process

DEAD = 9

Moment = tuple[Any, str, int, Literal["before", "after"]]  # whose, which method, at which call
POINTS: dict[str, Moment] = {
    "nothing is reserved": (bulk_worker.BulkWorker, "_reserve", 1, "before"),
    "rows are reserved": (bulk_worker.BulkWorker, "_reserve", 1, "after"),
    "the first two are about to be begun": (books.Books, "turn", 1, "before"),
    "the first two are begun": (books.Books, "turn", 1, "after"),
    "the first one's envelope is out": (pipeline.Pipeline, "begin", 1, "after"),
    "it is accepted": (pipeline.Pipeline, "judged", 1, "after"),
    "the first is out with its dot": (pipeline.Pipeline, "carry", 1, "after"),
    "the first is answered": (pipeline.Pipeline, "verdict", 1, "after"),
    "the second one's envelope is accepted": (pipeline.Pipeline, "judged", 2, "after"),
    "the second is out with its dot": (pipeline.Pipeline, "carry", 2, "after"),
    "the second is answered": (pipeline.Pipeline, "verdict", 2, "after"),
    "both are noted, the third is begun": (books.Books, "turn", 2, "after"),
    "the last is out with its dot": (pipeline.Pipeline, "carry", 3, "after"),
    "the last is answered": (pipeline.Pipeline, "verdict", 3, "after"),
    "the last is settled": (books.Books, "turn", 3, "after"),
}
IN_RECOVERY: dict[str, Moment] = {
    "the dead are about to be buried": (Worker, "_show_life", 1, "before"),
    "the dead are buried": (Worker, "_show_life", 1, "after"),
}


def run(point: str, *words: str) -> None:
    if point:
        owner, name, at, when = (POINTS | IN_RECOVERY)[point]
        setattr(owner, name, _deadly(getattr(owner, name), at, when))
    worker_process.run(*words)


def _deadly(method: Callable[..., Any], at: int, when: str) -> Callable[..., Any]:
    calls = 0

    def plain(*args: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        mine = calls == at
        if mine and when == "before":
            os._exit(DEAD)
        result = method(*args, **more)
        if mine and not hasattr(result, "__await__"):
            os._exit(DEAD)
        return _awaited(result) if mine else result

    async def _awaited(result: Any) -> Any:
        await result
        os._exit(DEAD)

    return plain
