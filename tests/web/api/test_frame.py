"""What holds for all that there is to ask: errors, pages, ETags, keys of idempotency, limits, methods."""

import asyncio
from typing import Any

import pytest

from tests.web.api.conftest import ROOT, Program, program
from tests.web.stage import BLOG

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("lasting_url", ["sqlite"], indirect=True, scope="module"),
]


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["status"] == status
    assert found["detail"].endswith((".", "…"))
    return found


async def test_every_fault_of_a_body_is_named(shop: Program) -> None:
    wrong = {"email": 7, "name": "x" * 101, "tags": ["a,b"], "fields": {"a": 1}, "imported": "\x07", "x": 1}
    found = problem(await shop.web.post(f"{ROOT}/subscribers", json=wrong), 422)
    assert set(found["errors"]) == set(wrong)
    assert problem(await shop.web.post(f"{ROOT}/subscribers", json={}), 422)["errors"] == {
        "email": "This is needed."
    }
    for raw in (b"", b"{", b"[]", b"7", b'"\\ud800"', b'{"email": "\xff"}', b"[" * 20_000):
        kind = {"Content-Type": "application/json"}
        problem(await shop.web.post(f"{ROOT}/subscribers", content=raw, headers=kind), 422)


async def test_a_name_that_comes_twice_is_refused(shop: Program) -> None:
    """In an object within it too, and however it is spelt: else one of two programs between us reads another body."""
    kind = {"Content-Type": "application/json"}
    for raw in (
        b'{"email": "twice@example.org", "email": "mallory@example.com"}',
        b'{"email": "twice@example.org", "\\u0065mail": "twice@example.org"}',
        b'{"email": "twice@example.org", "fields": {"city": "Porto", "city": "Faro"}}',
        b'{"email": "twice@example.org", "n": [{"x": 1, "x": 2}], "n": 99}',
    ):
        said = problem(await shop.web.post(f"{ROOT}/subscribers", content=raw, headers=kind), 400)["detail"]
        assert said in [f"“{name}” stands in one object more than once." for name in ("email", "city", "x")]
    both = b'{"email": "twice@example.org", "fields": {"city": "Porto", " city": "Faro"}}'
    found = problem(await shop.web.post(f"{ROOT}/subscribers", content=both, headers=kind), 422)
    assert found["errors"] == {"fields": "This was sent more than once."}
    assert (await shop.get("/subscribers", search="twice@"))["items"] == []
    once = b'{"email": "twice@example.org", "fields": {"email": "x", "name": "y"}, "name": "z"}'
    await shop.ask("POST", "/subscribers", 201, content=once, headers=kind)


async def test_bodies_of_another_kind_or_too_large(shop: Program) -> None:
    problem(await shop.web.post(f"{ROOT}/subscribers", data={"email": "a@example.org"}), 415)
    problem(await shop.web.post(f"{ROOT}/subscribers", json={"name": "x" * 40_000}), 413)
    problem(await shop.web.request("GET", f"{ROOT}/forms", content=b"x"), 422)
    kind = {"Content-Type": "application/json; charset=latin-1"}
    problem(await shop.web.post(f"{ROOT}/subscribers", content=b"{}", headers=kind), 415)


async def test_queries(shop: Program) -> None:
    for query in ("limit=0", "limit=x", "limit=1&limit=2", "x=1", "cursor=1.x", "segment=tag", "limit=%ff"):
        found = problem(await shop.web.get(f"{ROOT}/subscribers?{query}"), 422)
        assert found.get("errors") or "ff" in query, query


