"""A form's own colours: read, held to WCAG's contrast, and made the style of its page.

Contrast is WCAG 2.2's ratio, 1 to 21. The colours of text, errors and lines are ours, as templates/assets/site.css
has them; an owner chooses what they stand on, and what links and buttons have.
"""

import re
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256

from newsletter.colours import BLACK, ENOUGH, WHITE, contrast, mixed, readable, text_on
from newsletter.errors import BadInput
from newsletter.words import gettext as _

_EDGE = 3.0  # 1.4.11: what shows where a field is
_COLOUR = re.compile("#[0-9a-f]{6}")

_LIGHT = {"ink": "#1c2430", "quiet": "#56626e", "error": "#a3261b", "edge": "#7b858e"}
_DARK = {"ink": "#e8e6e1", "quiet": "#a9b2ba", "error": "#ff9d90", "edge": "#75818c"}
_PAPER, _DARK_CARD = (
    "#f6f5f1",
    "#1d232a",
)  # of ours the harder ones: the darker of the light, the lighter of the dark
_ACCENT, _DARK_ACCENT = "#1f5f5b", "#7cc4bb"


def read(text: str) -> str:
    """``#1F5F5B`` or ``1f5f5b`` as ``#1f5f5b``; '' stays. Raises BadInput."""
    colour = text.strip().lower()
    colour = colour if not colour or colour.startswith("#") else f"#{colour}"
    if colour and not _COLOUR.fullmatch(colour):
        raise BadInput("Please write the colour as # and six digits or letters a to f, like #1f5f5b.")
    return colour


def measured(accent: str, background: str) -> dict[str, float]:
    """The smallest contrast of what is read in each of the two: links in the accent, our text on the background."""
    found: dict[str, float] = {}
    if accent or background:
        found["accent"] = contrast(accent or _default_accent(background), background or _PAPER)
    if background:
        ours = _palette(background)
        found["background"] = min(contrast(ours[name], background) for name in ("ink", "quiet", "error"))
    return found


def faults(accent: str, background: str) -> dict[str, str]:
    """What can't be read well, by the field to change."""
    found = measured(accent, background)
    wrong: dict[str, str] = {}
    if (ratio := found.get("background", ENOUGH)) < ENOUGH:
        sentence = (
            _("Text would stand on it at %(ratio)s; %(enough)s:1 is needed. Please take a lighter one.")
            if _palette(background) is _LIGHT
            else _("Text would stand on it at %(ratio)s; %(enough)s:1 is needed. Please take a darker one.")
        )
        wrong["background"] = sentence % {"ratio": shown(ratio), "enough": ENOUGH}
    elif (ratio := found.get("accent", ENOUGH)) < ENOUGH:
        on = _("the background") if background else _("the page")
        sentence = (
            _("Links would stand on %(on)s at %(ratio)s; %(enough)s:1 is needed. Please take a darker one.")
            if _palette(background or _PAPER) is _LIGHT
            else _(
                "Links would stand on %(on)s at %(ratio)s; %(enough)s:1 is needed. Please take a lighter one."
            )
        )
        wrong["accent"] = sentence % {"on": on, "ratio": shown(ratio), "enough": ENOUGH}
    return wrong


def shown(ratio: float) -> str:
    """Never more than it is."""
    return f"{int(ratio * 10) / 10}:1"


@lru_cache(64)
def style(accent: str, background: str) -> str:
    """The style of a page with these colours, '' for ours."""
    if background:
        ours = _palette(background)
        names = {"paper": background, "card": background, "tint": background, "error-tint": background}
        names |= {name: ours[name] for name in ("ink", "quiet", "error")}
        names["edge"] = ours["edge"] if contrast(ours["edge"], background) >= _EDGE else ours["ink"]
        names |= {"line": mixed(ours["ink"], background, 0.2), "shadow": "none"}
        scheme = "light" if ours is _LIGHT else "dark"
        own = _written(names | _accents(accent or _default_accent(background)))
        return f"@media screen{{:root{{color-scheme:{scheme};{own}}}}}"
    if accent:
        brighter = _written(_accents(readable(accent, _DARK_CARD)))
        return (
            f"@media screen{{:root{{{_written(_accents(accent))}}}}}"
            f"@media screen and (prefers-color-scheme:dark){{:root{{{brighter}}}}}"
        )
    return ""


def embedded(accent: str) -> str:
    """The same for our script, whose form stands on a background of the page's."""
    return f"--own:{accent};--on:{text_on(accent)}" if accent else ""


@lru_cache(64)
def allowed(css: str) -> str:
    """What a content policy says of a style in the page, and of no other."""
    return f"'sha256-{b64encode(sha256(css.encode()).digest()).decode()}'" if css else ""


def _default_accent(background: str) -> str:
    return _ACCENT if _palette(background) is _LIGHT else _DARK_ACCENT


def _palette(background: str) -> dict[str, str]:
    """What is read the better on it."""
    return max(_LIGHT, _DARK, key=lambda ours: contrast(ours["ink"], background))


def _accents(accent: str) -> dict[str, str]:
    on = text_on(accent)
    deep = mixed(BLACK if on == WHITE else WHITE, accent, 0.25)
    return {"accent": accent, "accent-deep": deep, "on-accent": on}


def _written(names: dict[str, str]) -> str:
    return ";".join(f"--{name}:{value}" for name, value in names.items())
