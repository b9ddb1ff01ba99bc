"""What a program looks at: home's figures, who did what, the domains with trouble, and what the doctor finds."""

import dns.resolver
import pytest

from newsletter.clock import DAY, moment
from newsletter.mail import hold, trouble
from newsletter.storage import Tx
from newsletter.web.kit import examining
from tests.doctor.conftest import Zone, names_at, zone
from tests.web.api.conftest import ROOT, Program, program
from tests.web.conftest import Serve
from tests.web.stage import BEN, OLGA, Stage
from tests.web.test_desk_ask_again import _sent as sent_to

__all__ = ["zone"]  # a fixture

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_home_s_figures(shop: Program, stage: Stage) -> None:
    stage.clock.forward(40 * DAY)
    before = await shop.get("/figures")
    await shop.adds("figures@example.org", form="guide")
    await shop.adds("here@example.org", imported="x")
    now = await shop.get("/figures", days=3)
    counts = {
        name: now["subscribers"].get(name, 0) - before["subscribers"].get(name, 0)
        for name in ("pending", "active")
    }
    assert counts == {"pending": 1, "active": 1}
    assert [one["signed_up"] for one in now["days"]] == [0, 0, 2]
    assert [one["confirmed"] for one in now["days"]] == [0, 0, 1]
    assert now["days"][2]["day"] == f"{moment(stage.clock.now()):%Y-%m-%d}"
    (guide,) = [one for one in now["funnels"] if one["form"] == "guide"]
    assert (guide["mailed"], guide["confirmed"], now["funnel_days"]) == (1, 0, 30)
    assert now["messages"]["queued"] >= 1
    assert (now["held"], now["troubles"], now["relay_lost"]) == (None, [], False)
    assert now["comments"]["pending"] == 0
    await stage.site.db.write(hold.hold, "Looking")
    assert (await shop.get("/figures"))["held"]["why"] == "Looking"
    await stage.site.db.write(hold.let_go)
    assert len((await shop.get("/figures", days=365))["days"]) == 365
    assert (await shop.ask("GET", "/figures", 422, params={"days": 366})).json()["errors"].keys() == {"days"}


async def test_who_did_what(shop: Program, stage: Stage) -> None:
    path = await shop.adds("noted@example.org", tags=["x"])
    await shop.ask("PUT", f"{path}/tags/y")
    web = await stage.visitor()
    await stage.signs_in(web)
    newest = await shop.get("/audit", limit=2)
    entered, tagged = newest["items"]
    assert (entered["way"], entered["name"], entered["verb"]) == ("desk", OLGA, "link")
    assert (tagged["way"], tagged["verb"]) == ("api", "PUT subscribers/{id}/tags/{tag}")
    assert (tagged["area"], tagged["object"]) == ("subscribers", path.rpartition("/")[2])
    assert tagged["name"].startswith("nl_")
    rest = await shop.get("/audit", limit=2, cursor=newest["next"])
    assert rest["items"][0]["id"] < tagged["id"]
    own = await shop.get("/audit", way="api", actor=tagged["actor"], area="subscribers", limit=200)
    assert [one["verb"] for one in own["items"][:2]] == [tagged["verb"], "POST subscribers"]
    assert {one["way"] for one in own["items"]} == {"api"}
    assert "noted@" not in repr(await shop.get("/audit", limit=200))
    wrong = {"way": "x", "actor": "olga", "area": "A", "cursor": newest["next"] + "0"}
    for name, value in wrong.items():
        refused = await shop.ask("GET", "/audit", 422, params={name: value})
        assert refused.json()["errors"].keys() == {name}
    assert (await shop.get("/audit", way="terminal"))["items"] == []
    assert (await shop.get("/audit", actor="9" * 19))["items"] == []  # a number that nobody can have
    reader = await program(stage, "settings:read")
    assert (await reader.web.get(f"{ROOT}/audit")).status_code == 403


async def test_mailboxes_that_take_nothing_are_given_up(shop: Program, stage: Stage) -> None:
    empty = await shop.get("/domains")
    assert (empty["troubled"], empty["wavering"], empty["days"]) == ([], 0, trouble.DAYS)
    path = await shop.adds(BEN, imported="x")
    id = int(path.rpartition("/")[2])

    async def came_back(tx: Tx) -> None:
        for row in (1, 2):
            sql = """INSERT INTO outbox (id, message, priority, recipient, context, message_id, state, not_before,
                                         created_at, settled_at)
                     VALUES (:id, 'x', 10, 'a@example.com', '{}', 'x', 'sent', 0, :now, :now)"""
            await tx.run(sql, id=row, now=tx.now)
            sql = """INSERT INTO bounces (outbox_id, kind, subscriber_id, sent_at, at)
                     VALUES (:row, 'soft', :id, :now, :now)"""
            await tx.run(sql, row=row, id=id, now=tx.now)

    await stage.site.db.write(came_back)
    now = await shop.get("/domains")
    (domain,) = now["troubled"]
    assert (domain["soft"], domain["verdict"], now["wavering"]) == (2, "soft", 1)
    assert [(one["id"], one["email"], one["times"]) for one in now["first"]] == [(str(id), BEN, 2)]
    await shop.ask("POST", "/domains/give-up", 409, json={"wavering": 2})
    assert (await shop.get(path))["status"] == "active"
    done = await shop.ask("POST", "/domains/give-up", json={"wavering": 1})
    assert done.json() == {"readers": 1}
    assert (await shop.get(path))["status"] == "bounced"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.asyncio(loop_scope="function")
async def test_what_the_doctor_finds(serve: Serve, zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns.resolver.BaseResolver, "read_resolv_conf", names_at(zone))
    zone.says("letters.example.org", "TXT", "v=spf1 ip4:127.0.0.1 -all")
    async with serve(worker=False, from_email="olga@letters.example.org") as service:
        shop = await program(service, "settings:read")
        before = await service.dump()
        found = await shop.get("/doctor")
        after = await service.dump()
        async with examining._under_way:  # by somebody else
            await shop.ask("GET", "/doctor", 409)
    assert {name: rows for name, rows in after.items() if name != "api_tokens"} == {
        name: rows for name, rows in before.items() if name != "api_tokens"
    }
    levels = {one["area"]: one["level"] for one in found["items"]}
    assert (levels["SPF"], levels["DMARC"]) == ("well", "wrong")
    assert found["wrong"] == sum(one["level"] == "wrong" for one in found["items"])
    assert all(one["to_do"] for one in found["items"] if one["level"] == "wrong")


async def test_how_often_a_link_was_followed(shop: Program, stage: Stage) -> None:
    made = await shop.ask("POST", "/broadcasts", 201, json={"subject": "On work", "body": "Hello."})
    id = int(made.json()["id"])
    await stage.site.db.write(sent_to, id, ())

    async def follow(tx: Tx) -> None:
        sql = """INSERT INTO broadcast_links (key, broadcast_id, position, url, clicks)
                 VALUES ('own', :id, 1, 'https://a.example', 3)"""
        await tx.run(sql, id=id)

    await stage.site.db.write(follow)
    numbers = await shop.get(f"/broadcasts/{id}/numbers")
    assert numbers["clicks"] == [{"url": "https://a.example", "clicks": 3}]
    assert numbers["waits"] == []
