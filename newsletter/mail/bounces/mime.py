"""A reader of MIME for mail from strangers: as little as bounces need, in linear time, and never an error.

The standard library's parser asks every line about every multipart that is open, so a deep nest costs the square of
its size; it also raises on some headers.
"""

import binascii
import quopri
import re
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header

import msgspec

LARGEST = 1_000_000  # bytes: what is longer is read so far
DEEPEST = 4
_MOST_PARTS = 30
_LONGEST_HEAD = 32_000
_MOST_FIELDS = 300
_LONGEST_FIELD = 2_000
_LONGEST_TEXT = 32_000

_FOLD = re.compile(rb"\n[ \t]+")
_FIELD = re.compile(rb"([!-9;-~]{1,60})[ \t]*:[ \t]*([^\n]*)")
_BOUNDARY = re.compile(r"""(?i)boundary[ \t]*=[ \t]*(?:"([^"]{1,200})"|([^\s";]{1,200}))""")
_TAG = re.compile(r"(?i)<br\b[^<>]{0,200}>|</p>|<[^<>]{1,500}>")

Fields = dict[str, list[str]]


class Part(msgspec.Struct, frozen=True):
    """One part, or the message itself, with its body as it came."""

    fields: Fields
    body: bytes
    depth: int

    def first(self, name: str) -> str:
        return self.fields.get(name, [""])[0]

    @property
    def kind(self) -> str:
        """``text/plain``, in small letters and without parameters; it is the default too."""
        return self.first("content-type").partition(";")[0].strip().lower() or "text/plain"

    @property
    def content(self) -> bytes:
        """The body without its transfer encoding; what is no letter of that is passed over."""
        encoding = self.first("content-transfer-encoding").strip().lower()
        body = self.body[: 2 * _LONGEST_TEXT]
        if encoding == "quoted-printable":
            return quopri.decodestring(body)
        if encoding == "base64":
            letters = re.sub(rb"[^A-Za-z0-9+/]", b"", body)
            return binascii.a2b_base64(letters[: len(letters) // 4 * 4])  # whole fours: never an error
        return body

    @property
    def text(self) -> str:
        """For people, without tags where it is HTML."""
        text = _decoded(self.content[:_LONGEST_TEXT])
        return _TAG.sub(" ", text) if self.kind == "text/html" else text


def parse(raw: bytes) -> Part:
    """The message itself."""
    return _part(raw[:LARGEST].replace(b"\r\n", b"\n").replace(b"\r", b"\n"), 0)


def walk(part: Part) -> Iterator[Part]:
    """The message and its parts, in their order; an attached message's too. Bounded in depth and number."""
    left = _MOST_PARTS
    waiting = [part]
    while waiting and left:
        here = waiting.pop()
        left -= 1
        yield here
        if here.depth < DEEPEST:
            waiting.extend(reversed(_inside(here)))


def field_blocks(text: str) -> list[Fields]:
    """The groups of fields that a delivery status or a feedback report is made of (RFC 3464 §2.1)."""
    blocks = re.split(r"\n[ \t]*\n+", text.strip()[:_LONGEST_HEAD], maxsplit=_MOST_PARTS)
    return [
        fields for block in blocks[:_MOST_PARTS] if (fields := _fields(block.encode("latin-1", "replace")))
    ]


def decoded_words(value: str) -> str:
    """A header's text as people read it (RFC 2047)."""
    if "=?" not in value:
        return value
    try:
        pieces = decode_header(value)
        return "".join(piece if isinstance(piece, str) else _decoded(piece) for piece, _ in pieces)
    except (HeaderParseError, ValueError):
        return value


def _part(raw: bytes, depth: int) -> Part:
    if raw.startswith(b"\n"):
        return Part({}, raw[1:], depth)
    end = raw.find(b"\n\n")
    if end < 0:
        return Part(_fields(raw), b"", depth)
    return Part(_fields(raw[: min(end, _LONGEST_HEAD)]), raw[end + 2 :], depth)


def _fields(head: bytes) -> Fields:
    fields: Fields = {}
    lines = _FOLD.sub(b" ", head[:_LONGEST_HEAD]).split(b"\n", _MOST_FIELDS)
    for line in lines[:_MOST_FIELDS]:
        if found := _FIELD.match(line):
            value = _decoded(found[2][:_LONGEST_FIELD]).strip()
            fields.setdefault(found[1].decode("ascii").lower(), []).append(value)
    return fields


def _inside(part: Part) -> list[Part]:
    if part.kind in ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"):
        return [_part(part.body.lstrip(b"\n"), part.depth + 1)]
    if not part.kind.startswith("multipart/"):
        return []
    found = _BOUNDARY.search(part.first("content-type"))
    if not found:
        return []
    mark = b"\n--" + (found[1] or found[2]).encode("latin-1", "replace")
    pieces = (b"\n" + part.body).split(mark, _MOST_PARTS + 1)[1 : _MOST_PARTS + 1]
    parts = []
    for piece in pieces:
        if piece.startswith(b"--"):
            break
        parts.append(_part(piece.partition(b"\n")[2], part.depth + 1))
    return parts


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
