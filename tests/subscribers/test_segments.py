"""A segment's text: what it means, how it is written back, and what is said about one that means nothing."""

import re
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from newsletter.errors import BadInput
from newsletter.subscribers.segments import Segment, parse
from newsletter.subscribers.segments.conditions import EXAMPLES
from newsletter.subscribers.segments.model import (
    And,
    Answered,
    Downloaded,
    Joined,
    Not,
    Or,
    Received,
    Standing,
    Tagged,
    Through,
)
from tests.house.source import ROOT
from tests.subscribers.segment_samples import ANY

A, B, C = Tagged("a"), Tagged("b"), Tagged("c")


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("", None),
        (" \n\t ", None),
        ("tag:coaching", Tagged("coaching")),
        ('TAG : "two words"', Tagged("two words")),
        ("tag:“two words”", Tagged("two words")),
        (r'tag:"say \"and\" \\ \“"', Tagged('say "and" \\ “')),
        ('tag:"and"', Tagged("and")),
        ("form:guide", Through("guide")),
        ("downloaded:structure-your-career", Downloaded("structure-your-career")),
        ("received:0012", Received(12)),
        ("Status:Active", Standing("active")),
        ('field:city = "Porto"', Answered("city", "Porto")),
        ('field:"home town"=Porto', Answered("home town", "Porto")),
        ('field:city = ""', Answered("city", "")),
        ("joined>2026-01-01", Joined(">", date(2026, 1, 1))),
        ("joined <= 2024-02-29", Joined("<=", date(2024, 2, 29))),
        ("tag:a or tag:b and not tag:c", Or((A, And((B, Not(C)))))),
        ("(tag:a or tag:b) and tag:c", And((Or((A, B)), C))),
        ("NOT tag:a AND tag:b", And((Not(A), B))),
        ("not (tag:a and tag:b)", Not(And((A, B)))),
        ("not not tag:a", Not(Not(A))),
        ("((tag:a))", A),
        ("tag:a and tag:b and tag:c", And((A, B, C))),
        ("tag:a and (tag:b and tag:c)", And((A, And((B, C))))),
    ],
)
def test_what_a_text_means(text: str, condition: object) -> None:
    assert parse(text).condition == condition


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("  ", ""),
        ("tag:a AND(tag:b OR Tag:c)", "tag:a and (tag:b or tag:c)"),
        ("tag:a or (tag:b and tag:c)", "tag:a or tag:b and tag:c"),
        ('tag:"plain"', "tag:plain"),
        ('field:city="New \\"York\\""', 'field:city = "New \\"York\\""'),
        ('tag:"not"', 'tag:"not"'),
        ("joined=2026-01-01", "joined = 2026-01-01"),
    ],
)
def test_how_it_is_written_back(text: str, printed: str) -> None:
    assert str(parse(text)) == printed


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("coaching", 1, "Did you mean tag:coaching?"),
        ("tag:a and active", 11, "Did you mean status:active?"),
        ("tags:coaching", 1, "Did you mean tag:?"),
        ("magnet:guide", 1, "Did you mean downloaded:?"),
        ("city = Porto", 1, "Did you mean field:city = …?"),
        ("joind > 2026-01-01", 1, "Did you mean joined > 2026-01-31?"),
        ("sql:1", 1, "There are tag:coaching, form:guide"),
        ("tag coaching", 5, "comes a colon: tag:coaching"),
        ("tag:", 5, "like tag:coaching"),
        ('tag:""', 5, "nothing between the quotes"),
        ("tag:and", 5, 'put it in quotes: "and"'),
        ('"coaching"', 1, "Say what this is"),
        ("tag:two words", 9, "Write “and” or “or” before this"),
        ("tag:a not tag:b", 7, "Write “and” or “or” before this"),
        ("tag:a & tag:b", 7, "Write “and”"),
        ("tag:a, tag:b", 6, "Write “and” or “or”"),
        ("tag:a = b", 7, "goes in quotes"),
        ("tag:a and", 10, "missing at the end"),
        ("or tag:a", 1, "missing before “or”"),
        ("()", 2, "missing before “)”"),
        ("(tag:a", 1, "never closed"),
        ("tag:a)", 6, "closes nothing"),
        ('tag:"a', 5, "This quote has no end"),
        ("tag:'a'", 5, "Quotes are double"),
        (r'tag:"a\n"', 7, "A backslash stands before"),
        ('tag:"a\0"', 7, "no text can hold"),
        ("tag:\ud800", 5, "can’t be seen"),
        ("tag:a\u200b", 6, "can’t be seen"),
        ("status:activ", 8, "Did you mean status:active?"),
        ("status:happy", 8, "one of pending, active"),
        ("received:x", 10, "like received:12"),
        ("received:0", 10, "like received:12"),
        ("received:9223372036854775808", 10, "like received:12"),
        ("received:٣", 10, "like received:12"),
        ("field:city", 11, 'field:city = "…"'),
        ("field:city != Porto", 12, "not field:city = …"),
        ("joined", 7, "After joined comes <"),
        ("joined:2026-01-01", 7, "joined = 2026-01-31"),
        ("joined after 2026-01-01", 8, "joined > 2026-01-31"),
        ("joined == 2026-01-01", 8, "joined = 2026-01-31"),
        ("joined <> 2026-01-01", 8, "not joined = 2026-01-31"),
        ("joined > 1.2.2026", 10, "year-month-day"),
        ("joined > 20260101", 10, "year-month-day"),
        ("joined > 2026-02-30", 10, "no 2026-02-30 in the calendar"),
        ("joined > 9999-12-31", 10, "from 1970 to 2999"),
        ("not " * 21 + "tag:a", 85, "more than 20 levels"),
        ("(" * 1000, 22, "more than 20 levels"),
        (" or ".join(["tag:a"] * 51), 451, "at most 50 conditions"),
    ],
)
def test_what_is_said_of_one_that_means_nothing(text: str, column: int, words: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse(text)
    assert refused.value.sentence.startswith(f"Column {column}: ")
    assert words in refused.value.sentence


def test_what_the_owners_page_shows_is_understood() -> None:
    page = (ROOT / "docs" / "segments.md").read_text("utf-8")
    rows = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
    assert {re.match(r"\w+", row)[0] for row in rows} == set(EXAMPLES)  # type: ignore[index]  # all begin with a word
    for text in (*rows, *re.findall(r"`(\w+:[^`]+)`", page), *re.findall(r"^ {4}(.+)", page, re.MULTILINE)):
        assert parse(text).condition
    alike = re.search(r"`(tag:a or [^`]+)` is `([^`]+)`", page)
    assert alike
    assert str(parse(alike[1])) == str(parse(alike[2]))


def test_how_much_it_may_be() -> None:
    assert parse(" or ".join(["tag:a"] * 50))
    assert parse("not " * 20 + "tag:a")
    assert parse("tag:" + "a" * 996)
    with pytest.raises(BadInput, match="at most 1,000 characters; this has 1,001"):
        parse("tag:" + "a" * 997)
    with pytest.raises(BadInput, match="written out, this has more"):  # what is kept must be read again
        parse("tag:“" + '"' * 900 + "”")


@given(ANY)
def test_what_is_written_back_is_the_same_segment(segment: Segment) -> None:
    assume(len(str(segment)) <= 1000)
    assert parse(str(segment)) == segment


PIECES = st.sampled_from(
    ["tag:a", "tag", ":", "(", ")", "not", "and", "or", "=", "<", "joined", "2026-01-01", '"', "“", "x", "field:b",
     "field", "received:1", "status:active", "\\", ",", "!"]
)  # fmt: skip


@given(st.text(st.characters(), max_size=60) | st.lists(PIECES, max_size=60).map(" ".join))
def test_any_text_is_a_segment_or_is_refused_where_it_goes_wrong(text: str) -> None:
    said = ""
    try:
        segment = parse(text)
    except BadInput as refused:
        said = refused.sentence
    if not said:
        assert parse(str(segment)) == segment
        return
    found = re.match(r"Column ([0-9]+): .+[.?…]$", said)
    assert found, said
    assert 1 <= int(found[1]) <= len(text) + 1
    assert said.isprintable()
