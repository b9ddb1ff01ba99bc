"""The audit log's page says what was done to what by the names that things have now; its rows keep none of them."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from newsletter.ids import new_id
from newsletter.owners import audit
from newsletter.storage import Tx
from newsletter.web.admin.audit_names import names
from tests.web.conftest import Serve
from tests.web.door_rows import ARTICLE, BROADCAST, BULK, COLLEAGUE, IMPORT, PERSON, WEBHOOK
from tests.web.doors import Doors, opened

DORA = "dora@example.org"


@pytest.fixture
async def desk(serve: Serve) -> AsyncIterator[Doors]:
    async with serve(worker=False) as stage:
        yield await opened(stage)


async def did(doors: Doors, area: str, object: object, verb: str = "x") -> None:
    deed = audit.Deed(area, verb, str(object))
    await doors.service.site.db.write(audit.record, audit.Actor("desk", 1), deed)


async def first_line(doors: Doors) -> str:
    page = (await doors.web.get("/admin/audit")).text
    found = re.search(r"<li>(.*?)</li>", page, re.DOTALL)
    assert found
    return " ".join(found[1].replace("<wbr>", "").split())


async def test_each_thing_is_named_as_its_owner_knows_it_and_led_to(desk: Doors) -> None:
    known = [
        ("broadcasts", BROADCAST, "On work"),
        ("comments", desk.comment_id, ARTICLE),
        ("forms", "guide", "Get the free guide"),
        ("import", IMPORT, "people.csv"),
        ("people", COLLEAGUE, "emma@example.org (editor)"),
        ("sequences", "guide", "guide"),
        ("subscribers", PERSON, DORA),
        ("subscribers/many", BULK, "1 person"),
        ("tokens", "guide", "Shop"),
        ("webhooks", WEBHOOK, "https://example.org/told"),
    ]  # fmt: skip
    for kind, object, called in known:
        await did(desk, kind.partition("/")[0], object, f"{kind}/{{id}}")
        assert f'<a href="/admin/{kind}/{object}"><bdi>{called}</bdi></a>' in await first_line(desk), kind
        assert (await desk.web.get(f"/admin/{kind}/{object}")).status_code == 200, kind
    await did(desk, "magnets", "structure-your-career")
    found = re.search(
        '<a href="/admin/magnets#([^"]+)"><bdi>Structure your career</bdi></a>', await first_line(desk)
    )
    assert found
    assert f'id="{found[1]}"' in (await desk.web.get("/admin/magnets")).text


async def test_who_is_erased_is_a_number_again(desk: Doors) -> None:
    await did(desk, "subscribers", PERSON)
    sent = {"action": "erase", "sure": "1", "csrf": desk.csrf}
    assert (await desk.web.post(f"/admin/subscribers/{PERSON}", data=sent)).status_code == 303
    line = await first_line(desk)
    assert f"<bdi>{PERSON}</bdi>" in line
    assert f"/admin/subscribers/{PERSON}" not in line
    assert DORA not in (await desk.web.get("/admin/audit")).text
    assert "@" not in repr((await desk.service.dump())["audit"])


async def test_what_is_no_more_leads_nowhere(desk: Doors) -> None:
    for area in ("broadcasts", "comments", "import", "webhooks", "people", "forms", "tokens"):
        await did(desk, area, new_id())
        assert "href" not in await first_line(desk), area


class Watched:
    """A transaction whose questions are counted."""

    def __init__(self, tx: Tx) -> None:
        self._tx, self.asked = tx, 0

    def __getattr__(self, name: str) -> Any:
        self.asked += name == "all"
        return getattr(self._tx, name)


async def test_a_page_asks_once_for_each_kind(desk: Doors) -> None:
    entries = [
        audit.Entry(new_id(), 0, "desk", 1, "", area, area, str(new_id()), "")
        for area in ("subscribers", "broadcasts", "comments")
        for _ in range(20)
    ]

    async def look(tx: Tx) -> int:
        watched: Any = Watched(tx)
        await names(watched, desk.service.site, entries, [])
        return int(watched.asked)

    assert await desk.service.site.db.read(look) == 3
