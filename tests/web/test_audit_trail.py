"""Whatever somebody changes or takes out, by the desk, the API or the terminal, leaves its row in the audit log."""

import json
from collections.abc import AsyncIterator
from itertools import product
from typing import Any

import click
import pytest
import pytest_asyncio

from newsletter.cli import cli
from newsletter.owners import SCOPES, audit
from newsletter.storage import Tx
from newsletter.web.admin import LEAST_ROLE
from newsletter.web.admin.audit_words import AREAS, WORDS, said
from newsletter.web.admin.door import HANDS_OUT
from newsletter.web.api.table import ENDPOINTS
from tests.web.api.conftest import ROOT, program
from tests.web.door_rows import PERSON, SHOWN, TAKEN, WEBHOOK
from tests.web.doors import Doors
from tests.web.stage import ADA, Stage
from tests.web.test_desk import csrf_on

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("lasting_url", ["sqlite"], indirect=True, scope="module"),
]
BESIDE = ("audit", "sessions", "api_answers", "passkey_challenges")
"""What is no deed of anybody's."""

LAST = ("/admin/sign-out", "/admin/sessions")

LOOKED_AT = {  # what is sent there is read, and nothing is kept of it
    "/admin/broadcasts/preview",
    "/admin/forms/preview",
    "/admin/forms/{slug:str}/mails/preview",
    "/admin/sequences/{slug:str}/preview",
    "/admin/doctor",
}

ENTERING = {"link", "code", "passkey"}
"""Noted by how they came in, not by an address."""

NO_DEED = {"demo", "serve", "worker", "migrate", "doctor"}
"""Commands that run the service, or look at it."""


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def watched(doors: Doors) -> None:
    """Each row that is written has its table noted by the database itself."""
    tables = sorted((await doors.service.dump()).keys() - {*BESIDE, "sqlite_sequence"})

    async def watch(tx: Tx) -> None:
        await tx.run("CREATE TABLE touched (what TEXT)")
        for table, deed in product(tables, ("INSERT", "UPDATE", "DELETE")):
            when = f"AFTER {deed} ON {table}"
            if (table, deed) == ("api_tokens", "UPDATE"):  # when it was used
                continue
            await tx.run(
                f"CREATE TRIGGER watch_{table}_{deed} {when} BEGIN INSERT INTO touched VALUES ('{table}'); END"
            )

    await doors.service.site.db.write(watch)


async def touched(stage: Stage) -> int:
    return await stage.house.count("SELECT count(*) FROM touched")


async def log(stage: Stage) -> list[tuple[Any, ...]]:
    rows = stage.site.db.stream("SELECT * FROM audit ORDER BY id")
    return [tuple(row) async for some in rows for row in some]


async def test_what_is_changed_at_the_desk(doors: Doors) -> None:
    """Each door with good values: where a row of any table has changed there is one more in the log."""
    stage, changed = doors.service, []
    desk = {path for some in LEAST_ROLE.values() for one in some for path in one.paths}
    for template in sorted(TAKEN.keys() & desk, key=lambda one: (one in LAST, one)):
        before, seen = await touched(stage), len(await log(stage))
        await doors.web.post(doors.path(template), data=doors.fields(template))
        rows = (await log(stage))[seen:]
        if await touched(stage) > before or rows:
            changed.append(template)
            assert len(rows) == 1, template
            verb = template.removeprefix("/admin/").replace(":str", "")
            assert (rows[0][2], rows[0][6]) == ("desk", verb), template
            assert template not in LOOKED_AT
    assert len(changed) > 20
    assert "@" not in repr(await log(stage))


async def test_each_way_to_change_something_has_its_words() -> None:
    """Of the routes themselves: who adds one says in audit_words.py what is done there."""
    desk = [(one, path) for some in LEAST_ROLE.values() for one in some for path in one.paths]
    verbs = {
        path.removeprefix("/admin/").replace(":str", "")
        for one, path in desk
        if ("POST" in one.http_methods and path not in LOOKED_AT) or HANDS_OUT.search(path)
    }
    assert len(verbs) > 40
    assert verbs | ENTERING == WORDS.keys()
    areas = {verb.partition("/")[0] for verb in verbs}
    areas |= {one.path.split("/")[1] for one in ENDPOINTS if one.method != "GET"}
    areas |= set(click.Group.list_commands(cli, click.Context(cli))) - NO_DEED
    assert {audit.area_of(one) for one in areas} <= AREAS.keys()
    assert all(said("api", f"{one.method} {one.path[1:]}") for one in ENDPOINTS)


