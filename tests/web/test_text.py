"""What counts as text, what is refused, and that nothing else ever happens."""

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.errors import BadInput
from newsletter.web.kit import text
from newsletter.web.kit.text import clean

ANYTHING = st.text(st.characters(categories=None), max_size=80)  # with lone surrogates
TRICKY = st.text(
    st.sampled_from(
        "a é=?qQbB \t\r\n\0\x1b\x7f\x85\u0301\u0344\u0958\u093f\u094d\u200b\u200c\u200d\u202e\u2066"
    )
    | st.sampled_from(
        "\U0001f3f4\U000e0067\U000e007f\U0001f468\U0001f3fd\ufe0f\u2764\ud800\u06cc\u3164\u2028\ufeff"
    ),
    max_size=40,
)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ada", "Ada"),
        ("  Ada Lovelace \u00a0", "Ada Lovelace"),
        ("Jose\u0301", "José"),
        ("\u212bngstro\u0308m", "Ångström"),
        ("Ada\tLovelace", "Ada Lovelace"),
        ("山田太郎", "山田太郎"),
        ("葛\U000e0100城", "葛\U000e0100城"),
        ("الخوارزمي", "الخوارزمي"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("ශ්\u200dරී", "ශ්\u200dරී"),
        ("क्\u200dष", "क्\u200dष"),
        ("Nguyễn Thị Ánh", "Nguyễn Thị Ánh"),
        (
            "👨\u200d👩\u200d👧\u200d👦 🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f 👩🏽\u200d🚀",
            None,
        ),
        ("❤️\u200d🔥 1️⃣", None),
        ("O'Brien-D\u2019Arcy, Jr.", None),
        ("=?", "=?"),
        ("a =? b ?= c", None),
        ("", ""),
        (" \u3000 ", ""),
    ],
)
def test_it_is_kept(typed: str, kept: str | None) -> None:
    expected = unicodedata.normalize("NFC", typed) if kept is None else kept

    assert clean(typed, max_length=60) == expected


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("Ada\r\nBcc: eve@example.com", text.ONE_LINE),
        ("Ada\n", text.ONE_LINE),
        ("Ada\u2028Lovelace", text.ONE_LINE),
        ("Ada\x85", text.ONE_LINE),
        ("A\0da", text.CONTROL),
        ("\x1b[31mAda", text.CONTROL),
        ("\x7f", text.CONTROL),
        ("Ada\x9b", text.CONTROL),
        ("\ud800", text.UNREADABLE),
        ("Ada\udcff", text.UNREADABLE),
        ("Ada\u202eecalevoL", text.INVISIBLE),
        ("\u2066Ada\u2069", text.INVISIBLE),
        ("A\u200bda", text.INVISIBLE),
        ("\ufeffAda", text.INVISIBLE),
        ("A\u00adda", text.INVISIBLE),
        ("\u3164", text.INVISIBLE),
        ("A\u200dda", text.INVISIBLE),
        ("\u200dAda", text.INVISIBLE),
        ("Ada\u200d", text.INVISIBLE),
        ("A\u200cda", text.INVISIBLE),
        ("👨\u200c👩", text.INVISIBLE),
        ("\U000e0041\U000e0064\U000e0061", text.INVISIBLE),
        ("\uffff", text.INVISIBLE),
        ("Z" + "\u0300" * 21, text.MARKS),
        ("Z" + "\u0344" * 15, text.MARKS),
        ("=?utf-8?q?a=0ABcc:_v@x?=", text.ENCODED),
        ("Ada =?ISO-8859-1?B?QWRh?=", text.ENCODED),
        ("=?utf-8*en?Q?a", text.ENCODED),
        ("a" * 61, "This is too long: 60 characters at most."),
    ],
)
def test_it_is_refused_with_a_sentence(typed: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=f"^{re.escape(sentence)}$"):
        clean(typed, max_length=60)


def test_several_lines_keep_their_ends_as_one_kind() -> None:
    typed = " one\r\ntwo\rthree\n\tfour\u2028five\r\n"

    assert clean(typed, max_length=60, multiline=True) == "one\ntwo\nthree\n\tfour\nfive"


@settings(max_examples=400)
@given(ANYTHING | TRICKY, st.booleans())
def test_cleaning_twice_is_cleaning_once(typed: str, multiline: bool) -> None:
    try:
        once = clean(typed, max_length=60, multiline=multiline)
    except BadInput:
        return

    assert clean(once, max_length=60, multiline=multiline) == once
    assert len(once) <= 60
    assert once == unicodedata.normalize("NFC", once).strip()
    once.encode()
    allowed = "\n\t" if multiline else ""
    assert not [c for c in once if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") and c not in allowed]
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", once)
