"""What the port promises, the same on both engines."""

import asyncio
from contextlib import aclosing
from typing import Any

import msgspec
import pytest

from newsletter.errors import NotFound, Unavailable
from newsletter.storage import ConstraintError, Database, Param, Tx, open_database
from tests.conftest import NOON, Clock
from tests.storage.conftest import Note, add, addresses

ADA, BEN = "ada@example.org", "ben@example.com"


async def test_it_works(notes: Database) -> None:
    assert await notes.write(add, 1, ADA, "first", pinned=True) == Note(1, ADA, "first", True)
    assert await notes.read(addresses) == [ADA]


async def test_the_transaction_carries_the_time(db: Database, clock: Clock) -> None:
    async def now(tx: Tx) -> int:
        return tx.now

    assert await db.read(now) == await db.write(now) == NOON
    clock.forward(5)
    assert await db.write(now) == NOON + 5


async def test_rows_become_structs_by_name(notes: Database) -> None:
    class Short(msgspec.Struct):
        text: str
        pinned: bool
        id: int
        missing: str = "default"

    async def look(tx: Tx) -> tuple[Short | None, Short | None, list[Short]]:
        sql = "SELECT id, pinned, text FROM notes WHERE id = :id"
        return await tx.one(Short, sql, id=1), await tx.one(Short, sql, id=2), await tx.all(Short, sql, id=1)

    await notes.write(add, 1, ADA, "x", pinned=True)
    row = Short("x", True, 1)
    assert await notes.read(look) == (row, None, [row])


async def test_values_keep_their_type(notes: Database) -> None:
    class Row(msgspec.Struct):
        weight: float
        bytes: bytes
        parent: int | None

    async def there_and_back(tx: Tx) -> Row | None:
        return await tx.one(
            Row,
            "INSERT INTO notes (id, address, weight, bytes) VALUES (:id, :address, :weight, :bytes)"
            " RETURNING weight, bytes, parent",
            id=2**62,
            address="'; DROP TABLE notes; --",
            weight=0.1,
            bytes=b"\x00\xff",
        )

    assert await notes.write(there_and_back) == Row(0.1, b"\x00\xff", None)


@pytest.mark.parametrize(
    ("sql", "params", "value"),
    [
        ("SELECT count(*) FROM notes", {}, 2),
        ("SELECT sum(id) FROM notes", {}, 3),
        ("SELECT avg(id) FROM notes", {}, 1.5),
        ("SELECT max(id) FROM notes WHERE id < 0", {}, None),
        ("SELECT id FROM notes WHERE id < 0", {}, None),
        ("SELECT CAST(:x AS BIGINT) + 1", {"x": 2**40}, 2**40 + 1),
        ("SELECT coalesce(:a, :b)", {"a": None, "b": "text"}, "text"),
        ("SELECT id FROM notes WHERE CAST(:n AS BIGINT) IS NULL OR id >= :n ORDER BY id", {"n": 2}, 2),
        ("SELECT id FROM notes WHERE CAST(:n AS BIGINT) IS NULL OR id >= :n ORDER BY id", {"n": None}, 1),
        ("SELECT id FROM notes WHERE id >= :n OR :n IS NULL ORDER BY id", {"n": None}, 1),
        ("SELECT address FROM notes WHERE pinned = :pinned", {"pinned": True}, ADA),
        ("SELECT id FROM notes ORDER BY id LIMIT :n OFFSET :n", {"n": 1}, 2),
    ],
)
async def test_one_text_for_both(notes: Database, sql: str, params: dict[str, Any], value: object) -> None:
    async def look(tx: Tx) -> Any:
        return await tx.value(sql, **params)

    await notes.write(add, 1, ADA, pinned=True)
    await notes.write(add, 2, BEN)
    assert await notes.read(look) == value


