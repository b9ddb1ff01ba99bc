"""Pages of the desk as a browser gets them, one server among few people and one among many, asked in turns."""

import http.client
import statistics
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import NamedTuple, TypeVar
from urllib.parse import urlencode

from newsletter.web.kit.rostering import Asked
from tests.bench._browser import HOST, sign_in
from tests.bench._service import service
from tests.bench.export import environment

T = TypeVar("T")
ROUNDS, SERIES = 200, 5
"""Of each series the p99, of those the median: one hiccup of the machine in 100 answers would be the p99 of all."""


class Browser(NamedTuple):
    connection: http.client.HTTPConnection
    cookie: str

    def get(self, path: str) -> float:
        """Seconds until the last byte was there."""
        began = time.perf_counter()
        self.connection.request("GET", path, headers=HOST | {"Cookie": self.cookie})
        answer = self.connection.getresponse()
        answer.read()
        assert answer.status == 200, (path, answer.status)
        return time.perf_counter() - began


@contextmanager
def signed_in(url: str) -> Iterator[Browser]:
    with service(url) as (port, _), closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        yield Browser(connection, sign_in(port, environment(url)))


def address(asked: Asked, before: int | str = "") -> str:
    given = {**asked._asdict(), "before": before}
    query = urlencode({name: value for name, value in given.items() if value})
    return f"/admin/subscribers?{query}"


def p99(browsers: Mapping[int, Browser], paths: Mapping[int, Sequence[str]]) -> dict[int, float]:
    """Seconds among each."""
    spent: dict[int, list[float]] = {count: [] for count in browsers}
    for turn in range(ROUNDS * SERIES):
        for count, browser in turned(browsers.items(), turn):
            spent[count].append(browser.get(paths[count][turn % len(paths[count])]))
    return {count: usual_p99(times) for count, times in spent.items()}


def usual_p99(times: Sequence[float]) -> float:
    series = [times[start : start + ROUNDS] for start in range(0, len(times), ROUNDS)]
    return statistics.median(statistics.quantiles(some, n=100)[98] for some in series)


def turned(pairs: Iterable[tuple[int, T]], turn: int) -> Sequence[tuple[int, T]]:
    """Each is first every other time."""
    pairs = list(pairs)
    return pairs if turn % 2 else pairs[::-1]
