"""What stands on a page of the owner's: whether a form's code is there, whole, and leads here."""

import re
from collections.abc import Mapping
from contextlib import suppress
from html.parser import HTMLParser
from typing import Literal
from urllib.parse import urljoin, urlsplit

import msgspec

from newsletter.signups import Form

_OURS = re.compile(r"/forms/([a-z0-9-]+)(/embed)?")
_MOST = 200  # of each kind that are looked at

Kind = Literal[
    "plain",  # a form that leads here
    "frame",
    "element",
    "no_script",  # an element, and nothing that would fill it
    "other_script",  # … but one of another address: `what`
    "other_form",  # another form of ours: `what`
    "elsewhere",  # the same name at another address: `what`
    "no_post",  # a form that sends nothing
    "lacks",  # a field that has to be filled in: `what`
]
GOOD: tuple[Kind, ...] = ("plain", "frame", "element")


class Finding(msgspec.Struct, frozen=True):
    kind: Kind
    what: str = ""


class _Form(msgspec.Struct):
    action: str
    method: str
    names: set[str]


class _Reading(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.base = ""
        self.forms: list[_Form] = []
        self.frames: list[str] = []
        self.scripts: list[str] = []
        self.elements: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in reversed(attrs)}  # of one name the first counts
        if tag == "form":
            self.forms.append(_Form(values.get("action", ""), values.get("method", "get").lower(), set()))
            self._inside = True
        elif tag in ("input", "select", "textarea") and self._inside and self.forms:
            self.forms[-1].names.add(values.get("name", ""))
        else:
            self._others(tag, values)

    def _others(self, tag: str, values: Mapping[str, str]) -> None:
        if tag == "base":
            self.base = self.base or values.get("href", "")
        elif tag == "iframe":
            self.frames.append(values.get("src", ""))
        elif tag == "script" and values.get("src"):
            self.scripts.append(values["src"])
        elif tag == "newsletter-form":
            self.elements.append(values.get("form", ""))

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "form"


def findings(html: str, url: str, form: Form, public_url: str) -> list[Finding]:
    """What there is of any form of ours on the page at `url`; [] where there is none."""
    page = _Reading()
    with suppress(
        AssertionError
    ):  # what the library says to a broken marked section; what came before it counts
        page.feed(html)
        page.close()
    base = _joined(url, page.base)
    found: list[Finding] = []
    for one in page.forms[:_MOST]:
        if led := _led(_joined(base, one.action), form, public_url, framed=False):
            found += _whole(one, form) if led.kind == "plain" else [led]
    for src in page.frames[:_MOST]:
        if led := _led(_joined(base, src), form, public_url, framed=True):
            found.append(led)
    scripts = [_joined(base, src) for src in page.scripts[:_MOST]]
    found += [_element(name, scripts, form, public_url) for name in page.elements[:_MOST]]
    return list(dict.fromkeys(found))


def _joined(base: str, url: str) -> str:
    try:
        return urljoin(base, url.strip())
    except ValueError:
        return ""


def _led(to: str, form: Form, public_url: str, *, framed: bool) -> Finding | None:
    """Where a form or a frame leads; None where that is nothing of ours."""
    begins = to.startswith(f"{public_url}/")
    path = to.removeprefix(public_url) if begins else urlsplit(to).path
    match = _OURS.fullmatch(re.split("[?#]", path)[0])
    if match is None or bool(match[2]) != framed:
        return None
    if not begins:
        return Finding("elsewhere", to[:200]) if match[1] == form.slug else None
    if match[1] != form.slug:
        return Finding("other_form", match[1])
    return Finding("frame" if framed else "plain")


def _whole(one: _Form, form: Form) -> list[Finding]:
    """A form that leads here, and what it lacks."""
    if one.method != "post":
        return [Finding("no_post")]
    lacks = [field.name for field in form.fields if field.required and field.name not in one.names]
    return [Finding("lacks", name) for name in lacks] or [Finding("plain")]


def _element(name: str, scripts: list[str], form: Form, public_url: str) -> Finding:
    if name != form.slug:
        return Finding("other_form", name[:60])
    if f"{public_url}/embed.js" in scripts:
        return Finding("element")
    other = next((one for one in scripts if urlsplit(one).path.endswith("/embed.js")), "")
    return Finding("other_script", other[:200]) if other else Finding("no_script")
