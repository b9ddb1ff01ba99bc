"""The Markdown of a comment that came as HTML, so that it can be changed as all others are: in one language."""

import re
from html.parser import HTMLParser

from newsletter.comments.text import plain, render

_BLOCKS = frozenset({"blockquote", "li", "ol", "p", "pre", "ul"})
_MARKS = {"b": "**", "strong": "**", "i": "*", "em": "*", "cite": "*", "s": "~~", "del": "~~"}

_SPECIAL = re.compile(r"[\\`*_\[\]]|~(?=~)|&(?=#?[A-Za-z0-9]+;)")
_OPENER = re.compile(r"#{1,6}(?:\s|$)|>|[-+](?:\s|$)|~{3}")
_NUMBER = re.compile(r"\d{1,9}[.)](?:\s|$)")


def source(raw: str, html: str) -> str:
    """What the comment `html` is written as. That is `raw`, unless that is the HTML of another system: then Markdown
    that says the same; without its marks where they can't be written.
    """
    if render(raw) == html:
        return raw
    said = plain(html, len(html) + 1)
    for marked in (True, False):
        text = _markdown(html, marked=marked)
        if plain(render(text), len(html) + 1) == said:
            return text
    return said


def _markdown(html: str, *, marked: bool) -> str:
    writer = _Writer(marked=marked)
    writer.feed(html)
    writer.close()
    return writer.text()


class _Element:
    """One that is open: the inline text of it so far, and its blocks that are whole."""

    def __init__(self, tag: str, attributes: dict[str, str | None]) -> None:
        self.tag = tag
        self.attributes = attributes
        self.inline: list[str] = []
        self.blocks: list[str] = []

    def text(self) -> str:
        """As it stands in what is around it."""
        content = "".join(self.inline)
        match self.tag:
            case "pre":
                fence = _fence(content, 3)
                return f"{fence}\n{content.removesuffix(chr(10))}\n{fence}"
            case "code":
                fence = _fence(content, 1)
                pad = " " if content.startswith("`") or content.endswith("`") else ""
                return f"{fence}{pad}{content}{pad}{fence}" if content.strip() else content
            case "a":
                return f"[{content}](<{self.attributes.get('href')}>)" if content.strip() else content
            case tag if tag in _MARKS:
                return _around(content, _MARKS[tag])
            case tag if tag in _BLOCKS:
                self.flush()
                return self._block()
        return content

    def flush(self) -> None:
        lines = [_opening(line.strip()) for line in "".join(self.inline).strip().split("\n")]
        self.inline.clear()
        if any(lines):
            self.blocks.append("\n".join(lines))

    def _block(self) -> str:
        match self.tag:
            case "blockquote":
                return re.sub(
                    r"^(?=(.?))",
                    lambda line: "> " if line[1] else ">",
                    "\n\n".join(self.blocks),
                    flags=re.MULTILINE,
                )
            case "ul":
                return self._list(["- "] * len(self.blocks))
            case "ol":
                first = int(self.attributes.get("start") or 1)
                return self._list([f"{first + n}. " for n in range(len(self.blocks))])
            case "li":
                return "\n".join(self.blocks)
        return "\n\n".join(self.blocks)

    def _list(self, markers: list[str]) -> str:
        items = zip(markers, self.blocks, strict=True)
        return "\n".join(mark + text.replace("\n", "\n" + " " * len(mark)) for mark, text in items)


def _fence(content: str, least: int) -> str:
    return "`" * max([least, *(len(run) + 1 for run in re.findall("`+", content))])


def _around(content: str, mark: str) -> str:
    """The mark touches the words, or it is none."""
    words = content.strip()
    if not words:
        return content
    start = content.index(words)
    return f"{content[:start]}{mark}{words}{mark}{content[start + len(words) :]}"


def _opening(line: str) -> str:
    """A line of text, which would otherwise open a list, a quotation, a heading."""
    found = _NUMBER.match(line)
    at = found[0].rstrip() if found else ""
    if at:
        return f"{at[:-1]}\\{line[len(at) - 1 :]}"
    return f"\\{line}" if _OPENER.match(line) else line


class _Writer(HTMLParser):
    """Of HTML that is sanitised: every element in it is known, and closed. Unless `marked` only its blocks stay."""

    def __init__(self, *, marked: bool) -> None:
        super().__init__()
        self._marked = marked
        self._open = [_Element("", {})]

    def text(self) -> str:
        self._open[0].flush()
        return "\n\n".join(self._open[0].blocks)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self._open[-1].inline.append("\n")
            return
        if tag in _BLOCKS:
            self._open[-1].flush()
        self._open.append(_Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag == "br" or len(self._open) == 1:
            return
        element = self._open.pop()
        within = self._open[-1]
        if tag in _BLOCKS:
            within.blocks.append(element.text())
        elif self._marked and not self._verbatim():
            within.inline.append(element.text())
        else:
            within.inline += element.inline

    def _verbatim(self) -> bool:
        return any(one.tag in ("pre", "code") for one in self._open)

    def handle_data(self, data: str) -> None:
        if any(one.tag == "pre" for one in self._open):
            self._open[-1].inline.append(data)
            return
        text = re.sub(r"[ \t\r\n]+", " ", data)
        verbatim = self._marked and self._verbatim()
        self._open[-1].inline.append(text if verbatim else _SPECIAL.sub(r"\\\g<0>", text))
