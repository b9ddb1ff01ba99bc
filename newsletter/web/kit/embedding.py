"""The script for other people's pages: put together of its sources, without what only its readers need."""

import re
from pathlib import Path

import msgspec

from newsletter.words import gettext, language

SAID = re.compile(r"\b_\(([\"`])((?:(?!\1).)+)\1\)")
"""A text in its sources that is said in our language: group 2."""

_SOURCE = re.compile(r'"(embed/[a-z]+\.(?:js|css))"')
_TEXT = re.compile(r"(\"(?:[^\"\\]|\\.)*\"|`[^`]*`)")
_SPACED = re.compile(r" ?([=(){}\[\],?:&|<>;*+]) ?")


def script(templates: Path) -> bytes:
    """embed.js as it is served, with the sources it names in their places, in the language that we speak.

    No text in the sources may go over several lines (a test looks): lines lose their indentation here, and
    go where they are comments.
    """
    source = (templates / "embed" / "embed.js").read_text("utf-8")
    whole = _SOURCE.sub(lambda found: _part(templates / found[1]), source)
    return _lines(SAID.sub(_translated, whole)).encode()


def _translated(found: re.Match[str]) -> str:
    """A text of JavaScript's; what stands in ``${…}`` stays."""
    mark, text = found[1], language() if found[2] == "en" else gettext(found[2])
    return mark + text.replace("\\", "\\\\").replace(mark, f"\\{mark}") + mark


def _part(path: Path) -> str:
    text = path.read_text("utf-8")
    return _style(text) if path.suffix == ".css" else text


def _lines(code: str) -> str:
    lines = (re.sub(r"\s+// .*", "", line).strip() for line in code.splitlines())
    return "".join(f"{_close(line)}\n" for line in lines if line and not line.startswith("//"))


def _close(line: str) -> str:
    """Without the spaces beside signs, but for those in texts."""
    return "".join(part if part[:1] in {'"', "`"} else _SPACED.sub(r"\1", part) for part in _TEXT.split(line))


def _style(css: str) -> str:
    """The style as a text of JavaScript's, in one line."""
    bare = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    return msgspec.json.encode(
        re.sub(r"\s*([{};,]|: )\s*", lambda found: found[1].strip(), bare).strip()
    ).decode()


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding (RFC 9110 §12.5.3) names gzip, and not with a weight of nothing."""
    for coding in accepted.lower().split(","):
        name, _, weight = coding.partition(";")
        if name.strip() in {"gzip", "x-gzip"}:
            return not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight)
    return False
