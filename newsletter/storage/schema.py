"""Writes migrations/schema.sql: the schema as it stands after all migrations, for reading.

`python -m newsletter.storage.schema` after each change of the migrations; a test tells when it is stale.
"""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from newsletter import paths
from newsletter.storage.migrate import migrate
from newsletter.storage.steps import SCHEMA

_HEAD = "-- Made from the migrations by `python -m newsletter.storage.schema`: read it, change them.\n"
# Each table with what belongs to it, tables by name.
_OBJECTS = """
    SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite~_%' ESCAPE '~'
    ORDER BY tbl_name, type <> 'table', name
"""


async def schema(folder: Path = paths.MIGRATIONS) -> str:
    """The CREATE statements of an empty SQLite database with every migration applied."""
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "schema.db"
        await migrate(f"sqlite:///{path}", folder=folder)
        with closing(sqlite3.connect(path)) as raw:
            found = [sql for (sql,) in raw.execute(_OBJECTS)]
    parts = [f"{sql};\n" if sql.startswith("CREATE INDEX") else f"\n{sql};\n" for sql in found]
    return _HEAD + "".join(parts)


if __name__ == "__main__":
    (paths.MIGRATIONS / SCHEMA).write_text(asyncio.run(schema()), "utf-8")
