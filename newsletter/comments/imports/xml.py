"""Reads XML exports of any size one record at a time, and refuses what XML could be used for against us.

A document type is refused as a whole, before any entity in it is declared: that keeps out exponential
entities and external ones, and no export has one.
"""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO
from xml.parsers import expat

import msgspec

from newsletter.comments.imports.mending import mended
from newsletter.comments.imports.model import LONGEST
from newsletter.comments.imports.packed import opened
from newsletter.errors import BadInput

_CHUNK = 65_536  # bytes
_LONGEST_TAG = 1_048_576  # bytes; expat keeps a tag whole, and looks at it again with each piece
_DEEPEST = 64  # elements within elements; exports have six
# A namespace's prefix here, whatever the file calls it. One that isn't listed keeps the file's own.
_PREFIXES = (
    (re.compile(r"https?://wordpress\.org/export/1\.\d+/?"), "wp"),
    (re.compile(r"https?://disqus\.com/disqus-internals/?"), "dsq"),
    (re.compile(r"https?://disqus\.com/?"), ""),
)


class Node(msgspec.Struct):
    """An element of a record, with what is in it."""

    name: str  # with its prefix, as in wp:comment
    attributes: dict[str, str]
    pieces: list[str]
    children: list["Node"]

    def all(self, name: str) -> list["Node"]:
        return [child for child in self.children if child.name == name]

    def first(self, *names: str) -> "Node | None":
        """The first below, along these names."""
        found: Node | None = self
        for name in names:
            found = next((child for child in found.children if child.name == name), None) if found else None
        return found

    def text(self, *names: str) -> str:
        """What the first along these names says, trimmed; empty where there is none."""
        found = self.first(*names)
        return "".join(found.pieces).strip() if found else ""

    def attribute(self, child: str, name: str) -> str:
        found = self.first(child)
        return found.attributes.get(name, "").strip() if found else ""


class _Records:
    """expat's handlers: collects the elements at `places`, without what is in `ignored`."""

    def __init__(self, places: frozenset[str], ignored: frozenset[str]) -> None:
        self._places = places
        self._ignored = ignored
        self._names: list[str] = []  # from the root to here
        self._prefixes: list[dict[str, str]] = [{}]  # in force at each of them
        self._open: list[Node | None] = []  # None: ignored. Empty outside a record
        self._length = 0
        self.root = ""
        self.done: list[Node] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.buffer_size = _CHUNK
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.parser.ExternalEntityRefHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.CharacterDataHandler = self._text
        self.parser.EndElementHandler = self._end

    def _refuse(self, *_: object) -> int:
        raise BadInput(
            f"Line {self.parser.CurrentLineNumber} declares a document type or an entity, which no export "
            "of comments does. Nothing was read."
        )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self._names) == _DEEPEST:
            raise BadInput(f"Line {self.parser.CurrentLineNumber} is nested too deeply for an export.")
        self._prefixes.append(_declared(self._prefixes[-1], attributes))
        name = self._named(tag, element=True)
        self.root = self.root or name
        self._names.append(name)
        if not self._open and "/".join(self._names) not in self._places:
            return
        if name in self._ignored or (self._open and self._open[-1] is None):
            self._open.append(None)
            return
        node = Node(name, {self._named(key): value for key, value in attributes.items()}, [], [])
        self._count(sum(map(len, attributes.values())) + _CHUNK // 512)  # an empty one takes room too
        if self._open and self._open[-1] is not None:
            self._open[-1].children.append(node)
        self._open.append(node)

    def _named(self, name: str, *, element: bool = False) -> str:
        prefix, _, local = name.rpartition(":")
        if prefix or element:
            prefix = self._prefixes[-1].get(prefix, prefix)
        return f"{prefix}:{local}" if prefix else local

    def _count(self, length: int) -> None:
        self._length += length
        if self._length > LONGEST:
            raise BadInput(
                f"What begins before line {self.parser.CurrentLineNumber} is larger than any page "
                "with its comments. Please split the file."
            )

    def _text(self, text: str) -> None:
        if self._open and self._open[-1] is not None:
            self._count(len(text))
            self._open[-1].pieces.append(text)

    def _end(self, _: str) -> None:
        self._names.pop()
        self._prefixes.pop()
        node = self._open.pop() if self._open else None
        if node is not None and not self._open:
            self.done.append(node)
            self._length = 0


def _declared(before: dict[str, str], attributes: dict[str, str]) -> dict[str, str]:
    """The prefixes in force where an element declares these."""
    fresh = {}
    for key, uri in attributes.items():
        if key == "xmlns" or key.startswith("xmlns:"):
            prefix = key[6:]
            fresh[prefix] = next((ours for known, ours in _PREFIXES if known.fullmatch(uri.strip())), prefix)
    return {**before, **fresh} if fresh else before


def records(path: Path, places: set[str], ignored: set[str] | None = None) -> Iterator[Node]:
    """The elements that stand at `places` (``rss/channel/item``), in the file's order. Raises BadInput."""
    with opened(path) as file:
        reader = _Records(frozenset(places), frozenset(ignored or ()))
        for _ in _fed(reader, file):
            yield from reader.done
            reader.done.clear()


def root(path: Path) -> str:
    """The name of the outermost element. Raises BadInput."""
    with opened(path) as file:
        reader = _Records(frozenset(), frozenset())
        for _ in _fed(reader, file):
            if reader.root:
                break
        return reader.root


def _fed(reader: _Records, file: BinaryIO) -> Iterator[None]:
    """Comes back after each piece of the file that was parsed."""
    fed = 0
    for chunk in chain(mended(file), [b""]):
        fed += len(chunk)
        _parse(reader, chunk, last=not chunk)
        if fed - reader.parser.CurrentByteIndex > _LONGEST_TAG:
            raise BadInput(f"Line {reader.parser.CurrentLineNumber} begins a tag or a remark without end.")
        yield


def _parse(reader: _Records, chunk: bytes, *, last: bool) -> None:
    try:
        reader.parser.Parse(chunk, last)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        raise BadInput(f"Line {error.lineno} of the file can't be read as XML: {reason}.") from None
    except (LookupError, ValueError):
        if reader.root:
            raise
        raise BadInput("The file is in an encoding that can't be read. Please save it as UTF-8.") from None
