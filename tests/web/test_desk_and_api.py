"""What the desk does a program can do by the API, or a row says why not: held to the routes and buttons themselves."""

import re
from collections.abc import Iterator

import pytest

from newsletter.paths import TEMPLATES
from newsletter.web.admin import LEAST_ROLE, entering, passkeys
from newsletter.web.api.table import ENDPOINTS
from tests.web.desk_and_api_rows import ALONE, BY_SCRIPT, DESK, SENT_TO
from tests.web.door_rows import TAKEN

PART = re.compile(
    r"""<form\b(?P<form>[^>]*)>
      | (?P<end></form>)
      | <(?:button|input)\b[^>]*?\bname="(?:action|do)"[^>]*?\bvalue="(?P<value>[^"]*)\"""",
    re.VERBOSE,
)
OPERATIONS = {f"{one.method} {one.path}" for one in ENDPOINTS}
BUTTONED = sorted(
    one.name for one in (TEMPLATES / "admin").iterdir() if re.search(r'name="(action|do)"', one.read_text("utf-8"))
)  # fmt: skip


def routes() -> set[str]:
    handlers = [*entering.ROUTES, *passkeys.ENTERING, *(one for some in LEAST_ROLE.values() for one in some)]
    return {
        f"{method} {path.replace(':str', '')}"
        for one in handlers
        for path in one.paths
        for method in ("GET", "POST")
        if method in one.http_methods
    }


def verbs_of(path: str) -> set[str]:
    """The buttons that have a row of their own."""
    start = f"POST {path} "
    return {row.removeprefix(start) for row in DESK if row.startswith(start)}


def test_each_route_of_the_desk_has_its_row() -> None:
    assert {" ".join(row.split()[:2]) for row in DESK} == routes()


def test_each_row_names_what_there_is_or_says_why_not() -> None:
    named = {one for row in DESK.values() if not isinstance(row, str) for one in row}
    assert named <= OPERATIONS
    assert not named & ALONE.keys()
    for row, said in (DESK | ALONE).items():
        assert said, row
        assert not isinstance(said, str) or said.endswith("."), row


def test_each_operation_is_named_by_a_row() -> None:
    named = {one for row in DESK.values() if not isinstance(row, str) for one in row}
    assert named | ALONE.keys() == OPERATIONS


def test_each_button_has_its_row() -> None:
    shown: dict[str, set[str]] = {}
    for template in BUTTONED:
        for where, verb in buttons(template):
            for path in where:
                shown.setdefault(path, set()).add(verb)
    for path, verbs in BY_SCRIPT.items():
        shown[path] |= verbs
    assert shown == {path: verbs_of(path) for path in shown}
    assert {row.split()[1] for row in DESK if len(row.split()) > 2} == shown.keys()


@pytest.mark.parametrize("template", BUTTONED)
def test_each_button_of_a_template_is_seen(template: str) -> None:
    text = (TEMPLATES / "admin" / template).read_text("utf-8")
    seen = [found for found in PART.finditer(text) if found["value"] is not None]
    assert len(seen) == len(re.findall(r'name="(?:action|do)"', text))


def test_where_a_button_is_asked_for_there_is_one() -> None:
    acting = {path.replace(":str", "") for path, fields in TAKEN.items() if "action" in fields}
    acting = {path for path in acting if path.startswith("/admin") and not path.endswith("/preview")}
    assert [path for path in sorted(acting) if not verbs_of(path)] == []


def buttons(template: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each button, with the routes that take it."""
    where = SENT_TO.get(template, ())
    for found in PART.finditer((TEMPLATES / "admin" / template).read_text("utf-8")):
        if found["form"] is not None:
            where = leads_to(template, found["form"])
        elif found["end"]:
            where = SENT_TO.get(template, ())
        else:
            assert where, template
            for verb in words_of(found["value"]):
                yield where, verb


def leads_to(template: str, attributes: str) -> tuple[str, ...]:
    action = re.search(r'\baction="([^"]*)"', attributes)
    if action is None:
        return SENT_TO.get(template, ())
    plain = re.sub(r"\{\{ \w+\.(id|slug) \}\}", r"{\1}", action[1])
    return (plain,) if f"POST {plain}" in routes() else SENT_TO.get(f"{template} {action[1]}", ())


def words_of(value: str) -> set[str]:
    """What a button may say: `up-{{ step.id }}` is up, `{{ 'open' if … else 'close' }}` both; a name says nothing."""
    plain = value.partition("{{")[0]
    return {plain.partition("-")[0]} if plain else set(re.findall(r"'(\w+)'", value))
