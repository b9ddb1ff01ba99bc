"""Who is at the desk, and as what: a session by an opaque cookie, and forms that only our own pages can send."""

import hmac
import re
from collections.abc import Collection
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.response import Redirect

from newsletter.clock import DAY, MINUTE, SECOND, now
from newsletter.errors import BadInput, NewsletterError, Refused
from newsletter.owners import SESSION_LIVES, Role, Session, audit
from newsletter.web.kit import traces
from newsletter.web.kit.body import read_fields
from newsletter.web.kit.site import Site, desk_cookie, is_head, site_of
from newsletter.web.kit.standing import stands
from newsletter.words import gettext as _
from newsletter.words import marked

ROTATE_AFTER = DAY
JUST_IN = 15 * MINUTE
"""Since signing in: as long as that one changes how one signs in."""

STALE = "This page was open for too long, or came from elsewhere. Please load it again; nothing was changed."


ANEW = (
    "Please sign out, sign in again, and do it then: this changes how you come in, and you have been here for more "
    "than a quarter of an hour. Nothing was changed."
)
LEAST = "least"
"""What a route declares: the least role that it takes, or ANYBODY. Without it, it takes owners alone."""

ANYBODY = "anybody"

STEPLESS = "stepless"
"""What a route declares that somebody gets to before they have the second step that everybody needs."""

HANDS_OUT = re.compile(r"/export$|\.(csv|json|ndjson|pdf|xlsx)$")
"""The addresses of files."""

_SESSION = "desk_session"

_FOR: dict[Role, str] = {
    "moderator": marked("whoever comes to the desk"),
    "editor": marked("editors and owners"),
    "owner": marked("owners"),
}
NOT_FOR = "You are {} here, and this is for {} only. An owner can give you another role."
_ARTICLE: dict[Role, str] = {
    "moderator": marked("a moderator"),
    "editor": marked("an editor"),
    "owner": marked("an owner"),
}


class SignedOut(NewsletterError):
    """Nobody is signed in here; the page to do so comes next."""


class CodeDue(NewsletterError):
    """They came by their link, and have a second step before them."""


class StepDue(NewsletterError):
    """Everybody here needs a second step, and they have none yet: to set it up comes next."""


