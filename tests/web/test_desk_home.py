"""The desk's first page: who came and left, how far they come with each form, and what waits."""

import asyncio
import re
from html import unescape

import httpx
import pytest

from newsletter.addresses import parse
from newsletter.clock import DAY
from newsletter.comments import Draft
from newsletter.storage import Tx
from newsletter.subscribers import Overview
from newsletter.web.kit.counting import add_up
from newsletter.web.kit.home_figures import PERIODS, points
from tests.conftest import NOON, ON_ONE
from tests.mail.conftest import run
from tests.web.broadcaster import at_desk
from tests.web.conftest import Serve
from tests.web.stage import ADA, BEN, BLOG, CLEO, FIREFOX, MALLORY, Stage, link


async def owner(stage: Stage) -> httpx.AsyncClient:
    web = await stage.visitor()
    await stage.signs_in(web)
    return web


async def shown(web: httpx.AsyncClient, path: str = "/admin") -> str:
    return unescape((await web.get(path)).text)


def steps(page: str) -> dict[str, tuple[int, str]]:
    """Of the first form: each step's number, and what is said of the one before."""
    table = page.partition('<table class="funnel">')[2].partition("</table>")[0]
    rows = re.findall(
        r'<th scope="row">([^<]+)</th>.*?class="number">([\d,]+)</td><td class="number">([^<]+)<',
        table,
        re.DOTALL,
    )
    return {words: (int(count.replace(",", "")), said) for words, count, said in rows}


async def test_how_far_people_come_with_a_form(still: Stage) -> None:
    """Ada takes her guide, Ben confirms, Cleo has not opened her mail; Mallory looks at the form and its headers."""
    visitor = await still.visitor()
    for path in ("/", "/forms/guide", "/forms/guide/embed"):
        assert (await visitor.get(path)).status_code == 200
    await visitor.head("/forms/guide")
    await visitor.get("/forms/guide", headers={**FIREFOX, "Sec-Purpose": "prefetch"})
    assert (await visitor.post("/forms/guide", data={"email": "nonsense"})).status_code == 422
    page = await still.member(visitor, ADA)
    await visitor.get(link(page, "/downloads/"))
    await still.signs_up(visitor, BEN)
    invitation = await still.invitation(BEN)
    await visitor.get(invitation)
    await visitor.post(invitation)
    await still.signs_up(visitor, CLEO)
    await visitor.post("/forms/guide", data={"email": MALLORY, "leave_blank": "x"})
    await add_up(still.site.db, still.site.views)
    await visitor.get("/forms/guide")
    await add_up(still.site.db, still.site.views)
    assert steps(await shown(await owner(still))) == {
        "Seen": (4, "–"),
        "Sent off": (3, "75 %"),
        "Mailed the link": (3, "100 %"),
        "Link opened": (1, "33 %"),
        "Confirmed": (2, "–"),
        "Took the guide": (1, "50 %"),
    }
    still.clock.forward(31 * DAY)
    assert {count for count, _ in steps(await shown(await owner(still))).values()} == {0}


@ON_ONE
async def test_what_was_counted_is_kept_over_a_restart(serve: Serve) -> None:
    async with serve(worker=False) as stage:
        visitor = await stage.visitor()
        await visitor.get("/forms/guide")
        db = stage.site.db
        assert await stage.house.count("SELECT count(*) FROM form_views") == 0
    assert stage.site.views == {}
    async with serve(worker=False) as stage:
        assert stage.site.db is not db
        assert await stage.house.count("SELECT sum(seen) FROM form_views") == 1


@ON_ONE
async def test_a_form_that_is_gone_and_a_storage_that_is_away_lose_nothing_else(still: Stage) -> None:
    form = await still.house.form()
    today = NOON - NOON % DAY
    still.site.views[form.id, today, "seen"] = 2
    still.site.views[1, today, "seen"] = 5
    await still.site.db.write(rename, "form_views", "away")
    with pytest.raises(Exception, match="form_views"):
        await add_up(still.site.db, still.site.views)
    await still.site.db.write(rename, "away", "form_views")
    assert still.site.views[form.id, today, "seen"] == 2
    await asyncio.gather(*(add_up(still.site.db, still.site.views) for _ in range(3)))
    assert await still.house.count("SELECT sum(seen) FROM form_views") == 2


async def rename(tx: Tx, name: str, to: str) -> None:
    await tx.run(f"ALTER TABLE {name} RENAME TO {to}")


