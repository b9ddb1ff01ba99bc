"""Merge tags: ``{{ first_name | "there" }}`` in what an owner typed, filled for each person.

A few names are known and nothing is evaluated. While a text is rendered, a *mark* stands for each tag: private
characters that Markdown, Jinja and the escaping of HTML all leave alone.
"""

import re
from collections.abc import Mapping
from html import escape
from typing import Literal
from urllib.parse import quote

import msgspec

from newsletter.mail.headers import REFUSED

Place = Literal["subject", "text", "html", "url"]
UNSUBSCRIBE, PREFERENCES = "@unsubscribe", "@preferences"
"""Links of our own in the footer; nobody can type these names."""

MARK = re.compile("[\ue000\ue002]([0-9]+)\ue001")
_RESERVED = re.compile(
    "[\ue000-\ue002]|&#(?:x0*e00[0-2]|0*5734[4-6]);", re.IGNORECASE
)  # Markdown reads the second
_ENCODED = re.compile("%EE%80%8[0-2]", re.IGNORECASE)
_TYPED = re.compile(r"(?<!\\)\{\{[^{}\n]*\}\}|(?<!\\)\{\{")


def tag_of(*names: str) -> re.Pattern[str]:
    """What a tag looks like that has one of these names, each a pattern, and perhaps words for who has none."""
    default = r"(?:\|\s*(?:\"([^\"]*)\"|'([^']*)'|“([^”]*)”)\s*)?"
    return re.compile(rf"\{{\{{\s*({'|'.join(names)})\s*{default}\}}\}}")


_TAG = tag_of("first_name", "name", "email", r"field\.[A-Za-z0-9_-]{1,64}")


class Tag(msgspec.Struct, frozen=True, array_like=True):
    name: str
    default: str = ""


class Slot(msgspec.Struct, frozen=True, array_like=True):
    """Where something is filled in that differs from person to person."""

    tag: Tag
    place: Place


class Marks:
    """The tags of one message, in all of its texts. `known`: what a tag of its looks like."""

    def __init__(self, known: re.Pattern[str] = _TAG) -> None:
        self._known = known
        self.tags: list[Tag | None] = []  # None: no tag that we know
        self._typed: list[str] = []

    def mark(self, text: str) -> str:
        """`text` with a mark for everything that looks like a tag and isn't escaped by a backslash."""
        return _TYPED.sub(self._mark, _RESERVED.sub("\ufffd", text))

    def _mark(self, found: re.Match[str]) -> str:
        tag = self._known.fullmatch(found[0])
        return self._add(Tag(tag[1], tag[2] or tag[3] or tag[4] or "") if tag else None, found[0])

    def _add(self, tag: Tag | None, typed: str) -> str:
        self.tags.append(tag)
        self._typed.append(typed)
        return f"\ue000{len(self.tags) - 1}\ue001"

    def link(self, name: str) -> str:
        """A mark for one of our own links."""
        return self._add(Tag(name), "")

    def typed(self, text: str, *, unknown_only: bool = False) -> str:
        """`text` with what was typed instead of marks: of all, or of those that are no tag of ours."""
        return MARK.sub(
            lambda m: m[0] if unknown_only and self.tags[int(m[1])] else self._typed[int(m[1])], text
        )

    def unknown(self, text: str) -> list[str]:
        """What looks like a tag in `text`, and is none."""
        numbers = [int(m[1]) for m in MARK.finditer(text)]
        return [self._typed[n] for n in numbers if self.tags[n] is None]

    def used(self, text: str) -> list[Tag]:
        """The tags in `text`."""
        return [tag for m in MARK.finditer(text) if (tag := self.tags[int(m[1])])]

    def split(self, text: str, place: Place) -> list[str | Slot]:
        """`text` as constant pieces with slots between them: piece, slot, piece, … piece."""
        parts: list[str | Slot] = []
        last = 0
        for mark in MARK.finditer(text):
            tag = self.tags[int(mark[1])]
            if tag is not None:
                url = mark[0][0] == "\ue002"
                parts += [self.typed(text[last : mark.start()]), Slot(tag, "url" if url else place)]
                last = mark.end()
        return [*parts, self.typed(text[last:])]

    def fill(self, text: str, place: Place, values: Mapping[str, str]) -> str:
        """`text` as one person sees it: for a preview."""
        return "".join(
            part if isinstance(part, str) else filled(part, values) for part in self.split(text, place)
        )


def unmarked(url: str) -> str:
    """An address without what would be read as a mark once it is decoded."""
    return _ENCODED.sub("%EF%BF%BD", url)


def in_url(marked: str) -> str:
    """The marks in an address that was percent-encoded, as marks in an address."""
    return re.sub("(?:\ue000|%EE%80%80)([0-9]+)(?:\ue001|%EE%80%81)", "\ue002\\1\ue001", marked)


def filled(slot: Slot, values: Mapping[str, str]) -> str:
    """What stands there for the person with these `values`, escaped for its place."""
    text = clean(values.get(slot.tag.name, "")) or slot.tag.default
    if slot.place == "html":
        return escape(text)
    return quote(text, safe="") if slot.place == "url" else text


def clean(value: str) -> str:
    """One line, without what steers a terminal, a header or the reading direction."""
    if not value.isprintable():
        value = REFUSED.sub(" ", value)
    return " ".join(value.split())


def kept_values(tags: set[str], email: str, name: str, fields: str) -> str:
    """The same as a message's row keeps it; of `fields`, JSON, what is a text."""
    own = msgspec.json.decode(fields, type=dict[str, object])
    texts = {key: value for key, value in own.items() if isinstance(value, str)}
    return msgspec.json.encode(values_of(tags, email, name, texts), order="sorted").decode()


def values_of(tags: set[str], email: str, name: str, fields: Mapping[str, str]) -> dict[str, str]:
    """What `tags` say of a person: as much as the message needs, and no more."""
    name = clean(name)
    known = {"email": email, "name": name, "first_name": name.partition(" ")[0]}
    known |= {f"field.{key}": value for key, value in fields.items()}
    return {tag: known[tag] for tag in tags if known.get(tag)}
