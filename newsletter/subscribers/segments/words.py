"""The words of a segment's text: where each stands, and how a value is spelled so that it reads back as itself."""

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from newsletter.errors import BadInput
from newsletter.words import gettext as _

JOINTS = ("and", "or", "not")
_WORD = r"""[^\s():<>=!"“”„,;&|]+"""
_TOKEN = re.compile(
    rf"""(?P<space>\s+) | (?P<sign>[():]|[<>=!]+) | (?P<quote>["“”„]) | (?P<word>{_WORD})""", re.VERBOSE
)
_ENDS = {'"': '"', "“": "“”", "”": "“”", "„": "“”"}  # phones and word processors turn quotes by themselves
_ESCAPED = '\\"“”„'
_INSTEAD = {",": "Write “and” or “or” between two conditions", "&": "Write “and”", "|": "Write “or”"}


class Token(msgspec.Struct, frozen=True):
    """`text` is a word as typed, the sign itself, or what stood between quotes. Columns count from 1."""

    kind: Literal["word", "quoted", "sign", "end"]
    text: str
    column: int

    def is_joint(self, *joints: str) -> bool:
        return self.kind == "word" and self.text.lower() in joints

    def is_sign(self, *signs: str) -> bool:
        return self.kind == "sign" and (not signs or self.text in signs)


class Words:
    """The tokens of a text, one after the other. The last is of the kind “end”, and stays. Raises BadInput."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0

    @property
    def next(self) -> Token:
        return self._tokens[self._at]

    def take(self) -> Token:
        token = self.next
        self._at += token.kind != "end"
        return token


def wrong(column: int, sentence: str) -> BadInput:
    return BadInput(_("Column %(column)d: %(sentence)s") % {"column": column, "sentence": _(sentence)})


def _tokens(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise wrong(
                at + 1,
                _("%(instead)s; %(sign)s has no meaning here.")
                % {"instead": _(_INSTEAD.get(text[at], "Put the value in quotes")), "sign": text[at]},
            )
        if found["quote"]:
            value, end = _quoted(text, at)
            yield Token("quoted", value, at + 1)
            at = end
            continue
        if found["word"]:
            _check_word(found["word"], at + 1)
            yield Token("word", found["word"], at + 1)
        elif found["sign"]:
            yield Token("sign", found["sign"], at + 1)
        at = found.end()
    yield Token("end", "", len(text) + 1)


def spelled(value: str) -> str:
    """A value as a segment's text has it: in quotes where it needs them."""
    plain = re.fullmatch(_WORD, value) and value.isprintable() and not value.startswith("'")
    if plain and value.lower() not in JOINTS:
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _check_word(word: str, column: int) -> None:
    if word.startswith("'"):
        raise wrong(column, 'Quotes are double here, like tag:"two words".')
    for n, character in enumerate(word):
        if not character.isprintable():
            raise wrong(
                column + n, "There is a character that can’t be seen. Delete it, or put the value in quotes."
            )


def _quoted(text: str, start: int) -> tuple[str, int]:
    """What stands between the quote at `start` and its end, and where the text goes on."""
    ends, value, at = _ENDS[text[start]], "", start + 1
    while at < len(text):
        character = text[at]
        if character in ends:
            return value, at + 1
        if character == "\\":
            at += 1
            character = text[at : at + 1]
            if not character or character not in _ESCAPED:
                raise wrong(at, 'A backslash stands before a quote or another backslash: write \\" or \\\\.')
        if character == "\0" or "\ud800" <= character <= "\udfff":  # no database takes these
            raise wrong(at + 1, "There is a character that no text can hold. Delete it.")
        value += character
        at += 1
    raise wrong(start + 1, 'This quote has no end. Put a " after the value.')
