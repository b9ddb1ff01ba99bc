"""Moderation from the mail: one page for one comment, for whoever holds its link, for two weeks.

Opening it changes nothing, so that whatever follows links in mails may follow this one.
"""

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from newsletter.clock import DAY, now
from newsletter.errors import BadInput, Expired, NotFound, Repeated
from newsletter.web.kit.body import read_fields
from newsletter.web.kit.moderating import ACTS, LONGEST, act, answer
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


async def _page(
    site: Site,
    token: str,
    id: int,
    *,
    done: str = "",
    errors: dict[str, str] | None = None,
    values: dict[str, str] | None = None,
    code: int = 200,
) -> Response[str]:
    return site.pages.page(
        "public/moderate.html",
        code,
        comment=await site.db.read(site.moderation.look, id),
        action=f"/comments/moderate/{token}",
        done=done,
        errors=errors or {},
        values=values or {},
        longest=LONGEST,
    )


@post("/comments/moderate/{token:str}", status_code=200)
async def change(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    """Raises Expired, NotFound, BadInput."""
    site = site_of(request)
    id = _id(site, token)
    body = await read_fields(request, {"action": 20, "comment": LONGEST}, multiline=("comment",))
    verb = body.values.get("action", "")
    if verb not in (*ACTS, "reply"):
        raise BadInput(AT_DESK)
    try:
        if body.errors:
            raise BadInput("Please look again.", body.errors)
        done = await _do(site, verb, id, body.values.get("comment", ""))
    except (BadInput, Repeated) as error:
        errors = (isinstance(error, BadInput) and error.fields) or {"comment": error.sentence}
        code = 409 if isinstance(error, Repeated) else 422
        return await _page(site, token, id, errors=errors, values=body.values, code=code)
    try:
        return await _page(site, token, id, done=done)
    except NotFound:
        return site.pages.message("This comment is gone", "It is deleted. Nobody can see it any more.")


async def _do(site: Site, verb: str, id: int, raw: str) -> str:
    """What to tell of it. Raises BadInput, NotFound, Repeated."""
    if verb == "reply":
        await answer(site, id, site.settings.owner_email or site.settings.from_email, raw)
        return "Your answer is published."
    await act(site, verb, id)
    return ACTS[verb]


ROUTES = [show, change]