async def test_what_is_taken_out_at_the_desk(doors: Doors) -> None:
    """Each answer that is a file; a look at its headers is none."""
    await doors.service.signs_in(doors.web)
    files = 0
    for template in sorted(one for one in SHOWN if one.startswith("/admin")):
        seen = len(await log(doors.service))
        await doors.web.head(doors.path(template))
        assert len(await log(doors.service)) == seen, template
        answer = await doors.web.get(doors.path(template))
        takes = "attachment" in answer.headers.get("Content-Disposition", "")
        assert len(await log(doors.service)) == seen + takes, template
        files += takes
    assert files >= 4


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bodies(doors: Doors) -> AsyncIterator[dict[str, Any]]:
    """What the API's own description gives as an example, by the name of each shape."""
    web = await doors.service.visitor()
    shapes = (await web.get("/api/openapi.json")).json()["components"]["schemas"]
    yield {name: next(iter(shape.get("examples", [{}]))) for name, shape in shapes.items()}


async def test_what_is_changed_by_a_program(doors: Doors, bodies: dict[str, Any]) -> None:
    stage, changed = doors.service, set()
    web = (await program(stage, *SCOPES)).web
    last = "erase_subscriber"  # who is needed by the others
    for one in sorted(ENDPOINTS, key=lambda one: one.name == last):
        if one.method == "GET":
            continue
        id = WEBHOOK if one.path.startswith("/webhooks") else PERSON
        path = one.path.replace("{id}", str(id)).replace("{slug}", "guide").replace("{tag}", "work")
        body = bodies.get(one.takes.__name__, {}) if one.takes else None
        before, seen = await touched(stage), len(await log(stage))
        sent = {"Content-Type": one.file or "application/json", "If-Match": "*"}
        content = json.dumps(body).encode() if body is not None else b"a@example.org" if one.file else b""
        answer = await web.request(
            one.method, ROOT + path.replace("{delivery}", "1"), content=content, headers=sent
        )
        rows = (await log(stage))[seen:]
        if await touched(stage) > before or rows:
            changed.add(one.name)
            assert [row[6] for row in rows] == [f"{one.method} {one.path[1:]}"], (one.name, answer.text)
            assert rows[0][2] == "api"
            assert rows[0][4].startswith("nl_")
    assert len(changed) > 10, changed
    assert "@" not in repr(await log(stage))


async def test_what_is_taken_out_by_a_program(doors: Doors) -> None:
    web = (await program(doors.service, *SCOPES)).web
    seen = len(await log(doors.service))
    assert (await web.get(f"{ROOT}/subscribers")).status_code == 200
    assert (await web.head(f"{ROOT}/export/subscribers")).status_code == 200
    assert len(await log(doors.service)) == seen
    ada = (await doors.service.house.person(ADA)).id
    for path in ("/export/subscribers", f"/subscribers/{ada}/data"):
        assert (await web.get(ROOT + path)).status_code == 200
    assert [row[5] for row in (await log(doors.service))[seen:]] == ["export", "subscribers"]


async def test_what_fails_leaves_none_and_the_page_says_the_rest(doors: Doors) -> None:
    stage, web = doors.service, await doors.service.visitor()
    await stage.signs_in(web)
    own = {"csrf": csrf_on(await web.get("/admin/people"))}
    seen = len(await log(stage))
    wrong = await web.post("/admin/people", data={"email": "nobody", "role": "editor", **own})
    assert wrong.status_code == 422
    assert len(await log(stage)) == seen
    page = (await web.get("/admin/audit")).text
    assert "Came by a sign-in link, mailed or printed" in page
    assert "A program, by the token" in page
    (me,) = {row[3] for row in await log(stage) if row[6] == "link"}
    mine = (await web.get(f"/admin/audit?who={me}&about=people")).text
    assert "Invited somebody to the desk" in mine
    assert "Came by a sign-in link" not in mine
    for query in ("who=x", "before=x"):
        assert (await web.get(f"/admin/audit?{query}")).status_code == 422
