"""Everything that can be done at the desk is done by the keyboard in some test: held against the routes, against the
buttons that pages show, and against those that templates have for states that none of these pages is in.
"""

import inspect
import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from newsletter.paths import TEMPLATES
from tests.browser.sights import Sight, Sights
from tests.figures import Figure
from tests.proof.keys import MARKS, VERBS, Action, Keys, action_of, asked_at

pytestmark = pytest.mark.asyncio(loop_scope="session")
NOT_YET: set[Action] = set()
"""What is done by no test with a keyboard alone."""

_WORD = re.compile(rf'<(?:button|input)[^>]* name="(?:{"|".join(VERBS)})" value="([^"]*)"')
_EITHER = re.compile(r"\{\{-? '(\w+)' if .+ else '(\w+)' -?\}\}")
_COMMENTS, _FORM, _LETTER = "/admin/comments", "/admin/forms/{slug:str}", "/admin/broadcasts/{id:str}"
_SEQUENCE, _PERSON = "/admin/sequences/{slug:str}", "/admin/subscribers/{id:str}"
LEADS = {
    "_answer": f"{_COMMENTS}/{{id:str}}",
    "_form_fields": f"/admin/forms/new {_FORM}",
    "_subscribers_below": "/admin/subscribers/many",
    "archive": "/admin/archive",
    "ask_again": "/admin/ask-again",
    "broadcast": f"{_LETTER}/do",
    "broadcast_ask": f"{_LETTER}/do",
    "broadcast_send": f"{_LETTER}/send",
    "broadcast_write": f"/admin/broadcasts/new {_LETTER} {_LETTER}/do",
    "comment": f"{_COMMENTS}/{{id:str}}",
    "comments": _COMMENTS,
    "comments_delete": _COMMENTS,
    "domains": "/admin/domains",
    "form_mails": f"{_FORM}/mails",
    "form_test": f"{_FORM}/test",
    "import_columns": "/admin/import/{id:str}",
    "import_standing": "/admin/import/{id:str}",
    "passkeys": "/admin/passkeys",
    "person": "/admin/people/{id:str}",
    "second_step": "/admin/second-step",
    "sequence": _SEQUENCE,
    "sequence_step": f"{_SEQUENCE}/steps/new {_SEQUENCE}/steps/{{id:str}}",
    "sessions": "/admin/sessions",
    "subscriber": _PERSON,
    "subscribers_many": "/admin/subscribers/many/{id:str}",
    "webhook": "/admin/webhooks/{id:str}",
}
"""To which routes the buttons of a template lead, where they say what they do."""


def done() -> dict[Action, str]:
    """What the tests say that they do, each of which fails if it did not: and which test that is."""
    found: dict[Action, str] = {}
    for file in sorted(Path(__file__).parent.glob("test_keys_*.py")):
        if file.stem == Path(__file__).stem:
            continue
        for name, test in vars(import_module(f"tests.proof.{file.stem}")).items():
            if not name.startswith("test_"):
                continue
            of_test = getattr(test, "by_keyboard", ())
            is_held = "keys" in inspect.signature(test).parameters or f".holds({name})" in inspect.getsource(
                test
            )
            assert is_held or not of_test, f"{name} says what it does and is not held to it."
            found |= dict.fromkeys(of_test, f"{file.name}::{name}")
    return found


