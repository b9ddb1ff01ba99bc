"""What went wrong, answered once for all doors: a page for people, problem+json (RFC 9457) for programs."""

from collections.abc import Mapping
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException

from newsletter.errors import (
    BadInput,
    Conflict,
    Expired,
    NewsletterError,
    NotFound,
    Refused,
    Repeated,
    TooMany,
    Unavailable,
)
from newsletter.web.kit.body import WrongType
from newsletter.web.kit.failures import wants_json
from newsletter.web.kit.gate import ProofNeeded
from newsletter.web.kit.policy import crossing, framed, heeded
from newsletter.web.kit.site import desk_cookie, site_of
from newsletter.words import gettext as _

STATUS: Mapping[type[NewsletterError], tuple[int, str]] = {
    WrongType: (415, "This can’t be read"),
    BadInput: (422, "Please look again"),
    Refused: (403, "Not allowed"),
    NotFound: (404, "Not found"),
    Repeated: (409, "This is here already"),
    Conflict: (409, "Not possible any more"),
    Expired: (410, "This link has expired"),
    TooMany: (429, "Too many requests"),
    Unavailable: (503, "Not possible right now"),
    ProofNeeded: (428, "One moment"),
}
_LITESTAR = {
    404: "There is nothing at this address. Please check it.",
    405: "This address can’t be used that way.",
}


def outcome(error: NewsletterError) -> tuple[int, str, dict[str, str]]:
    """Status, title and headers for one of our errors."""
    status, title = next(
        (STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), (400, "Not possible")
    )
    later = {"Retry-After": str(error.retry_after)} if isinstance(error, TooMany | Unavailable) else {}
    return status, title, later


def answer(request: Request[Any, Any, Any], error: NewsletterError) -> Response[Any]:
    """The response for one of our errors."""
    status, title, headers = outcome(error)
    if wants_json(request.scope):
        extra: dict[str, Any] = {}
        if isinstance(error, BadInput):
            extra["errors"] = {name: _(text) for name, text in error.fields.items()}
        if isinstance(error, ProofNeeded):
            extra["challenge"] = error.challenge
        return problem(request, status, title, error.sentence, headers, **extra)
    return _page(request, status, title, _with_fields(error), headers)


def _with_fields(error: NewsletterError) -> str:
    if isinstance(error, BadInput) and error.fields:
        return " ".join([_(error.sentence), *(f"{name}: {_(text)}" for name, text in error.fields.items())])
    return error.sentence


def problem(
    request: Request[Any, Any, Any],
    status: int,
    title: str,
    detail: str,
    headers: Mapping[str, str],
    **extra: Any,
) -> Response[Any]:
    return Response(
        {"type": "about:blank", "title": _(title), "status": status, "detail": _(detail), **extra},
        status_code=status,
        media_type="application/problem+json",
        headers={"Cache-Control": "no-store", **_crossing(request), **headers},
    )


def _page(
    request: Request[Any, Any, Any], status: int, title: str, text: str, headers: Mapping[str, str]
) -> Response[Any]:
    headers = {**_crossing(request), **headers}
    if at_desk(request):
        desk: Response[Any] = site_of(request).pages.page(
            "admin/message.html", status, headers, title=title, text=text, path=request.scope["path"]
        )
        return desk
    embedded = framed(request.scope["path"])
    page: Response[Any] = site_of(request).pages.message(
        title, text, status, headers=headers, embedded=embedded
    )
    return page


def at_desk(request: Request[Any, Any, Any]) -> bool:
    """Whether a browser that has been at the desk asks for something there; whose it is need not be looked up."""
    return request.scope["path"].startswith("/admin/") and desk_cookie(site_of(request)) in request.cookies


def _crossing(request: Request[Any, Any, Any]) -> dict[str, str]:
    sites = heeded(request.scope, site_of(request).settings)
    return crossing(request.scope["path"], request.headers.get("origin", ""), sites)


def refuse(request: Request[Any, Any, Any], status: int, title: str, text: str) -> Response[Any]:
    """A refusal that is none of our errors."""
    return (problem if wants_json(request.scope) else _page)(request, status, title, text, {})


def on_newsletter_error(request: Request[Any, Any, Any], error: NewsletterError) -> Response[Any]:
    return answer(request, error)


def on_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """No such route, wrong method, a body that can't be read: Litestar's refusals, and the edge's, with a sentence."""
    if error.status_code >= 500:
        raise error
    text = _LITESTAR.get(error.status_code, "This request can’t be understood.")
    if type(error) is HTTPException:
        text = error.detail
    headers = {"Allow": error.headers["allow"]} if error.headers and "allow" in error.headers else {}
    title = "Not found" if error.status_code == 404 else "Not possible"
    return (problem if wants_json(request.scope) else _page)(request, error.status_code, title, text, headers)
