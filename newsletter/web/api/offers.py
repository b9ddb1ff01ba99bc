"""Forms and magnets for programs: what there is."""

from newsletter.magnets import Magnet, all_magnets
from newsletter.signups import all_forms
from newsletter.web.api import shapes
from newsletter.web.api.asking import Call, Endpoint, Reply


async def list_forms(call: Call) -> Reply:
    """All signup forms."""
    found = await call.site.db.read(all_forms)
    return Reply(shapes.Forms([shapes.Form(one.slug, one.title) for one in found]))


async def list_magnets(call: Call) -> Reply:
    """All lead magnets, in their current versions."""
    return Reply(shapes.Magnets([_magnet(one) for one in await call.site.db.read(all_magnets)]))


def _magnet(one: Magnet) -> shapes.Magnet:
    return shapes.Magnet(one.slug, one.title, one.description, one.number, one.size)


ENDPOINTS = (
    Endpoint("GET", "/forms", "forms:read", list_forms, gives=shapes.Forms),
    Endpoint("GET", "/magnets", "forms:read", list_magnets, gives=shapes.Magnets),
)
