"""The text part: written from what was parsed. A paragraph is one line; mail programs wrap it."""

from collections.abc import Sequence

from markdown_it.token import Token

_MARKUP = {"strong_open": "*", "strong_close": "*", "em_open": "_", "em_close": "_",
           "s_open": "~~", "s_close": "~~", "softbreak": " ", "hardbreak": "\n"}  # fmt: skip
_RULE = "* * *"


def plain(tokens: Sequence[Token]) -> str:
    """Blocks with an empty line between them; marks stay."""
    blocks, rest = _blocks(tokens, 0, "")
    assert rest == len(tokens)
    return "\n\n".join(blocks)


def _blocks(tokens: Sequence[Token], index: int, until: str) -> tuple[list[str], int]:
    blocks: list[str] = []
    while index < len(tokens) and tokens[index].type != until:
        token = tokens[index]
        if token.type in ("bullet_list_open", "ordered_list_open"):
            block, index = _list(tokens, index)
            blocks.append(block)
        elif token.type == "blockquote_open":
            inner, index = _blocks(tokens, index + 1, "blockquote_close")
            blocks.append(_prefixed("\n\n".join(inner), "> ", "> "))
        elif token.type in ("fence", "code_block"):
            blocks.append(_prefixed(token.content.rstrip("\n"), "    ", "    "))
        elif token.type == "hr":
            blocks.append(_RULE)
        elif token.type == "inline":
            text = _inline(token.children or ())
            heading = tokens[index - 1].tag if tokens[index - 1].type == "heading_open" else ""
            if heading:
                text += "\n" + ("=" if heading == "h1" else "-") * min(len(text), 60)
            if text:
                blocks.append(text)
        index += 1
    return blocks, index


def _list(tokens: Sequence[Token], index: int) -> tuple[str, int]:
    """The list that begins at `index`, and where it ends."""
    opening = tokens[index]
    end = opening.type.replace("open", "close")
    number = int(opening.attrs.get("start", 1))
    items: list[str] = []
    tight = True
    index += 1
    while tokens[index].type != end:
        blocks, closing = _blocks(tokens, index + 1, "list_item_close")
        tight = tight and all(t.hidden for t in tokens[index:closing] if t.type == "paragraph_open")
        bullet = "- " if end.startswith("bullet") else f"{number}. "
        items.append(_prefixed(("\n" if tight else "\n\n").join(blocks), bullet, " " * len(bullet)))
        number += 1
        index = closing + 1
    return ("\n" if tight else "\n\n").join(items), index


def _prefixed(text: str, first: str, others: str) -> str:
    lines = text.split("\n")
    return "\n".join(f"{others if number else first}{line}".rstrip() for number, line in enumerate(lines))


def _inline(tokens: Sequence[Token]) -> str:
    out = ""
    links: list[tuple[str, int]] = []
    for token in tokens:
        if token.type in ("text", "code_inline"):
            out += token.content
        elif token.type == "link_open":
            links.append((str(token.attrs.get("href", "")), len(out)))
        elif token.type == "link_close":
            out = _with_address(out, *links.pop())
        elif token.type == "image":
            out += f"[{token.content.strip()}]" if token.content.strip() else ""
        else:
            out += _MARKUP.get(token.type, "")
    return out.strip()


def _with_address(text: str, href: str, start: int) -> str:
    """``words (address)``, or the address alone when the words say nothing else."""
    words = text[start:].strip()
    shown = href.removeprefix("mailto:")
    if not words or words.replace("\ue000", "\ue002").rstrip("/") in (href.rstrip("/"), shown):
        return text[:start] + shown
    return f"{text} ({shown})"
