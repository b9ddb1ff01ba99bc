"""The chores of a running service: reminders, purges, left-over scrubs, and who does them."""

import asyncio
import os
import shutil

import msgspec
import pytest

from newsletter.app import running
from newsletter.clock import DAY, HOUR, now
from newsletter.errors import SettingsError
from newsletter.storage import Tx, sqlite_path
from tests.cast import SETTINGS, House
from tests.mail.conftest import eventually

BEN, CLEO = "ben@example.org", "cleo@example.org"


async def long_ago(house: House, email: str, ms: int) -> None:
    """Moves a sign-up into the past, and lets go of its daily budget."""
    person = await house.person(email)

    async def move(tx: Tx) -> None:
        await tx.run("UPDATE subscribers SET created_at = :at WHERE id = :id", at=tx.now - ms, id=person.id)
        await tx.run("UPDATE signups SET at = :at WHERE subscriber_id = :id", at=tx.now - ms, id=person.id)
        await tx.run(
            "UPDATE outbox SET created_at = :at WHERE subscriber_id = :id", at=tx.now - ms, id=person.id
        )
        await tx.run("UPDATE mail_budgets SET last_at = last_at - :ms", ms=DAY)

    await house.db.write(move)


async def test_a_running_service_reminds_purges_and_scrubs(database_url: str) -> None:
    settings = msgspec.structs.replace(
        SETTINGS, database_url=database_url, smtp_url="smtp://127.0.0.1:9?tls=off"
    )
    async with running(settings, worker=False, migrate=True) as site:
        house = House(site, site.db)
        await house.signs_up(BEN)
        await long_ago(house, BEN, 49 * HOUR)
        await house.signs_up(CLEO)
        await long_ago(house, CLEO, 31 * DAY)

        async def left_over(tx: Tx) -> None:
            await tx.run("INSERT INTO chores (name, at) VALUES ('log ben', :at)", at=tx.now - HOUR)

        await site.db.write(left_over)

    async with running(settings, worker=True, migrate=False) as site:
        house = House(site, site.db)

        async def done() -> bool:
            reminded = [m.message for m in await house.mails(BEN)] == ["confirmation", "reminder"]
            return reminded and await house.known(CLEO) is None and not await chores()

        async def chores() -> int:
            return await house.count("SELECT count(*) FROM chores")

        await eventually(done)
        assert await house.mails(CLEO) == []


async def test_copies_of_the_database_go_by_age_and_with_an_erasure(sqlite_url: str) -> None:
    """A purge leaves the young ones, or no migration could be undone: every day somebody is due."""
    settings = msgspec.structs.replace(
        SETTINGS, database_url=sqlite_url, smtp_url="smtp://127.0.0.1:9?tls=off"
    )
    path = sqlite_path(sqlite_url)
    old, young = (path.with_name(f"newsletter-before-000{n}.db") for n in (1, 2))
    shutil.copy(path, old)
    shutil.copy(path, young)
    made = (now() - 7 * DAY - HOUR) / 1000
    os.utime(old, (made, made))
    async with running(settings, worker=False, migrate=True) as site:
        house = House(site, site.db)
        await house.signs_up(CLEO)
        await long_ago(house, CLEO, 31 * DAY)
        ben = await house.joins(BEN)

        async def purged_yesterday(tx: Tx) -> None:
            await tx.run("INSERT INTO chores (name, at) VALUES ('file somebody', :at)", at=tx.now - DAY)

        await site.db.write(purged_yesterday)

    async with running(settings, worker=True, migrate=False) as site:

        async def done() -> bool:
            house = House(site, site.db)
            scrubbed = await house.count("SELECT count(*) FROM chores WHERE name = 'file somebody'") == 0
            return scrubbed and await house.known(CLEO) is None and not old.exists()

        await eventually(done)
        assert young.exists()
        await site.scrub(await site.db.write(site.subscribers.erase, ben.id))
        assert not young.exists()


async def test_without_a_worker_nothing_is_tidied(sqlite_url: str) -> None:
    settings = msgspec.structs.replace(SETTINGS, database_url=sqlite_url)
    async with running(settings, worker=False, migrate=True) as site:
        assert not {"worker", "tidy", "tell"} & {task.get_name() for task in asyncio.all_tasks()}
        await site.db.read(site.subscribers.scrub_due)


async def test_a_relay_address_that_cannot_be_ends_the_start(sqlite_url: str) -> None:
    """And closes what was opened: a service that hangs looks like one that runs."""
    broken = msgspec.structs.replace(SETTINGS, database_url=sqlite_url, smtp_url="imap://127.0.0.1")
    with pytest.raises(SettingsError, match="SMTP_URL"):
        async with running(broken, worker=True, migrate=True):
            pass
    async with running(broken, worker=False, migrate=True) as site:  # an export needs no mail
        assert await site.db.read(site.subscribers.scrub_due) is False
