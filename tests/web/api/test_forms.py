"""Signup forms by the API: made, read, changed, and held to what the desk holds them to."""

import pytest

from tests.web.api.conftest import Program

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("lasting_url", ["sqlite"], indirect=True, scope="module"),
]
NEW = {
    "slug": "spring",
    "title": "A course",
    "wording": "Yes, send me\nthe course.",
    "fields": [
        {"name": "name", "label": "Your name"},
        {"name": "city", "label": "City", "type": "choice", "options": ["Porto", "Lisbon"], "required": True},
    ],
    "tags": ["course"],
    "magnets": ["structure-your-career"],
    "accent": "#1f5f5b",
    "allowed_origins": ["https://course.example.org"],
}


async def test_made_read_and_changed(shop: Program) -> None:
    made = await shop.ask("POST", "/forms", 201, json=NEW)
    assert made.headers["Location"] == "/api/v1/forms/spring"
    await shop.ask("POST", "/forms", 422, json=NEW)  # the slug is taken
    one, match = await shop.read("/forms/spring")
    assert {name: one[name] for name in NEW.keys() - {"fields"}} == {
        name: value for name, value in NEW.items() if name != "fields"
    }
    assert [(field["name"], field["type"], field["options"]) for field in one["fields"]] == [
        ("name", "text", []),
        ("city", "choice", ["Porto", "Lisbon"]),
    ]
    web = await shop.stage.visitor()
    assert "Porto" in (await web.get("/forms/spring")).text

    change = {"title": "Another course", "closed": True, "fields": []}
    after = (await shop.ask("PATCH", "/forms/spring", json=change, headers=match)).json()
    assert after == {**one, **change}
    assert "Another course" in (await web.get("/forms/spring")).text
    await shop.ask("PATCH", "/forms/spring", 412, json=change, headers=match)
    await shop.ask("PATCH", "/forms/spring", 428, json=change)
    assert {"slug": "spring", "title": "Another course"} in (await shop.get("/forms"))["items"]


async def test_each_fault_is_told_beside_its_field(shop: Program) -> None:
    for name, value in {
        "slug": "Not This",
        "title": "",
        "wording": "x" * 1_001,
        "thanks_url": "https://evil.example/",
        "magnets": ["none"],
        "tags": ["a,b"],
        "accent": "red",
        "background": "#808080",
        "allowed_origins": ["https://example.org/blog"],
        "fields": [{"name": "email", "label": "Again"}],
    }.items():
        wrong = await shop.ask("POST", "/forms", 422, json={**NEW, "slug": "other", name: value})
        assert name in wrong.json()["errors"], (name, wrong.text)
    await shop.ask("POST", "/forms", 422, json={**NEW, "slug": "new"})
    await shop.ask("GET", "/forms/other", 404)


async def test_its_own_sites_hold_its_thank_you_page_too(shop: Program) -> None:
    thanks = "https://course.example.org/thanks"
    await shop.ask("POST", "/forms", 201, json={**NEW, "slug": "autumn", "thanks_url": thanks})
    one, match = await shop.read("/forms/autumn")
    changes: list[dict[str, object]] = [
        {"allowed_origins": []},
        {"allowed_origins": ["https://blog.example.org"]},
        {"thanks_url": "https://blog.example.org/thanks"},
    ]
    for change in changes:
        wrong = await shop.ask("PATCH", "/forms/autumn", 422, json=change, headers=match)
        assert wrong.json()["errors"].keys() == {"thanks_url"}, change
    for site in ("https://*", "https://a.example;sandbox", "javascript:alert(1)", "a'b"):
        typed = {"allowed_origins": [site], "thanks_url": ""}
        wrong = await shop.ask("PATCH", "/forms/autumn", 422, json=typed, headers=match)
        assert "allowed_origins" in wrong.json()["errors"], site
    assert await shop.get("/forms/autumn") == one
    none = {"allowed_origins": [], "thanks_url": ""}
    after = (await shop.ask("PATCH", "/forms/autumn", json=none, headers=match)).json()
    assert after == one | none


async def test_one_magnet(shop: Program) -> None:
    (one,) = (await shop.get("/magnets"))["items"]
    assert await shop.get("/magnets/structure-your-career") == one
    await shop.ask("GET", "/magnets/none", 404)
