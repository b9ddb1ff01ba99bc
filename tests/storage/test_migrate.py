"""Numbered SQL, forward only: applied once, whole or not at all, and never over a doubt."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from newsletter import paths
from newsletter.errors import MigrationError, SettingsError
from newsletter.storage import Tx, migrate, named, open_database, pending
from newsletter.storage.migrate import behind
from newsletter.storage.schema import schema

FIRST = "-- a first; comment\nCREATE TABLE first (id BIGINT PRIMARY KEY, text TEXT NOT NULL DEFAULT 'a;b');\n"
SECOND = "CREATE TABLE second (id BIGINT PRIMARY KEY); CREATE INDEX second_id ON second (id); -- the end"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_first.sql").write_text(FIRST)
    (folder / "0002_second.sql").write_text(SECOND)
    (folder / "schema.sql").write_text("nonsense")
    return folder


async def count(tx: Tx, table: str) -> int:
    found: int = await tx.value(f"SELECT count(*) FROM {table}")
    return found


async def counted(url: str, table: str) -> int:
    db = await open_database(url)
    try:
        return await db.read(count, table)
    finally:
        await db.close()


async def test_it_works(empty_url: str, folder: Path) -> None:
    names = ["0001_first.sql", "0002_second.sql"]
    assert await pending(empty_url, folder=folder) == names
    assert await migrate(empty_url, folder=folder) == names
    assert await pending(empty_url, folder=folder) == []
    assert await migrate(empty_url, folder=folder) == []
    (folder / "0003_third.sql").write_text("ALTER TABLE first ADD COLUMN more TEXT;")
    assert await pending(empty_url, folder=folder) == ["0003_third.sql"]
    assert await migrate(empty_url, folder=folder) == ["0003_third.sql"]
    assert await counted(empty_url, "migrations") == 3


async def test_our_own_apply(empty_url: str) -> None:
    other = ".postgres.sql" if empty_url.startswith("sqlite") else ".sqlite.sql"
    names = sorted(path.name for path in paths.MIGRATIONS.glob("0*.sql"))
    assert await migrate(empty_url) == [name for name in names if not name.endswith(other)]
    assert await pending(empty_url) == []


async def test_an_open_one_says_what_it_waits_for(empty_url: str) -> None:
    *_, newest = await migrate(empty_url)
    db = await open_database(empty_url)
    try:
        assert await db.read(behind) == []
        await db.write(forget_newest)
        assert await db.read(behind) == [newest]
    finally:
        await db.close()


async def forget_newest(tx: Tx) -> None:
    await tx.run("DELETE FROM migrations WHERE number = (SELECT max(number) FROM migrations)")


async def test_looking_changes_nothing(tmp_path: Path, folder: Path) -> None:
    assert len(await pending(f"sqlite:///{tmp_path}/none.db", folder=folder)) == 2
    assert not (tmp_path / "none.db").exists()


async def test_one_that_fails_is_undone_and_the_earlier_stay(empty_url: str, folder: Path) -> None:
    (folder / "0002_second.sql").write_text("CREATE TABLE second (id BIGINT PRIMARY KEY); SELECT nonsense;")
    with pytest.raises(MigrationError, match=r"0002_second\.sql failed and was undone: .*nonsense"):
        await migrate(empty_url, folder=folder)
    assert await pending(empty_url, folder=folder) == ["0002_second.sql"]
    (folder / "0002_second.sql").write_text(SECOND)
    assert await migrate(empty_url, folder=folder) == ["0002_second.sql"]


async def test_an_edited_file_is_refused(empty_url: str, folder: Path) -> None:
    await migrate(empty_url, folder=folder)
    (folder / "0001_first.sql").write_text(FIRST + "-- innocent")
    for look in (pending, migrate):
        with pytest.raises(MigrationError, match=r"0001_first\.sql was edited"):
            await look(empty_url, folder=folder)
    (folder / "0001_first.sql").write_bytes(FIRST.replace("\n", "\r\n").encode())  # a checkout on Windows
    assert await pending(empty_url, folder=folder) == []


async def test_a_missing_file_is_refused(empty_url: str, folder: Path) -> None:
    await migrate(empty_url, folder=folder)
    (folder / "0001_first.sql").rename(folder / "0001_renamed.sql")
    for look in (pending, migrate):
        with pytest.raises(MigrationError, match=r"0001_first\.sql was applied, but its file is missing"):
            await look(empty_url, folder=folder)


async def test_a_newer_database_is_refused(empty_url: str, folder: Path) -> None:
    await migrate(empty_url, folder=folder)
    (folder / "0002_second.sql").unlink()
    for look in (pending, migrate):
        with pytest.raises(MigrationError, match=r"newer than this program: it has 0002_second\.sql"):
            await look(empty_url, folder=folder)


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE x (id BIGINT PRIMARY KEY); COMMIT;",
        "-- hidden\nbegin;",
        "/* hidden */ RollBack;",
        "SELECT 1; END;",
        "SAVEPOINT x",
        "VACUUM;",
    ],
)
async def test_a_file_with_its_own_transaction_is_refused(empty_url: str, folder: Path, text: str) -> None:
    (folder / "0002_second.sql").write_text(text)
    for look in (pending, migrate):
        with pytest.raises(
            MigrationError, match=r"0002_second\.sql says [A-Z]+, but each is one transaction"
        ):
            await look(empty_url, folder=folder)
    assert (await pending_of_first(empty_url, folder)) == ["0001_first.sql"]  # nothing was begun


async def pending_of_first(url: str, folder: Path) -> list[str]:
    (folder / "0002_second.sql").unlink()
    return await pending(url, folder=folder)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("0004_gap.sql", "without a gap"),
        ("3_short.sql", "must be called like"),
        ("0002_twice.sql", "one file"),
        ("0003_half.sqlite.sql", "one file, or one for each"),
        ("0002_second.sqlite.sql", "one file, or one for each"),
    ],
)
async def test_a_folder_that_makes_no_sense_is_refused(
    empty_url: str, folder: Path, name: str, sentence: str
) -> None:
    (folder / name).write_text("SELECT 1;")
    with pytest.raises(MigrationError, match=sentence):
        await migrate(empty_url, folder=folder)


async def test_each_engine_its_own_file(empty_url: str, folder: Path) -> None:
    (folder / "0003_search.sqlite.sql").write_text(
        "CREATE TRIGGER mark AFTER INSERT ON first BEGIN"
        " INSERT INTO second (id) VALUES (new.id); UPDATE first SET text = ';' WHERE id = new.id; END;"
        " INSERT INTO first (id) VALUES (1);"
    )
    (folder / "0003_search.postgres.sql").write_text(
        "CREATE FUNCTION mark() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN"
        " INSERT INTO second (id) VALUES (new.id); RETURN new; COMMIT; END; $body$;"
        " CREATE TRIGGER mark BEFORE INSERT ON first FOR EACH ROW EXECUTE FUNCTION mark();"
        " ALTER TABLE first DISABLE TRIGGER mark; INSERT INTO second (id) VALUES (1);"
    )
    engine = "sqlite" if empty_url.startswith("sqlite") else "postgres"
    assert (await migrate(empty_url, folder=folder))[2] == f"0003_search.{engine}.sql"
    assert await counted(empty_url, "second") == 1


async def test_a_table_can_be_rebuilt_without_losing_what_points_to_it(tmp_path: Path, folder: Path) -> None:
    (folder / "0003_child.sql").write_text(
        "CREATE TABLE child (id BIGINT PRIMARY KEY, first BIGINT REFERENCES first (id) ON DELETE CASCADE);"
        "INSERT INTO first (id) VALUES (1), (2); INSERT INTO child (id, first) VALUES (1, 1), (2, 2);"
    )
    rebuild = (
        "CREATE TABLE new (id BIGINT PRIMARY KEY); INSERT INTO new SELECT id FROM first{};"
        " DROP TABLE first; ALTER TABLE new RENAME TO first;"
    )
    url = f"sqlite:///{tmp_path}/a.db"
    (folder / "0004_rebuild.sql").write_text(rebuild.format(" WHERE id = 1"))
    with pytest.raises(MigrationError, match="leaves rows of child that point to no row of first"):
        await migrate(url, folder=folder)
    (folder / "0004_rebuild.sql").write_text(rebuild.format(""))
    await migrate(url, folder=folder)
    assert await counted(url, "child") == 2


async def test_rows_are_copied_first(tmp_path: Path, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    path = tmp_path / "our letters.db"
    await migrate(f"sqlite:///{path}", folder=folder)
    (folder / "0003_empty.sql").write_text("CREATE TABLE empty (id BIGINT PRIMARY KEY);")
    await migrate(f"sqlite:///{path}", folder=folder)
    assert list(tmp_path.glob("*before*")) == []  # there was nothing to lose
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("INSERT INTO first (id, text) VALUES (1, 'precious')")
    (folder / "0004_drop.sql").write_text("DROP TABLE first;")
    (folder / "0005_more.sql").write_text("CREATE TABLE more (id BIGINT PRIMARY KEY);")
    await migrate(f"sqlite:///{path}", folder=folder)
    assert sorted(found.name for found in tmp_path.glob("*before*")) == ["our letters-before-0004.db"]
    copy = tmp_path / "our letters-before-0004.db"
    assert copy.stat().st_mode & 0o777 == 0o600
    assert f"{copy}, which goes after 7 days or the next erasure" in caplog.text
    with closing(sqlite3.connect(copy)) as raw:
        assert raw.execute("SELECT text FROM first").fetchall() == [("precious",)]
        assert raw.execute("SELECT count(*) FROM migrations").fetchall() == [(3,)]


async def test_without_a_copy_nothing_is_migrated(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "letters.db"
    await migrate(f"sqlite:///{path}", folder=folder)
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("INSERT INTO first (id) VALUES (1)")
    (folder / "0003_drop.sql").write_text("DROP TABLE first;")
    (tmp_path / "letters-before-0003.db").mkdir()  # in the way
    with pytest.raises(MigrationError, match="can't be copied"):
        await migrate(f"sqlite:///{path}", folder=folder)
    assert await counted(f"sqlite:///{path}", "first") == 1
    assert list(tmp_path.glob("*.partial")) == []


async def test_no_folder_for_the_database(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"missing, which does not exist"):
        await migrate(f"sqlite:///{tmp_path}/missing/letters.db")


async def test_schema_sql_is_up_to_date() -> None:
    """Else: python -m newsletter.storage.schema"""
    assert (paths.MIGRATIONS / "schema.sql").read_text("utf-8") == await schema()


async def test_the_schema_reads_well(folder: Path) -> None:
    text = await schema(folder)
    assert text.index("CREATE TABLE first (id INTEGER PRIMARY KEY") < text.index("CREATE TABLE second")
    assert text.endswith("CREATE INDEX second_id ON second (id);\n")


def test_what_a_database_waits_for_is_said_in_a_line() -> None:
    steps = [f"{number:04}_step.sql" for number in range(1, 41)]
    assert named(steps[:2]) == "0001_step.sql, 0002_step.sql"
    assert named(steps) == "0001_step.sql … 0040_step.sql (40)"
