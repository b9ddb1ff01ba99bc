"""PostgreSQL databases that tests take turns with: making one takes 150 ms, emptying one a tenth of that (measured)."""

import asyncio
import secrets
import shutil
from collections.abc import Coroutine
from typing import Any, TypeVar
from urllib.parse import urlsplit

import asyncpg

from newsletter.settings import Settings
from newsletter.storage import migrate
from newsletter.web.kit.waiting_files import folder

T = TypeVar("T")

_SHAPE = """
    SELECT string_agg(concat_ws(' ', c.relname, c.relkind, a.attname, a.atttypid, a.attnotnull), ',' ORDER BY 1)
    FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    WHERE c.relnamespace = 'public'::regnamespace
    """
_TABLES = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
_ALONE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
    """
_NO_CHECKS = "SET session_replication_role = replica"  # else the order of tables would matter


class Databases:
    """Migrated and as new, each for one test at a time. `server` is a superuser's URL."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._template = f"newsletter_{secrets.token_hex(4)}"
        self._made: list[str] = []
        self._free: list[str] = []
        on_server(server, f"CREATE DATABASE {self._template}")
        run(migrate(self.url(self._template)))
        self._shape, self._rows = run(self._photograph())

    def url(self, name: str) -> str:
        return urlsplit(self._server)._replace(path=f"/{name}").geturl()

    def lend(self) -> str:
        """The name of one that is as new."""
        return self._free.pop() if self._free else self._make(f"TEMPLATE {self._template} STRATEGY file_copy")

    def lend_empty(self) -> str:
        """The name of one that nobody has migrated."""
        return self._make("")

    def _make(self, how: str) -> str:
        name = f"newsletter_{secrets.token_hex(6)}"
        on_server(self._server, f"CREATE DATABASE {name} {how}")
        self._made.append(name)
        return name

    def take_back(self, name: str) -> None:
        """Made as new again; one whose tables were changed is dropped."""
        self._leave_no_file(name)
        if run(self._as_new(name)):
            self._free.append(name)
        else:
            self._made.remove(name)
            on_server(self._server, f"DROP DATABASE {name} WITH (FORCE)")

    async def _as_new(self, name: str) -> bool:
        connection = await asyncpg.connect(self.url(name))
        try:
            await connection.execute(_ALONE)
            if await connection.fetchval(_SHAPE) != self._shape:
                return False
            async with connection.transaction():
                await connection.execute(_NO_CHECKS)
                await connection.execute(";".join(f"DELETE FROM {table}" for table in self._rows))
                for table, rows in self._rows.items():
                    if rows:
                        await connection.copy_records_to_table(table.strip('"'), records=rows)
        finally:
            await connection.close()
        return True

    async def _photograph(self) -> tuple[str, dict[str, list[tuple[Any, ...]]]]:
        connection = await asyncpg.connect(self.url(self._template))
        tables = [row[0] for row in await connection.fetch(_TABLES)]
        rows = {
            table: [tuple(row) for row in await connection.fetch(f"SELECT * FROM {table}")]
            for table in tables
        }
        shape = await connection.fetchval(_SHAPE)
        await connection.close()
        return str(shape), rows

    def _leave_no_file(self, name: str) -> None:
        """What was sent to its desk lies outside of it."""
        settings = Settings(public_url="https://news.example.com", database_url=self.url(name))
        shutil.rmtree(folder(settings), ignore_errors=True)

    def close(self) -> None:
        names = (*self._made, self._template)
        for name in self._made:
            self._leave_no_file(name)
        on_server(self._server, *(f"DROP DATABASE {name} WITH (FORCE)" for name in names))


def on_server(url: str, *statements: str) -> None:
    async def act() -> None:
        connection = await asyncpg.connect(url)
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    run(act())


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)
