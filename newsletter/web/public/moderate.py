"""Moderation from the mail: one page for one comment, for whoever holds its link, for two weeks.

Opening it changes nothing, so that whatever follows links in mails may follow this one.
"""

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from newsletter.clock import DAY, now
from newsletter.comments import LONGEST
from newsletter.errors import BadInput, Conflict, Expired, NotFound, Repeated
from newsletter.web.kit.body import read_fields
from newsletter.web.kit.moderating import DONE, LONGEST_SEEN, do, page
from newsletter.web.kit.site import Site, site_of

LIVES = 14 * DAY
EXPIRED = "Links in these mails live for 14 days. What still waits for you is at your desk."
AT_DESK = "Here you can approve it, call it spam, delete it, block its author or answer it. For more, go to your desk."


def _id(site: Site, token: str) -> int:
    """Raises Expired, NotFound."""
    try:
        (id,) = site.tokens.read("moderate", token, now(), LIVES)
    except Expired as expired:
        raise Expired(EXPIRED, expired.ids) from None
    return id


@get("/comments/moderate/{token:str}")
async def show(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    site = site_of(request)
    return await _page(site, token, _id(site, token))


async def _page(site: Site, token: str, id: int, **more: Any) -> Response[str]:
    return await page(site, "public/moderate.html", id, action=f"/comments/moderate/{token}", **more)


@post("/comments/moderate/{token:str}", status_code=200)
async def change(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    """Raises Expired, NotFound, BadInput."""
    site = site_of(request)
    id = _id(site, token)
    body = await read_fields(
        request, {"action": 20, "read": LONGEST_SEEN, "comment": LONGEST}, multiline=("comment",)
    )
    verb = body.values.get("action", "")
    if verb not in DONE:
        raise BadInput(AT_DESK)
    try:
        if body.errors:
            raise BadInput("Please look again.", body.errors)
        email = site.settings.owner_email or site.settings.from_email
        await do(site, verb, id, email, body.values)
    except (BadInput, Conflict, Repeated) as error:
        return await _page(site, token, id, values=body.values, error=error)
    try:
        return await _page(site, token, id, done=DONE[verb])
    except NotFound:
        return site.pages.message("This comment is gone", "It is deleted. Nobody can see it any more.")


ROUTES = [show, change]
