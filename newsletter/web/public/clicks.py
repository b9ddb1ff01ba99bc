"""A link of a broadcast that its owner counts: on to where it leads, and one more in a number without a name."""

from contextlib import suppress
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from newsletter.broadcasts import clicks
from newsletter.errors import Unavailable
from newsletter.web.kit.site import is_head, site_of


@get("/l/{slug:str}")
async def follow(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    """Only to what was stored when it was sent; also after counting was switched off. Raises NotFound."""
    site = site_of(request)
    url = await site.db.read(clicks.leads_to, slug)
    if site.settings.clicks and not is_head(request):
        with suppress(Unavailable):  # a full disk keeps nobody from reading on
            await site.db.write(clicks.count, slug)
    led = {"Location": url, "Cache-Control": "no-store"}
    return Response("This link leads on.", status_code=303, media_type="text/plain", headers=led)


ROUTES = [follow]
