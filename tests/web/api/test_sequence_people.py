"""Who is in a sequence as a program reads it, and its mails once more: what failed, and a copy to look at."""

import pytest

from newsletter.clock import iso
from newsletter.storage import Tx
from newsletter.web.kit import sequencing
from tests.web.api.conftest import ROOT, Program
from tests.web.stage import OLGA, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATH = "/sequences/course"


async def begun(shop: Program, stage: Stage, *names: str) -> list[str]:
    """A sequence of two steps that is on, with those people before or at its first step: their ids."""
    await shop.ask("POST", "/sequences", 201, json={"slug": "course", "start": "tag:course"})
    steps = []
    for name, wait in (("One", "at once"), ("Two", "2 days")):
        step = {"subject": name, "body": "Hello.", "wait": wait}
        steps.append((await shop.ask("POST", f"{PATH}/steps", 201, json=step)).json()["id"])
    await shop.ask("POST", f"{PATH}/start", json={})
    for name in names:
        await shop.adds(f"{name}@example.org", imported="x")
        (one,) = (await shop.get("/subscribers", email=f"{name}@example.org"))["items"]
        await shop.ask("PUT", f"/subscribers/{one['id']}/tags/course")
    await sequencing.Rounds(stage.site).once()
    return steps


async def test_who_is_where(shop: Program, stage: Stage) -> None:
    first, second = await begun(shop, stage, "gil", "hal", "ida")
    assert (await shop.get(f"{PATH}/numbers"))["people"] == [{"step": first, "state": "running", "count": 3}]
    mails = (await shop.get(f"{PATH}/numbers"))["mails"]
    assert [(one["step"], one["count"]) for one in mails] == [(first, 3)]
    page = await shop.get(f"{PATH}/people", limit=2)
    rest = await shop.get(f"{PATH}/people", limit=2, cursor=page["next"])
    people = page["items"] + rest["items"]
    assert [one["email"][:3] for one in people] == ["ida", "hal", "gil"]
    assert {(one["status"], one["state"], one["step"]) for one in people} == {("active", "running", first)}
    assert rest["next"] is None
    there = await shop.get(f"{PATH}/people", step=first, limit=1)
    onward = await shop.get(f"{PATH}/people", step=first, limit=2, cursor=there["next"])
    assert len({one["id"] for one in there["items"] + onward["items"]}) == 3
    await shop.ask("GET", f"{PATH}/people", 422, params={"cursor": there["next"]})  # of another list
    for nobody in ({"step": second}, {"step": "0"}, {"step": "9" * 19}, {"step": first, "state": "stopped"}):
        assert (await shop.get(f"{PATH}/people", **nobody))["items"] == [], nobody
    alone = await shop.ask("GET", f"{PATH}/people", 422, params={"state": "running"})
    assert alone.json()["errors"].keys() == {"state"}
    for path in ("people", "numbers"):
        await shop.ask("GET", f"/sequences/none/{path}", 404)


async def test_what_failed_goes_once_more(shop: Program, stage: Stage) -> None:
    async def failed(tx: Tx) -> int:
        sql = """UPDATE outbox SET state = 'failed', reply = '550 no', settled_at = :now
                 WHERE subscriber_id IS NOT NULL AND mailing_id IS NOT NULL"""
        return await tx.run(sql, now=tx.now)

    count = await stage.site.db.write(failed)
    assert count == 3
    head = {"Idempotency-Key": "again"}
    for _ in range(2):
        again = await shop.ask("POST", f"{PATH}/retry", 202, json={"state": "failed"}, headers=head)
        assert again.json() == {"slug": "course", "deliveries": 3}
    assert (await shop.ask("POST", f"{PATH}/retry", 202, json={"state": "in_doubt"})).json()[
        "deliveries"
    ] == 0
    await shop.ask("POST", f"{PATH}/retry", 422, json={"state": "sent"})
    await shop.ask("POST", "/sequences/none/retry", 404, json={"state": "failed"})


async def test_a_copy_to_look_at(shop: Program, stage: Stage) -> None:
    _, last = (await shop.get(f"{PATH}/steps"))["items"]
    own = f"{PATH}/steps/{last['id']}"

    async def mailed(to: str) -> int:
        return await stage.house.count(f"SELECT count(*) FROM outbox WHERE recipient = '{to}'")

    assert (await shop.ask("POST", f"{PATH}/test", 202, json={})).json() == {"slug": "course"}
    assert await mailed(OLGA) == 2
    await shop.ask("POST", f"{own}/test", 202, json={"to": "lea@example.org"})
    assert await mailed("lea@example.org") == 1
    wrong = await shop.ask("POST", f"{own}/test", 422, json={"to": "lea"})
    assert wrong.json()["errors"].keys() == {"to"}
    await shop.ask("POST", f"{PATH}/stop")
    await shop.ask("PATCH", own, json={"body": "Hello {{ nobody }}."}, headers={"If-Match": "*"})
    for path in (f"{PATH}/test", f"{own}/test"):
        refused = await shop.web.post(ROOT + path, json={})
        assert (refused.status_code, last["subject"] in refused.json()["detail"]) == (422, True)
    assert await mailed(OLGA) == 2  # of none, where one can't be made
    await shop.ask("POST", f"{PATH}/steps/1/test", 404, json={})


async def test_for_whom_it_would_start_too(shop: Program, stage: Stage) -> None:
    path = "/sequences/late"
    await shop.ask("POST", "/sequences", 201, json={"slug": "late", "start": "tag:late"})
    await shop.ask("POST", f"{path}/steps", 201, json={"subject": "One", "body": "Hello."})
    since = iso(stage.clock.now())
    for name in ("kim", "lou"):
        await shop.adds(f"{name}@example.org", imported="x", tags=["late"])
    assert await shop.get(f"{path}/waiting", since=since) == {"people": 2}
    wrong = await shop.ask("POST", f"{path}/start", 422, json={"people": 2})
    assert wrong.json()["errors"].keys() == {"people"}
    await shop.ask("POST", f"{path}/start", 409, json={"since": since, "people": 3})
    assert (await shop.get(path))["state"] == "off"
    assert (await shop.ask("POST", f"{path}/start", json={"since": since, "people": 2})).json()[
        "state"
    ] == "on"
    await sequencing.Rounds(stage.site).once()
    assert len((await shop.get(f"{path}/people"))["items"]) == 2
    assert await shop.get(f"{path}/waiting", since=since) == {"people": 0}
    for query in ({}, {"since": "soon"}):
        assert (await shop.ask("GET", f"{path}/waiting", 422, params=query)).json()["errors"].keys() == {
            "since"
        }
    await shop.ask("GET", "/sequences/none/waiting", 404, params={"since": since})


async def test_how_a_step_reads(shop: Program) -> None:
    path = (await shop.get("/sequences/late/steps"))["items"][0]["id"]
    seen = await shop.get(f"/sequences/late/steps/{path}/preview")
    assert (seen["subject"], "Hello." in seen["text"], "<p" in seen["html"]) == ("One", True, True)
    await shop.ask("GET", "/sequences/late/steps/1/preview", 404)
