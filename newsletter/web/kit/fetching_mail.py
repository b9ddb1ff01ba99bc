"""What comes back to a mailbox: read there, and in the ledger before it is deleted."""

import ssl
from asyncio import to_thread
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from newsletter.errors import Unavailable
from newsletter.mail.bounces import mailbox
from newsletter.mail.bounces.mailbox import Box, Trouble, Url
from newsletter.mail.bounces.sender import row_of
from newsletter.web.kit.answering import said_by_mail
from newsletter.web.kit.site import Site


class Round(msgspec.Struct):
    """How many were read, and how many of them were of mails of ours."""

    read: int = 0
    taken: int = 0


class Poll:
    """Goes through the mailbox again and again, with a connection for each round."""

    def __init__(self, site: Site, url: Url, trusts: ssl.SSLContext | None = None) -> None:
        self._site = site
        self._url = url
        self._trusts = trusts or ssl.create_default_context()
        self._seen: set[str] = set()

    async def once(self) -> Round:
        """Raises Trouble, Unavailable; what was not finished is there the next time."""
        done = Round()
        box: Box = await self._ask(partial(mailbox.opened, self._url, self._trusts, self._seen))
        try:
            for name in await self._ask(box.waiting):
                await self._one(box, name, done)
        finally:
            await self._end(box)
        return done

    async def _one(self, box: Box, name: str, done: Round) -> None:
        raw: bytes = await self._ask(partial(box.fetch, name))
        letter = await to_thread(mailbox.letter, raw, self._site.settings.bounce_domain)
        try:
            counts = await self._take(letter)
        except Unavailable:
            self._seen.discard(name)
            raise
        await self._ask(partial(box.taken if counts else box.passed, name))
        done.read += 1
        done.taken += counts

    async def _take(self, letter: mailbox.Letter) -> bool:
        """Whether it is done with: in the ledger, on a page, or a delay or a holiday. Raises Unavailable."""
        if letter.answers:
            said = await said_by_mail(self._site, letter.answers, letter.raw)
            if said.startswith("4"):
                raise Unavailable(said)
            return said.startswith("2")
        await self._site.db.write(self._site.returns.take, letter.report)
        ours = any(row_of(self._site.tokens, token) is not None for token in letter.report.tokens)
        return ours and letter.report.kind != "unknown"

    async def _end(self, box: Box) -> None:
        """By POP what was deleted goes only now; if it can't, it comes again and changes nothing."""
        try:
            await self._ask(box.close)
        except Trouble:
            return

    async def _ask(self, work: Callable[[], Any]) -> Any:
        return await to_thread(mailbox.troubled, self._url, work)
