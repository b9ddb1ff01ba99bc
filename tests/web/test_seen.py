"""Whose look at a form is counted, and what the desk says of the looks that nobody can count."""

from html import unescape

import pytest

from newsletter.signups import Funnel
from newsletter.web.kit.counting import add_up
from newsletter.web.kit.home_figures import steps
from tests.conftest import ON_ONE
from tests.web.conftest import Serve
from tests.web.stage import ADA, BLOG, MALLORY, PROGRAM, Stage

NOTE = "More were sent off than seen here"
HERE = {**PROGRAM, "Sec-Fetch-Site": "same-origin"}
THERE = {**PROGRAM, "Origin": BLOG, "Sec-Fetch-Site": "cross-site"}


async def seen(stage: Stage) -> int:
    await add_up(stage.site.db, stage.site.views)
    return await stage.house.count("SELECT coalesce(sum(seen), 0) FROM form_views")


@ON_ONE
@pytest.mark.parametrize(
    ("headers", "counts"),
    [
        pytest.param(THERE, 1, id="on a page of hers"),
        pytest.param(HERE, 1, id="on a page from here"),
        pytest.param(PROGRAM, 0, id="a program reads what the form asks"),
        pytest.param({**THERE, "Origin": "https://stranger.example"}, 0, id="a page that gets no answer"),
        pytest.param({**THERE, "Sec-Purpose": "prefetch;prerender"}, 0, id="in case somebody goes there"),
    ],
)
async def test_a_form_that_the_script_shows_is_seen(
    serve: Serve, headers: dict[str, str], counts: int
) -> None:
    async with serve(worker=False, allowed_origins=(BLOG,)) as stage:
        visitor = await stage.visitor(headers)
        assert (await visitor.get("/forms/guide")).json()["slug"] == "guide"
        assert (await visitor.head("/forms/guide")).status_code == 200
        assert await seen(stage) == counts


@ON_ONE
async def test_a_form_that_is_sent_off_unseen_is_said_to_stand_where_nobody_counts(still: Stage) -> None:
    """Sent by plain HTML of a page, which asked us for nothing before."""
    visitor, web = await still.visitor(), await still.visitor()
    await still.signs_in(web)

    async def shown() -> str:
        return unescape((await web.get("/admin")).text)

    assert NOTE not in await shown()
    for email in (ADA, MALLORY):
        await still.signs_up(visitor, email)
        await add_up(still.site.db, still.site.views)
    page = await shown()
    assert NOTE in page
    assert '<th scope="row">Seen</th>' in page
    assert '<td class="number">–</td><td class="number">–</td>' in page
    for _ in range(3):
        await visitor.get("/forms/guide")
    await add_up(still.site.db, still.site.views)
    assert NOTE not in await shown()


@pytest.mark.parametrize(
    ("looks", "sent", "of_before"), [(0, 3, ""), (1, 3, ""), (3, 3, "100 %"), (4, 1, "25 %"), (0, 0, "")]
)
def test_nothing_is_more_than_all_of_the_step_before(looks: int, sent: int, of_before: str) -> None:
    of = steps(Funnel("guide", "Guide", looks, sent, 0, 0, 0, 0))
    assert (of[0].count, of[1].count, of[1].of_before) == (
        None if sent and not looks else looks,
        sent,
        of_before,
    )
    assert all(0 <= one.share <= 100 for one in of)
