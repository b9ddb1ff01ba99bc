"""The numbered SQL files of the schema: read, checked, split, and compared with what was applied."""

import hashlib
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from newsletter.errors import MigrationError
from newsletter.storage.db import Engine

LEDGER = """
CREATE TABLE IF NOT EXISTS migrations (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  applied_at BIGINT NOT NULL
)
"""
SCHEMA = "schema.sql"
_FEW = 3

_NAME = re.compile(r"(?P<number>\d{4})_[a-z0-9_]+(?:\.(?P<engine>sqlite|postgres))?\.sql")
_ROWID = re.compile(r"\bBIGINT(\s+PRIMARY\s+KEY)\b", re.IGNORECASE)
_TOKEN = re.compile(
    r"""
      (?P<blank>--[^\n]*|/\*.*?\*/|\s+)
    | '[^']*' | "[^"]*" | (?P<dollar>\$\w*\$).*?(?P=dollar)
    | (?P<end>;)
    | [^\s;'"$/-]+ | .
    """,
    re.VERBOSE | re.DOTALL,
)
# Each step is one transaction, which its own statements must not end or leave.
_REFUSED = frozenset(
    {"BEGIN", "COMMIT", "END", "ROLLBACK", "ABORT", "START", "SAVEPOINT", "RELEASE", "VACUUM", "ATTACH"}
)


class Step(msgspec.Struct, frozen=True):
    number: int
    name: str  # the file's
    sha256: str
    statements: tuple[str, ...]


class Applied(msgspec.Struct, frozen=True):
    """A row of the table `migrations`."""

    number: int
    name: str
    sha256: str


def load(folder: Path, engine: Engine) -> list[Step]:
    """The steps for one engine, in order. Raises MigrationError for files that make no sense."""
    steps: dict[int, Step] = {}
    kinds: dict[int, list[str]] = {}
    for path in sorted(folder.glob("*.sql")):
        if path.name == SCHEMA:
            continue
        match = _NAME.fullmatch(path.name)
        if not match:
            raise MigrationError(f"{path} must be called like 0001_words.sql or 0001_words.sqlite.sql.")
        number = int(match["number"])
        kinds.setdefault(number, []).append(match["engine"] or "both")
        if match["engine"] in (None, engine):
            steps[number] = _read(path, number, engine)
    for number, found in kinds.items():
        if found not in (["both"], ["postgres", "sqlite"]):
            raise MigrationError(f"Migration {number:04} must be one file, or one for each engine.")
    if list(steps) != list(range(1, len(steps) + 1)):
        raise MigrationError(f"The migrations in {folder} must be numbered 0001, 0002, … without a gap.")
    return list(steps.values())


def _read(path: Path, number: int, engine: Engine) -> Step:
    text = path.read_text("utf-8")
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    found = list(_split(_ROWID.sub(r"INTEGER\1", text) if engine == "sqlite" else text, engine))
    for _, first in found:
        if first.upper() in _REFUSED:
            raise MigrationError(
                f"Migration {path.name} says {first.upper()}, but each is one transaction, made around it."
            )
    return Step(number, path.name, sha256, tuple(statement for statement, _ in found))


def _split(text: str, engine: Engine) -> Iterator[tuple[str, str]]:
    """Each statement with its first word. A trigger's body on SQLite has semicolons inside."""
    start, first = 0, ""
    for token in _TOKEN.finditer(text):
        if token["end"]:
            statement = text[start : token.end()]
            if engine == "postgres" or sqlite3.complete_statement(statement):
                if first:
                    yield statement.strip(), first
                start, first = token.end(), ""
        elif not token["blank"]:
            first = first or token[0]
    if first:
        yield text[start:].strip(), first


def named(names: Sequence[str]) -> str:
    """Steps, for a sentence: a fresh database waits for all of them, and nobody reads so many."""
    return ", ".join(names) if len(names) <= _FEW else f"{names[0]} … {names[-1]} ({len(names)})"


def outstanding(steps: Sequence[Step], applied: Sequence[Applied]) -> list[Step]:
    """What is still to be applied. Raises MigrationError when code and database don't belong together."""
    known: Mapping[int, Step] = {step.number: step for step in steps}
    for row in applied:
        step = known.get(row.number)
        if row.number > len(steps):
            raise MigrationError(
                f"The database is newer than this program: it has {row.name}. "
                "Please upgrade the program, or go back to the copy made before that migration."
            )
        if step is None or step.name != row.name:
            raise MigrationError(f"Migration {row.name} was applied, but its file is missing.")
        if step.sha256 != row.sha256:
            raise MigrationError(
                f"Migration {row.name} was edited after it was applied. Please restore it: a change is a new file."
            )
    done = {row.number for row in applied}
    todo = [step for step in steps if step.number not in done]
    if todo and applied and todo[0].number < max(done):
        raise MigrationError(f"Migration {todo[0].name} was never applied, but later ones were.")
    return todo
