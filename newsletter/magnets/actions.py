"""What can be done with a lead magnet: keep a version, deliver it, hand it out, count it."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from newsletter.errors import BadInput, NotFound
from newsletter.magnets import store
from newsletter.magnets.model import Magnet
from newsletter.mail import Post
from newsletter.storage import StoredFile, Tx, files
from newsletter.subscribers import Subscriber
from newsletter.words import gettext as _

LARGEST_ATTACHMENT = 1_000_000  # bytes; larger ones hurt delivery, the link alone is mailed

TAKEN = "There is a guide of this name already."


class Given(msgspec.Struct):
    """A magnet's file, ready to be streamed in chunks."""

    magnet: Magnet
    file: StoredFile


class Magnets:
    def __init__(self, post: Post) -> None:
        self._post = post

    async def add(
        self,
        tx: Tx,
        slug: str,
        title: str,
        description: str,
        name: str,
        content: bytes,
        *,
        attach: bool = False,
    ) -> int:
        """A new magnet with its first version; returns its id. Raises BadInput."""
        id = await store.add(tx, slug, title, description, attach)
        if id is None:
            raise BadInput(_("There is a guide called %(slug)s already.") % {"slug": repr(slug)})
        await self.add_version(tx, id, name, content, "First version")
        return id

    async def add_version(self, tx: Tx, id: int, name: str, content: bytes, notes: str) -> int:
        """The next version, never changed again; every link serves it from now on. Raises BadInput."""
        if not content.startswith(b"%PDF-"):
            raise BadInput("A guide must be a PDF file.")
        stored = await files.keep(tx, name, "application/pdf", content)
        return await store.add_version(tx, id, stored.id, notes)

    async def make(
        self, tx: Tx, slug: str, title: str, description: str, file: StoredFile, *, attach: bool
    ) -> None:
        """A new magnet of a file that is kept already. Raises BadInput."""
        id = await store.add(tx, slug, title, description, attach)
        if id is None:
            raise BadInput(TAKEN, {"slug": TAKEN})
        await store.add_version(tx, id, file.id, "First version")

    async def renew(self, tx: Tx, slug: str, file: StoredFile, notes: str) -> None:
        """The next version, of a file that is kept already. Raises BadInput, NotFound."""
        magnet = await self.held(tx, slug)
        if magnet.file_id == file.id:
            raise BadInput("This is the very file that the newest version has. Nothing was changed.")
        await store.add_version(tx, magnet.id, file.id, notes)

    async def held(self, tx: Tx, slug: str) -> Magnet:
        """The magnet; nobody else changes it until the transaction ends. Raises NotFound."""
        await store.lock(tx, slug)
        magnet = next((one for one in await store.all_magnets(tx) if one.slug == slug), None)
        if magnet is None:
            raise NotFound("There is no such guide.")
        return magnet

    async def change(self, tx: Tx, magnet: Magnet) -> None:
        """What is said of it, and whether it comes with its mail."""
        await store.change(tx, magnet.id, magnet.title, magnet.description, magnet.attach)

    async def offer(self, tx: Tx, form_id: int, magnet_ids: Sequence[int]) -> None:
        for position, magnet_id in enumerate(magnet_ids):
            await store.offer(tx, form_id, magnet_id, position)

    async def of_form(self, tx: Tx, form_id: int) -> list[Magnet]:
        return await store.of_form(tx, form_id)

    async def deliver(
        self,
        tx: Tx,
        person: Subscriber,
        magnets: Sequence[Magnet],
        message: Literal["guide", "already", "fresh_link"],
    ) -> None:
        """Mails the links (and small attachments) to the address we have, never to a typed one."""
        await self._post.enqueue(
            tx, message, person.email, subscriber_id=person.id, context=self.context(person, magnets)
        )

    def context(self, person: Subscriber, magnets: Sequence[Magnet]) -> dict[str, Any]:
        """What the guide's mails are rendered from."""
        return {
            "downloads": [
                {"title": m.title, "size": m.size, "link": ["/downloads/", "download", [person.id, m.id]]}
                for m in magnets
            ],
            "links": {
                "preferences": ["/preferences/", "preferences", [person.id, person.epoch]],
                "unsubscribe": ["/u/", "unsubscribe", [person.id]],
            },
            "unsubscribe": True,
            "file_ids": [m.file_id for m in magnets if m.attach and m.size <= LARGEST_ATTACHMENT],
        }

    async def open(self, tx: Tx, magnet_id: int) -> Given:
        """The current version's file. Raises NotFound."""
        magnet = await store.find(tx, magnet_id)
        stored = await files.find(tx, magnet.file_id) if magnet else None
        if magnet is None or stored is None:
            raise NotFound("This guide is no longer offered.")
        return Given(magnet, stored)

    async def count(self, tx: Tx, subscriber_id: int, version_id: int, *, automatic: bool) -> None:
        await store.count_download(tx, subscriber_id, version_id, automatic)
