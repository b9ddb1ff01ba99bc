"""What a subscriber decides: name, topics, a pause, their data, to be forgotten. The link is the key."""

from functools import partial
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from newsletter.clock import DAY, now
from newsletter.errors import Expired
from newsletter.storage import Tx
from newsletter.subscribers import Subscriber, Topic
from newsletter.web.kit import expired, people
from newsletter.web.kit.body import read_fields
from newsletter.web.kit.site import Site, site_of
from newsletter.words import gettext as _

PAUSES = {"keep": None, "none": 0, "1": 30, "3": 90}
"""What the form offers (months), in days; `keep` leaves a running pause as it is."""


async def _all(tx: Tx, site: Site, subscriber_id: int, epoch: int) -> tuple[Subscriber, list[Topic]]:
    person = await site.subscribers.find(tx, subscriber_id, epoch)
    return person, await site.subscribers.topics(tx, subscriber_id)


def _ids(site: Site, token: str) -> tuple[int, int]:
    """Raises Expired, NotFound."""
    subscriber_id, epoch = site.tokens.read("preferences", token, now(), site.settings.download_days * DAY)
    return subscriber_id, epoch


@get("/preferences/{token:str}")
async def show(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    site = site_of(request)
    try:
        subscriber_id, epoch = _ids(site, token)
    except Expired:
        return _expired(site, token)
    saved = "saved" in request.query_params
    return await _page(site, token, subscriber_id, epoch, saved=saved)


async def _page(
    site: Site,
    token: str,
    subscriber_id: int,
    epoch: int,
    *,
    saved: bool = False,
    errors: dict[str, str] | None = None,
    values: dict[str, str] | None = None,
) -> Response[str]:
    person, topics = await site.db.read(_all, site, subscriber_id, epoch)
    return site.pages.page(
        "public/preferences.html",
        422 if errors else 200,
        subscriber=person,
        topics=topics,
        action=f"/preferences/{token}",
        data_url=f"/preferences/{token}/data",
        unsubscribe_url=f"/u/{site.tokens.make('unsubscribe', person.id)}",
        erase_url=f"/preferences/{token}/erase",
        saved=saved,
        errors=errors or {},
        values=values or {},
    )


@post("/preferences/{token:str}", status_code=200)
async def save(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[Any]:
    site = site_of(request)
    try:
        subscriber_id, epoch = _ids(site, token)
    except Expired:
        return _expired(site, token)
    _, topics = await site.db.read(_all, site, subscriber_id, epoch)
    allowed = {"name": 100, "pause": 8, **{f"topic-{topic.name}": 8 for topic in topics}}
    body = await read_fields(request, allowed)
    errors = dict(body.errors)
    pause = body.values.get("pause", "keep")
    if pause not in PAUSES:
        errors["pause"] = "Please choose one of the pauses."
    if errors:
        return await _page(site, token, subscriber_id, epoch, errors=errors, values=body.values)
    chosen = [topic.name for topic in topics if body.values.get(f"topic-{topic.name}")]
    name = body.values.get("name")
    await site.db.write(site.subscribers.prefer, subscriber_id, epoch, name, chosen, PAUSES[pause])
    return Redirect(f"/preferences/{token}?saved=1", status_code=303, headers={"Cache-Control": "no-store"})


@get("/preferences/{token:str}/data")
async def data(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[Any]:
    """Everything we hold about one person, as a file."""
    site = site_of(request)
    everything = await site.db.read(people.own_data, site, *_ids(site, token))
    headers = {"Content-Disposition": 'attachment; filename="my-data.json"', "Cache-Control": "no-store"}
    return Response(everything, headers=headers)


@get("/preferences/{token:str}/erase")
async def ask_erase(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    site = site_of(request)
    await site.db.read(site.subscribers.find, *_ids(site, token))
    return site.pages.page(
        "public/question.html",
        title="Erase everything about you?",
        text="We delete your address, your name, your comments and all we know about you, at once and for good. "
        "What stays is a keyed fingerprint that nobody can turn back into your address; it keeps us from writing "
        "to it again.",
        action={"url": f"/preferences/{token}/erase", "label": "Erase me"},
        quiet={"url": f"/preferences/{token}", "label": "Keep my preferences"},
    )


@post("/preferences/{token:str}/erase", status_code=200)
async def erase(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    site = site_of(request)
    if traces := await site.db.write(people.erase, site, *_ids(site, token)):
        await site.scrub(traces)
    return site.pages.message(
        "You are erased",
        "We know nothing about you any more, and will not write again. What may be left between the rows of our "
        "files is written over within a day.",
    )


def _expired(site: Site, token: str) -> Response[str]:
    why = _(
        "For your safety, links to your preferences live for %(days)d days. "
        "We can mail a fresh one to your address."
    ) % {"days": site.settings.download_days}
    return expired.offer(site, why, f"/preferences/{token}/fresh")


@post("/preferences/{token:str}/fresh", status_code=200)
async def fresh(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    """A fresh link to the stored address only; the answer is the same whoever that is."""
    site = site_of(request)
    answer = "A fresh link is on its way, if you are still subscribed. We send at most one a day."
    return await expired.renew(site, partial(_ids, site, token), site.signups.fresh_preferences, answer)


ROUTES = [show, save, data, ask_erase, erase, fresh]
