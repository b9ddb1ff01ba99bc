"""What pages of other origins may do with ours: post to a form, read its answer, hold it in a frame."""

import re
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec
from litestar import Request

from newsletter.comments import canonical_url
from newsletter.errors import SettingsError
from newsletter.settings import Settings, web_address
from newsletter.signups import Form

_ORIGIN = re.compile(r"https?://[\w.:\[\]-]{1,200}", re.ASCII)
_FRAMED = re.compile(r"/forms/[^/]+/embed(/sent)?|/threads/embed")
_CROSSED = re.compile(r"/forms/.+|/comments(/preview|/edit/.+)?|/threads(/.+)?|/isso(/.*)?")
"""What scripts of other pages may read; never what a mailed link opens."""
NO_SITES = "Please give addresses like https://example.org, with commas between them."


class Sites(Protocol):
    """Whose pages are allowed. The settings are that for all that has no list of its own."""

    @property
    def allowed_origins(self) -> tuple[str, ...]: ...

    @property
    def public_origin(self) -> str: ...


class OwnSites(msgspec.Struct, frozen=True):
    allowed_origins: tuple[str, ...]
    public_origin: str


def sites_of(form: Form, settings: Settings) -> Sites:
    """A form's own list takes the place of the settings', and is not added to it."""
    return OwnSites(form.allowed_origins, settings.public_origin) if form.allowed_origins else settings


def heed(scope: Any, sites: Sites) -> None:
    """Whatever answers this request from here on, trouble included, does so to pages of `sites`."""
    scope["state"]["sites"] = sites


def heeded(scope: Any, settings: Settings) -> Sites:
    sites: Sites = scope.get("state", {}).get("sites", settings)
    return sites


def read_sites(text: str) -> tuple[str, ...]:
    """The origins in a list as its owner types it. They stand in headers as they are. Raises SettingsError."""
    try:
        found = dict.fromkeys(web_address("ALLOWED_ORIGINS", one) for one in text.replace(",", " ").split())
    except SettingsError:
        raise SettingsError(NO_SITES) from None
    if not all(map(_ORIGIN.fullmatch, found)):
        raise SettingsError(NO_SITES)
    return tuple(found)


def content_policy(forms: str = "'self'", frames: str = "'none'", style: str = "") -> str:
    """Our pages load from here alone; where their forms may lead, and who may hold them in a frame.

    `style` names the one style that stands in the page itself, by its hash.
    """
    own = f"'self' {style}" if style else "'self'"
    return (
        f"default-src 'none'; style-src {own}; img-src 'self' data:; script-src 'self'; base-uri 'none'; "
        f"form-action {forms}; frame-ancestors {frames}"
    )


ASKS_AGAIN = {"Content-Security-Policy": f"{content_policy()}; connect-src 'self'"}
"""The policy of a page of the desk whose script asks for it anew."""


def page_origin(request: Request[Any, Any, Any]) -> str:
    """The origin that the browser names, '' when it names none, hides it, or it is no browser that speaks."""
    origin = request.headers.get("origin", "")
    return origin if _ORIGIN.fullmatch(origin) else ""


def foreign_page(request: Request[Any, Any, Any], sites: Sites) -> bool:
    """Whether a page sent this that the owner did not allow. Without an allow-list every page may."""
    origin = request.headers.get("origin", "null")
    allowed = sites.allowed_origins
    return bool(allowed) and origin not in ("null", sites.public_origin, *allowed)


def framed(path: str) -> bool:
    """Whether this address is shown in other people's frames; then so is what goes wrong there."""
    return bool(_FRAMED.fullmatch(path))


def crossing(path: str, origin: str, sites: Sites) -> dict[str, str]:
    """What an answer to other pages' scripts carries, trouble included, so that the page which asked sees it."""
    if not _CROSSED.fullmatch(path):
        return {}
    if path.startswith("/isso"):
        return isso_cors(origin, sites)
    return cors(origin, sites) | (embeddable(sites) if framed(path) else {})


def cors(origin: str, sites: Sites) -> dict[str, str]:
    """Lets the pages of allowed origins read the answer; never with cookies."""
    headers = {"Vary": "Origin"}
    if origin in sites.allowed_origins or origin == sites.public_origin:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        headers["Access-Control-Expose-Headers"] = "Retry-After"
    return headers


def isso_cors(origin: str, sites: Sites) -> dict[str, str]:
    """As `cors`, for Isso's script: it asks for leave to send cookies, though we neither set nor read any there."""
    headers = cors(origin, sites)
    if "Access-Control-Allow-Origin" in headers:
        headers["Access-Control-Allow-Credentials"] = "true"
        headers["Access-Control-Expose-Headers"] = "Date, Retry-After, X-Set-Cookie"
    return headers


def isso_preflight(request: Request[Any, Any, Any], sites: Sites) -> dict[str, str]:
    """What a browser asks before anything that Isso's script sends: it calls all of it JSON."""
    return isso_cors(request.headers.get("origin", ""), sites) | {
        "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
        "Access-Control-Allow-Headers": "Content-Type",
        "Access-Control-Max-Age": "3600",
    }


def preflight(request: Request[Any, Any, Any], sites: Sites) -> dict[str, str]:
    """What a browser asks before it sends JSON from another origin."""
    return cors(request.headers.get("origin", ""), sites) | {
        "Access-Control-Allow-Methods": "GET, POST",
        "Access-Control-Allow-Headers": "Content-Type, Accept",
        "Access-Control-Max-Age": "3600",
    }


def embeddable(sites: Sites, target: str = "", style: str = "") -> dict[str, str]:
    """Headers of the iframe's pages: only allowed origins may hold them (any, where the owner named none).

    `target` is where their form may end beside our own pages: browsers check where a post leads.
    """
    ancestors = " ".join(("'self'", *sites.allowed_origins)) if sites.allowed_origins else "*"
    return {
        "Content-Security-Policy": content_policy(_forms(target), ancestors, style),
        "Cross-Origin-Resource-Policy": "cross-origin",
    }


def known_target(url: str, sites: Sites) -> str:
    """`url` where it leads to our own origin or one that the owner allowed, else '': we redirect nowhere else."""
    try:
        target = urlsplit(url)
    except ValueError:
        return ""
    known = (sites.public_origin, *sites.allowed_origins)
    if not url.isprintable() or " " in url:
        return ""
    return url if f"{target.scheme}://{target.netloc.lower()}" in known else ""


def hosted(target: str, style: str = "") -> dict[str, str]:
    """Headers of a form that ends on the author's own page: browsers check where a post leads."""
    return {"Content-Security-Policy": content_policy(_forms(target), style=style)}


def _forms(target: str) -> str:
    leads_to = urlsplit(target)
    return f"'self' {leads_to.scheme}://{leads_to.netloc}" if target else "'self'"


def page_url(text: str, settings: Settings) -> str:
    """The canonical URL of a page that comments are open for: of an allowed origin, or of our own.

    Raises BadInput.
    """
    return canonical_url(text, settings.page_origins)
