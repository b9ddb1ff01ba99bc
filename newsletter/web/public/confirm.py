"""The mail's link: a page with one button, whose press confirms and hands over the guide.

Scanners open links, run scripts and follow what they find: GET changes nothing. The button is the reward
itself, so nobody stops before it.
"""

from functools import partial
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from newsletter.clock import DAY, now
from newsletter.errors import Expired
from newsletter.magnets import Magnet
from newsletter.signups import Confirmed
from newsletter.subscribers import Subscriber
from newsletter.web.kit import expired
from newsletter.web.kit.counting import count
from newsletter.web.kit.site import Site, site_of
from newsletter.words import gettext as _

SUBSCRIBED = (
    "It was confirmed from this mailbox, so it gets our letters. If you don’t want them, press the button: "
    "it takes effect at once."
)
OUTCOMES = {
    "blocked": (
        "Done, and sorry for the trouble",
        "This address gets no more mail from us, whoever types it into the form.",
    ),
    "left": ("This address is not subscribed", "It gets no letters from us. There is nothing left to stop."),
    "gone": (
        "We no longer have your address",
        "It gets no letters from us. There is nothing left to forget.",
    ),
}


def _ids(site: Site, token: str) -> tuple[int, int]:
    """Sign-up and epoch of a link that is still good. Raises Expired, NotFound."""
    signup_id, epoch = site.tokens.read("confirm", token, now(), site.settings.confirmation_days * DAY)
    return signup_id, epoch


@get("/confirm/{token:str}")
async def ask(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    site = site_of(request)
    try:
        signup_id, epoch = _ids(site, token)
    except Expired:
        return _expired(site, token)
    form = await site.db.read(site.signups.invited, signup_id, epoch)
    count(request, site, form.id, "opened")
    return site.pages.page(
        "public/confirm.html",
        form=form,
        magnets=form.magnets,
        action=f"/confirm/{token}",
        block_action=f"/block/{site.tokens.make('block', signup_id, epoch, now=now())}",
    )


@post("/confirm/{token:str}", status_code=200)
async def confirm(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    site = site_of(request)
    try:
        signup_id, epoch = _ids(site, token)
    except Expired:
        return _expired(site, token)
    done = await site.db.write_in_crowd(str(signup_id), site.signups.confirm, signup_id, epoch)
    site.forms.keep(done.form)
    return _confirmed(site, done)


def _confirmed(site: Site, done: Confirmed) -> Response[str]:
    person = done.person
    return site.pages.page(
        "public/confirmed.html",
        fresh=done.fresh,
        downloads=[download(site, person, magnet) for magnet in done.form.magnets],
        preferences_url=f"/preferences/{site.tokens.make('preferences', person.id, person.epoch, now=now())}",
    )


def download(site: Site, person: Subscriber, magnet: Magnet) -> dict[str, Any]:
    """The link on the page after the button: whoever follows it has shown to be a person."""
    token = site.tokens.make("page-download", person.id, magnet.id, now=now())
    return {"title": magnet.title, "size": magnet.size, "url": f"/downloads/{token}"}


def _expired(site: Site, token: str) -> Response[str]:
    why = _(
        "Links to confirm live for %(days)d days. We can send a fresh one to the address that signed up."
    ) % {"days": site.settings.confirmation_days}
    return expired.offer(site, why, f"/confirm/{token}/again")


@post("/confirm/{token:str}/again", status_code=200)
async def again(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    """A fresh link to the stored address; what the answer says does not depend on who that is."""
    site = site_of(request)
    answer = "If this sign-up is still waiting, a fresh link is on its way. We send at most one a day."
    return await expired.renew(site, partial(_ids, site, token), site.signups.invite_again, answer)


def _blockable(site: Site, token: str) -> tuple[int, int]:
    """Sign-up and epoch; such a link lives as long as an address that never confirms. Raises Expired, NotFound."""
    signup_id, epoch = site.tokens.read("block", token, now(), site.settings.pending_days * DAY)
    return signup_id, epoch


@get("/block/{token:str}")
async def ask_block(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    site = site_of(request)
    _blockable(site, token)
    return site.pages.page(
        "public/question.html",
        title="This wasn’t you?",
        text="Somebody typed your address into our form. Press the button, and we forget it and never write to it "
        "again. If you do nothing, nothing happens either.",
        action={"url": f"/block/{token}", "label": "Never write to me"},
        quiet=None,
    )


@post("/block/{token:str}", status_code=200)
async def block(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    site = site_of(request)
    done = await site.db.write(site.signups.block, *_blockable(site, token))
    if done.traces:
        await site.scrub(done.traces)
    if done.standing == "active":
        leave = {"url": f"/u/{site.tokens.make('unsubscribe', done.subscriber_id)}", "label": "Unsubscribe"}
        return site.pages.message("This address is subscribed", SUBSCRIBED, action=leave)
    return site.pages.message(*OUTCOMES[done.standing])


ROUTES = [ask, confirm, again, ask_block, block]
