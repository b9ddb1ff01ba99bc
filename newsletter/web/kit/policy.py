"""What pages of other origins may do with ours: post to a form, read its answer, hold it in a frame."""

import re
from typing import Any
from urllib.parse import urlsplit

from litestar import Request

from newsletter.settings import Settings

_ORIGIN = re.compile(r"https?://[\w.:\[\]-]{1,200}", re.ASCII)
_FRAMED = re.compile(r"/forms/[^/]+/embed(/sent)?")


def content_policy(forms: str = "'self'", frames: str = "'none'") -> str:
    """Our pages load from here alone; where their forms may lead, and who may hold them in a frame."""
    return (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; base-uri 'none'; "
        f"form-action {forms}; frame-ancestors {frames}"
    )


def page_origin(request: Request[Any, Any, Any]) -> str:
    """The origin that the browser names, '' when it names none, hides it, or it is no browser that speaks."""
    origin = request.headers.get("origin", "")
    return origin if _ORIGIN.fullmatch(origin) else ""


def foreign_page(request: Request[Any, Any, Any], settings: Settings) -> bool:
    """Whether a page sent this that the owner did not allow. Without an allow-list every page may."""
    origin = request.headers.get("origin", "null")
    allowed = settings.allowed_origins
    return bool(allowed) and origin not in ("null", settings.public_origin, *allowed)


def framed(path: str) -> bool:
    """Whether this address is shown in other people's frames; then so is what goes wrong there."""
    return bool(_FRAMED.fullmatch(path))


def crossing(path: str, origin: str, settings: Settings) -> dict[str, str]:
    """What an answer of the forms carries, trouble included, so that the page which asked gets to see it."""
    if not path.startswith("/forms/"):
        return {}
    return cors(origin, settings) | (embeddable(settings) if framed(path) else {})


def cors(origin: str, settings: Settings) -> dict[str, str]:
    """Lets the pages of allowed origins read the answer; never with cookies."""
    headers = {"Vary": "Origin"}
    if origin in settings.allowed_origins or origin == settings.public_origin:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        headers["Access-Control-Expose-Headers"] = "Retry-After"
    return headers


def preflight(request: Request[Any, Any, Any], settings: Settings) -> dict[str, str]:
    """What a browser asks before it sends JSON from another origin."""
    return cors(request.headers.get("origin", ""), settings) | {
        "Access-Control-Allow-Methods": "GET, POST",
        "Access-Control-Allow-Headers": "Content-Type, Accept",
        "Access-Control-Max-Age": "3600",
    }


def embeddable(settings: Settings) -> dict[str, str]:
    """Headers of the iframe's pages: only allowed origins may hold them (any, where the owner named none)."""
    ancestors = " ".join(("'self'", *settings.allowed_origins)) if settings.allowed_origins else "*"
    return {
        "Content-Security-Policy": content_policy(frames=ancestors),
        "Cross-Origin-Resource-Policy": "cross-origin",
    }


def known_target(url: str, settings: Settings) -> str:
    """`url` where it leads to our own origin or one that the owner allowed, else '': we redirect nowhere else."""
    try:
        target = urlsplit(url)
    except ValueError:
        return ""
    known = (settings.public_origin, *settings.allowed_origins)
    return url if f"{target.scheme}://{target.netloc.lower()}" in known else ""


def hosted(thanks_url: str) -> dict[str, str]:
    """Headers of a form that ends on the author's own thank-you page: browsers check where a post leads."""
    target = urlsplit(thanks_url)
    leads_to = f"'self' {target.scheme}://{target.netloc}" if thanks_url else "'self'"
    return {"Content-Security-Policy": content_policy(forms=leads_to)}
