"""Remark42's backup: a line about the site, then a line of JSON for each comment; most often gzipped."""

from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import BinaryIO

import msgspec

from newsletter.comments.imports.model import LONGEST, UNDATED, Imported, Skipped, fit, moment
from newsletter.comments.imports.packed import opened
from newsletter.errors import BadInput

_VERSIONS = (0, 1)  # 0: before they were counted


class _Site(msgspec.Struct):
    """The first line. Whom it blocks and what it closes stays there."""

    version: int = 0
    users: list[msgspec.Raw] | msgspec.UnsetType | None = msgspec.UNSET
    posts: list[msgspec.Raw] | msgspec.UnsetType | None = msgspec.UNSET


class _Author(msgspec.Struct):
    name: str = ""


class _Place(msgspec.Struct):
    url: str = ""


class _Comment(msgspec.Struct):
    id: str = ""
    pid: str = ""
    text: str = ""  # HTML
    orig: str = ""  # the Markdown it was made of; none where Remark42 itself had imported it
    user: _Author = msgspec.field(default_factory=_Author)
    locator: _Place = msgspec.field(default_factory=_Place)
    time: str = ""
    delete: bool = False
    title: str = ""


_as_site = msgspec.json.Decoder(_Site)
_as_comment = msgspec.json.Decoder(_Comment)


def comments(path: Path) -> Iterator[Imported | Skipped]:
    """What the file holds. Raises BadInput where it is damaged or of a version that isn't known."""
    with opened(path) as file:
        lines = _lines(file)
        _check_site(next(lines, (1, b""))[1])
        for number, line in lines:
            yield _comment(_decoded(number, line))


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Those that aren't blank, with their numbers."""
    number = 0
    while line := file.readline(LONGEST):
        number += 1
        if len(line) == LONGEST:
            raise BadInput(f"Line {number} is longer than any comment.")
        if line.strip():
            yield number, line


def _check_site(line: bytes) -> None:
    try:
        site = _as_site.decode(line.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        site = None
    if site is None or msgspec.UNSET in (site.users, site.posts):
        raise BadInput("The file begins with “{”, but its first line isn't that of a backup from Remark42.")
    if site.version not in _VERSIONS:
        raise BadInput(f"This is a backup of Remark42 in version {site.version}; only 1 can be read.")


def _decoded(number: int, line: bytes) -> _Comment:
    try:
        return _as_comment.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"Line {number} isn't a comment of Remark42's: {error}.") from None


def _comment(found: _Comment) -> Imported | Skipped:
    created_at = moment(found.time)
    if created_at is None:
        return Skipped(found.id, UNDATED)
    # Remark42 escapes Markdown and names as if they were HTML: “> quoted” would be no quotation any more.
    orig = unescape(found.orig).strip()
    comment = Imported(
        source="remark42",
        source_id=found.id,
        parent_id=found.pid or None,
        url=unescape(found.locator.url.strip()),
        title=found.title.strip(),
        name=unescape(found.user.name).strip(),
        email="",
        website="",
        text=orig or found.text.strip(),
        is_html=not orig,
        newlines=False,
        created_at=created_at,
        status="deleted" if found.delete else "approved",
    )
    return fit(comment)
