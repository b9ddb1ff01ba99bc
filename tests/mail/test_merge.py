"""Merge tags: a few names, defaults, and nothing that is evaluated."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from newsletter.mail.merge import Marks, Slot, Tag, clean, filled, in_url, kept_values, values_of


@pytest.mark.parametrize(
    ("typed", "tag"),
    [
        ("{{ first_name }}", Tag("first_name")),
        ("{{first_name}}", Tag("first_name")),
        ('{{ first_name | "there" }}', Tag("first_name", "there")),
        ("{{ name|'dear reader' }}", Tag("name", "dear reader")),
        ("{{ name | “friend” }}", Tag("name", "friend")),
        ("{{ email }}", Tag("email")),
        ('{{ field.city | "" }}', Tag("field.city")),
    ],
)
def test_tags_that_are_known(typed: str, tag: Tag) -> None:
    marks = Marks()
    assert marks.split(marks.mark(f"a {typed} b"), "text") == ["a ", Slot(tag, "text"), " b"]


@pytest.mark.parametrize(
    "typed",
    [
        "{{ 7 * 7 }}",
        "{{ settings.secret_key }}",
        "{{ name.__class__ }}",
        "{{ field. }}",
        "{{ name | upper }}",
        '{{ name | "a" | "b" }}',
        "{{ @unsubscribe }}",
        "{{ name",
        "{{{{ name",
        "{{ }}",
    ],
)
def test_what_is_no_tag_is_told_and_shown_as_typed(typed: str) -> None:
    marks = Marks()
    marked = marks.mark(typed)
    assert marks.unknown(marked)
    assert marks.fill(marked, "text", {"name": "Ada"}) == typed


def test_a_backslash_says_that_it_is_none() -> None:
    marks = Marks()
    marked = marks.mark("\\{{ name }}")
    assert not marks.unknown(marked)
    assert marks.fill(marked, "text", {"name": "Ada"}) == "\\{{ name }}"


def test_nobody_can_type_a_mark() -> None:
    marks = Marks()
    link = marks.link("@unsubscribe")
    assert marks.fill(marks.mark(f"{link} \ue0020\ue001 \ue0009\ue001"), "text", {"@unsubscribe": "x"}) == (
        "\ufffd0\ufffd \ufffd0\ufffd \ufffd9\ufffd"
    )


@pytest.mark.parametrize(
    ("place", "expected"), [("text", '<b> & "Ö"'), ("html", "&lt;b&gt; &amp; &quot;Ö&quot;"),
                            ("url", "%3Cb%3E%20%26%20%22%C3%96%22"), ("subject", '<b> & "Ö"')],
)  # fmt: skip
def test_a_value_is_escaped_for_its_place(place: str, expected: str) -> None:
    slot = Slot(Tag("name"), place)  # type: ignore[arg-type]  # one of the four
    assert filled(slot, {"name": '<b> & "Ö"'}) == expected


def test_a_default_stands_for_what_is_empty_and_is_escaped_too() -> None:
    slot = Slot(Tag("name", "<you>"), "html")
    assert (
        filled(slot, {})
        == filled(slot, {"name": ""})
        == filled(slot, {"name": " \r\n\u202e"})
        == "&lt;you&gt;"
    )


def test_a_mark_in_an_address_is_one_of_an_address() -> None:
    marks = Marks()
    marked = in_url("https://example.org/" + marks.mark("{{ email }}"))
    assert marks.fill(marked, "html", {"email": "a+b@c.de"}) == "https://example.org/a%2Bb%40c.de"


@limits(deadline=None)
@given(st.text())
def test_a_value_is_one_harmless_line(value: str) -> None:
    once = clean(value)
    assert once == clean(once)
    assert not set(once) & set("\r\n\t\0\x0b\x0c\x1c\x85\u2028\u2029\u202e\u2066\x7f")
    assert not any("\ud800" <= letter <= "\udfff" for letter in once)


@limits(deadline=None)
@given(st.text(alphabet=" {}|\"'\\abname.field_\ue000\ue0010é\n"))
def test_any_text_comes_back_but_for_its_tags(typed: str) -> None:
    marks = Marks()
    marked = marks.mark(typed)
    for mark in "\ue000\ue001\ue002":
        typed = typed.replace(mark, "\ufffd")
    assert marks.typed(marked) == typed


def test_only_what_a_message_needs_of_a_person_is_kept() -> None:
    fields = {"city": "Porto", "job": "baker"}
    assert values_of({"first_name", "field.city", "field.none"}, "a@b.de", " Ada\nByron", fields) == {
        "first_name": "Ada",
        "field.city": "Porto",
    }
    assert values_of({"email", "name"}, "a@b.de", "", {}) == {"email": "a@b.de"}


def test_the_tags_of_a_text_are_told_and_a_row_keeps_only_texts() -> None:
    marks = Marks()
    marked = marks.mark("{{ name }}, {{ nonsense }} and {{ field.town }}")
    assert marks.used(marked) == [Tag("name"), Tag("field.town")]
    kept = kept_values({"name", "field.town", "field.age"}, "a@b.de", "Ada", '{"town": "Ely", "age": 7}')
    assert msgspec.json.decode(kept) == {"name": "Ada", "field.town": "Ely"}
