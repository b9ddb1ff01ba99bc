"""Leaving: a page with one button for people, one POST without any page for mail programs (RFC 8058)."""

from contextlib import suppress
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from newsletter.errors import NotFound, Unavailable
from newsletter.web.kit.site import Site, site_of
from newsletter.web.public.comment_form import NEWSLETTER


@get("/u/{token:str}")
async def ask(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    """Changes nothing: scanners open every link. Who has left is told so, and not asked again."""
    site = site_of(request)
    (subscriber_id,) = site.tokens.read("unsubscribe", token)
    with suppress(NotFound, Unavailable):  # the button works for whoever can't be looked up, too
        person = await site.db.read(site.subscribers.find, subscriber_id)
        if person.status == "unsubscribed":
            return await _left(site, "You have left already")
    return site.pages.page(
        "public/question.html",
        title="Leave the newsletter?",
        text="One click, and you get no more letters from us.",
        action={"url": f"/u/{token}", "label": "Unsubscribe"},
        quiet=None,
    )


async def _left(site: Site, title: str = "You have unsubscribed") -> Response[str]:
    """With the way back, where there is a form."""
    form = None
    with suppress(NotFound, Unavailable):
        form = await site.forms.find(NEWSLETTER)
    return site.pages.page(
        "public/left.html", title=title, form_url=form and not form.closed and f"/forms/{form.slug}"
    )


@post("/u/{token:str}", status_code=200)
async def leave(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    """Acts at once, whatever the body says; an unknown link gets the same 200, so that nothing is told."""
    site = site_of(request)
    with suppress(NotFound):
        (subscriber_id,) = site.tokens.read("unsubscribe", token)
        await site.db.write(site.subscribers.unsubscribe, subscriber_id, "one-click")
    return await _left(site)


ROUTES = [ask, leave]
