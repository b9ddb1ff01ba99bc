"""The description of the API: made of its table, whole, and good enough to make a client from."""

from typing import Any

import msgspec

from newsletter.owners import SCOPES
from newsletter.web.api.openapi import description
from newsletter.web.api.table import ENDPOINTS
from tests.web.api.test_scopes import ROWS

ROOT = "https://news.example.org/api/v1"
DESCRIBED: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(description(ENDPOINTS, ROOT)))


def test_every_thing_to_ask_has_its_row() -> None:
    found: dict[str, set[str]] = {scope: set() for scope in SCOPES}
    for one in ENDPOINTS:
        found[one.scope].add(f"{one.method} {one.path}")
    assert found == ROWS


def operations() -> dict[str, Any]:
    return {
        f"{method.upper()} {path}": one
        for path, methods in DESCRIBED["paths"].items()
        for method, one in methods.items()
    }


def test_it_describes_all_that_there_is() -> None:
    assert {*operations()} == {f"{one.method} {one.path}" for one in ENDPOINTS}
    ids = [one["operationId"] for one in operations().values()]
    assert len({*ids}) == len(ids) == len(ENDPOINTS)
    for one in operations().values():
        assert one["summary"]
        assert {"401", "403", "422", "429"} <= {*one["responses"]}


def references(part: Any) -> set[str]:
    if isinstance(part, dict):
        own = {part["$ref"]} if "$ref" in part else set()
        return own.union(*map(references, part.values()))
    return set().union(*map(references, part)) if isinstance(part, list) else set()


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DESCRIBED):
        part = DESCRIBED
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]
    named = {f"#/components/schemas/{name}" for name in DESCRIBED["components"]["schemas"]}
    assert named == references(DESCRIBED)