async def test_addresses_and_methods(shop: Program) -> None:
    for path in (
        "/x",
        "",
        "/",
        "/subscribers/",
        "/subscribers/x",
        "/subscribers/%ff",
        f"/subscribers/{2**64}",
    ):
        problem(await shop.web.get(ROOT + path), 404)
    refused = await shop.web.put(f"{ROOT}/subscribers", json={})
    problem(refused, 405)
    assert refused.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
    asked = await shop.web.options(f"{ROOT}/subscribers", headers={"Origin": BLOG})
    assert (asked.status_code, asked.headers["Allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    assert not [name for name in asked.headers if name.startswith("access-control")]
    got, head = await shop.web.get(f"{ROOT}/forms"), await shop.web.head(f"{ROOT}/forms")
    assert (head.status_code, head.content, head.headers["Content-Length"]) == (
        200,
        b"",
        str(len(got.content)),
    )
    assert not [name for name in got.headers if name.startswith(("access-control", "set-cookie"))]


async def test_a_change_names_what_was_read(shop: Program) -> None:
    path = await shop.adds("etag@example.org")
    before, read = await shop.read(path)
    assert (await shop.web.get(ROOT + path, headers={"If-None-Match": read["If-Match"]})).status_code == 304
    problem(await shop.web.patch(ROOT + path, json={"name": "A"}), 428)
    changed = await shop.ask("PATCH", path, json={"name": "A"}, headers=read)
    assert changed.json() == before | {"name": "A"}
    problem(await shop.web.patch(ROOT + path, json={"name": "B"}, headers=read), 412)
    problem(await shop.web.delete(ROOT + path, headers=read), 412)
    assert (await shop.read(path))[1]["If-Match"] == changed.headers["ETag"]
    both = await asyncio.gather(
        *(
            shop.web.patch(ROOT + path, json={"name": name}, headers={"If-Match": changed.headers["ETag"]})
            for name in "CD"
        )
    )
    assert sorted(one.status_code for one in both) == [200, 412]


async def test_pages_go_through_all_once(shop: Program) -> None:
    made = [await shop.adds(f"page{n}@example.org", tags=["paged"]) for n in range(5)]
    seen: list[str] = []
    query = {"segment": "tag:paged", "limit": 2}
    first = await shop.get("/subscribers", **query)
    page = first
    while True:
        seen += [f"/subscribers/{one['id']}" for one in page["items"]]
        if page["next"] is None:
            break
        page = await shop.get("/subscribers", cursor=page["next"], **query)
    assert seen == made
    other = await shop.web.get(f"{ROOT}/subscribers", params={"cursor": first["next"], "segment": "tag:x"})
    assert "cursor" in problem(other, 422)["errors"]


async def test_a_key_does_a_thing_once(shop: Program) -> None:
    async def asks(subject: str, key: str = "k1", token: Program = shop) -> Any:
        head = {"Idempotency-Key": key}
        return await token.web.post(f"{ROOT}/broadcasts", json={"subject": subject}, headers=head)

    first, again = await asks("One"), await asks("One")
    assert (first.status_code, again.status_code) == (201, 201)
    assert (first.content, first.headers["Location"]) == (again.content, again.headers["Location"])
    assert again.headers["Idempotency-Replayed"] == "true"
    problem(await asks("Two"), 422)
    assert (await asks("One", token=await program(shop.stage))).headers["Location"] != first.headers[
        "Location"
    ]
    at_once = await asyncio.gather(*(asks("Three", "k3") for _ in range(5)))
    assert {one.status_code for one in at_once} <= {201, 409}
    assert len({one.headers["Location"] for one in at_once if one.status_code == 201}) == 1
    for key in ("", "x" * 256):
        problem(await asks("Four", key), 422)


async def test_a_failure_leaves_its_key_unused(shop: Program) -> None:
    head = {"Idempotency-Key": "later"}
    send: dict[str, Any] = {"json": {"audience": "tag"}, "headers": head}
    problem(await shop.web.post(f"{ROOT}/broadcasts", **send), 422)
    problem(await shop.web.post(f"{ROOT}/broadcasts", **send), 422)
    await shop.ask("POST", "/broadcasts", 201, json={"subject": "Well"}, headers=head)


async def test_what_is_kept_of_an_answer_names_nobody(shop: Program) -> None:
    await shop.ask(
        "POST",
        "/subscribers",
        201,
        json={"email": "kept@example.org"},
        headers={"Idempotency-Key": "kept@example.org"},
    )
    assert "kept@" not in repr((await shop.stage.dump())["api_answers"])
