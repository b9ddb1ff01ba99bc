"""On PostgreSQL too: beside a mailing that is held with very many rows, another's are found by an index."""

import re
from collections.abc import AsyncIterator

import pytest

from newsletter.mail import bulk_domains, bulk_ledger, domains, life, look, mailings, retries
from newsletter.storage import Database, Tx, open_database

pytestmark = pytest.mark.postgres

ASKED = {
    "which mailings are due": bulk_ledger._OPEN,
    "whose turn it is": bulk_ledger._IN_TURN,
    "which of its rows": bulk_ledger._NEXT,
    "whether any is left": mailings._LEFT,
    "whether any can have it once more": retries._BEGIN["postgres"],
    "which mailings wait for a provider": bulk_domains._MAILINGS,
    "which of its rows do": bulk_domains._ROW,
    "whether any of them may go": bulk_domains._ANY_READY,
    "what waits of mailings": look._MANY_WAITING,
    "what waits": look._WAITING,
    "what went wrong with it": mailings.TROUBLED,
    "who waits of a cancelled one": mailings._DROP["postgres"],
    "who is next to have it once more": retries._NEXT,
    "who is dead": life.THE_DEAD,
    "how providers stand": domains._STANDINGS["postgres"],
}
MANY = 30_000


@pytest.fixture
async def ledger(postgres_url: str) -> AsyncIterator[Database]:
    db = await open_database(postgres_url)
    await db.write(_fill)
    await db.write(_look)
    yield db
    await db.close()


async def _fill(tx: Tx) -> None:
    for id, state, count in ((1, "held", MANY), (2, "open", 3)):
        await tx.run(
            "INSERT INTO mailings (id, content, seed, state, created_at) VALUES (:id, :content, 'x', :state, 1)",
            id=id,
            content=b"{}",
            state=state,
        )
        await tx.run(
            """INSERT INTO outbox (id, message, priority, subscriber_id, recipient, context, message_id, state,
                                   not_before, created_at, mailing_id, provider)
               SELECT :id * 1000000 + n, 'broadcast', 10, n, 'a@example.org', '{}', 'x', 'queued',
                      1, 1, :id, 'gmail.com'
               FROM generate_series(1, CAST(:count AS BIGINT)) AS n""",
            id=id,
            count=count,
        )


async def _look(tx: Tx) -> None:
    await tx.run("ANALYZE")


@pytest.mark.parametrize("what", ASKED)
async def test_what_waits_elsewhere_is_not_read(ledger: Database, what: str) -> None:
    sql = ASKED[what]
    texts = {"ids": "[2]", "name": "gmail.com", "state": "failed", "names": "[]"}
    named = {name: texts.get(name, 2) for name in re.findall(r"(?<!:):(\w+)", sql)}

    async def plan(tx: Tx) -> str:
        return str(await tx.value(f"EXPLAIN (FORMAT JSON) {sql}", **named))

    found = await ledger.read(plan)
    assert "outbox" in found
    assert not re.search(r'"Seq Scan",[^{}]*"Relation Name": "outbox"', found), found
