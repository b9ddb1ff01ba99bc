"""Everything that can be done at the desk is done by the keyboard in some test: held against the routes, against the
buttons that pages show, and against the words of those that templates have for states that none of these pages is in.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from newsletter.paths import TEMPLATES
from tests.browser.sights import Sight, Sights
from tests.figures import Figure
from tests.proof.keys import MARKS, VERBS, Action, action_of

pytestmark = pytest.mark.asyncio(loop_scope="session")
NOT_YET: set[Action] = set()
"""What is done by no test with a keyboard alone."""

_BUTTON = re.compile(rf'<button[^>]* name="(?:{"|".join(VERBS)})" value="([^"]*)"')


def done() -> dict[Action, str]:
    """What the tests say that they do, each of which fails if it did not: and which test that is."""
    found: dict[Action, str] = {}
    for file in sorted(Path(__file__).parent.glob("test_keys_*.py")):
        if file.stem == Path(__file__).stem:
            continue
        for test in vars(import_module(f"tests.proof.{file.stem}")).values():
            found |= dict.fromkeys(
                getattr(test, "by_keyboard", ()), f"{file.name}::{getattr(test, '__name__', '')}"
            )
    return found


class _Forms(HTMLParser):
    """The POST forms of a page: for each of their buttons the address, and what says what it does."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.found: list[tuple[str, dict[str, str]]] = []
        self._to = ""
        self._hidden: dict[str, str] = {}
        self._buttons: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._to = (given.get("action") or self.path) if given.get("method") == "post" else ""
            self._hidden, self._buttons = {}, []
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


async def shown(sights: Sights, sight: Sight) -> list[tuple[str, dict[str, str]]]:
    web = sights.doors.web
    if sight.sends is None:
        answer = await web.get(
            sight.path, headers={"Cookie": ""} if "enter" in sight.path or "join" in sight.path else None
        )
    else:
        answer = await web.post(sight.path, data={**sight.sends, "csrf": sights.doors.csrf})
    forms = _Forms(sight.path)
    forms.feed(answer.text)
    return forms.found


def words() -> Iterator[tuple[str, str]]:
    """What a button of the desk's templates may send, as a pattern, with its template."""
    for file in sorted((TEMPLATES / "admin").glob("*.html")):
        for value in _BUTTON.findall(file.read_text("utf-8")):
            yield file.name, "[A-Za-z]+".join(re.escape(part) for part in re.split(r"\{\{.+?\}\}", value))


async def test_each_action_has_its_test(desk: Sights, figure: Figure) -> None:
    routes = [
        one for one, methods in desk.here.routes.items() if "POST" in methods and one.startswith("/admin")
    ]
    seen = {
        action_of(routes, path, said): sight.name
        for sight in desk.every
        if sight.path.startswith("/admin")
        for path, said in await shown(desk, sight)
        if path.startswith("/admin")
    }
    known = done()
    missing = [
        f"{one.route} {one.does!r}, on {name}"
        for one, name in seen.items()
        if one not in known.keys() | NOT_YET
    ]
    missing += [one for one in routes if not any(action.route == one for action in known.keys() | NOT_YET)]
    said = {action.does.split()[0] if action.does else "" for action in known.keys() | NOT_YET}
    missing += [
        f"{word} of {file}" for file, word in words() if not any(re.fullmatch(word, one) for one in said)
    ]
    figure("keyboard_actions", len(known), "100 or more", len(known) >= 100)
    figure("keyboard_actions_not_yet", len(NOT_YET))
    assert not missing, "\n".join(missing)
    assert len(seen) > 80
    assert not {one for one in known.keys() | NOT_YET if one.route not in routes}
    assert not known.keys() & NOT_YET, "This is done by now."
