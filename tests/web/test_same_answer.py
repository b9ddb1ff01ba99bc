"""Promise 6: no answer, byte or timing tells a stranger whether an address is known, and how."""

import asyncio
import random
from collections.abc import Sequence
from itertools import product
from statistics import median, quantiles
from time import perf_counter
from typing import get_args

import pytest

from newsletter.addresses import parse
from newsletter.ids import new_id
from newsletter.storage import Tx
from newsletter.subscribers import Status
from tests.web.doors import Doors
from tests.web.stage import HOST
from tests.web.wire import ask

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNKNOWN, ERASED, REFUSED = "unknown", "erased", "not_me"
TIMED = (UNKNOWN, *get_args(Status), ERASED)
KINDS = (*TIMED, REFUSED)
TIMES = 300
TREMBLING = 0.0001  # seconds

URLENCODED, JSON = "application/x-www-form-urlencoded", "application/json"


def address(kind: str, n: int) -> str:
    return f"{kind.replace('_', '-')}-{n:05}@example.org"


async def settle_in(tx: Tx, doors: Doors, numbers: range) -> None:
    """Makes people of every kind, as sign-ups and what followed would have left them."""
    sql = """INSERT INTO subscribers (id, email, email_key, status, created_at, confirmed_at)
             VALUES (:id, :email, :email, :status, :now, :now)"""
    rows = [(address(kind, n), kind) for kind, n in product(get_args(Status), numbers)]
    await tx.many(
        sql, [{"id": new_id(), "email": email, "status": kind, "now": tx.now - 1} for email, kind in rows]
    )
    for n in numbers:
        await doors.service.site.post.suppress(tx, parse(address(ERASED, n)).key, "erased")
        await doors.service.site.post.suppress(tx, parse(address(REFUSED, n)).key, "not_me")


def sign_ups(email: str, token: str) -> list[bytes]:
    """The ways to sign up, as bytes on the wire; the last is our own script's."""
    typed = f"email={email.replace('@', '%40')}&name=Mallory"
    return [
        post("/forms/guide", URLENCODED, typed),
        post("/forms/guide", URLENCODED, f"{typed}&token={token}"),
        post("/forms/guide/embed", URLENCODED, typed),
        post("/forms/guide", JSON, f'{{"email":"{email}","name":"Mallory","token":"{token}"}}'),
    ]


def post(path: str, media_type: str, body: str) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}"
    )
    return f"{head}\r\n\r\n{body}".encode()


async def test_to_the_byte(doors: Doors) -> None:
    await doors.service.site.db.write(settle_in, doors, range(4))
    for way in range(4):
        answers = {
            kind: await ask(doors.service.port, sign_ups(address(kind, way), doors.tokens["form"])[way])
            for kind in KINDS
        }
        assert answers[UNKNOWN].split(b" ", 2)[1] in (b"303", b"202")
        assert set(answers.values()) == {answers[UNKNOWN]}


async def test_signing_in_says_nothing_either(doors: Doors) -> None:
    asked = [
        post("/admin/sign-in", URLENCODED, f"email={name}@example.org") for name in ("olga", "mallory", "ada")
    ]
    assert len({await ask(doors.service.port, each) for each in asked}) == 1


async def timed(doors: Doors, kinds: Sequence[str], numbers: range, late: str = "") -> dict[str, list[float]]:
    """Seconds until the answer, in an order that nothing else follows; `late` get 5 ms more."""
    order = list(product(kinds, numbers))
    random.Random(7).shuffle(order)
    reader, writer = await asyncio.open_connection("127.0.0.1", doors.service.port)
    took: dict[str, list[float]] = {kind: [] for kind in kinds}
    for kind, n in order:
        asked = sign_ups(address(kind, n), doors.tokens["form"])[-1]
        began = perf_counter()
        if kind == late:
            await asyncio.sleep(0.005)
        writer.write(asked)
        await reader.readuntil(b"}")
        took[kind].append(perf_counter() - began)
    writer.close()
    await writer.wait_closed()
    return took


def auc(left: list[float], right: list[float]) -> float:
    """How often one of `left` is larger than one of `right`; 0.5 when they can't be told apart.

    It goes by ranks (Mann and Whitney 1947), so that a busy machine moves both alike. With 300 of each, chance
    keeps it within 0.5 ± 0.07.
    """
    ranked = sorted([(seconds, True) for seconds in left] + [(seconds, False) for seconds in right])
    ranks = sum(rank for rank, (_, is_left) in enumerate(ranked, 1) if is_left)
    return (ranks - len(left) * (len(left) + 1) / 2) / (len(left) * len(right))


def told_apart(left: list[float], right: list[float]) -> bool:
    """Whether a stranger could who looks once at each: right more than 6 times in 10, by more than a tenth of a
    millisecond, which any network takes and adds at random.

    With 300 of each, `smallest_seen` is the smallest step that does not escape it.
    """
    return not 0.4 <= auc(left, right) <= 0.6 and abs(step(left, right)) > TREMBLING


def step(left: list[float], right: list[float]) -> float:
    """How much longer `left` take, in seconds (Hodges and Lehmann 1963): of all differences, the middle one."""
    return median(one - other for one in left for other in right)


def smallest_seen(seconds: list[float]) -> float:
    """Two thirds of what the middle half of the answers spreads over, and 0.2 ms at least."""
    quarter, _, three_quarters = quantiles(seconds, n=4)
    return max(2 * TREMBLING, (three_quarters - quarter) * 2 / 3)


async def test_to_the_millisecond(doors: Doors) -> None:
    await doors.service.site.db.write(settle_in, doors, range(10, 10 + TIMES))
    took = await timed(doors, TIMED, range(10, 10 + TIMES))
    seen = {
        kind: (round(auc(seconds, took[UNKNOWN]), 3), round(median(seconds) * 1e3, 3))
        for kind, seconds in took.items()
    }
    assert not [kind for kind in TIMED if told_apart(took[kind], took[UNKNOWN])], seen


async def test_the_smallest_step_would_be_seen(doors: Doors) -> None:
    numbers = range(1000, 1000 + TIMES)
    await doors.service.site.db.write(settle_in, doors, numbers)
    took = await timed(doors, (UNKNOWN, "active"), numbers)
    smallest = smallest_seen(took[UNKNOWN])
    for late in (smallest, -smallest):
        assert told_apart([seconds + late for seconds in took["active"]], took[UNKNOWN]), smallest


async def test_five_milliseconds_would_be_seen(doors: Doors) -> None:
    numbers = range(2000, 2000 + TIMES)
    await doors.service.site.db.write(settle_in, doors, numbers)
    took = await timed(doors, (UNKNOWN, "active"), numbers, late="active")
    assert told_apart(took["active"], took[UNKNOWN])
