"""What stands on a page of the owner's: whether a form's code is there, whole, and leads here."""

import re
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urljoin, urlsplit

import msgspec

from newsletter.signups import Form
from newsletter.web.kit.forms_page_tags import tags

_OURS = re.compile(r"/forms/([a-z0-9-]+)(/embed)?")
_MOST = 200  # of each kind that are looked at
_FIELDS = ("input", "select", "textarea")
_WANTED = frozenset({"base", "form", "iframe", "newsletter-form", "script", *_FIELDS})

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


class _Page(msgspec.Struct):
    base: str = ""
    forms: list[_Form] = []
    frames: list[str] = []
    scripts: list[str] = []
    elements: list[str] = []

    def take(self, tag: str, values: Mapping[str, str]) -> None:
        if tag == "base":
            self.base = self.base or values.get("href", "")
        elif tag == "iframe":
            self.frames.append(values.get("src", ""))
        elif tag == "script" and values.get("src"):
            self.scripts.append(values["src"])
        elif tag == "newsletter-form":
            self.elements.append(values.get("form", ""))


def _read(html: str) -> _Page:
    page = _Page()
    inside = False  # a form
    for tag in tags(html, _WANTED):
        if tag.ends:
            inside = inside and tag.name != "form"
        elif tag.name == "form":
            action, method = tag.values.get("action", ""), tag.values.get("method", "get").lower()
            page.forms.append(_Form(action, method, set()))
            inside = True
        elif tag.name in _FIELDS:
            if inside:
                page.forms[-1].names.add(tag.values.get("name", ""))
        else:
            page.take(tag.name, tag.values)
    return page


def findings(html: str, url: str, form: Form, public_url: str) -> list[Finding]:
    """What there is of any form of ours on the page at `url`; [] where there is none."""
    page = _read(html)
    base = _joined(url, page.base) or url  # a browser passes over one that is no address
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
    """The whole address, '' where that is none."""
    try:
        whole = urljoin(base, url.strip())
        urlsplit(whole)
    except ValueError:
        return ""
    return whole


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
