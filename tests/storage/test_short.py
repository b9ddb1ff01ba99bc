"""Actions of one statement, kept without a transaction around it: whole or not at all, as any other."""

import asyncio
import logging
import sqlite3
from contextlib import suppress

import pytest

from newsletter.errors import BadInput, Unavailable
from newsletter.storage import ConstraintError, Database, Tx, open_database
from tests.conftest import ON_ONE
from tests.storage.conftest import addresses, make_table
from tests.storage.test_trouble import pages

ADA, BEN = "ada@example.org", "ben@example.org"
ADD = "INSERT INTO notes (id, address, text) VALUES (:id, :address, :text) ON CONFLICT (address) DO NOTHING"


async def put_down(tx: Tx, id: int, address: str, text: str = "") -> int:
    count = await tx.run(ADD, id=id, address=address, text=text)
    tx.wake("notes")
    return count


async def add_or_say(tx: Tx, id: int, address: str) -> str:
    """One statement for who is new; more for who is there."""
    if await tx.run(ADD, id=id, address=address, text="new"):
        return "new"
    await tx.run("UPDATE notes SET text = 'again' WHERE address = :address", address=address)
    return str(await tx.value("SELECT text FROM notes WHERE address = :address", address=address))


async def test_what_it_did_is_there_and_who_waits_for_it_is_woken(notes: Database) -> None:
    assert await notes.write_short(put_down, 1, ADA) == 1
    assert await notes.read(addresses) == [ADA]
    assert await notes.wait("notes", 0)


async def test_where_it_changed_nothing_it_may_be_more(notes: Database) -> None:
    assert [await notes.write_short(add_or_say, n, ADA) for n in (1, 2)] == ["new", "again"]
    assert await notes.read(addresses) == [ADA]


async def test_it_reads_first(notes: Database) -> None:
    async def act(tx: Tx) -> int:
        count = int(await tx.value("SELECT count(*) FROM notes"))
        await tx.run(ADD, id=count, address=ADA, text="")
        await tx.run(ADD, id=count + 1, address=BEN, text="")
        return count

    assert await notes.write_short(act) == 0
    assert await notes.read(addresses) == [ADA, BEN]


async def test_what_is_counted_together_counts(notes: Database) -> None:
    async def act(tx: Tx) -> None:
        await tx.tally("INSERT INTO notes (id, address) VALUES (:count, :address)", 7, address=ADA)

    await notes.write_short(act)
    assert await notes.read(addresses) == [ADA]


async def test_a_constraint_refuses_it(notes: Database) -> None:
    async def act(tx: Tx) -> None:
        await tx.run("INSERT INTO notes (id, address) VALUES (1, :address)", address=BEN)

    await notes.write_short(put_down, 1, ADA)
    with pytest.raises(ConstraintError):
        await notes.write_short(act)
    assert await notes.read(addresses) == [ADA]


async def test_a_refusal_before_its_statement_is_its_callers(notes: Database) -> None:
    async def act(_: Tx) -> None:
        raise BadInput("no")

    with pytest.raises(BadInput):
        await notes.write_short(act)


async def test_beside_others_each_is_whole(notes: Database) -> None:
    short = [notes.write_short(put_down, n, f"{n}@example.org") for n in range(0, 60, 2)]
    others = [notes.write(put_down, n, f"{n}@example.org") for n in range(1, 60, 2)]
    assert await asyncio.gather(*short, *others) == [1] * 60
    assert len(await notes.read(addresses)) == 60


@ON_ONE
@pytest.mark.parametrize("how", ["statement", "fault", "tally"])
async def test_what_goes_on_after_it_has_changed_something_is_a_mistake(notes: Database, how: str) -> None:
    """It could not be undone."""

    async def act(tx: Tx) -> None:
        await put_down(tx, 1, ADA)
        if how == "statement":
            await tx.value("SELECT 1")
        if how == "tally":
            await tx.tally("UPDATE notes SET id = :count", 1)
        raise BadInput("no")

    with pytest.raises(RuntimeError, match="it belongs in"):
        await notes.write_short(act)


@ON_ONE
@pytest.mark.parametrize("how", ["statement", "fault"])
async def test_also_where_the_cursor_counts_nothing(notes: Database, how: str) -> None:
    async def act(tx: Tx) -> None:
        await tx.run(
            "WITH new (id) AS (SELECT 1) INSERT INTO notes (id, address) SELECT id, :a FROM new", a=ADA
        )
        if how == "statement":
            await tx.value("SELECT 1")
        raise BadInput("no")

    with pytest.raises(RuntimeError, match="it belongs in"):
        await notes.write_short(act)
    assert await notes.read(addresses) == [ADA]


@ON_ONE
async def test_after_a_refused_statement_there_is_no_other(notes: Database) -> None:
    async def act(tx: Tx) -> int:
        with suppress(ConstraintError):
            await tx.run("INSERT INTO notes (id, address) VALUES (1, :address)", address=BEN)
        await tx.run("UPDATE notes SET text = 'seen'")  # so all of it is done in one transaction
        return int(await tx.value("SELECT count(*) FROM notes WHERE text = 'seen'"))

    await notes.write_short(put_down, 1, ADA)
    assert await notes.write_short(act) == 1


@ON_ONE
async def test_whose_caller_is_cancelled_is_done_and_told_of(notes: Database) -> None:
    writing = asyncio.ensure_future(notes.write_short(put_down, 1, ADA))
    await asyncio.sleep(0)
    writing.cancel()
    assert await notes.wait("notes", 20)
    assert writing.cancelled()
    assert await notes.read(addresses) == [ADA]


async def test_closing_waits_for_it(sqlite_url: str) -> None:
    db = await open_database(sqlite_url)
    await db.write(make_table)
    writing = asyncio.ensure_future(db.write_short(put_down, 1, ADA))
    await asyncio.sleep(0)
    await db.close()
    assert await writing == 1


@ON_ONE
async def test_a_statement_that_is_none_is_told(notes: Database) -> None:
    async def act(tx: Tx) -> None:
        await tx.run("INSERT INTO nowhere VALUES (1)")

    with pytest.raises(sqlite3.OperationalError):
        await notes.write_short(act)
    assert await notes.trouble() == ""


async def test_a_full_disk(sqlite_url: str, caplog: pytest.LogCaptureFixture) -> None:
    db = await open_database(sqlite_url, patience=0.1)
    await db.write(make_table)
    await db.write(pages, 2)
    with pytest.raises(Unavailable):
        await db.write_short(put_down, 1, ADA, "x" * 100_000)
    assert await db.read(addresses) == []
    assert "full" in caplog.text
    assert await db.trouble() == ""  # a small one has room
    await db.write(pages, 10_000)
    assert await db.write_short(put_down, 1, ADA, "x" * 100_000) == 1
    assert [r.levelno for r in caplog.records][-1] == logging.WARNING  # it stores again
    await db.close()


async def test_nothing_is_stored_once_it_is_closed(sqlite_url: str) -> None:
    db = await open_database(sqlite_url)
    await db.close()
    with pytest.raises(Unavailable):
        await db.write_short(put_down, 1, ADA)
