"""Subscribers, broadcasts, sequences and comments as a program meets them, on both engines."""

import msgspec
import pytest

from newsletter.addresses import parse
from newsletter.clock import DAY, HOUR
from newsletter.comments import Draft
from newsletter.web.kit import people, sequencing
from tests.web.api.conftest import ROOT, Program
from tests.web.stage import ADA, BEN, CLEO, OLGA, URL, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def outbox(shop: Program, email: str) -> list[str]:
    return [mail.message for mail in await shop.stage.house.mails(email) if mail.state != "skipped"]


async def test_subscribers(shop: Program) -> None:
    path = await shop.adds(ADA, name="Ada", fields={"city": "Porto"}, tags=["work", "a/b"])
    person, read = await shop.read(path)
    assert (person["email"], person["status"], person["fields"]) == (ADA, "pending", {"city": "Porto"})
    assert person["tags"] == ["a/b", "work"]
    assert await outbox(shop, ADA) == []
    refused = await shop.web.post(f"{ROOT}/subscribers", json={"email": ADA.upper()})
    assert refused.status_code == 409

    changed = await shop.ask("PATCH", path, json={"fields": {"city": None, "job": "poet"}}, headers=read)
    assert (changed.json()["name"], changed.json()["fields"]) == ("Ada", {"job": "poet"})
    assert (await shop.ask("PUT", f"{path}/tags/x%2Fy")).json()["tags"] == ["a/b", "work", "x/y"]
    assert (await shop.ask("DELETE", f"{path}/tags/a%2Fb")).json()["tags"] == ["work", "x/y"]
    assert (await shop.get("/subscribers", email=ADA))["items"][0]["tags"] == ["work", "x/y"]
    await shop.adds("adele@example.org", name="Dele")
    for begins, found in (("ad", 2), ("ADA", 1), ("dele", 1), ("da", 0)):
        assert len((await shop.get("/subscribers", search=begins))["items"]) == found, begins
    assert len((await shop.get("/subscribers", search="ad", limit=1))["items"]) == 1
    for beside in ({"segment": "tag:nobody"}, {"email": ADA}, {"cursor": "x"}):
        refused = await shop.ask("GET", "/subscribers", 422, params={"search": "ad", **beside})
        assert refused.json()["errors"].keys() == {"search"}
    tags = {one["name"]: one["subscribers"] for one in (await shop.get("/tags"))["items"]}
    assert (tags["work"], tags["a/b"]) == (1, 0)
    counted = await shop.get("/segments/count", segment="tag:work and tag:nothing")
    assert (counted["subscribers"], counted["mailable"], len(counted["unknown"])) == (0, 0, 1)


async def test_consent_from_elsewhere(shop: Program) -> None:
    at = "2025-11-22T19:30:00+00:00"
    path = await shop.adds(BEN, imported="Asked at the counter", agreed=at)
    person = await shop.get(path)
    assert (person["status"], person["confirmed"]) == ("active", at)
    assert await outbox(shop, BEN) == []
    site = shop.stage.site
    known = await shop.get(f"{path}/data")
    assert known == msgspec.to_builtins(await site.db.read(people.own_data, site, int(person["id"])))
    assert known["consent_chain_intact"]
    assert (await shop.get(f"{path}/consent"))["records"][0]["hash"] == known["consent"][0]["hash"]
    await shop.ask(
        "POST", f"{path}/mail", 422, json={"guide": "structure-your-career"}
    )  # they asked for none
    assert known["consent"][0]["detail"]["origin"] == "Asked at the counter"
    done = await shop.ask("POST", f"{path}/unsubscribe")
    assert done.json() == {"id": person["id"], "state": "unsubscribed"}
    lines = (
        await shop.ask("GET", "/export/subscribers", params={"status": "unsubscribed"})
    ).text.splitlines()
    assert [msgspec.json.decode(line)["email"] for line in lines] == [BEN]


async def test_asked_to_confirm_and_erased(shop: Program) -> None:
    path = await shop.adds(CLEO, form="guide")
    assert await outbox(shop, CLEO) == ["confirmation"]
    await shop.ask("POST", f"{path}/mail", 409, json={})  # once a day
    shop.stage.clock.forward(DAY + HOUR)
    await shop.ask("POST", f"{path}/mail", 202, json={})
    assert await outbox(shop, CLEO) == ["confirmation", "confirmation"]
    _, read = await shop.read(path)
    await shop.ask("DELETE", path, 204, headers=read)
    await shop.ask("GET", path, 404)
    assert CLEO not in repr(await shop.stage.dump())
    await shop.ask("POST", "/subscribers", 409, json={"email": CLEO})
    await shop.ask("POST", "/subscribers", 404, json={"email": "dora@example.org", "form": "none"})
    assert (await shop.get("/subscribers", email="dora@example.org"))["items"] == []


