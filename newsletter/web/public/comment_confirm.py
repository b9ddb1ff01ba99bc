"""The mail's link for a comment: the comment, and one button that says it is theirs.

GET changes nothing: scanners open links. Who never wrote it sees what was said in their name, and does nothing.
"""

from functools import partial
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from newsletter.clock import DAY, now
from newsletter.comments import excerpt, unlinked
from newsletter.errors import Conflict, Expired, NotFound
from newsletter.storage import Tx
from newsletter.web.kit import commenting, expired, problems
from newsletter.web.kit.body import read_fields
from newsletter.web.kit.site import Site, site_of
from newsletter.web.public.confirm import download
from newsletter.words import gettext as _

EXCERPT = 1_000
"""Characters of each that is too long to be shown whole."""


def _ids(site: Site, token: str) -> tuple[int, ...]:
    """Comment and epoch, and sign-up and its epoch where one came along. Raises Expired, NotFound."""
    ids = site.tokens.read("comment", token, now(), site.settings.confirmation_days * DAY)
    if len(ids) not in (2, 4):
        raise NotFound("This link is not complete, or not one of ours. Please copy it whole.")
    return ids


@get("/comments/confirm/{token:str}")
async def ask(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    site = site_of(request)
    try:
        ids = _ids(site, token)
    except Expired:
        return _expired(site, token)
    return await _question(site, token, ids)


async def _question(
    site: Site, token: str, ids: tuple[int, ...], error: Conflict | None = None
) -> Response[str]:
    asked = await site.db.read(commenting.waiting, site, ids)
    if asked.used:
        return _confirmed(site, commenting.Done(asked.comment, asked.thread, None), again=True)
    return site.pages.page(
        "public/comment_confirm.html",
        problems.outcome(error)[0] if error else 200,
        error=error.sentence if error else "",
        seen=asked.seen,
        comment=asked.comment,
        # Perhaps a stranger wrote them: their links are none to follow from here.
        texts=[unlinked(excerpt(one.html, EXCERPT)) for one in (asked.comment, *asked.others)],
        thread=asked.thread,
        form=asked.form,
        action=f"/comments/confirm/{token}",
        days=site.settings.pending_days,
    )


@post("/comments/confirm/{token:str}", status_code=200)
async def confirm(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    site = site_of(request)
    try:
        ids = _ids(site, token)
    except Expired:
        return _expired(site, token)
    body = await read_fields(request, {"seen": 64})
    try:
        done = await site.db.write(commenting.confirm, site, ids, body.values.get("seen", ""))
    except Conflict as error:
        return await _question(site, token, ids, error)
    return _confirmed(site, done)


def _confirmed(site: Site, done: commenting.Done, *, again: bool = False) -> Response[str]:
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


def _expired(site: Site, token: str) -> Response[str]:
    days, kept = site.settings.confirmation_days, site.settings.pending_days
    why = _(
        "Links to confirm a comment live for %(days)d days; the comment waits for %(kept)d. "
        "We can send a fresh one to the address that it was written with."
    ) % {"days": days, "kept": kept}
    return expired.offer(site, why, f"/comments/confirm/{token}/again")


@post("/comments/confirm/{token:str}/again", status_code=200)
async def again(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    """A fresh link to the stored address; what the answer says does not depend on whether one is sent."""
    site = site_of(request)

    async def mail(tx: Tx, *ids: int) -> None:
        await commenting.ask_again(tx, site, ids)

    answer = "If this comment is still waiting, a fresh link is on its way. We send at most one a day."
    return await expired.renew(site, partial(_ids, site, token), mail, answer)


ROUTES = [ask, confirm, again]
