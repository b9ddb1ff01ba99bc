"""The description of the API: made of its table, whole, and good enough to make a client from."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
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


def shapes() -> dict[str, Any]:
    """The schema of each body and answer that is JSON, by its operation."""
    found: dict[str, Any] = {}
    for name, one in operations().items():
        parts = {"asks": one.get("requestBody", {}), **one["responses"]}
        for part, said in parts.items():
            for kind, content in said.get("content", {}).items():
                if kind in ("application/json", "application/problem+json"):
                    found[f"{name} {part}"] = content["schema"]
    return found


def test_every_body_has_a_type_and_every_example_fits_it() -> None:
    """What a client is made from: no answer or body without a named shape, and no example that isn't one of it."""
    found = shapes()
    assert all(schema.keys() == {"$ref"} for schema in found.values())
    takes = {f"{one.method} {one.path}" for one in ENDPOINTS if one.takes}
    assert {name for name in operations() if f"{name} asks" in found} == takes
    for one in ENDPOINTS:
        described = operations()[f"{one.method} {one.path}"]["responses"][str(one.status)]
        assert ("content" in described) == (one.gives is not None), one.path
    count = 0
    for schema in every_schema(DESCRIBED):
        for example in schema.get("examples", []):
            jsonschema_rs.validator_for({**schema, "components": DESCRIBED["components"]}).validate(example)
            count += 1
    assert count > 20


def every_schema(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield from [part] if isinstance(part.get("examples"), list) else []
        for inner in part.values():
            yield from every_schema(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from every_schema(inner)