async def test_a_broadcast_from_draft_to_cancelled(shop: Program) -> None:
    await shop.adds("eve@example.org", imported="x")
    made = await shop.ask("POST", "/broadcasts", 201, json={"subject": "On work", "body": "Hello\n\nyou."})
    path = made.headers["Location"].removeprefix(ROOT)
    draft, read = await shop.read(path)
    assert (draft["state"], draft["body"]) == ("draft", "Hello\n\nyou.")
    changed = (await shop.ask("PATCH", path, json={"preheader": "A thought"}, headers=read)).json()
    await shop.ask("PATCH", path, 422, json={"audience": "tag"}, headers={"If-Match": "*"})
    await shop.ask("POST", f"{path}/test", 202, json={})
    assert await outbox(shop, OLGA) != []
    await shop.ask("POST", f"{path}/send", 409, json={"version": draft["version"]})
    await shop.ask(
        "POST", f"{path}/send", 422, json={"version": changed["version"], "at": "2020-01-01T00:00:00Z"}
    )
    later = await shop.ask(
        "POST", f"{path}/send", 202, json={"version": changed["version"], "at": "2030-01-01T00:00:00Z"}
    )
    assert later.json()["state"] == "scheduled"
    assert (await shop.ask("POST", f"{path}/cancel")).json()["state"] == "draft"
    now = await shop.get(path)
    sent = await shop.ask("POST", f"{path}/send", 202, json={"version": now["version"]})
    assert sent.json()["state"] == "sending"
    await shop.ask("POST", f"{path}/send", 409, json={"version": now["version"]})
    assert (await shop.ask("POST", f"{path}/pause")).json()["state"] == "paused"
    assert (await shop.ask("POST", f"{path}/resume")).json()["state"] == "sending"
    assert (await shop.ask("POST", f"{path}/cancel")).json()["state"] == "cancelled"
    assert (await shop.get(f"{path}/numbers"))["state"] == "cancelled"
    seen = await shop.get(f"{path}/preview")
    assert (seen["subject"], "you." in seen["text"], "<p" in seen["html"]) == ("On work", True, True)
    await shop.ask("POST", f"{path}/retry", 409, json={"state": "failed"})
    assert (await shop.get(f"{path}/deliveries", state="sent"))["items"] == []
    await shop.ask("DELETE", path, 409, headers={"If-Match": "*"})
    assert (await shop.get("/broadcasts", limit=1))["items"][0]["id"] == now["id"]


async def test_sequences(shop: Program, stage: Stage) -> None:
    await sequencing.begin_welcome(stage.site, 1000)
    (one,) = (await shop.get("/sequences"))["items"]
    assert (await shop.ask("POST", f"/sequences/{one['slug']}/stop")).json()["state"] == "off"
    assert (await shop.ask("POST", f"/sequences/{one['slug']}/start", json={})).json()["state"] == "on"
    assert (await shop.get(f"/sequences/{one['slug']}"))["start"] == one["start"]
    await shop.ask("GET", "/sequences/none", 404)


async def test_comments(shop: Program, stage: Stage) -> None:
    for text in ("One", "Two"):
        words = Draft(raw=text, url=f"{URL}/on-work", name="Fay", address=parse("fay@example.org"))
        written = await stage.site.db.write(stage.site.comments.write, words)
        await stage.site.db.write(stage.site.comments.confirm, written.id, 1)
    second, first = (await shop.get("/comments"))["items"]
    _, read = await shop.read(f"/comments/{first['id']}")
    await shop.ask("POST", f"/comments/{first['id']}/approve", 428)
    await shop.ask("POST", f"/comments/{first['id']}/approve", 412, headers={"If-Match": '"x"'})
    await shop.ask("POST", f"/comments/{first['id']}/approve", headers=read)
    assert [one["text"] for one in (await shop.get("/comments", status="approved"))["items"]] == ["One"]
    _, read = await shop.read(f"/comments/{second['id']}")
    await shop.ask("POST", f"/comments/{second['id']}/spam", headers=read)
    await shop.ask("DELETE", f"/comments/{second['id']}", 428)
    await shop.ask("DELETE", f"/comments/{second['id']}", 412, headers={"If-Match": '"x"'})
    _, read = await shop.read(f"/comments/{second['id']}")
    await shop.ask("DELETE", f"/comments/{second['id']}", 204, headers=read)
    await shop.ask("DELETE", f"/comments/{second['id']}", 404, headers=read)

    path = f"/comments/{first['id']}"
    one, read = await shop.read(path)
    edited = await shop.ask("PATCH", path, json={"text": "*One*"}, headers=read)
    assert edited.json()["html"] == "<p><em>One</em></p>"
    await shop.ask("POST", f"{path}/reply", 412, json={"text": "Yes."}, headers=read)
    read = {"If-Match": edited.headers["ETag"]}
    await shop.ask("POST", f"{path}/reply", 422, json={"text": " "}, headers=read)
    answer = await shop.ask("POST", f"{path}/reply", 201, json={"text": "Yes."}, headers=read)
    assert (await shop.get(f"/comments/{answer.json()['id']}"))["by_owner"]
    await shop.ask("POST", f"{path}/close")
    thread = {"Accept": "application/json"}
    closed = await shop.web.get("/threads", params={"url": one["url"]}, headers=thread)
    assert closed.json()["closed"]
    await shop.ask("POST", f"{path}/open")
    _, read = await shop.read(path)
    await shop.ask("POST", f"{path}/block", headers=read)
    assert (await shop.get(path))["status"] == "spam"


async def test_how_comments_are_judged(shop: Program) -> None:
    before, read = await shop.read("/comment-rules")
    wrong = await shop.ask("PATCH", "/comment-rules", 422, json={"rules": "no rule"}, headers=read)
    assert wrong.json()["errors"].keys() == {"rules"}
    changed = await shop.ask("PATCH", "/comment-rules", json={"policy": "all", "depth": 2}, headers=read)
    assert changed.json() == before | {"policy": "all", "depth": 2}
    await shop.ask("PATCH", "/comment-rules", 412, json={"depth": 3}, headers=read)


async def test_what_is_offered(shop: Program) -> None:
    assert (await shop.get("/forms"))["items"][0]["slug"] == "guide"
    assert (await shop.get("/magnets"))["items"][0]["version"] == 1
