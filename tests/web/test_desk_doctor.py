"""The doctor at the desk: asked by a button, with a name server of the test's own; the page alone asks nobody."""

import re
from html import unescape
from typing import Any

import dns.resolver
import pytest

from newsletter.doctor import ways
from newsletter.storage import Tx
from tests.doctor.conftest import Zone, zone
from tests.ports import free_ports
from tests.web.conftest import Serve
from tests.web.stage import ADA, Stage
from tests.web.test_desk import csrf_on

__all__ = ["zone"]  # a fixture


async def test_it_is_examined_when_the_button_is_pressed(
    serve: Serve, zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking: list[Any] = []

    def ours(self: Any, _path: str) -> None:
        self.nameservers, self.port = ["127.0.0.1"], zone.port
        asking.append(self)

    monkeypatch.setattr(dns.resolver.BaseResolver, "read_resolv_conf", ours)
    zone.says("letters.example.org", "TXT", "v=spf1 ip4:127.0.0.1 -all")
    zone.says("_dmarc.letters.example.org", "TXT", "v=DMARC1; p=reject")
    async with serve(worker=False, from_email="olga@letters.example.org") as service:
        web = await service.visitor()
        await service.signs_in(web)
        page = await web.get("/admin/doctor")
        assert "No mail is sent" in page.text
        assert "<dl" not in page.text
        assert (await web.post("/admin/doctor", data={"csrf": "x"})).status_code == 422
        assert not asking
        before = await service.dump()
        found = await web.post("/admin/doctor", data={"csrf": csrf_on(page)})
        assert await service.dump() == before
    assert asking
    text = unescape(re.sub(r"<[^>]+>", " ", found.text))
    sections = dict(re.findall(r'id="level-(\w+)">.*?<dl(.*?)</dl>', found.text, re.DOTALL))
    assert "<dt>SPF</dt>" in sections["well"]
    assert "<dt>DMARC</dt>" in sections["well"]
    assert "<dt>DKIM</dt>" not in sections["well"]
    assert re.search(r"\d things are wrong|One thing is wrong|Nothing is wrong", text)
    assert found.headers["Cache-Control"] == "no-store"


async def test_our_own_one_click_is_known(serve: Serve) -> None:
    """As a stranger's, who is told what everybody is: the doctor must take that for an answer."""
    (port,) = free_ports(1)
    async with serve(worker=False, port=port, public_url=f"http://localhost:{port}") as service:
        found = {one.area: one for one in (await ways.web(service.site.settings)).findings}
    assert found["One-click"].level == "well", found["One-click"].sentence


async def test_domains_with_trouble_stand_on_a_page(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    assert "Nothing came back" in (await web.get("/admin/domains")).text

    async def refused(tx: Tx) -> None:
        for id in range(3):
            await tx.run(
                """INSERT INTO outbox (id, message, priority, recipient, context, message_id, state, not_before,
                       created_at, settled_at)
                   VALUES (:id, 'x', 10, 'a@example.com', '{}', 'x', 'sent', 0, :now, :now)""",
                id=id, now=tx.now,
            )  # fmt: skip
            sql = "INSERT INTO bounces (outbox_id, kind, sent_at, at) VALUES (:id, 'policy', :now, :now)"
            await tx.run(sql, id=id, now=tx.now)

    await still.site.db.write(refused)
    page = (await web.get("/admin/domains")).text
    assert "example.com" in page
    assert '<td role="cell" data-label="Refused you">3</td>' in page
    assert "It refuses you, not readers." in page


async def test_mailboxes_that_take_nothing_are_given_up_when_it_is_sure(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    await still.member(await still.visitor(), ADA)
    ada = await still.house.person(ADA)

    async def came_back(tx: Tx) -> None:
        for id in (1, 2):
            await tx.run(
                """INSERT INTO bounces (outbox_id, kind, subscriber_id, sent_at, at)
                   VALUES (:id, 'soft', :person, :now, :now)""",
                id=id, person=ada.id, now=tx.now,
            )  # fmt: skip

    await still.site.db.write(came_back)
    page = await web.get("/admin/domains")
    assert "Of one reader every mail has come back" in page.text
    own = {"csrf": csrf_on(page)}
    asked = await web.post("/admin/domains", data=own)
    assert "Are you sure?" in asked.text
    assert (await web.post("/admin/domains", data={**own, "sure": "2"})).status_code == 422
    assert (await still.house.person(ADA)).status == "active"
    done = await web.post("/admin/domains", data={**own, "sure": "1"})
    assert done.headers["Location"] == "/admin/domains?done=1"
    assert "One reader is mailed no more" in (await web.get("/admin/domains?done=1")).text
    assert (await still.house.person(ADA)).status == "bounced"
