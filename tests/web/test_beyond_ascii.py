"""Who has letters beyond ASCII before the @ comes in by every door where the relay takes mail to them, else by none."""

import json

import pytest

from newsletter.addresses import UNREACHED, parse
from newsletter.errors import BadInput
from newsletter.mail import reach
from newsletter.owners import people
from newsletter.subscribers.imports import Import, Importing, Person
from tests.conftest import NOON
from tests.web.conftest import Serve
from tests.web.saying import kept, open_for_comments, says
from tests.web.stage import PROGRAM, Stage

JURGEN = "jürgen@example.org"


async def test_from_the_form_to_the_guide_and_the_export(service: Stage) -> None:
    web = await service.visitor()
    await service.signs_up(web, "ada@example.org")
    await service.letters("ada@example.org", 1)  # so the relay was asked, whoever was faster
    page, guide = await service.joins(web, JURGEN)
    assert "/downloads/" in page
    assert guide.to == JURGEN
    person = await service.house.person(JURGEN)
    assert (person.status, person.email) == ("active", JURGEN)
    await service.signs_in(web)
    exported = (await web.get("/admin/export?format=ndjson")).text
    assert JURGEN in [json.loads(line)["email"] for line in exported.splitlines()]
    listed = (await web.get("/admin/subscribers", params={"search": JURGEN})).text
    assert f">{JURGEN}<" in listed


async def test_each_door_says_that_they_can_t_be_reached(still: Stage) -> None:
    """Nobody has asked this relay yet."""
    web = await still.visitor()
    refused = await web.post("/forms/guide", data={"email": JURGEN})
    assert refused.status_code == 422
    assert UNREACHED in refused.text
    assert f'value="{JURGEN}"' in refused.text
    told = await web.post("/forms/guide", json={"email": JURGEN}, headers=PROGRAM)
    assert told.json()["errors"] == {"email": UNREACHED}
    db, site = still.site.db, still.site
    with pytest.raises(BadInput) as error:
        await db.write(people.invite, site.post, parse(JURGEN), "editor")
    assert error.value.fields == {"email": UNREACHED}
    assert await still.house.count("SELECT count(*) FROM outbox") == 0


async def test_a_comment_too(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        await service.site.db.write(reach.learn, offered=False)
        refused = await says(web, email=JURGEN)
        assert (refused.status_code, UNREACHED in refused.text) == (422, True)
        await service.site.db.write(reach.learn, offered=True)
        assert (await says(web, email=JURGEN)).status_code == 303
        assert [mail.message for mail in await service.house.mails(JURGEN)] == ["comment_confirm"]
        assert len(await kept(service)) == 1


@pytest.mark.parametrize("offered", [True, False])
async def test_an_import_takes_them_or_says_why_not(still: Stage, offered: bool) -> None:
    await still.site.db.write(reach.learn, offered=offered)
    importing = Importing(still.site.tokens, still.site.post)
    rows = [
        Person(n, email, email, "active", "", [], "{}", None, None, None)
        for n, email in enumerate((JURGEN, "ada@example.org"), 2)
    ]
    coming = importing.readying("a fair").ready(rows, NOON)
    done = await still.site.db.write(importing.keep, Import(0, "a fair"), coming)
    assert done.tally.added == {"active": 1 + offered}
    assert [(one.line, one.reason) for one in done.refused] == ([] if offered else [(2, UNREACHED)])
