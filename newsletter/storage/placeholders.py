"""From `:name`, which SQLite understands by itself, to the `$1` that asyncpg wants."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

# What may hold a colon that names nothing: strings (a doubled quote makes two of them, which is as good),
# quoted identifiers, comments, casts.
_TOKEN = re.compile(
    r"""
      '[^']*'
    | "[^"]*"
    | --[^\n]*
    | /\*.*?\*/
    | ::
    | :(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    """,
    re.VERBOSE | re.DOTALL,
)


@lru_cache(maxsize=2048)
def compiled(sql: str) -> tuple[str, tuple[str, ...]]:
    """The statement with `$n` for each name, and the names in that order, each once."""
    names: dict[str, int] = {}

    def replace(match: re.Match[str]) -> str:
        name = match["name"]
        return f"${names.setdefault(name, len(names) + 1)}" if name else match[0]

    return _TOKEN.sub(replace, sql), tuple(names)


def renamed(sql: str, prefix: str) -> str:
    """The statement with `prefix` before each name."""
    return _TOKEN.sub(lambda match: f":{prefix}{match['name']}" if match["name"] else match[0], sql)


def bound(names: tuple[str, ...], params: Mapping[str, Any]) -> list[Any]:
    """The values for `$1`, `$2`, …; a bool as the integer that its column is. Raises TypeError."""
    try:
        values = [params[name] for name in names]
    except KeyError as missing:
        raise TypeError(f"The statement needs a value for :{missing.args[0]}.") from None
    return [int(value) if isinstance(value, bool) else value for value in values]
