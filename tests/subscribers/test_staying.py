"""Who says that they stay while those who did not answer are let go."""

import asyncio

import asyncpg
import pytest

from newsletter.ids import new_id
from newsletter.subscribers import staying
from newsletter.web.kit import asking_again
from tests.cast import House
from tests.mail.conftest import eventually

ADA, ASKING = "ada@example.org", 7


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("says_yes", [True, False])
async def test_a_yes_at_this_moment_is_waited_for(house: House, database_url: str, says_yes: bool) -> None:
    """Read as silent, and about to say yes: their answer is on its way to the disk, or is taken back."""
    ada = await house.joins(ADA)
    await house.db.write(staying.begin, ASKING)
    theirs = await asyncpg.connect(database_url)
    answering = theirs.transaction()
    await answering.start()
    tag = await theirs.fetchval("SELECT id FROM tags WHERE name = 'stays-7'")
    await theirs.execute(
        "INSERT INTO subscriber_tags (subscriber_id, tag_id, tagged_at) VALUES ($1, $2, $3)",
        ada.id,
        tag,
        new_id(),
    )
    letting_go = asyncio.create_task(house.db.write(asking_again.unsubscribe, house.site, ASKING, [ada.id]))

    async def waits() -> bool:
        locks = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return await house.count(locks) == 1

    await eventually(waits)
    await (answering.commit() if says_yes else answering.rollback())
    assert await letting_go == (0 if says_yes else 1)
    assert (await house.person(ADA)).status == ("active" if says_yes else "unsubscribed")
    await theirs.close()
