"""What was answered survives the death of the process."""

from newsletter.storage import Tx, open_database
from tests.storage.conftest import addresses, make_table, start


async def test_kill_9_loses_nothing_that_was_answered(database_url: str) -> None:
    db = await open_database(database_url)
    await db.write(make_table)
    acked: set[str] = set()
    for round_number in range(4):
        with start("acked_writes", database_url, str(round_number * 1_000_000)) as program:
            assert program.stdout is not None
            for _ in range(200 + 90 * round_number):
                acked.add(program.stdout.readline())
            program.kill()
            acked.update(line for line in program.stdout if line.endswith("\n"))
    stored = {f"{address.partition('@')[0]}\n" for address in await db.read(addresses)}
    await db.close()
    assert len(acked) > 1_000
    assert acked <= stored


async def test_every_commit_is_synced(sqlite_url: str) -> None:
    """FULL is what a power cut needs; a connection could lose it without any test of ours noticing."""
    db = await open_database(sqlite_url)
    settings = await db.write(pragmas)
    await db.close()
    assert settings == {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1, "secure_delete": 1}


async def pragmas(tx: Tx) -> dict[str, object]:
    names = ("synchronous", "journal_mode", "foreign_keys", "secure_delete")
    return {name: await tx.value(f"PRAGMA {name}") for name in names}
