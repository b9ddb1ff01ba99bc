"""What a worker asks of the ledger again and again finds its rows by an index, however many there are."""

import re

import msgspec
import pytest

from newsletter.mail import bulk_domains, bulk_ledger, bulk_turns, domains, life, look, mailings, retries
from newsletter.storage import Tx, open_database

ASKED = {
    "who is dead": life.THE_DEAD,
    "what the dead had not begun": life.FREE["sqlite"],
    "what may have left of the dead": life.DOUBT,
    "what is lost": life.DOUBT_ONE,
    "which mailings are due": bulk_ledger._OPEN,
    "whose turn it is": bulk_ledger._IN_TURN,
    "which of its rows": bulk_ledger._NEXT,
    "to reserve": bulk_ledger._RESERVE["sqlite"],
    "to begin": bulk_turns._MAY["sqlite"],
    "who is suppressed": bulk_turns._SUPPRESSED["sqlite"],
    "to settle": bulk_turns._SETTLE["sqlite"],
    "who waits of a cancelled one": mailings._DROP["sqlite"],
    "who is next to have it once more": retries._NEXT,
    "to send it once more": retries._AGAIN["sqlite"],
    "whether any can have it once more": retries._BEGIN["sqlite"],
    "whether any is left": mailings._LEFT,
    "what went wrong with it": mailings.TROUBLED,
    "what waits": look._WAITING,
    "what waits of mailings": look._MANY_WAITING,
    "how providers stand": domains._STANDINGS["sqlite"],
    "who asked for fewer": domains._WHO["sqlite"],
    "whether anything counts on a provider": domains._ANY,
    "what waits where there are no limits": domains._RELEASE,
    "which mailings wait for a provider": bulk_domains._MAILINGS,
    "which of its rows do": bulk_domains._ROW,
    "whether any of them may go": bulk_domains._ANY_READY,
}

FEW = ("INDEX outbox_due", "INDEX outbox_failed", "INDEX outbox_in_doubt")
"""What holds nothing but what is asked for."""


class _Step(msgspec.Struct):
    id: int
    parent: int
    notused: int
    detail: str


@pytest.mark.parametrize("what", ASKED)
async def test_no_statement_reads_the_whole_ledger(sqlite_url: str, what: str) -> None:
    sql = ASKED[what]
    named = {
        name: {"ids": "[]", "keys": "[]", "words": "{}", "names": "[]"}.get(name, 1)
        for name in re.findall(r":(\w+)", sql)
    }

    async def plan(tx: Tx) -> list[str]:
        return [step.detail for step in await tx.all(_Step, f"EXPLAIN QUERY PLAN {sql}", **named)]

    db = await open_database(sqlite_url)
    try:
        steps = await db.read(plan)
    finally:
        await db.close()
    assert steps
    steps = [step for step in steps if not step.endswith(FEW)]
    assert not [step for step in steps if step.startswith(("SCAN outbox", "SCAN o "))], steps
    assert not [step for step in steps if step == "SCAN o"], steps
    if "ORDER BY subscriber_id" in sql:
        assert not [step for step in steps if "TEMP B-TREE" in step], (
            "all of them would be sorted for each slice"
        )
