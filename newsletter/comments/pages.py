"""Which page a thread belongs to: one canonical URL for all the addresses under which a page is reached.

Whether the page exists is never asked of the author's site: that fails behind proxies and passwords, and lets
strangers choose what this server fetches. The owner's list of origins is what bounds it instead.
"""

import re
from collections.abc import Sequence
from ipaddress import IPv6Address
from unicodedata import category, normalize
from urllib.parse import SplitResult, quote, unquote, unquote_plus, urlsplit

from newsletter.errors import BadInput
from newsletter.words import gettext, number

LONGEST = 1_000  # characters of a canonical URL
_LONGEST_TYPED = 8_000  # with its tracking parameters

NOT_A_PAGE = "This isn’t the address of a page. It should look like https://example.org/article."
NOT_ALLOWED = "Comments aren’t open for this website."
TOO_LONG = "The page’s address is too long: %(most)s characters at most."
UNREADABLE = "The page’s address holds characters that can’t be in one."

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?")
_DOTS = re.compile("[\u3002\uff0e\uff61]")  # that IDNA reads as full stops
_ESCAPE = re.compile("%([0-9A-Fa-f]{2})")
_STRAY_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_IN_PATH = "/%:@!$&'()*+,;=~"  # RFC 3986 §3.3, and % of what is escaped already
_IN_QUERY = _IN_PATH + "?"
_DECEIVING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")

# Parameters that say how a reader came, or which comment they look at; never which page it is.
_TRACKING = frozenset(
    """
    _ga _gl _hsenc _hsmi amp comment cpage dclid fbclid gbraid gclid gclsrc igsh igshid li_fat_id mc_cid mc_eid
    mkt_tok moderation-hash msclkid oly_anon_id oly_enc_id ref ref_src ref_url replytocom srsltid ttclid twclid
    unapproved vero_id wbraid yclid
    """.split()  # noqa: SIM905  a list of thirty is read better as words
)


def canonical_url(text: str, allowed: Sequence[str]) -> str:
    """The canonical URL of the page `text`, whose origin is one of `allowed` (``https://example.org``).

    Normalised after RFC 3986 §6.2.2; without fragment, tracking parameters, ``index.html`` and the slash at the
    end; the other parameters sorted by name. Raises BadInput.
    """
    text = text.strip()
    if not text:
        raise BadInput(NOT_A_PAGE)
    if len(text) > _LONGEST_TYPED:
        raise BadInput(gettext(TOO_LONG) % {"most": number(LONGEST)})
    _check_characters(text)
    parts = _split(text)
    origin = _origin(parts)
    if origin not in {_origin(_split(one)) for one in allowed}:
        raise BadInput(NOT_ALLOWED)
    query = _query(parts.query)
    url = f"{origin}{_path(parts.path)}{'?' if query else ''}{query}"
    if len(url) > LONGEST:
        raise BadInput(gettext(TOO_LONG) % {"most": number(LONGEST)})
    return url


def _check_characters(text: str) -> None:
    """Also of what is percent-encoded: somebody will decode it to show it."""
    if "\\" in text:  # a slash to browsers, and to them alone
        raise BadInput(UNREADABLE)
    if text.isascii() and text.isprintable() and "%" not in text:
        return
    for character in text + unquote(text):
        if category(character) in ("Cc", "Cs", "Zl", "Zp") or character in _DECEIVING:
            raise BadInput(UNREADABLE)


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        whole = parts.scheme in _DEFAULT_PORTS and parts.hostname and parts.port != 0
    except ValueError:  # brackets, or a port, that are none
        raise BadInput(NOT_A_PAGE) from None
    if not whole or "@" in parts.netloc:
        raise BadInput(NOT_A_PAGE)
    return parts


def _origin(parts: SplitResult) -> str:
    host = ascii_host(parts.hostname or "")
    if not host:
        raise BadInput(NOT_A_PAGE)
    port = "" if parts.port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def ascii_host(host: str) -> str:
    """A host as it is looked up: lower case, other scripts in Punycode, IPv6 in brackets; '' if it is none.

    It is only ever compared, so the mapping is the plain part of IDNA: composed form, lower case, RFC 3492.
    """
    if ":" in host:
        try:
            return f"[{IPv6Address(host.strip('[]')).compressed}]"
        except ValueError:
            return ""
    if not host.isascii():
        labels = _DOTS.sub(".", normalize("NFKC", host.lower())).split(".")
        host = ".".join(x if x.isascii() else "xn--" + x.encode("punycode").decode() for x in labels)
    host = host.lower()
    return host if _HOST.fullmatch(host) and ".." not in host else ""


def _path(path: str) -> str:
    """Without dot segments (RFC 3986 §5.2.4), and all names of a folder's own page as one."""
    kept: list[str] = []
    for segment in _escaped(path, _IN_PATH).split("/")[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    while kept and kept[-1] in ("", "index.html"):
        kept.pop()
    return "/" + "/".join(kept)


def _query(query: str) -> str:
    pairs = [pair for pair in _escaped(query, _IN_QUERY).split("&") if pair and not _is_tracking(pair)]
    return "&".join(sorted(pairs, key=lambda pair: pair.partition("=")[0]))


def _is_tracking(pair: str) -> bool:
    name = unquote_plus(pair.partition("=")[0]).lower()
    return name in _TRACKING or name.startswith("utm_")


def _escaped(text: str, plain: str) -> str:
    """Escapes in capitals, none where none is needed, and one wherever one is (RFC 3986 §6.2.2.1–2)."""
    text = quote(_STRAY_PERCENT.sub("%25", text), safe=plain)
    return _ESCAPE.sub(_plain_or_capital, text)


def _plain_or_capital(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    return character if character in _UNRESERVED else found[0].upper()