async def test_rows_touched(notes: Database) -> None:
    async def touch(tx: Tx) -> list[int]:
        await tx.many(
            "INSERT INTO notes (id, address, pinned) VALUES (:id, :address, :pinned)",
            [{"id": n, "address": f"{n}@example.org", "pinned": n % 2 == 0} for n in range(5)],
        )
        await tx.many("INSERT INTO notes (id, address) VALUES (:id, :address)", [])
        return [
            await tx.run("UPDATE notes SET text = :text WHERE pinned = 1", text="x"),
            await tx.run("DELETE FROM notes WHERE id > :id", id=3),
            await tx.run("DELETE FROM notes WHERE id > :id", id=3),
            await tx.run(
                "INSERT INTO notes (id, address) VALUES (9, :a) ON CONFLICT DO NOTHING", a="0@example.org"
            ),
            await tx.run("CREATE TABLE other (id BIGINT PRIMARY KEY)"),
        ]

    assert await notes.write(touch) == [3, 1, 0, 0, 0]


async def test_an_action_that_fails_leaves_nothing(notes: Database) -> None:
    async def add_and_fail(tx: Tx) -> None:
        await add(tx, 1, ADA)
        raise NotFound("no such thing")

    with pytest.raises(NotFound, match="no such thing"):
        await notes.write(add_and_fail)
    assert await notes.read(addresses) == []


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO notes (id, address) VALUES (2, :a)",
        "INSERT INTO notes (id, address) VALUES (1, 'x')",
        "INSERT INTO notes (id, address, pinned) VALUES (2, 'x', 2)",
        "INSERT INTO notes (id, address, parent) VALUES (2, 'x', 77)",
        "UPDATE notes SET address = NULL",
    ],
)
async def test_a_constraint_refuses(notes: Database, sql: str) -> None:
    async def break_it(tx: Tx) -> None:
        await tx.run("UPDATE notes SET text = 'changed'")
        await tx.run(sql, a=ADA)

    async def text(tx: Tx) -> Any:
        return await tx.value("SELECT text FROM notes")

    await notes.write(add, 1, ADA, "as it was")
    with pytest.raises(ConstraintError) as caught:
        await notes.write(break_it)
    assert ADA not in str(caught.value)  # errors end up in logs
    assert await notes.read(text) == "as it was"


async def test_a_query_that_does_not_fit_says_so(notes: Database) -> None:
    class Other(msgspec.Struct):
        id: int
        colour: str

    async def look(tx: Tx) -> None:
        await tx.one(Other, "SELECT id, address FROM notes")

    await notes.write(add, 1, ADA)
    with pytest.raises(TypeError, match="id, address, but Other has id, colour"):
        await notes.read(look)


async def test_a_read_can_not_write(notes: Database) -> None:
    with pytest.raises(RuntimeError, match=r"belongs in db\.write"):
        await notes.read(add, 1, ADA)
    assert await notes.read(addresses) == []


async def test_a_read_is_one_snapshot(notes: Database, database_url: str) -> None:
    """Both looks of one action see the same, whatever others commit between them."""
    looked = []

    async def look_twice(tx: Tx) -> None:
        for _ in range(2):
            looked.append(len(await addresses(tx)))
            for _ in range(2_000):  # long enough for some of the writes below to be committed
                await tx.value("SELECT 1")

    reading = asyncio.create_task(notes.read(look_twice))
    await asyncio.sleep(0)
    n = 0
    while not reading.done():
        n += 1
        await notes.write(add, n, f"{n}@example.org")
    await reading
    assert looked[0] == looked[1] < n


async def test_a_stream_is_one_snapshot_in_chunks(notes: Database) -> None:
    async def fill(tx: Tx) -> None:
        rows: list[dict[str, Param]] = [{"id": n, "address": f"{n}@example.org"} for n in range(5_001)]
        await tx.many("INSERT INTO notes (id, address) VALUES (:id, :address)", rows)

    async def empty(tx: Tx) -> int:
        return await tx.run("DELETE FROM notes")

    await notes.write(fill)
    sizes: list[int] = []
    seen: list[tuple[Any, ...]] = []
    async with aclosing(
        notes.stream("SELECT id, address FROM notes WHERE id >= :n ORDER BY id", n=1)
    ) as chunks:
        async for chunk in chunks:
            if not sizes:
                assert await notes.write(empty) == 5_001
            sizes.append(len(chunk))
            seen += chunk
    assert sizes == [2000, 2000, 1000]
    assert seen == [(n, f"{n}@example.org") for n in range(1, 5_001)]


