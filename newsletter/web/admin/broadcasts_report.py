"""A broadcast's own page: being written, or how far it has come and what can be done about it."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from newsletter.broadcasts import Broadcast, numbers
from newsletter.errors import BadInput, Conflict
from newsletter.mail import workers
from newsletter.web.admin import broadcasts_writing as writing
from newsletter.web.admin.broadcasts import STATES, moment_of, notice, read_number, to, to_list
from newsletter.web.admin.broadcasts_preview import HOLDER
from newsletter.web.admin.door import Sent, form_key, own_form, refresh, session_of
from newsletter.web.kit import broadcasting
from newsletter.web.kit.broadcasting import title_of
from newsletter.web.kit.site import Site, site_of
from newsletter.words import marked

KINDS = {
    "sent": marked("sent"),
    "queued": marked("still to go"),
    "sending": marked("on the wire"),
    "deferred": marked("to be tried again"),
    "in_doubt": marked("in doubt"),
    "failed": marked("failed"),
    "skipped": marked("skipped"),
}
"""Each state of one person's message, as its owner reads it; of a sequence's step too."""

LATER = {
    "unsubscribed": marked("left after it"),
    "bounced": marked("came back"),
    "complained": marked("called it spam"),
}
"""What became of those whose server had taken it."""

ASKED = {
    "cancel": (
        "Cancel it for good?",
        "Who has not got it never does. Who has got it keeps it.",
        "Cancel it",
        "Leave it as it is",
    ),
    "delete": ("Delete this draft?", "Nothing of it is kept.", "Delete it", "Keep it"),
}
"""What is asked first: the question, what follows, and the words of both answers."""

VERBS = ("pause", "resume", "cancel", "retry", "doubt", "copy", "unschedule", "delete")


@get("/admin/broadcasts/{id:str}")
async def show(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[str]:
    """Raises SignedOut, NotFound."""
    site = site_of(request)
    session = await session_of(request)
    one = await site.db.read(site.broadcasts.find, read_number(id))
    if one.editable:
        page = await writing.show(site, session, one, notice(request))
    else:
        seen = await site.db.read(numbers, site.mailings, one.id)
        page = site.pages.page(
            "admin/broadcast.html",
            headers=HOLDER,
            one=one,
            title=title_of(one),
            moment=moment_of(site, one),
            state=STATES[one.state],
            why=seen.why,
            tally=seen.tally,
            kinds=KINDS,
            skips=seen.skips,
            waits=seen.waits,
            clicks=seen.clicks,
            clicks_on=site.settings.clicks,
            later={words: getattr(seen, name) for name, words in LATER.items()},
            idle=one.state == "sending" and not await site.db.read(workers),
            done=notice(request),
            csrf=form_key(site, session),
        )
    await refresh(request, session, page)
    return page


@post("/admin/broadcasts/{id:str}/do")
async def act(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[Any]:
    """Raises SignedOut, BadInput, NotFound."""
    site = site_of(request)
    sent = await own_form(request, {"action": 10, "sure": 1})
    verb = sent.values.get("action", "")
    if verb not in VERBS:
        raise BadInput("Please use one of the buttons. Nothing was changed.")
    one = await site.db.read(site.broadcasts.find, read_number(id))
    if verb in ASKED and sent.values.get("sure") != "1":
        return _sure(site, sent, one, verb)
    try:
        return await _do(site, one, verb)
    except Conflict as error:
        return site.pages.page(
            "admin/broadcast_conflict.html",
            409,
            one=one,
            sentence=error.sentence,
            csrf=form_key(site, sent.session),
        )


async def _do(site: Site, one: Broadcast, verb: str) -> Response[Any]:
    """Raises Conflict, NotFound."""
    db, does = site.db, site.broadcasts
    if verb == "copy":
        return to((await db.write(does.copy, one.id)).id, "copied")
    if verb == "delete":
        await db.write(does.forget, one.id)
        return to_list("deleted")
    if verb in ("retry", "doubt"):
        if not await broadcasting.send_again(site, one.id, "failed" if verb == "retry" else "in_doubt"):
            return to(one.id, "nothing")
    else:
        turns = {
            "pause": does.pause,
            "resume": does.resume,
            "cancel": does.cancel,
            "unschedule": does.unschedule,
        }
        await db.write(turns[verb], one.id)
    return to(one.id, "unscheduled" if verb == "unschedule" else verb)


def _sure(site: Site, sent: Sent, one: Broadcast, verb: str) -> Response[str]:
    """The one question before something is gone for good."""
    csrf = form_key(site, sent.session)
    return site.pages.page(
        "admin/broadcast_ask.html", one=one, title=title_of(one), verb=verb, words=ASKED[verb], csrf=csrf
    )


ROUTES = [show, act]
