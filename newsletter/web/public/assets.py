"""Style and script files, under names that hold their hash; and whether we are alive."""

import gzip
from functools import lru_cache
from typing import Any

from litestar import MediaType, Request, Response, get
from litestar.params import FromPath

from newsletter.errors import MigrationError, NotFound, Unavailable
from newsletter.mail import workers
from newsletter.storage import Tx, behind, named
from newsletter.web.kit.embedding import takes_gzip
from newsletter.web.kit.site import site_of

FOR_GOOD = "public, max-age=31536000, immutable"


@get("/assets/{name:str}")
async def asset(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    found = site_of(request).pages.assets.find(name)
    if found is None:
        raise NotFound("There is no such file.")
    media_type, content = found
    headers = {"Cache-Control": FOR_GOOD, "Vary": "Accept-Encoding"}
    if takes_gzip(",".join(request.headers.getall("accept-encoding", []))):
        content, headers["Content-Encoding"] = _packed(content), "gzip"
    return Response(content, media_type=media_type, headers=headers)


@lru_cache(maxsize=64)
def _packed(content: bytes) -> bytes:
    """The same for everybody: nothing of anybody's can be guessed from its length (BREACH)."""
    return gzip.compress(content, 9, mtime=0)


@get("/logo/{name:str}")
async def logo(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """The owner's, as mails show it. A mail with an earlier one shows today's. Nobody is counted by it."""
    found = site_of(request).letters.brand.logo
    if found is None:
        raise NotFound("There is no such file.")
    headers = {
        "Cache-Control": FOR_GOOD if name == found.name else "public, max-age=3600",
        "Cross-Origin-Resource-Policy": "cross-origin",  # mail is read on other people's pages
    }
    return Response(found.content, media_type="image/png", headers=headers)


@get("/embed.js")
async def embed_script(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The element that other people's pages load; its name stays, so it is asked for again after an hour."""
    assets = site_of(request).pages.assets
    headers = {
        "Cache-Control": "public, max-age=3600",
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Vary": "Accept-Encoding",
    }
    if not takes_gzip(",".join(request.headers.getall("accept-encoding", []))):
        return Response(assets.script, media_type="text/javascript", headers=headers)
    headers["Content-Encoding"] = "gzip"
    return Response(assets.packed_script, media_type="text/javascript", headers=headers)


@get("/robots.txt")
async def robots() -> Response[str]:
    return Response(
        "User-agent: *\nDisallow: /\nAllow: /forms/\nAllow: /archive\n", media_type=MediaType.TEXT
    )


@get("/health")
async def health() -> Response[str]:
    return Response("ok\n", media_type=MediaType.TEXT, headers={"Cache-Control": "no-store"})


async def _workers(tx: Tx) -> int:
    """Raises Unavailable when the database is not at this code's version."""
    try:
        waiting = await behind(tx)
    except MigrationError as error:
        raise Unavailable(error.sentence) from None
    if waiting:
        raise Unavailable(f"The database waits for {named(waiting)}. Run: newsletter migrate")
    return await workers(tx)


@get("/ready")
async def ready(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    """Whether the database answers, at this code's version, and stores, and somebody sends, here or elsewhere.

    With `serve --no-worker` that is a `newsletter worker`. Raises Unavailable.
    """
    db = site_of(request).db
    alive = await db.read(_workers)
    if why := await db.trouble(ask=not alive):  # a worker can't say that it lives where nothing is stored
        raise Unavailable(f"Nothing can be stored right now: {why}. What was answered before is kept.")
    if not alive:
        raise Unavailable("No worker is running: sign-ups are kept, but nothing is mailed.")
    return Response({"ready": True, "workers": alive}, headers={"Cache-Control": "no-store"})


ROUTES = [asset, logo, embed_script, robots, health, ready]
