"""The Markdown that comments are written in, as HTML: a subset, without what could load, shout or take long."""

import re
from collections.abc import Callable

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
from markdown_it.rules_block import StateBlock, blockquote, list_block
from markdown_it.rules_inline import StateInline

from newsletter.comments.links import LINK

_DEEPEST = 12  # quotes and lists in each other; deeper ones are shown as typed
_RULES = "blockquote code fence heading list newline escape backticks strikethrough emphasis entity"  # of markdown-it

# [label](address "title"), also with a ! before it. Bounds and possessive repeats: linear for every text.
_WRITTEN = re.compile(
    r"!?\[(?P<label>(?:[^\[\]\\]|\\.|\[[^\[\]]{0,300}+\]){0,1000}+)\]"
    r"\(\s{0,9}+(?:<(?P<angled>[^<>\n]{0,2000}+)>|(?P<bare>(?:[^\s()<>\\]|\\.|\([^\s()]{0,300}+\)){1,2000}+))"
    r"(?:\s{1,9}+(?:\"[^\"]{0,300}+\"|'[^']{0,300}+')?)?\s{0,9}+\)",
    re.DOTALL,
)
_SCHEME = re.compile(r"(?<![A-Za-z0-9+.-])https?\Z", re.IGNORECASE)
_ADDRESS = re.compile(
    '[^\\s<>"`\\\\|\u2018-\u201f\u00ab\u00bb\u3000-\u303f\uff00-\uff0f\uff1a-\uff20]{1,2000}+'
)


def to_html(text: str) -> str:
    """`text` as HTML that is still to be sanitised."""
    return str(_MARKDOWN.render(text))


def _written_link(state: StateInline, silent: bool) -> bool:
    """Also an image, which becomes a link: a page with comments loads nothing that a stranger chose."""
    found = _WRITTEN.match(state.src, state.pos, state.posMax)
    if silent or not found:
        return False
    href = _href(state, unescapeAll(found["angled"] or found["bare"] or ""))
    if not href:
        return False
    end, state.posMax = state.posMax, found.end("label")
    state.pos = found.start("label")
    if state.linkLevel:  # a picture that is a link's label
        state.md.inline.tokenize(state)
    else:
        _push_link(state, href, None if found["label"].strip() else href)
    state.pos, state.posMax = found.end(), end
    return True


def _bare_link(state: StateInline, silent: bool) -> bool:
    """An address in the midst of text, without what punctuates the sentence around it."""
    if silent or state.linkLevel or not state.src.startswith("://", state.pos):
        return False
    scheme = _SCHEME.search(state.pending[-9:])
    address = _ADDRESS.match(state.src, state.pos, state.posMax)
    if not scheme or not address:
        return False
    written = _without_punctuation(address[0])
    href = _href(state, scheme[0] + written)
    if not href:
        return False
    state.pending = state.pending[: -len(scheme[0])]
    end = state.pos + len(written)
    _push_link(state, href, scheme[0] + written)
    state.pos = end
    return True


def _href(state: StateInline, address: str) -> str:
    """The address percent-encoded, its host in ASCII; "" when it is none that we link to."""
    href = state.md.normalizeLink(address)
    return href if LINK.fullmatch(href) else ""


def _push_link(state: StateInline, href: str, label: str | None) -> None:
    """With `label` as it is; or with what stands between state.pos and state.posMax."""
    state.push("link_open", "a", 1).attrs = {"href": href}
    state.linkLevel += 1
    if label is None:
        state.md.inline.tokenize(state)
    else:
        state.push("text", "", 0).content = label
    state.linkLevel -= 1
    state.push("link_close", "a", -1)


def _without_punctuation(address: str) -> str:
    unopened = {")": address.count(")") - address.count("("), "]": address.count("]") - address.count("[")}
    end = len(address)
    while end and (address[end - 1] in "?!.,:;*_~'" or unopened.get(address[end - 1], 0) > 0):
        end -= 1
        if address[end] in unopened:
            unopened[address[end]] -= 1
    return address[:end]


BlockRule = Callable[[StateBlock, int, int, bool], bool]


def _shallow(rule: BlockRule) -> BlockRule:
    """`rule` down to a depth. The parser's own bound would leave out what stands deeper."""
    return lambda state, line, end, silent: state.level < _DEEPEST and rule(state, line, end, silent)


def _tag(html: str) -> Callable[..., str]:
    return lambda *_: html


def _set_up() -> MarkdownIt:
    markdown = MarkdownIt("zero", {"breaks": True, "html": False, "maxNesting": 2 * _DEEPEST})
    markdown.enable(_RULES.split())
    ends = ["paragraph", "reference", "blockquote", "list"]  # what each rule may interrupt
    markdown.block.ruler.at("blockquote", _shallow(blockquote), {"alt": ends})
    markdown.block.ruler.at("list", _shallow(list_block), {"alt": ends[:3]})
    markdown.inline.ruler.push("written_link", _written_link)
    markdown.inline.ruler.push("bare_link", _bare_link)
    # A comment doesn't shout: its headings are paragraphs in bold.
    markdown.add_render_rule("heading_open", _tag("<p><strong>"))
    markdown.add_render_rule("heading_close", _tag("</strong></p>\n"))
    markdown.render("a")  # compiles the rules: of two threads that came first, one found them half compiled
    return markdown


_MARKDOWN = _set_up()
