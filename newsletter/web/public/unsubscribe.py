"""Leaving: a page with one button for people, one POST without any page for mail programs (RFC 8058)."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from newsletter.errors import NotFound
from newsletter.web.kit.site import site_of

LEFT = (
    "You will get no more letters from us. The links in the ones you have still show your data and erase it. "
    "Changed your mind? Just sign up again."
)


@get("/u/{token:str}")
async def ask(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    """Changes nothing: scanners open every link."""
    site = site_of(request)
    site.tokens.read("unsubscribe", token)
    return site.pages.page(
        "public/question.html",
        title="Leave the newsletter?",
        text="One click, and you get no more letters from us.",
        action={"url": f"/u/{token}", "label": "Unsubscribe"},
        quiet=None,
    )


@post("/u/{token:str}", status_code=200)
async def leave(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    """Acts at once, whatever the body says; an unknown link gets the same 200, so that nothing is told."""
    site = site_of(request)
    try:
        (subscriber_id,) = site.tokens.read("unsubscribe", token)
    except NotFound:
        return site.pages.message("You have unsubscribed", LEFT)
    await site.db.write(site.subscribers.unsubscribe, subscriber_id, "one-click")
    return site.pages.message("You have unsubscribed", LEFT)


ROUTES = [ask, leave]
