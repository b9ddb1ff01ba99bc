"""Lead magnets for programs: what there is."""

from newsletter.errors import NotFound
from newsletter.magnets import Magnet, all_magnets
from newsletter.web.api import shapes
from newsletter.web.api.asking import GONE, Call, Endpoint, Reply


async def list_magnets(call: Call) -> Reply:
    """All lead magnets, in their current versions."""
    return Reply(shapes.Magnets([_magnet(one) for one in await call.site.db.read(all_magnets)]))


async def get_magnet(call: Call) -> Reply:
    """One lead magnet, in its current version."""
    for one in await call.site.db.read(all_magnets):
        if one.slug == call.path["slug"]:
            return Reply(_magnet(one))
    raise NotFound(GONE)


def _magnet(one: Magnet) -> shapes.Magnet:
    return shapes.Magnet(one.slug, one.title, one.description, one.number, one.size)


ENDPOINTS = (
    Endpoint("GET", "/magnets", "forms:read", list_magnets, gives=shapes.Magnets),
    Endpoint("GET", "/magnets/{slug}", "forms:read", get_magnet, gives=shapes.Magnet, single=True),
)
