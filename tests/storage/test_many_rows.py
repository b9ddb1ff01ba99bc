"""Many rows by few statements: all of them, as they were given, whole or not at all."""

import pytest

from newsletter.storage import ConstraintError, Database, Tx
from newsletter.storage.rows import insert_rows
from tests.storage.conftest import make_table

COLUMNS = ("id", "address", "text", "pinned", "parent")


async def given(tx: Tx, first: int, count: int, otherwise: str = "") -> None:
    rows = [(n, f"a{n}@x.org", f"it’s {n}", n % 2, None) for n in range(first, first + count)]
    await insert_rows(tx, "notes", COLUMNS, rows, otherwise)


async def counted(tx: Tx) -> tuple[int, int]:
    right = "address = 'a' || id || '@x.org' AND text = 'it’s ' || id AND pinned = id % 2 AND parent IS NULL"
    return await tx.value("SELECT count(*) FROM notes"), await tx.value(
        f"SELECT count(*) FROM notes WHERE {right}"
    )


@pytest.mark.parametrize("count", [0, 1, 9, 10, 234])
async def test_every_row_is_there_as_it_was_given(db: Database, count: int) -> None:
    await db.write(make_table)
    await db.write(given, 1, count)
    assert await db.read(counted) == (count, count)


async def test_what_is_there_stays_or_stops_all_of_it(db: Database) -> None:
    await db.write(make_table)
    await db.write(given, 1, 10)
    with pytest.raises(ConstraintError):
        await db.write(given, 5, 120)
    assert await db.read(counted) == (10, 10)
    await db.write(given, 5, 120, "ON CONFLICT (address) DO NOTHING")
    assert await db.read(counted) == (124, 124)
