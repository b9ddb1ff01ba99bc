"""What happens to somebody between two looks at them, made to happen: another connection holds their row."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest

from newsletter.ids import new_id
from newsletter.storage import Tx
from tests.mail.conftest import eventually
from tests.web.conftest import Serve
from tests.web.stage import ADA, BEN, Stage, link

GONE = "DELETE FROM subscribers WHERE email = $1"
BLOCKED = "UPDATE subscribers SET epoch = epoch + 1, status = 'blocked' WHERE email = $1"

pytestmark = pytest.mark.postgres  # SQLite has one writer: nobody gets in between


@pytest.fixture
def database_url(postgres_url: str) -> str:
    return postgres_url


@pytest.fixture
async def still(serve: Serve) -> AsyncIterator[Stage]:
    async with serve(worker=False) as running:
        yield running


@asynccontextmanager
async def other(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def pressed_meanwhile(
    url: str, what: str, email: str, pressing: Awaitable[httpx.Response]
) -> httpx.Response:
    """Does `what` to the person in a transaction that ends only once the press of the button waits for it."""
    async with other(url) as connection, other(url) as watch:

        async def waits() -> bool:
            return bool(await watch.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

        async with connection.transaction():
            await connection.execute(what, email)
            answer = asyncio.ensure_future(pressing)
            await eventually(waits)
        return await answer


async def furnish(tx: Tx) -> None:
    await tx.run("INSERT INTO tags (id, name, title, public) VALUES (:id, 'work', 'On work', 1)", id=new_id())


@pytest.mark.parametrize("what", [GONE, BLOCKED])
async def test_preferences_of_who_has_just_gone(still: Stage, postgres_url: str, what: str) -> None:
    web = await still.visitor()
    await still.site.db.write(furnish)
    path = link(await still.member(web, ADA, name="Ada"), "/preferences/")
    chosen = {"name": "Countess", "pause": "1", "topic-work": "1"}
    answer = await pressed_meanwhile(postgres_url, what, ADA, web.post(path, data=chosen))

    assert answer.status_code == 404
    assert await still.house.count("SELECT count(*) FROM subscriber_tags") == 0
    assert await still.house.count("SELECT count(*) FROM subscribers WHERE name = 'Countess'") == 0


async def test_erasing_who_was_just_blocked(still: Stage, postgres_url: str) -> None:
    web = await still.visitor()
    path = link(await still.member(web, ADA), "/preferences/")
    answer = await pressed_meanwhile(postgres_url, BLOCKED, ADA, web.post(f"{path}/erase"))

    assert answer.status_code == 404
    assert (await still.house.person(ADA)).status == "blocked"


async def test_a_fresh_link_to_who_has_just_gone(still: Stage, postgres_url: str) -> None:
    web = await still.visitor()
    preferences = link(await still.member(web, ADA), "/preferences/")
    await still.signs_up(web, BEN)
    invitation = await still.invitation(BEN)
    for email, path in ((ADA, f"{preferences}/fresh"), (BEN, f"{invitation}/again")):
        before = len(await still.house.mails())
        answer = await pressed_meanwhile(postgres_url, GONE, email, web.post(path))
        assert answer.status_code == 200
        assert len(await still.house.mails()) == before


async def test_this_was_not_me_pressed_twice_at_once(still: Stage, postgres_url: str) -> None:
    web = await still.visitor()
    await still.signs_up(web, BEN)
    ids = await still.house.invitation(BEN)
    path = f"/block/{still.site.tokens.make('block', *ids, now=still.clock.now())}"
    answers = await asyncio.gather(*(web.post(path) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert all("Done, and sorry" in answer.text for answer in answers)
