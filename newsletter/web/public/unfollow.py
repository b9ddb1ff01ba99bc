"""Following a thread no more: a page with one button for people, one POST for mail programs (RFC 8058)."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from newsletter.errors import NotFound
from newsletter.web.kit.site import site_of

DONE = (
    "No more mails about these comments",
    "You hear no more of what is said there. Your own comments stay.",
)


@get("/f/{token:str}")
async def ask(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    """Changes nothing: scanners open every link."""
    site = site_of(request)
    site.tokens.read("unfollow", token)
    return site.pages.page(
        "public/question.html",
        title="No more mails about these comments?",
        text="One click, and we don’t tell you any more what is said there.",
        action={"url": f"/f/{token}", "label": "Stop these mails"},
        quiet=None,
    )


@post("/f/{token:str}", status_code=200)
async def leave(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    """Acts at once, whatever the body says; an unknown link gets the same 200, so that nothing is told."""
    site = site_of(request)
    try:
        (follow_id,) = site.tokens.read("unfollow", token)
    except NotFound:
        return site.pages.message(*DONE)
    await site.db.write(site.notices.unfollow, follow_id)
    return site.pages.message(*DONE)


ROUTES = [ask, leave]
