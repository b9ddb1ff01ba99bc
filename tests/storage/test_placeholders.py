"""`:name` becomes `$n`, and nothing that only looks like one does."""

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.storage.placeholders import bound, compiled


@pytest.mark.parametrize(
    ("sql", "text", "names"),
    [
        ("SELECT :a,:b", "SELECT $1,$2", ("a", "b")),
        ("VALUES (:a,:b)", "VALUES ($1,$2)", ("a", "b")),
        ("SELECT :a + :b + :a", "SELECT $1 + $2 + $1", ("a", "b")),
        ("SELECT :a::text, x::bigint", "SELECT $1::text, x::bigint", ("a",)),
        ("SELECT ':a', 'it''s :b', :c", "SELECT ':a', 'it''s :b', $1", ("c",)),
        ('SELECT ":a", "x"":b" FROM t', 'SELECT ":a", "x"":b" FROM t', ()),
        ("SELECT 1 -- :a\n, :b", "SELECT 1 -- :a\n, $1", ("b",)),
        ("SELECT /* :a ' \n */ :b", "SELECT /* :a ' \n */ $1", ("b",)),
        ("SELECT '--', :a -- '", "SELECT '--', $1 -- '", ("a",)),
        ("SELECT '12:30', :_x1", "SELECT '12:30', $1", ("_x1",)),
        ("SELECT a[1:2], :a", "SELECT a[1:2], $1", ("a",)),
    ],
)
def test_it_works(sql: str, text: str, names: tuple[str, ...]) -> None:
    assert compiled(sql) == (text, names)


NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True)
NOISE = st.text("ab:'\"-/* $1\n", max_size=12)
PIECES = st.one_of(
    NAMES.map(lambda name: f":{name}"),
    NOISE.map(lambda text: "'" + text.replace("'", "''") + "'"),
    NOISE.map(lambda text: "'" + text.replace("'", "''") + "' || '" + text.replace("'", "''") + "'"),
    NOISE.map(lambda text: 'x."' + (text.replace('"', '""') or "y") + '"'),
    NOISE.map(lambda text: f"1 /*{text.replace('*', '')}*/"),
    NOISE.map(lambda text: "2 --" + text.replace("\n", "") + "\n"),
)


class Asked(dict[str, object]):
    """Notes which names SQLite wants a value for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __missing__(self, name: str) -> object:
        self.names.append(name)
        return None


@given(st.lists(PIECES, min_size=1, max_size=8))
def test_the_names_are_those_that_sqlite_finds(pieces: list[str]) -> None:
    """Its own parser is the judge: the text means the same to it, and the same names are asked for, in order."""
    columns = {piece[2:] for piece in pieces if piece.startswith("x.")}
    table = "SELECT " + (", ".join(f"'v' AS {column}" for column in columns) or "1")
    sql = f"SELECT {','.join(pieces)} FROM ({table}) AS x"
    asked = Asked()
    with closing(sqlite3.connect(":memory:")) as raw:
        raw.execute(sql, asked)
        text, names = compiled(sql)
        assert list(names) == asked.names
        numbered = {str(n): f"<{name}>" for n, name in enumerate(names, 1)}  # to SQLite `$1` is called "1"
        values = raw.execute(sql, {name: f"<{name}>" for name in names}).fetchall()
        assert raw.execute(text, numbered).fetchall() == values


@given(st.dictionaries(NAMES, st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.binary())))
def test_values_stand_in_the_order_of_the_names(params: dict[str, object]) -> None:
    values = bound(tuple(params), params | {"more": 1})
    assert values == list(params.values())
    assert not [value for value in values if isinstance(value, bool)]


def test_a_value_that_is_missing_is_named() -> None:
    with pytest.raises(TypeError, match="needs a value for :email"):
        bound(("id", "email"), {"id": 1})
