"""A PostgreSQL is backed up and restored by its own programs, with our checks around them."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from newsletter.errors import BadInput, Unavailable
from newsletter.storage import backup, dumps
from tests.cast import House
from tests.cli.conftest import compiled
from tests.cli.machine import ADA, Machine, tools_for

__all__ = ["compiled"]
pytestmark = pytest.mark.postgres


@pytest.fixture
def machine(tmp_path: Path, postgres_url: str, compiled: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """On a PostgreSQL whose own programs are found."""
    monkeypatch.setenv("PATH", tools_for(postgres_url))
    machine = Machine(tmp_path, postgres_url, compiled)
    machine.act(_cast)
    return machine


async def _cast(house: House) -> None:
    await house.joins(ADA, "Ada")


def test_it_comes_back_into_an_empty_database_and_sends_nothing(
    machine: Machine, empty_postgres_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    old = folder / "newsletter-2020-01-01T000000Z.dump"
    old.write_text("an old one")
    said = machine.says("backup", str(folder), "--keep", "1").text
    assert "NEWSLETTER_SECRET_KEY is not in it" in said
    assert f"Deleted {old}." in said
    (made,) = folder.glob("*.dump")
    assert made.stat().st_mode & 0o777 == 0o600
    assert "not empty" in machine.says("restore", str(made), "--yes", code=1).err

    machine.url = machine.environment["NEWSLETTER_DATABASE_URL"] = empty_postgres_url
    assert "Aborted" in machine.says("restore", str(made), answer="n\n", code=1).err
    machine.says("restore", str(made), answer="y\n")
    assert ADA in machine.says("show", ADA).text
    assert machine.says("sending", "status").text.startswith("Sending is held since")


def test_what_is_damaged_is_not_restored(machine: Machine, empty_postgres_url: str, tmp_path: Path) -> None:
    made = tmp_path / "kept.dump"
    machine.says("backup", str(made))
    whole = made.read_bytes()
    made.write_bytes(whole[:-1] + b"!")
    machine.environment["NEWSLETTER_DATABASE_URL"] = empty_postgres_url
    assert "is damaged" in machine.says("restore", str(made), "--yes", code=1).err
    made.write_bytes(b"no dump at all")
    sums = f"{backup.digest(made)}  kept.dump\n"
    backup.beside(made, ".sha256").write_text(sums)
    assert "pg_restore: error: " in machine.says("restore", str(made), "--yes", code=1).err
    asyncio.run(dumps.ready(empty_postgres_url))


async def test_not_while_the_service_runs(empty_postgres_url: str) -> None:
    service = await asyncpg.connect(empty_postgres_url, server_settings={"application_name": "newsletter"})
    with pytest.raises(Unavailable, match="stop the service first"):
        await dumps.ready(empty_postgres_url)
    await service.close()


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (None, "pg_dump can't be found"),
        ("echo 'pg_dump: error: aborting because of server version mismatch' >&2; exit 1", "is older than"),
        ("echo 'pg_dump: error: no room' >&2; echo 'CONTEXT: ada@example.org' >&2; exit 1", "no room"),
        ("case $* in *secret*) exit 1;; esac; test \"$PGPASSWORD\" = 'a secret'", ""),
    ],
)
def test_pg_dump_s_troubles_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, why: str
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin" if script else str(tmp_path))
    if script:
        program = tmp_path / "pg_dump"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o700)
    url, to = "postgresql://olga:a%20secret@localhost/letters", tmp_path / "kept.dump"
    if not why:
        dumps.make(url, to)
        backup.verify(to)
        return
    with pytest.raises((BadInput, Unavailable), match=why) as caught:
        dumps.make(url, to)
    assert "ada@example.org" not in caught.value.sentence
    assert not list(tmp_path.glob("kept*"))
