"""Lead magnets for programs: listed, made, renamed, given new versions. A version never changes."""

from asyncio import to_thread
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET

from newsletter.errors import BadInput, NotFound
from newsletter.magnets import TAKEN, Magnet, all_magnets, all_versions
from newsletter.storage import StoredFile, Tx
from newsletter.web.api import magnet_shapes as shapes
from newsletter.web.api.asking import GONE, Call, Endpoint, Reply
from newsletter.web.kit import guides

PATH = "/magnets"
ONE = f"{PATH}/{{slug}}"
VERSIONS = f"{ONE}/versions"


async def list_magnets(call: Call) -> Reply:
    """All lead magnets, in their current versions."""
    return Reply(shapes.Magnets([shapes.magnet(one) for one in await call.site.db.read(all_magnets)]))


async def get_magnet(call: Call) -> Reply:
    """One lead magnet, in its current version."""
    return Reply(shapes.magnet(await call.site.db.read(_found, call)))


async def _found(tx: Tx, call: Call) -> Magnet:
    for one in await all_magnets(tx):
        if one.slug == call.path["slug"]:
            return one
    raise NotFound(GONE)


async def add_magnet(call: Call) -> Reply:
    """Makes a lead magnet of the PDF that is the body. No form gives it yet."""
    new: shapes.NewMagnet = call.query

    async def offer(tx: Tx, file: StoredFile) -> None:
        await call.site.magnets.make(tx, new.slug, new.title, new.description, file, attach=new.attach)

    await guides.keep(call.site, await _pdf(call), new.name or f"{new.slug}.pdf", offer)
    return Reply(shapes.MagnetReceipt(new.slug, 1), location=f"{PATH}/{new.slug}")


async def _judge_new(call: Call, given: Mapping[str, Any]) -> dict[str, str]:
    known = [one.slug for one in await call.site.db.read(all_magnets)]
    return {"slug": TAKEN} if given.get("slug") in known else {}


async def _pdf(call: Call) -> Path:
    """Raises BadInput."""
    assert call.file is not None
    if not await to_thread(guides.is_pdf, call.file):
        raise BadInput(guides.NO_PDF)
    return call.file


async def change_magnet(call: Call) -> Reply:
    """Changes what is said of it, and whether its file comes with its mail."""
    return Reply(shapes.magnet(await call.site.db.write(_change, call)))


async def _change(tx: Tx, call: Call) -> Magnet:
    before = await call.site.magnets.held(tx, call.path["slug"])
    call.match(shapes.magnet(before))
    given = {name: value for name, value in msgspec.structs.asdict(call.body).items() if value is not UNSET}
    changed = msgspec.structs.replace(before, **given)
    await call.site.magnets.change(tx, changed)
    return changed


async def list_magnet_versions(call: Call) -> Reply:
    """Its versions, the newest first, with how many have each."""
    one = await call.site.db.read(_found, call)
    found = [version for version in await call.site.db.read(all_versions) if version.magnet_id == one.id]
    return Reply(shapes.MagnetVersions([shapes.version(version) for version in found]))


async def add_magnet_version(call: Call) -> Reply:
    """Makes the PDF that is the body its newest version: every link that was ever mailed leads to it from now on."""
    new: shapes.NewVersion = call.query
    slug = (await call.site.db.read(_found, call)).slug
    made: list[int] = []

    async def offer(tx: Tx, file: StoredFile) -> None:
        await call.site.magnets.renew(tx, slug, file, new.notes)
        made[:] = [(await _found(tx, call)).number]

    await guides.keep(call.site, await _pdf(call), new.name or f"{slug}.pdf", offer)
    return Reply(shapes.MagnetReceipt(slug, made[0]), location=f"{PATH}/{slug}")


ENDPOINTS = (
    Endpoint("GET", PATH, "forms:read", list_magnets, gives=shapes.Magnets),
    Endpoint(
        "POST", PATH, "forms:write", add_magnet, 201, file=guides.PDF, asks=shapes.NewMagnet,
        gives=shapes.MagnetReceipt, judges=_judge_new,
    ),
    Endpoint("GET", ONE, "forms:read", get_magnet, gives=shapes.Magnet, single=True),
    Endpoint(
        "PATCH", ONE, "forms:write", change_magnet, 200, shapes.MagnetChange, gives=shapes.Magnet, single=True,
        matches=True,
    ),
    Endpoint("GET", VERSIONS, "forms:read", list_magnet_versions, gives=shapes.MagnetVersions),
    Endpoint(
        "POST", VERSIONS, "forms:write", add_magnet_version, 201, file=guides.PDF, asks=shapes.NewVersion,
        gives=shapes.MagnetReceipt,
    ),
)  # fmt: skip
