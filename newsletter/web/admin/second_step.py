"""One's own second step when signing in: an app set up, ten codes to write down, and switched off again."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Redirect

from newsletter.errors import BadInput
from newsletter.owners import Session, second_step, totp
from newsletter.web.admin.door import STEPLESS, form_key, just_in, own_fields, refresh, session_of
from newsletter.web.kit import qr, traces
from newsletter.web.kit.site import Site, site_of
from newsletter.words import gettext as _

PLACE = "/admin/second-step"
DONE = {"off": "It is off. From now on a link is enough."}
NEEDED = "Everybody at this desk needs a second step. It stays on."


@get(PLACE, opt={STEPLESS: True})
async def show(request: Request[Any, Any, Any]) -> Response[str]:
    """Raises SignedOut."""
    site, session = site_of(request), await session_of(request)
    page = await _page(site, session, done=DONE.get(request.query_params.get("done", ""), ""))
    await refresh(request, session, page)
    return page


async def _page(
    site: Site, session: Session, *, error: str = "", done: str = "", codes: list[str] | None = None
) -> Response[str]:
    now = await site.db.read(second_step.standing, site.tokens, session.owner_id)
    letters = totp.spelled(now.secret)
    link = totp.link(now.secret, site.settings.from_name, session.email) if now.secret else ""
    return site.pages.page(
        "admin/second_step.html",
        422 if error else 200,
        on=now.on,
        needed=site.settings.second_step,
        left=now.codes_left,
        key=" ".join(letters[at : at + 4] for at in range(0, len(letters), 4)),
        link=link,
        picture=_picture(link) if link and not now.on else "",
        codes=codes or [],
        error=error,
        done=done,
        csrf=form_key(site, session),
    )


def _picture(link: str) -> str:
    """For a phone that is not this device; nothing where a very long name leaves no room: the key can be typed."""
    try:
        return qr.svg(link, _("A picture of the key, for the camera of your phone"))
    except qr.TooLong:
        return ""


@post(PLACE, status_code=200, opt={STEPLESS: True})
async def change(request: Request[Any, Any, Any]) -> Response[Any]:
    """By who has just come in, and once it is on with a code too. Raises SignedOut, BadInput, Conflict, TooMany."""
    site = site_of(request)
    sent = await own_fields(request, {"action": 10, "code": second_step.LONGEST})
    verb, code, session = sent.values.get("action", ""), sent.values.get("code", ""), sent.session
    who = session.owner_id
    codes: list[str] = []
    try:
        just_in(session)
        if sent.errors or verb not in ("begin", "confirm", "codes", "off"):
            raise BadInput("Please use one of the buttons. Nothing was changed.", sent.errors)
        if verb == "off" and site.settings.second_step:
            raise BadInput(NEEDED)
        if verb in ("codes", "off"):
            with traces.nothing():  # a try is no deed
                outcome = await site.db.write(second_step.check, site.tokens, who, code)
            second_step.refuse(outcome)
        if verb == "begin":
            await site.db.write(second_step.begin, who)
        elif verb == "confirm":
            codes = await site.db.write(second_step.confirm, site.tokens, who, code)
        elif verb == "codes":
            codes = await site.db.write(second_step.new_codes, site.tokens, who)
        else:
            await site.db.write(second_step.forget, who)
            return Redirect(f"{PLACE}?done=off", status_code=303, headers={"Cache-Control": "no-store"})
    except BadInput as error:
        return await _page(site, session, error=error.sentence)
    return await _page(site, session, codes=codes)


ROUTES = [show, change]
