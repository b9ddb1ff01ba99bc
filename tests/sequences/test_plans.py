"""What is asked again and again finds people by the keys of their rows, however many there are."""

import re
from typing import Any

import msgspec

from newsletter.clock import DAY, HOUR
from newsletter.storage import Tx
from newsletter.web.kit import sequencing
from tests.conftest import ON_ONE
from tests.mail.conftest import ADA, BEN
from tests.sequences.walking import Path

GUIDE = "structure-your-career"
CROWDED = re.compile(
    r"SCAN (e|s|c|d|x|o|w|sequence_entries|sequence_sends|subscribers|outbox|consent_records)\b(?! V)"
)


class _Step(msgspec.Struct):
    id: int
    parent: int
    notused: int
    detail: str


class _Watching:
    """A transaction that notes how SQLite would find the rows of each statement."""

    def __init__(self, tx: Tx, plans: list[tuple[str, list[str]]]) -> None:
        self._tx = tx
        self._plans = plans

    def __getattr__(self, name: str) -> Any:
        if name not in ("one", "all", "value", "run"):
            return getattr(self._tx, name)

        async def watched(*args: Any, **params: Any) -> Any:
            sql = args[-1]
            steps = await self._tx.all(_Step, f"EXPLAIN QUERY PLAN {sql}", **params)
            self._plans.append((sql, [step.detail for step in steps]))
            return await getattr(self._tx, name)(*args, **params)

        return watched


@ON_ONE
async def test_no_statement_looks_at_everybody(path: Path) -> None:
    plans: list[tuple[str, list[str]]] = []
    site = path.site

    async def does(tx: Tx, verb: str, *args: Any) -> Any:
        return await getattr(site.sequences, verb)(_Watching(tx, plans), *args)

    for start, value in (
        ("confirmed", ""),
        ("confirmed", "guide"),
        ("tag", "coaching"),
        ("downloaded", GUIDE),
    ):
        await path.begins(("box", 0), ("talk", 0), start=start, value=value)
        one = await path.db.read(site.sequences.find, "welcome")
        await path.db.read(does, "comers", one, 0)
        await path.db.read(does, "waiting", one, 0)
    await path.begins(("box", 0), ("talk", 0))
    ada = await path.joins(ADA)
    one = await path.db.read(site.sequences.find, "welcome")
    assert await path.db.write(does, "enter", one, await path.db.read(does, "comers", one, 0)) == 1
    for turn in await path.db.read(does, "turns", one.id):
        ids = await path.db.read(does, "due", turn)
        content = await sequencing._content(site, turn)
        assert await path.db.write(does, "send", turn, ids, content) == 1
        await path.arrives()
    assert await path.names(ada.id) == ["box", "talk"]
    path.clock.forward(HOUR // 2)
    await path.joins(BEN)
    await path.goes_round()
    path.clock.forward(DAY)
    await path.db.read(does, "held")
    assert len(await path.db.read(does, "spent")) == 1
    wrong = [(step, sql) for sql, steps in plans for step in steps if _is_wrong(step)]
    assert not wrong
    assert len(plans) > 20


def _is_wrong(step: str) -> bool:
    by_place = "sequence_entries_due" in step and "reached_at" not in step
    return bool(CROWDED.match(step)) or "subscribers_status (status=?)" in step or by_place