class _Forms(HTMLParser):
    """The POST forms of a page: for each of their buttons the address, and what says what it does. And `asking`: where
    forms lead that only look for something.
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.found: list[tuple[str, dict[str, str]]] = []
        self.asking: list[str] = []
        self._to = ""
        self._hidden: dict[str, str] = {}
        self._buttons: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._to = (given.get("action") or self.path) if given.get("method") == "post" else ""
            self._hidden, self._buttons = {}, []
            if given.get("method") == "get":
                self.asking.append(urlsplit(given.get("action") or self.path).path)
        elif tag == "input" and given.get("type") == "hidden" and given.get("name") in VERBS + MARKS:
            self._hidden[str(given["name"])] = given.get("value") or ""
        elif tag == "button" and given.get("type") != "button" and self._to:
            self._buttons.append(given)

    def handle_endtag(self, tag: str) -> None:
        if tag != "form":
            return
        for one in self._buttons:
            own = {str(one["name"]): one.get("value") or ""} if one.get("name") else {}
            self.found.append((urlsplit(one.get("formaction") or self._to).path, self._hidden | own))
        self._to, self._buttons = "", []


async def shown(sights: Sights, sight: Sight) -> _Forms:
    web = sights.doors.web
    if sight.sends is None:
        answer = await web.get(
            sight.path, headers={"Cookie": ""} if "enter" in sight.path or "join" in sight.path else None
        )
    else:
        answer = await web.post(sight.path, data={**sight.sends, "csrf": sights.doors.csrf})
    forms = _Forms(sight.path)
    forms.feed(answer.text)
    return forms


def words(template: str) -> Iterator[str]:
    """What its buttons may send, each as a pattern; those that follow a question with `sure`."""
    text = (TEMPLATES / "admin" / f"{template}.html").read_text("utf-8")
    for part in re.split(r"<form|\{% else %\}", text):
        asked = " sure" if 'name="sure"' in part or "opened(sure)" in part else ""
        found = _WORD.findall(part)
        for value in found:
            plain = "[A-Za-z]+".join(map(re.escape, re.split(r"\{\{.+?\}\}", value)))
            yield from (f"{one}( \\w+)?{asked}" for one in (_EITHER.findall(value) or [[plain]])[0])
        if asked and not found and "<button" in part:
            yield "sure"


def unpressed(known: Iterable[Action]) -> Iterator[str]:
    """What templates have and nobody presses, whatever state it takes to see it."""
    told = [file.stem for file in (TEMPLATES / "admin").glob("*.html") if [*words(file.stem)]]
    yield from (f"{one}.html: to which routes do its buttons lead?" for one in told if one not in LEADS)
    for template, routes in LEADS.items():
        does = [action.does for action in known if action.route in routes.split()]
        for word in words(template):
            if not any(re.fullmatch(word, one) for one in does):
                yield f"{word!r} of {template}.html, at {routes}"


async def test_each_action_has_its_test(desk: Sights, figure: Figure) -> None:
    routes = [
        one for one, methods in desk.here.routes.items() if "POST" in methods and one.startswith("/admin")
    ]
    asking = [one for one, methods in desk.here.routes.items() if "GET" in methods]
    seen: dict[Action, str] = {}
    for sight in desk.every:
        forms = await shown(desk, sight) if sight.path.startswith("/admin") else _Forms("")
        of_forms = {action_of(routes, path, said) for path, said in forms.found if path.startswith("/admin")}
        seen |= dict.fromkeys(of_forms | {asked_at(asking, path) for path in forms.asking}, sight.name)
    known = done()
    named = known.keys() | NOT_YET
    missing = [f"{one.route} {one.does!r}, on {name}" for one, name in seen.items() if one not in named]
    missing += [one for one in routes if not any(action.route == one for action in named)]
    missing += unpressed(named)
    figure("keyboard_actions", len(known), "100 or more", len(known) >= 100)
    figure("keyboard_actions_not_yet", len(NOT_YET))
    assert not missing, "\n".join(missing)
    assert len(seen) > 80
    assert not {one for one in named if one.route.removeprefix("GET ") not in routes + asking}
    assert not known.keys() & NOT_YET, "This is done by now."


async def test_what_the_tab_key_does_not_come_to_is_found_out(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.proof.keys.MOST", 80)
    await keys.begins_at("/admin/domains")
    button = keys.button("Mail them no more for 90 days")
    await keys.comes_to(button)
    await button.evaluate("one => { one.tabIndex = -1; one.blur() }")
    with pytest.raises(AssertionError, match="does not come to"):
        await keys.comes_to(button)
