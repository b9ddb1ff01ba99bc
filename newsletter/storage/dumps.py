"""Backups of a PostgreSQL, by PostgreSQL's own programs, kept and checked as those of a SQLite file (backup.py).

A backup is `X.dump` (custom format: pg_restore reads it without us, and so can anybody) and `X.dump.sha256`.
"""

import subprocess
from pathlib import Path
from shutil import which
from typing import Any
from urllib.parse import unquote, urlsplit

from newsletter.errors import BadInput, Unavailable
from newsletter.settings import with_environment
from newsletter.storage import backup
from newsletter.storage.late import load_postgres

_OTHERS = """SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'newsletter' AND pid <> pg_backend_pid()"""
_TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"


def make(url: str, to: Path) -> None:
    """The database at `url`, which may be in use, as the new file `to`. Raises NewsletterError."""
    program = _program("pg_dump")

    def dump(draft: Path) -> None:
        _run(program, url, "--format=custom", "--no-owner", "--no-privileges", f"--file={draft}")

    backup.sealed(to, dump)


async def ready(url: str) -> None:
    """That the database at `url` is empty, and nobody's: what a restore needs. Raises NewsletterError."""
    connection = await load_postgres().connect(url)
    try:
        await check_alone(connection)
        tables = await connection.fetchval(_TABLES)
    finally:
        await connection.close()
    if tables:
        raise BadInput(
            "The database is not empty, and a backup replaces nothing in a PostgreSQL. Please make an empty "
            "one (createdb), and let NEWSLETTER_DATABASE_URL name it."
        )


async def check_alone(connection: Any) -> None:
    """That no service is running on the database. Raises Unavailable."""
    if await connection.fetchval(_OTHERS):
        raise Unavailable("The database is in use. Please stop the service first; nothing was changed.")


def restore(file: Path, url: str) -> None:
    """Puts a verified backup into an empty database, whole or not at all. Raises NewsletterError."""
    options = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")
    _run(_program("pg_restore"), url, *options, str(file))


def _program(name: str) -> str:
    found = which(name)
    if found is None:
        raise BadInput(
            f"{name} can't be found. It comes with PostgreSQL's client (Debian: postgresql-client), and must be "
            "at least as new as the server."
        )
    return found


def _run(program: str, url: str, *options: str) -> None:
    """The password is in no list of processes. Raises Unavailable with the program's own first complaint."""
    parts = urlsplit(url)
    settings = {"LC_ALL": "C", "PGAPPNAME": "newsletter backup", "PGCONNECT_TIMEOUT": "30"}
    user, _, host = parts.netloc.rpartition("@")
    name, colon, password = user.partition(":")
    if colon:
        settings["PGPASSWORD"] = unquote(password)
        parts = parts._replace(netloc=f"{name}@{host}")
    command = [program, f"--dbname={parts.geturl()}", *options]
    done = subprocess.run(  # noqa: S603  a list, no shell
        command, env=with_environment(settings), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Unavailable(_complaint(Path(program).name, done.stderr))


def _complaint(name: str, said: str) -> str:
    if "server version mismatch" in said or "unsupported version" in said:
        return f"{name} is older than the server. Please install PostgreSQL's client in the server's version."
    errors = [line for line in said.splitlines() if line.startswith(f"{name}: error: ")]  # no row is in those
    return f"{errors[0] if errors else f'{name} failed without a word'}. Nothing was changed."
