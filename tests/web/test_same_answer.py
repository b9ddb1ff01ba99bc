"""Promise 6: no answer, byte or timing tells a stranger whether an address is known, and how."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import product
from time import perf_counter
from typing import Any, get_args

import pytest

from newsletter.addresses import parse
from newsletter.ids import new_id
from newsletter.storage import Tx
from newsletter.subscribers import Status
from newsletter.web.server import Server
from tests.web.doors import Doors
from tests.web.stage import HOST
from tests.web.wire import ask, edge

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNKNOWN, ERASED, REFUSED = "unknown", "erased", "not_me"
KINDS = (UNKNOWN, *get_args(Status), ERASED, REFUSED)
TIMES = 300  # each, interleaved: an AUC of 0.5 then comes out within 0.5 ± 0.1 but once in 40,000 times

Ask = Callable[[str], Awaitable[float]]


def address(kind: str, n: int) -> str:
    return f"{kind.replace('_', '-')}-{n:05}@example.org"


async def settle_in(tx: Tx, doors: Doors, first: int, count: int) -> None:
    """Makes `count` people of every kind, as sign-ups and what followed would have left them."""
    sql = """INSERT INTO subscribers (id, email, email_key, status, created_at, confirmed_at)
             VALUES (:id, :email, :email, :status, :now, :now)"""
    for n in range(first, first + count):
        people = ((kind, address(kind, n)) for kind in get_args(Status))
        await tx.many(
            sql, [{"id": new_id(), "email": e, "status": kind, "now": tx.now - 1} for kind, e in people]
        )
        post = doors.service.site.post
        await post.suppress(tx, parse(address(ERASED, n)).key, "erased")
        await post.suppress(tx, parse(address(REFUSED, n)).key, "not_me")


def forms(email: str, token: str) -> list[bytes]:
    """The ways to ask, as bytes on the wire."""
    typed = f"email={email.replace('@', '%40')}&name=Mallory"
    json = f'{{"email":"{email}","name":"Mallory","token":"{token}"}}'
    urlencoded = "application/x-www-form-urlencoded"
    return [
        request(path, media_type, body)
        for path, media_type, body in (
            ("/forms/guide", urlencoded, typed),
            ("/forms/guide", urlencoded, f"{typed}&token={token}"),
            ("/forms/guide/embed", urlencoded, typed),
            ("/forms/guide", "application/json", json),
        )
    ]


def request(path: str, media_type: str, body: str) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}"
    )
    return f"{head}\r\n\r\n{body}".encode()


async def test_to_the_byte(doors: Doors) -> None:
    await doors.service.site.db.write(settle_in, doors, 0, 4)
    for way in range(4):
        answers = {
            kind: await ask(doors.service.port, forms(address(kind, way), doors.tokens["form"])[way])
            for kind in KINDS
        }
        assert answers[UNKNOWN].split(b" ", 2)[1] in (b"303", b"202")
        assert set(answers.values()) == {answers[UNKNOWN]}


async def test_signing_in_says_nothing_either(doors: Doors) -> None:
    pages = {
        await ask(
            doors.service.port, request("/admin/sign-in", "application/x-www-form-urlencoded", f"email={who}")
        )
        for who in ("olga@example.org", "mallory@example.com", "ada@example.org")
    }
    assert len(pages) == 1


async def time_it(doors: Doors) -> dict[str, list[float]]:
    """Seconds to the answer for strangers' and others' addresses, in an order that nothing can follow."""
    await doors.service.site.db.write(settle_in, doors, 10, TIMES)
    order = list(product(KINDS, range(10, 10 + TIMES)))
    random.Random(7).shuffle(order)
    reader, writer = await asyncio.open_connection("127.0.0.1", doors.service.port)
    took: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for kind, n in order:
        said = forms(address(kind, n), doors.tokens["form"])[3]
        began = perf_counter()
        writer.write(said)
        await reader.readuntil(b"}")
        took[kind].append(perf_counter() - began)
    writer.close()
    return took


def auc(left: list[float], right: list[float]) -> float:
    """How often one of `left` is larger than one of `right`: 0.5 when nobody can tell them apart. By ranks
    (Mann and Whitney 1947), so that what the machine does meanwhile moves both alike.
    """
    ranked = sorted([(value, 1) for value in left] + [(value, 0) for value in right])
    total = sum(rank for rank, (_, is_left) in enumerate(ranked, 1) if is_left)
    return (total - len(left) * (len(left) + 1) / 2) / (len(left) * len(right))


async def test_to_the_millisecond(doors: Doors) -> None:
    took = await time_it(doors)
    told = {kind: auc(took[kind], took[UNKNOWN]) for kind in KINDS[1:]}
    print(
        {k: round(v, 3) for k, v in told.items()},
        {k: round(sorted(v)[len(v) // 2] * 1e3, 3) for k, v in took.items()},
    )
    assert all(0.4 <= value <= 0.6 for value in told.values()), told
