"""What a commenter writes, on its way to the page: rendered and sanitised once, when it is stored."""

import re
from collections import Counter
from html import escape, unescape
from importlib import import_module
from unicodedata import category
from urllib.parse import quote, urlsplit

import nh3

from newsletter.addresses import parse
from newsletter.comments.links import LINK
from newsletter.errors import BadInput
from newsletter.words import gettext as _

LONGEST = 10_000  # characters of a comment
LONGEST_WEBSITE = 200

_MOST_HTML = 200_000  # characters; no comment of LONGEST renders to more
_SHORT_HTML = 12_000  # characters; what is not built to grow renders to less
_DEEPEST = 40  # elements in each other; what builds the tree takes time in the square of it
_PASSES = 6
_TAGS = set("a b blockquote br cite code del em i li ol p pre q s strong ul".split())  # noqa: SIM905  read better so
_CLOSED_BY_THE_NEXT = frozenset({"br", "li", "p"})
_DROPPED_WHOLE = frozenset({"script", "style"})

_TAG = re.compile(r"(<[^<>]*>|<)")
_TAG_NAME = re.compile(r"</?([A-Za-z][A-Za-z0-9]*)(?=[\s/>])")
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_PRE = re.compile(r"(<pre>.*?</pre>)", re.DOTALL)
_AROUND_BLOCKS = re.compile(r"\s*(<br>|</?(?:blockquote|li|ol|p|pre|ul)\b[^>]*>)\s*")
_BLOCK = re.compile(r"<(?:blockquote|li|ol|p|pre|ul)\b")
_SPACED = re.compile(r"</?(?:blockquote|br|li|ol|p|pre|ul)\b[^<>]*>")
_ANY_TAG = re.compile(r"<[^<>]*>")
_LINKED = re.compile(r'<a href="([^"<>]*)"[^<>]*>(.*?)</a>', re.DOTALL)
_LINK_TAG = re.compile(r"</?a\b[^<>]*>")


def render(raw: str) -> str:
    """Markdown as HTML that is safe on any page. For every text; one that is longer than LONGEST, or that is built
    to be slow or to have no stable meaning, is shown as it was typed.
    """
    if len(raw) > LONGEST:
        return _as_typed(raw)
    markdown = import_module("newsletter.comments.markdown")  # a tenth of our start, and no form needs it
    return _clean(markdown.to_html(_SURROGATE.sub("\ufffd", raw)))


def sanitise(html: str, *, newlines: bool = False) -> str:
    """Another system's HTML, made as safe as `render`'s; doing it again changes nothing.

    With `newlines` a single line feed is a line's end and two are a paragraph's, as WordPress keeps comments.
    """
    if len(html) > _MOST_HTML:
        return _as_typed(plain(html, len(html)))
    html = _clean(html)
    if newlines:
        html = _clean(_with_line_ends(html))
    return html if len(html) <= _MOST_HTML else _as_typed(plain(html, len(html)))


def plain(html: str, longest: int) -> str:
    """The text of rendered HTML on one line, for a mail, a title, a preview; `longest` counts the … of a cut too.

    It is text: whoever puts it into HTML or XML escapes it.
    """
    text = unescape(_ANY_TAG.sub("", _SPACED.sub(" ", html)))
    text = " ".join(text.split())
    if len(text) <= longest:
        return text
    if longest < 1:
        return ""
    end = longest - 1
    while end and (category(text[end])[0] == "M" or "\u200d" in text[end - 1 : end + 1]):
        end -= 1  # not between a letter and its marks, nor inside a family of emoji
    space = text.rfind(" ", 0, end + 1)
    return text[: space if space > end // 3 else end].rstrip() + "…"


def excerpt(html: str, longest: int) -> str:
    """Rendered HTML for a page of many: as it is, or of what grew out of all measure the beginning of its text."""
    return html if len(html) <= _SHORT_HTML else f"<p>{escape(plain(html, longest), quote=False)}</p>"


def unlinked(html: str, *, told: bool = False) -> str:
    """Rendered HTML whose links are words like the others, for who is not to follow a stranger's; with `told` each
    says where it leads.
    """
    return _LINK_TAG.sub("", _LINKED.sub(_with_its_address, html) if told else html)


def _with_its_address(link: re.Match[str]) -> str:
    address, words = link.groups()
    return words if words.rstrip("/") == address.rstrip("/") else f"{words} <cite>({address})</cite>"


def count_links(html: str) -> int:
    """Links in rendered HTML, for moderation: what leads elsewhere, however it was written."""
    return html.count('<a href="')


def website(text: str) -> str:
    """A commenter's site as an address that is safe in a link; "" for none. Raises BadInput with a sentence."""
    text = text.strip()
    if not text:
        return ""
    if len(text) > LONGEST_WEBSITE:
        raise BadInput(
            _("This address is too long: %(most)d characters at most.") % {"most": LONGEST_WEBSITE}
        )
    if "\\" in text or any(category(c)[0] in "CZ" for c in text):
        raise BadInput("A website’s address has no spaces, backslashes or invisible characters in it.")
    scheme, rest = _scheme_of(text)
    if scheme not in ("http", "https"):
        raise BadInput("A website’s address begins with https:// or http://.")
    url = _written_anew(scheme, rest)
    if len(url) > LONGEST_WEBSITE:
        raise BadInput(
            _("This address is too long: %(most)d characters at most.") % {"most": LONGEST_WEBSITE}
        )
    return url


def _scheme_of(text: str) -> tuple[str, str]:
    """In lower case, and what follows its ``//``; ``https`` where none is written."""
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):(?!\d)", text)
    if not found:
        return "https", text
    rest = text[found.end() :]
    return (found[1].lower(), rest[2:]) if rest.startswith("//") else ("", rest)