async def test_who_came_and_who_left(still: Stage) -> None:
    visitor = await still.visitor()
    page = await still.member(visitor, ADA)
    await still.member(visitor, BEN)
    still.clock.forward(DAY)
    await visitor.post(link((await visitor.get(link(page, "/preferences/"))).text, "/u/"))
    web = await owner(still)
    for query, bars in (("", 30), ("?days=90", 90), ("?days=365", 52), ("?days=7", 30)):
        text = await shown(web, f"/admin{query}")
        assert "<strong>2</strong> confirmed and <strong>1</strong> left" in text
        assert text.partition('<table class="days">')[2].partition("</table>")[0].count("<tr>") == bars + 1
        assert 'class="bar gone"' in text


def test_a_year_is_told_in_weeks() -> None:
    today = NOON - NOON % DAY
    every = {today - n * DAY: 1 for n in range(400)}
    seen = Overview({}, {}, every, every)
    for days in PERIODS:
        bars = points(seen, today, days)
        assert len(bars) == (52 if days == 365 else days)
        assert {(bar.confirmed, bar.left) for bar in bars} == ({(7, 7)} if days == 365 else {(1, 1)})


@ON_ONE
async def test_what_waits_leads_to_where_it_is_done(still: Stage) -> None:
    async def trouble(tx: Tx) -> None:
        await tx.run(
            "INSERT INTO mailings (id, state, content, seed, created_at) VALUES (5, 'held', x'', 'x', 1)"
        )
        await tx.run(
            """INSERT INTO broadcasts (id, slug, subject, state, mailing_id, created_at, updated_at)
               VALUES (7, 'work', 'On work', 'paused', 5, 1, 1)"""
        )

    await still.site.db.write(trouble)
    page = await shown(await owner(still))
    assert '<a href="/admin/broadcasts/7"><bdi>On work</bdi></a>' in page
    assert "This broadcast is paused." in page


@ON_ONE
async def test_spam_waits_for_nobody(still: Stage) -> None:
    web = await owner(still)
    words = Draft(raw="Cheap!", url=f"{BLOG}/on-work", name="Mallory", address=parse(MALLORY))
    written = await still.site.db.write(still.site.comments.write, words)
    await still.site.db.write(still.site.comments.confirm, written.id, 1)
    await run(still.site.db, "DELETE FROM comment_mails")
    await run(still.site.db, "DELETE FROM outbox")  # mails wait, too
    assert '<dl class="waiting">' in await shown(web)
    await run(still.site.db, "UPDATE comments SET status = 'spam'")
    assert '<dl class="waiting">' not in await shown(web)


@ON_ONE
async def test_what_is_in_doubt_or_failed_leads_to_whom_it_was_for(still: Stage) -> None:
    desk = await at_desk(still)
    id = await desk.on_its_way(4)
    assert "/people?state=" not in await shown(desk.web)
    await desk.settled("in_doubt", 1, 2)
    await desk.settled("failed", 3)
    page = await shown(desk.web)
    for state, count in (("in_doubt", 2), ("failed", 1)):
        there = f"/admin/broadcasts/{id}/people?state={state}"
        assert re.search(rf'<a href="{re.escape(there)}">.*?<dd class="number">{count}</dd>', page), state
        assert (await desk.web.get(there)).status_code == 200


@ON_ONE
async def test_single_mails_that_wait_are_counted(still: Stage) -> None:
    visitor = await still.visitor()
    for email, state in ((ADA, "in_doubt"), (BEN, "failed"), (CLEO, "deferred")):
        await still.signs_up(visitor, email)
        await run(still.site.db, f"UPDATE outbox SET state = '{state}' WHERE recipient = '{email}'")
    page = await shown(await owner(still))
    rows = re.findall(r'<dt><a href="/admin/doctor">([^<]+)</a>.*?<dd class="number">(\d+)', page)
    assert rows == [("to be tried again", "1"), ("in doubt", "1"), ("failed", "1")]


@ON_ONE
@pytest.mark.parametrize("named", [(), (BLOG,)])
async def test_beside_code_to_copy_stands_that_sites_have_to_be_named(
    serve: Serve, named: tuple[str, ...]
) -> None:
    async with serve(worker=False, allowed_origins=named) as service:
        web = await owner(service)
        for path in ("/admin", "/admin/forms/guide"):
            said = '<a href="/admin/settings#field-allowed_origins">Name your sites</a>' in await shown(
                web, path
            )
            assert said == (not named), path
        assert 'id="field-allowed_origins"' in await shown(web, "/admin/settings")
