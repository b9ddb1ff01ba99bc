"""The owner's Markdown: as HTML for a mail, and as a text that is written, not stripped.

Raw HTML is text. A link that leads nowhere is its words. A merge tag is a mark (see newsletter/mail/merge.py), and in
code it is what was typed.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from newsletter.broadcasts.links import trouble
from newsletter.broadcasts.plain import plain
from newsletter.broadcasts.text import Link, Written
from newsletter.mail.merge import Marks, in_url, unmarked

_SURROGATE = re.compile("[\ud800-\udfff]")
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_BARE = re.compile(r"(?<![A-Za-z0-9+.-])https?://[^\s<>\"'`\\]+(?<![?!.,:;*_~)\]])")

_SERIF = "Charter,Georgia,serif"
_MONO = "ui-monospace,Menlo,Consolas,monospace"
_HEADING = f"line-height:1.3;font-weight:normal;font-family:{_SERIF};color:#1c2430"
_TEXT = "font-size:16px;line-height:1.6;color:#1c2430;overflow-wrap:anywhere"  # its typeface is the cell's
_BOX = "background:#f6f5f1;border:1px solid #e6e3db;color:#1c2430"
_WRAPPED = "white-space:pre-wrap;overflow-wrap:anywhere"
_LOOKS = {  # class for dark and narrow screens (templates/email/base.html), and what each program reads
    "p": ("ink", f"margin:0 0 18px;{_TEXT}"),
    "h2": ("ink", f"margin:30px 0 12px;font-size:22px;{_HEADING}"),
    "h3": ("ink", f"margin:26px 0 10px;font-size:19px;{_HEADING}"),
    "h4": ("ink", f"margin:22px 0 8px;font-size:17px;{_HEADING}"),
    "ul": ("ink", f"margin:0 0 18px;padding:0 0 0 24px;{_TEXT}"),
    "ol": ("ink", f"margin:0 0 18px;padding:0 0 0 24px;{_TEXT}"),
    "li": ("ink", "margin:0 0 6px"),
    "blockquote": ("ink line", "margin:0 0 18px;padding:2px 0 1px 16px;border:0 solid #e6e3db;border-left-width:3px"),
    "hr": ("line", "margin:28px 0;border:0 solid #e6e3db;border-top-width:1px;height:0"),
    "img": ("", "display:block;max-width:100%;height:auto;border:0;border-radius:4px"),
    "code": ("ink offer", f"font:14px/1.5 {_MONO};padding:1px 5px;border-radius:4px;{_BOX}"),
    "pre": (
        "ink offer",
        f"margin:0 0 18px;padding:14px 16px;font:14px/1.5 {_MONO};{_WRAPPED};border-radius:6px;{_BOX}",
    ),
}  # fmt: skip


class _Markdown(MarkdownIt):
    def validateLink(self, _url: str) -> bool:  # noqa: N802  the parser's name for it
        """All of them are links here; which of them lead somewhere is asked afterwards, so that it can be told."""
        return True

    def normalizeLink(self, url: str) -> str:  # noqa: N802  the parser's name for it
        url = unmarked(url)
        if trouble(url):
            return url
        try:
            return in_url(super().normalizeLink(url))
        except ValueError:
            return url

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802  the parser's name for it
        return super().normalizeLinkText(unmarked(link))


def written(marks: Marks, body: str, *, for_page: bool, links: str) -> Written:
    """As `write` says (text.py)."""
    body = _UNSEEN.sub("", _SURROGATE.sub("\ufffd", body))
    tokens = _MARKDOWN.parse(marks.mark(body))
    reading = _Reading(marks)
    reading.read(tokens)
    title = ""
    if tokens and tokens[0].type == "heading_open" and tokens[0].markup in ("#", "="):
        title = "".join(t.content for t in tokens[1].children or () if t.type in ("text", "code_inline"))
        tokens = tokens[3:]
    text = plain(tokens)
    link = ("link", f"color:{links};text-decoration:underline;overflow-wrap:anywhere")
    _dress(tokens, {} if for_page else _LOOKS | {"a": link})
    html = str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {"page": for_page}))
    return Written(html, text, title, reading.links, reading.unknown, reading.loose)


class _Reading:
    """Goes through what was parsed: marks get their place, links their judgement."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self.links: list[Link] = []
        self.unknown: list[str] = []
        self.loose: list[str] = []

    def read(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            if token.type in ("fence", "code_block", "code_inline"):
                token.content = self._marks.typed(token.content)
            if token.children is not None:
                self.read(token.children)
                if token.type == "inline":
                    token.children = self._linked(token.children)
            if token.type == "text":
                self.unknown += self._marks.unknown(token.content)
                token.content = self._marks.typed(token.content, unknown_only=True)
            if token.type == "image":
                self._picture(token)

    def _picture(self, token: Token) -> None:
        src = str(token.attrs.get("src", ""))
        alt = self._marks.typed(token.content)
        why = "is no picture on the web" if src[:7].lower() == "mailto:" else self._trouble(src)
        self.links.append(Link(self._typed(src), why, True, alt.strip()))
        title = str(token.attrs.pop("title", ""))
        if title:
            token.attrs["title"] = self._marks.typed(title)
        token.meta["drop"] = bool(why)

    def _linked(self, children: Sequence[Token]) -> list[Token]:
        """Bare addresses as links, and bad links as their words."""
        out: list[Token] = []
        depth = 0
        dropping = False
        for token in children:
            if token.type == "link_open":
                depth += 1
                href = str(token.attrs.get("href", ""))
                why = self._trouble(href)
                self.links.append(Link(self._typed(href), why))
                token.attrs = {"href": href}
                dropping = bool(why)
            if not (dropping and token.type in ("link_open", "link_close")):
                out += self._bare(token) if token.type == "text" and not depth else [token]
            if token.type == "link_close":
                depth -= 1
                dropping = False
        return out

    def _bare(self, token: Token) -> list[Token]:
        self.loose += re.findall(r"\[[^\[\]]+\]\([^()]*\)", token.content)
        out: list[Token] = []
        last = 0
        for found in _BARE.finditer(token.content):
            href = _MARKDOWN.normalizeLink(found[0])
            if trouble(href):
                continue
            self.links.append(Link(self._typed(href), ""))
            opening = Token("link_open", "a", 1, attrs={"href": href}, markup="autolink")
            out += [_words(token.content[last : found.start()]), opening, _words(found[0])]
            out.append(Token("link_close", "a", -1))
            last = found.end()
        return [*out, _words(token.content[last:])] if out else [token]

    def _trouble(self, url: str) -> str:
        """Of an address with marks: what is no tag of ours stands there as typed, and must not end the attribute."""
        self.unknown += [typed for typed in self._marks.unknown(url) if typed not in self.unknown]
        return trouble(self._marks.typed(url, unknown_only=True))

    def _typed(self, url: str) -> str:
        return self._marks.typed(url)


def _words(text: str) -> Token:
    return Token("text", "", 0, content=text)


def _dress(tokens: Sequence[Token], looks: Mapping[str, tuple[str, str]]) -> None:
    """Styles stand in each tag, because mail programs drop style sheets."""
    for index, token in enumerate(tokens):
        if token.type in ("heading_open", "heading_close"):
            token.tag = {"h1": "h2", "h2": "h2", "h3": "h3"}.get(token.tag, "h4")
        look = looks.get(token.tag)
        if look and token.nesting >= 0 and token.type not in ("fence", "code_block"):
            if look[0]:
                token.attrs["class"] = look[0]
            token.attrs["style"] = look[1]
            if _inside(tokens, index):
                token.attrs["style"] = re.sub(r"^margin:[^;]+", "margin:6px 0 2px", look[1])
        elif token.nesting > 0 and token.markup == "autolink":
            token.attrs["class"] = "bare"  # it says its address already, on paper too
        _dress(token.children or (), looks)


def _inside(tokens: Sequence[Token], index: int) -> bool:
    """A list in a list, and a quote's last paragraph: what is around them has its distance already."""
    if tokens[index].type == "paragraph_open":
        return [token.type for token in tokens[index + 3 : index + 4]] == ["blockquote_close"]
    return tokens[index].tag in ("ul", "ol") and tokens[index].level > 1


class _Renderer(RendererHTML):
    def fence(self, tokens: Sequence[Token], idx: int, _options: Any, env: Any) -> str:
        return _boxed(tokens[idx].content, env)

    def code_block(self, tokens: Sequence[Token], idx: int, _options: Any, env: Any) -> str:
        return _boxed(tokens[idx].content, env)

    def image(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        """Without an address that leads somewhere, its words."""
        token = tokens[idx]
        words = escapeHtml(self.renderInlineAsText(token.children, options, env))
        if token.meta.get("drop"):
            return words
        if not env["page"]:
            return super().image(tokens, idx, options, env)
        if sum(before.nesting for before in tokens[:idx] if before.type[:4] == "link"):
            return words
        return f'<a href="{escapeHtml(str(token.attrs["src"]))}">{words or "Picture"}</a>'


def _boxed(content: str, env: Any) -> str:
    kind, style = _LOOKS["pre"]
    dress = "" if env["page"] else f' class="{kind}" style="{style}"'
    return f"<pre{dress}>{escapeHtml(content)}</pre>\n"


def _set_up() -> _Markdown:
    markdown = _Markdown("commonmark", {"html": False}, renderer_cls=_Renderer)
    markdown.enable("strikethrough")
    markdown.parse("a")  # compiles the rules: of two threads that came first, one found them half compiled
    return markdown


_MARKDOWN = _set_up()
