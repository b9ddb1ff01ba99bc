"""What a request of a program's is, what it is answered, and what stands in the table of all that there is to ask."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

import msgspec

from newsletter.errors import NewsletterError, NotFound
from newsletter.ids import read_id
from newsletter.owners import ApiToken, Scope
from newsletter.web.kit.site import Site

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

GONE = "There is nothing at this address. Please check it."
STALE = "It has changed since you read it, and nothing was changed now. Read it again before you change it."


class Refusal(NewsletterError):
    """What HTTP has a status of its own for."""

    def __init__(self, status: int, title: str, sentence: str, **headers: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.title = title
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Reply(msgspec.Struct):
    """`content` is what becomes the JSON; `stream` stands in its place for what has no end in sight."""

    content: Any = None
    location: str = ""
    stream: AsyncIterator[bytes] | None = None
    media_type: str = "application/json"


class Call(msgspec.Struct):
    """One request, checked: its token may do this."""

    site: Site
    token: ApiToken
    path: dict[str, str]
    query: Any
    body: Any
    if_match: str
    if_none: bool = False  # it has read that there is none
    head: bool = False
    file: Path | None = None  # gone when it is answered

    @property
    def id(self) -> int:
        """Raises NotFound for what is no row's id."""
        id = read_id(self.path["id"])
        if id is None:
            raise NotFound(GONE)
        return id

    def match(self, thing: Any) -> None:
        """`thing` is what it is now; None: there is none. Raises Refusal where that isn't what the program has read."""
        if self.if_none:
            as_read = thing is None
        else:
            given = [one.strip() for one in self.if_match.split(",")]
            as_read = thing is not None and ("*" in given or etag(thing) in given)
        if not as_read:
            raise Refusal(412, "It has changed", STALE)

    def mind(self, thing: Any) -> None:
        """As `match`, where the program has said what it has read. Raises Refusal."""
        if self.if_match:
            self.match(thing)


Does = Callable[[Call], Awaitable[Reply]]
Judges = Callable[[Call, Mapping[str, Any]], Awaitable[dict[str, str]]]
"""What is wrong with fields that are well each by itself: beside one another, and beside what is here. By their names.

It gets those that were given, or also all others, as they are where nothing is said."""


class Endpoint(msgspec.Struct, frozen=True):
    """One thing to ask. Its docstring's first line is what it is called in the description."""

    method: Method
    path: str  # below /api/v1
    scope: Scope
    does: Does
    status: int = 200
    takes: type[msgspec.Struct] | None = None  # the JSON of its body
    file: str = ""  # the media type of the file that its body is
    asks: type[msgspec.Struct] | None = None  # the fields of its query
    gives: type[msgspec.Struct] | str | None = None  # a media type, where it is no JSON
    single: bool = False  # one thing, which has an ETag
    matches: bool = False  # it changes a thing, and demands to know which one was read
    makes: bool = False  # of those: it also makes one where none is
    minds: bool = False  # it overwrites nothing, but minds which one was read where that is said
    refuses: tuple[int, ...] = ()  # what it answers beside what all do
    judges: Judges | None = None

    @property
    def name(self) -> str:
        return getattr(self.does, "__name__", "")


def etag(thing: Any) -> str:
    """The same for the same; a quoted string, as HTTP writes it."""
    return f'"{blake2b(msgspec.json.encode(thing), digest_size=12).hexdigest()}"'


def page_after(items: Sequence[Any], limit: int) -> tuple[Sequence[Any], bool]:
    """Those of a page, of which one more than `limit` was read; and whether there are more."""
    return items[:limit], len(items) > limit