def cookie(site: Site, secret: str, lives: int = SESSION_LIVES // SECOND) -> Cookie:
    return Cookie(
        key=desk_cookie(site),
        value=secret,
        max_age=lives,
        path="/",
        httponly=True,
        secure=site.settings.secure,
        samesite="lax",
    )


async def admit(request: Any, handler: Any) -> None:
    """Before a request is read: who it is, and whether they may. A guard of all the desk's routes, so that none can
    forget it. Raises SignedOut, StepDue, Refused, BadInput for what a page of elsewhere sends.
    """
    origin = request.headers.get("origin", "null")  # hidden by browsers where a page of ours sends a form
    if origin != "null" and origin.partition("://")[2] != request.headers.get("host"):
        raise BadInput(STALE)
    least = handler.opt.get(LEAST, "owner")
    if least == ANYBODY:
        return
    session = await session_of(request)
    stands(session.role)
    needed = site_of(request).settings.second_step and not handler.opt.get(STEPLESS)
    if needed and not session.second_step:
        raise StepDue("Please set up your second step.")
    if not session.may(least):
        raise Refused(_(NOT_FOR).format(_(_ARTICLE[session.role]), _(_FOR[least])))
    if not is_head(request):
        _begin_trace(request, handler, session)


def _begin_trace(request: Any, handler: Any, session: Session) -> None:
    """Of what changes something, and of what gives out a file."""
    (template,) = handler.paths
    changes = request.method == "POST"
    if not changes and not (request.method == "GET" and HANDS_OUT.search(template)):
        return
    place = template.removeprefix("/admin/").replace(":str", "")
    object = next((str(value) for value in request.path_params.values()), "")
    actor, taken = audit.Actor("desk", session.owner_id), None if changes else site_of(request).db
    traces.begin(traces.Trace(actor, place.partition("/")[0], place, object, takes_out=taken))


async def noted(response: Any) -> Any:
    """Before an answer goes out: that somebody takes a file along is noted, or they don't get it."""
    await traces.taken_out()
    return response


async def session_of(request: Request[Any, Any, Any]) -> Session:
    """Looked up once a request. Raises SignedOut, CodeDue."""
    state = request.scope["state"]
    if isinstance(known := state.get(_SESSION), Session):
        return known
    session = await begun_session(request)
    if session.waits:
        raise CodeDue("Please enter your code.")
    state[_SESSION] = session
    return session


async def begun_session(request: Request[Any, Any, Any]) -> Session:
    """Also one that waits for its second step. Raises SignedOut."""
    site = site_of(request)
    secret = request.cookies.get(desk_cookie(site), "")
    session = await site.db.read(site.owners.session, secret) if secret else None
    if session is None:
        raise SignedOut("Please sign in.")
    return session


async def refresh(request: Request[Any, Any, Any], session: Session, response: Response[Any]) -> None:
    """A new secret once a day, so that an old copy of the cookie dies."""
    if now() - session.seen_at <= ROTATE_AFTER or is_head(request):
        return
    site = site_of(request)
    with traces.nothing():
        secret = await site.db.write(site.owners.rotate, session)
    if secret:
        response.set_cookie(cookie(site, secret))


def form_key(site: Site, session: Session) -> str:
    """What the desk's own forms carry: bound to this session."""
    return site.tokens.fingerprint("desk-form", str(session.id))


def just_in(session: Session) -> None:
    """A desk that was left open shall give nobody a key of their own. Raises BadInput."""
    if now() - session.created_at > JUST_IN:
        raise BadInput(ANEW)


class Sent(msgspec.Struct):
    session: Session
    values: dict[str, str]
    errors: dict[str, str]


async def own_form(request: Request[Any, Any, Any], allowed: dict[str, int] | None = None) -> Sent:
    """As `own_fields`, for forms that can't be filled in wrongly. Raises SignedOut, BadInput."""
    sent = await own_fields(request, allowed or {})
    if sent.errors:
        raise BadInput("Please look again.", sent.errors)
    return sent


async def own_fields(
    request: Request[Any, Any, Any], allowed: dict[str, int], *, multiline: Collection[str] = ()
) -> Sent:
    """A form sent by one of our own pages to a signed-in owner, faults and all. Raises SignedOut, BadInput."""
    return await fields_of(request, await session_of(request), allowed, multiline=multiline)


async def fields_of(
    request: Request[Any, Any, Any],
    session: Session,
    allowed: dict[str, int],
    *,
    multiline: Collection[str] = (),
) -> Sent:
    """As `own_fields`, for a session that was looked up. Raises BadInput."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise BadInput(STALE)
    body = await read_fields(request, {"csrf": 100, **allowed}, multiline=multiline)
    key = body.values.pop("csrf", "")
    if not hmac.compare_digest(key.encode(), form_key(site_of(request), session).encode()):
        raise BadInput(STALE)
    traces.detail(body.values.get("action", ""))
    return Sent(session, body.values, body.errors)


def to_sign_in(request: Request[Any, Any, Any], error: SignedOut) -> Response[Any]:  # noqa: ARG001  Litestar's shape
    return Redirect("/admin/sign-in", status_code=303, headers={"Cache-Control": "no-store"})


def to_code(request: Request[Any, Any, Any], error: CodeDue) -> Response[Any]:  # noqa: ARG001  the same
    return Redirect("/admin/code", status_code=303, headers={"Cache-Control": "no-store"})


def to_step(request: Request[Any, Any, Any], error: StepDue) -> Response[Any]:  # noqa: ARG001  the same
    return Redirect("/admin/second-step", status_code=303, headers={"Cache-Control": "no-store"})
