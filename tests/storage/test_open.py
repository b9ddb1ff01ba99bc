"""What a database URL may be, what is made where there is nothing, and what is said when it can't be."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from newsletter.errors import SettingsError, Unavailable
from newsletter.storage import Database, Tx, engine_of, migrate, open_database, pending, sqlite_path
from tests.storage.conftest import make_table


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///newsletter.db", "newsletter.db"),
        ("sqlite:////var/lib/newsletter.db", "/var/lib/newsletter.db"),
        ("sqlite:///data/our%20letters.db", "data/our letters.db"),
    ],
)
def test_a_file(url: str, path: str) -> None:
    assert engine_of(url) == "sqlite"
    assert sqlite_path(url) == Path(path)


@pytest.mark.parametrize(
    "url", ["postgresql://a:b@host/db", "postgres://host/db", "postgresql:///db?host=/run"]
)
def test_a_server(url: str) -> None:
    assert engine_of(url) == "postgres"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "newsletter.db",
        "mysql://host/db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:newsletter.db",
    ],
)
async def test_what_can_not_be_used(url: str) -> None:
    for look in (open_database, migrate, pending):
        with pytest.raises(SettingsError, match="NEWSLETTER_DATABASE_URL must"):
            await look(url)


async def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        db = await open_database(f"sqlite:///{tmp_path}/letters.db")
        await db.write(make_table)
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
        await db.close()
    finally:
        os.umask(mask)
    assert modes == {"letters.db": 0o600, "letters.db-wal": 0o600, "letters.db-shm": 0o600}


async def test_the_path_stays_when_the_folder_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    db = await open_database("sqlite:///odd%3F%25%23name.db")
    await db.write(make_table)
    await db.close()
    assert [path.name for path in tmp_path.iterdir()] == ["odd?%#name.db"]


async def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="missing, which does not exist"):
        await open_database(f"sqlite:///{tmp_path}/missing/letters.db")


async def test_something_else_is_there(tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()
    (tmp_path / "text.db").write_text("These are not the letters that you are looking for." * 100)
    for name in ("folder.db", "text.db"):
        with pytest.raises(SettingsError, match=rf"{name} can't be used"):
            await open_database(f"sqlite:///{tmp_path}/{name}")
    assert (tmp_path / "text.db").read_text().startswith("These are not")


async def test_nobody_answers(tmp_path: Path) -> None:
    for look in (open_database, migrate, pending):
        with pytest.raises(Unavailable, match="does not answer at NEWSLETTER_DATABASE_URL"):
            await look(f"postgresql://olga:secret@/letters?host={tmp_path}")


@pytest.mark.postgres
async def test_a_name_that_does_not_exist(postgres_url: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(SettingsError, match='"nowhere" does not exist'):
        await open_database(urlsplit(postgres_url)._replace(path="/nowhere").geturl())
    with pytest.raises(SettingsError, match="NEWSLETTER_DATABASE_URL can't be used"):
        await open_database("postgresql://olga:secret@host:port/letters")
    assert "secret" not in caplog.text


@pytest.mark.postgres
async def test_what_holds_on_each_connection_to_a_server(postgres_url: str) -> None:
    async def shown(tx: Tx) -> dict[str, str]:
        names = (
            "lock_timeout",
            "idle_in_transaction_session_timeout",
            "timezone",
            "synchronous_commit",
            "jit",
        )
        return {name: str(await tx.value(f"SHOW {name}")) for name in names}

    async def count(tx: Tx) -> int:
        mine = "datname = current_database() AND application_name = 'newsletter'"
        return int(await tx.value(f"SELECT count(*) FROM pg_stat_activity WHERE {mine}"))

    db = await open_database(postgres_url)
    assert await db.read(count) == 1, "others are made when they are needed"
    assert await db.write(shown) == {
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "10s",
        "timezone": "UTC",
        "synchronous_commit": "on",
        "jit": "off",
    }
    await db.close()


def test_it_works_without_the_postgres_driver() -> None:
    program = """
import sys
sys.modules["asyncpg"] = None
import asyncio
from newsletter.errors import SettingsError
from newsletter.storage import open_database, migrate
for look in (open_database, migrate):
    try:
        asyncio.run(look("postgresql://host/letters"))
    except SettingsError as error:
        print(error)
"""
    root = Path(__file__).parents[2]
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert ran.stdout.count('pip install "authors-newsletter[postgres]"') == 2


async def test_both_engines_are_databases(db: Database) -> None:
    assert db.engine in ("sqlite", "postgres")