async def test_the_first_rows_of_a_stream_come_before_the_last_ones_are_made(db: Database) -> None:
    """Planned for all of them at once, PostgreSQL would join by hashes, and sort what is made of that."""

    async def fill(tx: Tx) -> None:
        await tx.run("CREATE TABLE long (id BIGINT PRIMARY KEY, word BIGINT NOT NULL)")
        await tx.run("CREATE TABLE words (id BIGINT PRIMARY KEY, text TEXT NOT NULL)")
        rows: list[dict[str, Param]] = [{"id": n, "word": n * 7_919 % 20_000} for n in range(20_000)]
        await tx.many("INSERT INTO long (id, word) VALUES (:id, :word)", rows)
        await tx.run("INSERT INTO words (id, text) SELECT id, 'x' FROM long")

    async def look(tx: Tx) -> None:
        await tx.run("ANALYZE")

    await db.write(fill)
    await db.write(look)
    fails_late = "SELECT l.id, abs(-9223372036854775807 - CASE WHEN l.id > 15000 THEN 1 ELSE 0 END), w.text"
    joined = "FROM long l LEFT JOIN words w ON w.id = l.word WHERE l.id >= :n ORDER BY l.id"
    async with aclosing(db.stream(f"{fails_late} {joined}", n=1)) as chunks:
        assert [row[0] for row in await anext(chunks)] == [*range(1, 2_001)]
        with pytest.raises(Exception, match=r"overflow|takes no such value"):
            async for _ in chunks:
                pass


async def test_a_stream_can_be_left(notes: Database) -> None:
    for _ in range(20):  # more than a pool has connections
        async with aclosing(notes.stream("SELECT 1")) as chunks:
            assert await anext(chunks) == [(1,)]
    assert await notes.read(addresses) == []


async def test_a_wake_follows_the_commit(notes: Database, database_url: str) -> None:
    async def add_and_wake(tx: Tx, id: int) -> None:
        await add(tx, id, f"{id}@example.org")
        tx.wake("outbox")

    async def waiter() -> tuple[bool, list[str]]:
        woken = await notes.wait("outbox", 30)
        return woken, await other.read(addresses)

    other = await open_database(database_url)
    waiting = [asyncio.create_task(waiter()) for _ in range(3)]
    await asyncio.sleep(0)
    await notes.write(add_and_wake, 1)
    assert await asyncio.gather(*waiting) == [(True, ["1@example.org"])] * 3
    await other.close()


async def test_a_wake_that_nobody_awaits_is_kept(db: Database) -> None:
    async def wake(tx: Tx) -> None:
        tx.wake("outbox")

    async def wake_and_fail(tx: Tx) -> None:
        tx.wake("outbox")
        raise NotFound

    with pytest.raises(NotFound):
        await db.write(wake_and_fail)
    assert not await db.wait("outbox", 0.01)
    await db.write(wake)
    assert await db.wait("outbox", 30)
    assert not await db.wait("outbox", 0.01)
    assert not await db.wait("something else", 0)


async def test_a_closed_database_takes_nothing(database_url: str) -> None:
    db = await open_database(database_url)
    await db.close()
    with pytest.raises(Unavailable):
        await db.write(addresses)
    with pytest.raises(Unavailable):
        await db.read(addresses)
    with pytest.raises(Unavailable):
        await anext(db.stream("SELECT 1"))


async def test_it_can_be_scrubbed(notes: Database) -> None:
    await notes.write(add, 1, ADA)
    await notes.scrub()
    await notes.scrub(ADA)
    assert await notes.read(addresses) == [ADA]
