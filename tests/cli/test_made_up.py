"""The demonstration's made-up subscribers can be written to, are numbered, and are made once."""

from newsletter import settings
from newsletter.app import running
from newsletter.cli.made_up import make_up
from newsletter.storage import Tx


async def test_as_many_as_were_asked_for_are_active_and_hold_a_consent(database_url: str) -> None:
    chosen = settings.load({"NEWSLETTER_DATABASE_URL": database_url, "NEWSLETTER_SECRET_KEY": "k" * 40})

    async def counts(tx: Tx) -> tuple[int, int, int]:
        active = await tx.value("SELECT count(*) FROM subscribers WHERE status = 'active' AND name <> ''")
        told = await tx.value("SELECT count(*) FROM consent_records WHERE detail LIKE '%made_up%'")
        mails = await tx.value("SELECT count(*) FROM outbox")
        return int(active), int(told), int(mails)

    async with running(chosen, worker=False, migrate=True) as site:
        await make_up(site, 250)
        assert await site.db.read(counts) == (250, 250, 0)
        await make_up(site, 252)
        assert await site.db.read(counts) == (252, 252, 0)
        assert await site.db.read(site.subscribers.find_by_key, "reader252@example.org")
