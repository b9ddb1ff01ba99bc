"""What the rows of the audit log are about, by the names that things have now: the log itself keeps numbers and slugs,
so that whoever is erased is in none of it. One query for each kind of thing on a page.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import NamedTuple

from newsletter import webhooks
from newsletter.broadcasts import archive, subjects
from newsletter.comments import pages_of
from newsletter.ids import read_id
from newsletter.magnets import all_magnets
from newsletter.owners import Person, audit
from newsletter.signups import all_forms
from newsletter.storage import Tx
from newsletter.subscribers import bulk, imports, listing
from newsletter.web.kit.site import Site
from newsletter.words import gettext as _
from newsletter.words import ngettext


class Named(NamedTuple):
    """What it is called, and where at the desk it is; without a place it is no more, or has no page."""

    called: str
    href: str = ""


Names = Mapping[str, str]
"""By the number or slug that a row has."""

_Look = Callable[[Tx, Site, Collection[str]], Awaitable[Names]]


async def names(
    tx: Tx, site: Site, entries: list[audit.Entry], everyone: list[Person]
) -> dict[tuple[str, str], Named]:
    """By the kind and the object of a row; what isn't there any more is in none."""
    found = {("people", str(one.id)): _person(one) for one in everyone}
    for kind, look in _LOOKS.items():
        objects = {one.object for one in entries if one.object and kind_of(one) == kind}
        if objects:
            known = await look(tx, site, objects)
            found |= {
                (kind, object): Named(known[object], _PLACES[kind].format(object))
                for object in objects & known.keys()
            }
    return found


def kind_of(one: audit.Entry) -> str:
    """Its area, but for what is done to many at once, which has numbers of its own."""
    return "subscribers/many" if "subscribers/many" in one.verb else one.area


def _person(one: Person) -> Named:
    return Named(f"{one.email} ({_(one.role)})", f"/admin/people/{one.id}")


def _by_id(look: Callable[[Tx, Collection[int]], Awaitable[Mapping[int, str]]]) -> _Look:
    async def asked(tx: Tx, _site: Site, objects: Collection[str]) -> Names:
        ids = [id for object in objects if (id := read_id(object)) is not None]
        return {str(id): name for id, name in (await look(tx, ids)).items()}

    return asked


async def _subjects(tx: Tx, ids: Collection[int]) -> dict[int, str]:
    found = await subjects(tx, ids)
    return {id: archive.line(subject) or _("Without a subject") for id, subject in found.items()}


async def _sizes(tx: Tx, ids: Collection[int]) -> dict[int, str]:
    found = await bulk.sizes(tx, ids)
    return {id: ngettext("%(n)s person", "%(n)s people", n) % {"n": n} for id, n in found.items()}


async def _sequences(tx: Tx, site: Site, _slugs: object) -> Names:
    return {one.slug: one.slug for one in await site.sequences.all(tx)}


async def _forms(tx: Tx, _site: Site, _slugs: object) -> Names:
    return {one.slug: one.title for one in await all_forms(tx)}


async def _magnets(tx: Tx, _site: Site, _slugs: object) -> Names:
    return {one.slug: one.title for one in await all_magnets(tx)}


async def _webhooks(tx: Tx, _site: Site, _ids: object) -> Names:
    return {str(one.id): one.url for one, _counts in await webhooks.everyone(tx)}


async def _tokens(tx: Tx, site: Site, _prefixes: object) -> Names:
    return {one.prefix: one.name for one in await site.api_tokens.all(tx)}


_LOOKS: dict[str, _Look] = {
    "broadcasts": _by_id(_subjects),
    "comments": _by_id(pages_of),
    "forms": _forms,
    "import": _by_id(imports.uploads.called),
    "magnets": _magnets,
    "sequences": _sequences,
    "subscribers": _by_id(listing.emails),
    "subscribers/many": _by_id(_sizes),
    "tokens": _tokens,
    "webhooks": _webhooks,
}
_PLACES = {kind: f"/admin/{kind}/{{}}" for kind in _LOOKS} | {
    "magnets": "/admin/magnets#{}-title",
}
