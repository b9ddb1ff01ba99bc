"""The description of it all (OpenAPI 3.1), made of the table itself."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from newsletter import __version__
from newsletter.owners import SCOPES
from newsletter.web.api.asking import Endpoint
from newsletter.web.api.files import ANY_FILE

PROBLEM = "application/problem+json"
_SAID = {
    304: "It is still what `If-None-Match` names.",
    400: "The request can’t be understood.",
    401: "No token, or none that counts.",
    403: "The token lacks the scope, which the sentence names.",
    404: "There is no such thing.",
    409: "Not possible in the state that it is in, or it is here already.",
    410: "Not all of it is here any more.",
    412: "It has changed since it was read.",
    413: "The body is too large.",
    415: "The body is not called what is taken here.",
    422: "Some fields can’t be taken: `errors` names each.",
    428: "`If-Match` is missing.",
    429: "Too many requests; `Retry-After` says when.",
    503: "Nothing can be stored right now.",
}
_ALSO = {"/export/subscribers": ("text/csv",)}  # what its query may choose
_ALWAYS = (400, 401, 403, 422, 429, 503)


class Problem(msgspec.Struct):
    """RFC 9457. `detail` is a sentence for people."""

    type: str
    title: str
    status: int
    detail: str
    errors: dict[str, str] = {}


def description(endpoints: Iterable[Endpoint], root: str) -> dict[str, Any]:
    """All of `endpoints`, below the address `root`."""
    endpoints = tuple(endpoints)
    kinds = {Problem} | {
        kind for one in endpoints for kind in (one.takes, one.gives) if kind and not isinstance(kind, str)
    }
    _, schemas = msgspec.json.schema_components(
        sorted(kinds, key=lambda kind: kind.__name__), ref_template="#/components/schemas/{name}"
    )
    for one in endpoints:
        if one.takes:
            schemas[one.takes.__name__]["additionalProperties"] = (
                False  # what isn't known is refused, not passed over
            )
    paths: dict[str, Any] = {}
    for one in endpoints:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Newsletter",
            "version": __version__,
            "description": "All that the desk does, for programs of the owner’s.",
        },
        "servers": [{"url": root}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": f"Made by `newsletter api-token new`. Its scopes are of: {', '.join(SCOPES)}.",
                }
            },
        },
    }


def _operation(one: Endpoint) -> dict[str, Any]:
    line = (one.does.__doc__ or "").strip().splitlines()[0]
    operation: dict[str, Any] = {
        "operationId": one.name,
        "summary": line.rstrip("."),
        "description": f"Needs the scope `{one.scope}`.",
        "tags": [one.path.split("/")[1]],
        "parameters": [*_in_path(one), *_in_query(one), *_in_headers(one)],
        "responses": _responses(one),
    }
    if one.takes:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _named(one.takes)}},
        }
    elif one.file:
        file = {"schema": {"type": "string", "format": "binary"}}
        operation["requestBody"] = {"required": True, "content": {ANY_FILE: file}}
    return operation


def _named(kind: type[msgspec.Struct]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{kind.__name__}"}


def _in_path(one: Endpoint) -> list[dict[str, Any]]:
    number = {"type": "string", "pattern": "^[0-9]{1,19}$"}
    shapes = {"id": number, "delivery": number}
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": shapes.get(name, {"type": "string", "minLength": 1, "maxLength": 100}),
        }
        for name in re.findall(r"\{(\w+)\}", one.path)
    ]


def _in_query(one: Endpoint) -> list[dict[str, Any]]:
    if one.asks is None:
        return []
    _, found = msgspec.json.schema_components([one.asks])
    asked = found[one.asks.__name__]
    return [
        {"name": name, "in": "query", "required": name in asked.get("required", ()), "schema": schema}
        for name, schema in asked["properties"].items()
    ]


def _in_headers(one: Endpoint) -> list[dict[str, Any]]:
    headers = []
    if one.matches or one.minds:
        headers.append(
            {
                "name": "If-Match",
                "in": "header",
                "required": one.matches and not one.makes,
                "schema": {"type": "string"},
                "description": "The ETag of what was read.",
            }
        )
    if one.makes:
        headers.append(
            {
                "name": "If-None-Match",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "pattern": r"^\*$", "examples": ["*"]},
                "description": "Instead of `If-Match`, where there was none to read.",
            }
        )
    if one.method == "POST":
        text = "One for each thing to be done: repeated within 24 hours, it is answered the same and not done again."
        shape = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]*[!-~][ -~]*$"}
        headers.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "schema": shape,
                "description": text,
            }
        )
    return headers


def _responses(one: Endpoint) -> dict[str, Any]:
    well: dict[str, Any] = {"description": "Done."}
    if isinstance(one.gives, str):
        well["content"] = {kind: {} for kind in (one.gives, *_ALSO.get(one.path, ()))}
    elif one.gives:
        well["content"] = {"application/json": {"schema": _named(one.gives)}}
    if one.single:
        well["headers"] = {"ETag": {"schema": {"type": "string"}}}
    refusals = {*_ALWAYS, *one.refuses}
    if "{" in one.path:
        refusals.add(404)
    if one.takes or one.file:
        refusals |= {413, 415}
    if one.minds:
        refusals.add(412)
    if one.matches:
        refusals |= {412, 428}
    if one.method == "POST":
        refusals.add(409)
    said: dict[str, Any] = {str(one.status): well}
    if one.single and one.method == "GET":
        said["304"] = {"description": _SAID[304]}
    for status in sorted(refusals):
        said[str(status)] = {
            "description": _SAID[status],
            "content": {PROBLEM: {"schema": _named(Problem)}},
        }
    return said
