"""Webhooks by the API: all that the desk does with them."""

import pytest

from newsletter.webhooks import secret_of
from tests.web.api.conftest import Program

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("lasting_url", ["sqlite"], indirect=True, scope="module"),
]
URL = "https://shop.example.org/hooks"


async def test_made_changed_tried_rotated_and_deleted(shop: Program) -> None:
    wanted = {"url": URL, "events": ["comment.published", "subscriber.confirmed"]}
    once = {"Idempotency-Key": "hook-1"}
    made = await shop.ask("POST", "/webhooks", 201, json=wanted, headers=once)
    assert made.json()["state"] == "on"
    again = await shop.ask("POST", "/webhooks", 201, json=wanted, headers=once)
    assert again.headers["Location"] == made.headers["Location"]
    path = made.headers["Location"].removeprefix("/api/v1")
    one, match = await shop.read(path)
    assert (one["url"], one["events"]) == (URL, ["subscriber.confirmed", "comment.published"])
    assert (await shop.get("/webhooks"))["items"] == [one]

    off = (await shop.ask("PATCH", path, json={"state": "off"}, headers=match)).json()
    assert off == {**one, "state": "off"}
    await shop.ask("PATCH", path, 412, json={"state": "on"}, headers=match)
    await shop.ask("PATCH", path, 428, json={"state": "on"})

    tokens, id = shop.stage.site.tokens, int(one["id"])
    secret = await shop.get(f"{path}/secret")
    assert secret == {"secret": secret_of(tokens, id, 1), "previous": None, "previous_until": None}
    assert "whsec_" not in made.text + (await shop.ask("POST", f"{path}/rotate")).text
    secret = await shop.get(f"{path}/secret")
    assert (secret["secret"], secret["previous"]) == (secret_of(tokens, id, 2), secret_of(tokens, id, 1))

    for _ in range(3):
        await shop.ask("POST", f"{path}/test", 202)
    first = await shop.get(f"{path}/deliveries", limit=2)
    rest = await shop.get(f"{path}/deliveries", limit=2, cursor=first["next"])
    found = [*first["items"], *rest["items"]]
    assert (len({row["id"] for row in found}), rest["next"]) == (3, None)
    assert {(row["event"], row["state"], row["attempts"], row["tried"]) for row in found} == {
        ("webhook.test", "queued", 0, None)
    }
    sent = await shop.ask("POST", f"{path}/deliveries/{found[0]['id']}/resend", 202)
    assert sent.json() == {"id": found[0]["id"], "state": "queued"}
    await shop.ask("POST", f"{path}/deliveries/1/resend", 404)

    _, match = await shop.read(path)
    await shop.ask("DELETE", path, 204, headers=match)
    for wrong in (path, f"{path}/secret", f"{path}/deliveries"):
        await shop.ask("GET", wrong, 404)


async def test_what_can_be_no_webhook_is_said_field_by_field(shop: Program) -> None:
    for url in (
        "http://shop.example.org/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.0.0.1/",
        "x",
    ):
        wrong = await shop.ask("POST", "/webhooks", 422, json={"url": url, "events": ["broadcast.finished"]})
        assert [*wrong.json()["errors"]] == ["url"], url
    wrong = await shop.ask("POST", "/webhooks", 422, json={"url": URL, "events": []})
    assert [*wrong.json()["errors"]] == ["events"]
    wrong = await shop.ask("POST", "/webhooks", 422, json={"url": URL, "events": ["webhook.test"]})
    assert [*wrong.json()["errors"]] == ["events"]
    assert await shop.get("/webhooks") == {"items": []}
