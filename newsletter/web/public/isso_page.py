"""Isso's way to ask: which page is meant, which comment, which part of a thread; read from requests of its script."""

import re
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from litestar import Request

from newsletter.clock import now
from newsletter.comments import EDITABLE
from newsletter.errors import BadInput, Expired, NotFound, Refused
from newsletter.ids import read_id
from newsletter.web.kit.body import JSON, UNREADABLE, WrongType
from newsletter.web.kit.origins import client_network
from newsletter.web.kit.policy import foreign_page, page_origin, page_url
from newsletter.web.kit.site import Site
from newsletter.web.public.comment_fields import FOREIGN, check_page

NO_PAGE = "Which page’s comments? Please add its path: ?uri=/article"
NO_NUMBER = "This has to be a whole number."
NO_ORDER = "Comments are sorted by `oldest` or `newest`."
NO_COMMENT = "There is no such comment."
NO_JSON = "Please send this as application/json."
NOT_YOURS = "Only who wrote this can change it: for 15 minutes, in the page where they wrote it."

_NUMBER = re.compile("[0-9]{1,9}", re.ASCII)
_ABSOLUTE = re.compile("https?://", re.IGNORECASE)

T = TypeVar("T")


class Part(msgspec.Struct, frozen=True):
    """Which comments of a page: those at the top, or the answers below one of them."""

    url: str  # canonical
    parent: int | None = None
    limit: int | None = None
    nested_limit: int | None = None
    offset: int = 0
    newest: bool = False


def origin_of(request: Request[Any, Any, Any], site: Site) -> str:
    """The origin whose paths are meant: its script's or its link's, else the one there is. Raises Refused."""
    settings = site.settings
    origin = page_origin(request) or _origin_of_link(request.headers.get("referer", ""))
    if not origin and len(settings.allowed_origins) < 2:
        origin = settings.page_origins[0]
    check_page(request, settings)
    if origin not in settings.page_origins:
        raise Refused(FOREIGN)
    return origin


def _origin_of_link(referer: str) -> str:
    try:
        parts = urlsplit(referer)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def place(origin: str, uri: str, site: Site) -> str:
    """The canonical URL of what Isso knows by its path, by a name of the author's, or whole. Raises BadInput."""
    if not uri.strip():
        raise BadInput(NO_PAGE)
    whole = uri if _ABSOLUTE.match(uri) else f"{origin}/{uri.lstrip('/')}"
    return page_url(whole, site.settings)


def asked_page(request: Request[Any, Any, Any], site: Site) -> str:
    """Raises BadInput, Refused."""
    return place(origin_of(request, site), _one(request, "uri"), site)


def asked_part(request: Request[Any, Any, Any], site: Site) -> Part:
    """Raises BadInput, Refused."""
    order = _one(request, "sort")
    if order not in ("", "oldest", "newest", "upvotes"):  # nobody votes here
        raise BadInput(NO_ORDER)
    parent = _one(request, "parent")
    return Part(
        url=asked_page(request, site),
        parent=comment_id(parent, site) if parent else None,
        limit=_number(_one(request, "limit")),
        nested_limit=_number(_one(request, "nested_limit")),
        offset=_number(_one(request, "offset")) or 0,
        newest=order == "newest",
    )


def _one(request: Request[Any, Any, Any], name: str) -> str:
    given: list[str] = request.query_params.getall(name, [])
    if len(given) > 1:
        raise BadInput(NO_PAGE if name == "uri" else UNREADABLE)
    return given[0] if given else ""


def _number(text: str) -> int | None:
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise BadInput(NO_NUMBER)
    return int(text)


async def sent(request: Request[Any, Any, Any], kind: type[T]) -> T:
    """What the script sent. Only as JSON: a page of an origin that isn't allowed can't send that unasked.

    Raises WrongType, BadInput.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise WrongType(NO_JSON)
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise BadInput(UNREADABLE) from None


def own_name(site: Site, request: Request[Any, Any, Any], id: int) -> str:
    """What a comment is called in the page that wrote it: Isso's script sends it back to change the comment.

    It stands in for Isso's cookie. Since the script makes a link of it too, it opens nothing from another network,
    nor after 15 minutes. Letters, digits, - and _ only: it also becomes a CSS selector.
    """
    token = site.tokens.make("isso-edit", id, _network(site, request), now=now())
    return token.replace(".", "-", 3)


def own_id(site: Site, request: Request[Any, Any, Any], name: str) -> int:
    """The comment that who holds `name` may change. Raises Refused, Expired, NotFound."""
    if read_id(name) is not None:
        raise Refused(NOT_YOURS)
    id, network = site.tokens.read("isso-edit", _token(name), now(), EDITABLE)
    if network != _network(site, request) or foreign_page(request, site.settings):
        raise Refused(NOT_YOURS)
    return id


def comment_id(name: str, site: Site) -> int:
    """The comment that anybody means by its number, or its writer by its own name. Raises BadInput."""
    id = read_id(name)
    if id is not None:
        return id
    try:
        return site.tokens.read("isso-edit", _token(name), now(), EDITABLE)[0]
    except Expired as expired:
        return expired.ids[0]
    except NotFound:
        raise BadInput(NO_COMMENT) from None


def _token(name: str) -> str:
    return name if "." in name else name.replace("-", ".", 3)


def _network(site: Site, request: Request[Any, Any, Any]) -> int:
    network = client_network(request.scope, site.settings.trusted_proxies)
    return int(site.tokens.fingerprint("isso-edit", network)[:8], 16)
