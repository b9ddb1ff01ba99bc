"""Everything a handler may reach, put together once by the app."""

from collections import Counter
from contextlib import suppress
from typing import Any

import msgspec
from litestar import Request

from newsletter.broadcasts import Broadcasts, Letters
from newsletter.clock import now
from newsletter.comments import Comments, Importing, Moderation, Notices, Persons, Threads
from newsletter.errors import Unavailable
from newsletter.magnets import Magnets
from newsletter.mail import Mailings, Post
from newsletter.owners import Answers, ApiTokens, Owners
from newsletter.sequences import Sequences
from newsletter.settings import Settings
from newsletter.signups import Forms, Signups, View
from newsletter.storage import Database
from newsletter.subscribers import Returns, Subscribers, Suppressions
from newsletter.tokens import Tokens
from newsletter.web.kit.gate import Gate
from newsletter.web.kit.pages import Pages
from newsletter.web.kit.shelf import Shelf
from newsletter.web.kit.veil import Veil


class Site(msgspec.Struct, frozen=True):
    settings: Settings
    db: Database
    tokens: Tokens
    post: Post
    subscribers: Subscribers
    returns: Returns
    suppressions: Suppressions
    magnets: Magnets
    signups: Signups
    forms: Forms
    owners: Owners
    api_tokens: ApiTokens
    comments: Comments
    threads: Threads
    moderation: Moderation
    notices: Notices
    importing: Importing
    persons: Persons
    mailings: Mailings
    broadcasts: Broadcasts
    letters: Letters
    sequences: Sequences
    pages: Pages
    gate: Gate
    machine: Settings | None = None  # as `settings` came, before an owner's were taken up
    adopted: set[str] = msgspec.field(default_factory=set)  # the names of an owner's
    answers: Answers = msgspec.field(default_factory=Answers)
    shelf: Shelf = msgspec.field(default_factory=Shelf)
    views: Counter[tuple[int, int, View]] = msgspec.field(default_factory=Counter)  # of forms, not yet stored
    veil: Veil = msgspec.field(default_factory=Veil)

    def __post_init__(self) -> None:
        if self.machine is None:
            msgspec.structs.force_setattr(self, "machine", msgspec.structs.replace(self.settings))

    async def scrub(self, traces: tuple[str, ...] = (), *, copies: bool = True) -> bool:
        """After an erasure that is committed: its traces leave the files too, now or in a later round of chores.

        Without `traces` all that was ever erased is made sure of, which takes longer. `copies`: those that
        migrations left go as well, since they hold whoever asked to be erased.
        """
        began = now()
        with suppress(Unavailable):  # the storage has told the log, and the chore stays noted
            await self.db.scrub(*traces, copies=copies)
            await self.db.write(self.subscribers.scrubbed, began, traces)
            return True
        return False


def is_head(request: Request[Any, Any, Any]) -> bool:
    """The edge turns a HEAD into a GET: whoever does more than look asks here."""
    return bool(request.scope["state"].get("head"))


def site_of(request: Request[Any, Any, Any]) -> Site:
    site: Site = request.app.state["site"]
    return site


def desk_cookie(site: Site) -> str:
    """The name of the cookie that a desk's session has.

    With ``__Host-`` a browser takes it from no other host and no plain connection.
    """
    return "__Host-desk" if site.settings.secure else "desk"
