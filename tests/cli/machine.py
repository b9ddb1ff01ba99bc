"""The command as a person runs it: a process of its own, in a folder with a database."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import asyncpg
from click.testing import CliRunner

from newsletter.cli import cli
from newsletter.storage import open_database
from tests.cast import SETTINGS, House, build

ROOT = Path(__file__).parents[2]
ADA, BEN, CLEO, OLGA = "ada@example.org", "ben@example.org", "cleo@example.org", "olga@example.org"


class Done(NamedTuple):
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()


class Machine:
    """`environment` holds its settings and may be changed; `compiled` is a folder for compiled code."""

    def __init__(self, folder: Path, url: str, compiled: Path) -> None:
        self.folder = folder
        self.url = url
        bare = {name: value for name, value in os.environ.items() if not name.startswith("NEWSLETTER_")}
        self.environment = {
            **bare,
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "",  # each start would compile everything anew
            "PYTHONPYCACHEPREFIX": str(compiled),
            "NEWSLETTER_DATABASE_URL": url,
            "NEWSLETTER_PUBLIC_URL": SETTINGS.public_url,
            "NEWSLETTER_SECRET_KEY": SETTINGS.secret_keys[0],
        }

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "newsletter", *words]

    def run(self, *words: str, code: int = 0, answer: str = "") -> Done:
        """What it printed; it has to end with `code`, and never in the middle of our code."""
        done = subprocess.run(
            self.command(*words),
            cwd=self.folder,
            env=self.environment,
            input=answer.encode(),
            capture_output=True,
            timeout=60,
            check=False,
        )
        err = done.stderr.decode()
        assert "Traceback" not in err, err
        assert done.returncode == code, err
        return Done(done.stdout, err)

    def says(self, *words: str, code: int = 0, answer: str = "") -> Done:
        """As `run`, in this process and in its folder, which is many times quicker."""
        ours = {name: value for name, value in self.environment.items() if name.startswith("NEWSLETTER_")}
        done = CliRunner(env=ours).invoke(cli, words, input=answer, catch_exceptions=False)
        assert done.exit_code == code, done.output
        return Done(done.stdout_bytes, done.stderr)

    def act(self, act: Callable[[House], Awaitable[None]]) -> None:
        """Something happens in the service, which is closed again afterwards."""

        async def run() -> None:
            db = await open_database(self.url)
            try:
                await act(await build(db))
            finally:
                await db.close()

        asyncio.run(run())


def tools_for(url: str) -> str:
    """The PATH on which PostgreSQL's own programs are those of this server."""
    return os.pathsep.join((asyncio.run(_tools_for(url)), os.environ["PATH"]))


async def _tools_for(url: str) -> str:
    connection = await asyncpg.connect(url)
    server: str = await connection.fetchval("SELECT setting FROM pg_config WHERE name = 'BINDIR'")
    await connection.close()
    return server