def _written_anew(scheme: str, rest: str) -> str:
    unlike = BadInput("This doesn’t look like a website. It should look like https://example.org.")
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        port = parts.port
        if not parts.hostname or "@" in parts.netloc:
            raise unlike
        host = parse(f"x@{parts.hostname}").email.partition("@")[2]
    except (ValueError, BadInput):
        raise unlike from None
    shown_port = "" if port in (None, 80 if scheme == "http" else 443) else f":{port}"
    url = f"{scheme}://{host}{shown_port}{_quoted(parts.path) or '/'}"
    url += f"?{_quoted(parts.query)}" if parts.query else ""
    return url + (f"#{_quoted(parts.fragment)}" if parts.fragment else "")


def _quoted(text: str) -> str:
    text = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", text)
    return quote(text, safe="/%:@!$&()*+,;=~?-._")


def _clean(html: str) -> str:
    """Cleaned until cleaning changes nothing: HTML that is read differently the second time is an old way in."""
    for _time in range(_PASSES):
        once = _CLEANER.clean(_only_known(_SURROGATE.sub("\ufffd", html)))
        # The reader of HTML passes over a line feed after <pre>, each time one.
        once = re.sub(r"<pre>\n+", "<pre>", _UNSEEN.sub("", once)).strip()
        if once == html:
            return once
        html = once
    return _as_typed(plain(html, len(html)))


def _only_known(html: str) -> str:
    """`html` with the tags that we keep and no other <: what is not known can't confuse, nor slow, its reader."""
    out: list[str] = []
    opened: Counter[str] = Counter()
    dropping = ""
    for piece in _TAG.split(html):
        found = _TAG_NAME.match(piece)
        name = found[1].lower() if found else ""
        closes = piece.startswith("</")
        if dropping or name in _DROPPED_WHOLE:
            dropping = "" if closes and name == (dropping or name) else dropping or name
        elif not piece.startswith("<"):
            out.append(piece)
        elif piece == "<":
            out.append("&lt;")
        elif name in _TAGS and _fits(opened, name, closes):
            out.append(piece if name in ("a", "ol") else f"<{'/' * closes}{name}>")
    return "".join(out)


def _fits(opened: Counter[str], name: str, closes: bool) -> bool:
    """Whether the tag closes what is open, or opens what is not too deep; `opened` keeps account of it."""
    if closes:
        fits = opened[name] > 0
        opened[name] -= fits
        return fits
    depth = sum(n for of, n in opened.items() if of not in _CLOSED_BY_THE_NEXT)
    fits = name in _CLOSED_BY_THE_NEXT or depth < _DEEPEST
    opened[name] += fits and name != "br"
    return fits


def _kept(_tag: str, attribute: str, value: str) -> str | None:
    """An attribute's value, or None for none."""
    if attribute == "rel":  # the cleaner's own
        return value
    fits = re.fullmatch(r"[0-9]{1,9}", value) if attribute == "start" else LINK.fullmatch(value)
    return value if fits else None


_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=set(_DROPPED_WHOLE),
    attributes={"a": {"href"}, "ol": {"start"}},
    attribute_filter=_kept,
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel="nofollow ugc noopener",
)


def _with_line_ends(html: str) -> str:
    """Of cleaned HTML: the line feeds outside <pre> as <br>; as paragraphs where it has none of its own."""
    html = html.strip()
    if not _BLOCK.search(html):
        html = "".join(f"<p>{part}</p>" for part in re.split(r"\n[ \t]*\n\s*", html) if part)
    parts = _PRE.split(html)
    parts[::2] = [re.sub(r"[ \t]*\n[ \t]*", "<br>", _AROUND_BLOCKS.sub(r"\1", p.strip())) for p in parts[::2]]
    return "".join(parts)


def _as_typed(text: str) -> str:
    paragraphs = re.split(r"\n[ \t]*\n\s*", _SURROGATE.sub("\ufffd", text).strip())
    html = "".join(f"<p>{escape(part, quote=False)}</p>" for part in paragraphs if part).replace("\n", "<br>")
    return _UNSEEN.sub("", _CLEANER.clean(html))
