"""The mail's link for a comment: the comment, and one button that says it is theirs.

GET changes nothing: scanners open links. Who never wrote it sees what was said in their name, and does nothing.
"""

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from newsletter.clock import DAY, now
from newsletter.comments import plain
from newsletter.errors import Expired, NotFound
from newsletter.web.kit import whole
from newsletter.web.kit.site import Site, site_of
from newsletter.web.public.confirm import download

EXCERPT = 1_000
"""Characters of each, as text: perhaps a stranger wrote them, and their links are none to follow from here."""


def _ids(site: Site, token: str) -> tuple[int, ...]:
    """Comment and epoch, and sign-up and its epoch where one came along. Raises Expired, NotFound."""
    days = site.settings.confirmation_days
    try:
        ids = site.tokens.read("comment", token, now(), days * DAY)
    except Expired:
        raise Expired(
            f"Links to confirm a comment live for {days} days, and so does a comment that nobody confirmed. "
            "Please write it once more."
        ) from None
    if len(ids) not in (2, 4):
        raise NotFound("This link is not complete, or not one of ours. Please copy it whole.")
    return ids


@get("/comments/confirm/{token:str}")
async def ask(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    site = site_of(request)
    asked = await site.db.read(whole.waiting, site, _ids(site, token))
    if asked.used:
        return _confirmed(site, whole.Done(asked.comment, asked.thread, None), again=True)
    return site.pages.page(
        "public/comment_confirm.html",
        comment=asked.comment,
        texts=[plain(one.html, EXCERPT) for one in (asked.comment, *asked.others)],
        thread=asked.thread,
        form=asked.form,
        action=f"/comments/confirm/{token}",
    )


@post("/comments/confirm/{token:str}", status_code=200)
async def confirm(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    site = site_of(request)
    done = await site.db.write(whole.confirm, site, _ids(site, token))
    return _confirmed(site, done)


def _confirmed(site: Site, done: whole.Done, *, again: bool = False) -> Response[str]:
    joined = done.joined
    person = joined.person if joined else None
    preferences = site.tokens.make("preferences", person.id, person.epoch, now=now()) if person else ""
    return site.pages.page(
        "public/comment_confirmed.html",
        again=again,
        comment=done.comment,
        thread=done.thread,
        downloads=[download(site, joined.person, magnet) for magnet in joined.form.magnets] if joined else [],
        preferences_url=f"/preferences/{preferences}" if person else None,
    )


ROUTES = [ask, confirm]
