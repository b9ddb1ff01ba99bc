"""The statements of a crowd on PostgreSQL: each row says whose it is, and writes that stand by themselves are one."""

import re
from functools import lru_cache

from newsletter.storage.placeholders import compiled, renamed

PLACE = "place_in_batch"
"""The column that says whose a row is."""

_SELECT = re.compile(r"\s*SELECT\s", re.IGNORECASE)
_KNOWN = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE)\s", re.IGNORECASE)
_RETURNING = re.compile(r"\sRETURNING\s", re.IGNORECASE)
_TABLE = re.compile(r"\s*(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(\w+)", re.IGNORECASE)


def only_reads(sql: str) -> bool:
    return bool(_SELECT.match(sql))


@lru_cache(maxsize=512)
def table_of(sql: str) -> str:
    """What a statement writes to. Raises RuntimeError for one that doesn't."""
    match = _TABLE.match(sql)
    if match is None:
        raise RuntimeError(f"What is put begins with INSERT INTO, UPDATE or DELETE FROM: {sql}")
    return match[1]


@lru_cache(maxsize=512)
def together(statements: tuple[str, ...]) -> str:
    """Several writes as one, but for its end; the names of the first one's values begin with put0_, and so on."""
    return "WITH " + ", ".join(f"put{n} AS ({renamed(sql, f'put{n}_')})" for n, sql in enumerate(statements))


@lru_cache(maxsize=512)
def placed(sql: str) -> tuple[str, tuple[str, ...]]:
    """`sql`, compiled, with one more column: the asker's place in the batch, by which rows find their way back."""
    place = f"CAST(:{PLACE} AS integer) AS {PLACE}"
    if sql.startswith("WITH put0 "):
        numbered = f"{sql} SELECT {place}"
    elif not _KNOWN.match(sql):
        raise RuntimeError(f"A statement for a crowd begins with SELECT, INSERT, UPDATE or DELETE: {sql}")
    elif only_reads(sql):
        numbered = f"SELECT asked.*, {place} FROM ({sql}) AS asked"  # noqa: S608  our own statement, wrapped
    elif _RETURNING.search(sql):
        numbered = f"{sql}, {place}"
    else:
        numbered = f"{sql} RETURNING {place}"
    text, names = compiled(numbered)
    return text, tuple(names)
