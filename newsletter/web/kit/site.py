"""Everything a handler may reach, put together once by the app."""

from contextlib import suppress
from typing import Any

import msgspec
from litestar import Request

from newsletter.errors import Unavailable
from newsletter.magnets import Magnets
from newsletter.mail import Post
from newsletter.owners import Owners
from newsletter.settings import Settings
from newsletter.signups import Forms, Signups
from newsletter.storage import Database
from newsletter.subscribers import Subscribers
from newsletter.tokens import Tokens
from newsletter.web.kit.gate import Gate
from newsletter.web.kit.pages import Pages


class Site(msgspec.Struct, frozen=True):
    settings: Settings
    db: Database
    tokens: Tokens
    post: Post
    subscribers: Subscribers
    magnets: Magnets
    signups: Signups
    forms: Forms
    owners: Owners
    pages: Pages
    gate: Gate
    traces: set[str] = msgspec.field(default_factory=set)  # erased, but perhaps still in a free page of the file

    async def scrub(self, traces: tuple[str, ...] = ()) -> None:
        """After an erasure that is committed: its traces go too, now or, when storage is busy, in a later round."""
        self.traces.update(traces)
        going = tuple(self.traces)
        if going:
            with suppress(Unavailable):  # the storage has told the log
                await self.db.scrub(*going)
                self.traces.difference_update(going)


def site_of(request: Request[Any, Any, Any]) -> Site:
    site: Site = request.app.state["site"]
    return site
