"""What is kept of each domain's mail is what a look at all of it finds, whatever has happened since."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from newsletter.addresses import parse
from newsletter.clock import DAY, HOUR, MINUTE
from newsletter.mail import domain_counts, prune, trouble
from newsletter.mail.bounces.model import Kind
from newsletter.mail.domain_counts import Recount, mend, recount
from newsletter.storage import Database, Tx, sqlite_path
from tests.cast import House, build
from tests.conftest import ON_ONE, Clock
from tests.mail.conftest import run
from tests.subscribers.test_returns import comes, mailed, take
from tests.web.test_as_quick import steps

PEOPLE = [
    f"reader-{n}@{domain}" for n in range(4) for domain in ("gmail.com", "example.org", "ada.example.net")
]
KINDS: tuple[Kind, ...] = ("hard", "soft", "policy", "complaint")
ACTS = 250
Counted = Counter[tuple[str, str]]


@pytest.fixture
async def house(db: Database) -> House:
    return await build(db)


class Row(msgspec.Struct):
    recipient: str
    what: str
    at: int


_ROWS = """
    SELECT recipient, 'accepted' AS what, settled_at AS at FROM outbox WHERE state = 'sent' AND recipient <> ''
    UNION ALL SELECT o.recipient, b.kind, b.at FROM bounces b JOIN outbox o ON o.id = b.outbox_id
    WHERE o.recipient <> ''
    """


async def both(tx: Tx) -> tuple[Counted, Counted]:
    """What is shown, and what a look at each row says."""
    shown: Counted = Counter()
    for came in await domain_counts.lately(tx):
        shown[came.domain, came.what] += came.mails
    since = domain_counts.first_day(tx.now)
    rows = [row for row in await tx.all(Row, _ROWS) if since <= row.at <= tx.now]
    true = Counter((row.recipient.rpartition("@")[2].lower(), row.what) for row in rows)
    return Counter({key: mails for key, mails in shown.items() if mails}), true


async def same(db: Database) -> Counted:
    shown, true = await db.read(both)
    assert shown == true
    return true


class Acts:
    """What becomes of mail."""

    def __init__(self, house: House, clock: Clock, chosen: random.Random) -> None:
        self.house, self.clock, self.chosen = house, clock, chosen
        self.sent_to: dict[str, list[int]] = {}
        self.all: list[Callable[[str], Awaitable[object]]] = [
            self.sent, self.sent, self.sent, self.sent, self.back, self.back, self.refused, self.skipped, self.erased,
            self.retried, self.kept, self.sliced, self.pruned, self.leap,
        ]  # fmt: skip

    async def sent(self, email: str) -> None:
        if not await self.house.known(email):
            await self.house.joins(email)
        state = self.chosen.choice(("sent", "sent", "sent", "failed", "queued"))
        ago = self.chosen.choice((0, 0, 0, self.chosen.randrange(MINUTE)))
        to = self.chosen.choice((email, email.replace("example", "Example")))
        self.sent_to.setdefault(email, []).append(await mailed(self.house, to, state, ago=ago))

    async def back(self, email: str) -> None:
        if sent := self.sent_to.get(email):
            kind = self.chosen.choice(KINDS)
            await take(self.house, comes(self.house, self.chosen.choice(sent), kind))

    async def refused(self, email: str) -> None:
        if sent := self.sent_to.get(email):
            await run(
                self.house.db,
                "UPDATE outbox SET state = 'failed', reply = '550 5.1.1 No' WHERE id = :id AND state = 'queued'",
                id=self.chosen.choice(sent),
            )
            await self.house.db.write(self.house.site.returns.look)

    async def skipped(self, _: str) -> None:
        """What had failed waited once more, and is not sent."""
        sql = "UPDATE outbox SET state = 'skipped', recipient = '', settled_at = :now WHERE state = 'failed'"
        await run(self.house.db, sql, now=self.clock.now())

    async def retried(self, email: str) -> None:
        for id in self.sent_to.get(email, []):
            sql = "UPDATE outbox SET state = 'sent', settled_at = :now WHERE id = :id AND state = 'failed'"
            await run(self.house.db, sql, id=id, now=self.clock.now())

    async def erased(self, email: str) -> None:
        if person := await self.house.known(email):
            await self.house.db.write(self.house.site.subscribers.erase, person.id)
            await self.house.db.write(self.house.site.suppressions.remove, parse(email))

    async def kept(self, _: str) -> None:
        await domain_counts.keep(self.house.db)

    async def sliced(self, _: str) -> None:
        await self.house.db.write(domain_counts.go_on)

    async def pruned(self, _: str) -> None:
        await self.house.db.write(prune, self.clock.now() - self.chosen.choice((5, 20, 90)) * DAY)

    async def leap(self, _: str) -> None:
        self.clock.forward(self.chosen.randrange(4 * DAY))


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_after_all_that_becomes_of_mail(
    house: House, clock: Clock, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(domain_counts, "SLICE", 3)
    chosen = random.Random(seed)
    acts = Acts(house, clock, chosen)
    seen: set[str] = set()
    for _ in range(ACTS):
        await chosen.choice(acts.all)(chosen.choice(PEOPLE))
        clock.forward(chosen.randrange(2 * HOUR))
        seen |= {what for _, what in await same(house.db)}
    assert seen == {"accepted", *KINDS}
    await domain_counts.keep(house.db)
    clock.forward(2 * MINUTE)
    found = await house.db.read(recount, 0)
    assert found
    assert not found.missing


async def kept(tx: Tx) -> Counted:
    rows = await tx.all(domain_counts.Came, "SELECT day, domain, what, mails FROM domain_counts")
    total: Counted = Counter()
    for row in rows:
        total[row.domain, row.what] += row.mails
    return total


async def test_of_a_domain_that_was_one_person_s_nothing_stays(house: House, clock: Clock) -> None:
    ada = await house.joins("ada@ada.example.net")
    await take(house, comes(house, await mailed(house, "ada@ada.example.net")))
    clock.forward(HOUR)
    await domain_counts.keep(house.db)
    assert set(await house.db.read(kept)) == {("ada.example.net", "accepted"), ("ada.example.net", "hard")}
    await house.db.write(house.site.subscribers.erase, ada.id)
    await domain_counts.keep(house.db)
    assert await house.count("SELECT count(*) FROM domain_counts") == 0


async def test_when_many_processes_count_at_once(house: House, clock: Clock) -> None:
    """Each mail counts once; who is erased meanwhile is taken off, or is found once a day."""
    for email in PEOPLE[:12]:
        await house.joins(email)
        for _ in range(5):
            await mailed(house, email, ago=random.Random(email).randrange(DAY))
    clock.forward(HOUR)
    everyone = [(await house.person(email)).id for email in PEOPLE[6:12]]
    await asyncio.gather(
        *(domain_counts.keep(house.db) for _ in range(5)),
        *(house.db.write(house.site.subscribers.erase, id) for id in everyone),
    )
    clock.forward(DAY)
    await domain_counts.keep(house.db)
    assert (await same(house.db)).total() == 6 * 5
    assert (await house.db.read(kept)).total() == 6 * 5


async def drop(tx: Tx) -> None:
    await tx.run("UPDATE domain_counts SET mails = mails + 3 WHERE domain = 'gmail.com'")
    await tx.run("DELETE FROM domain_counts WHERE domain = 'example.org'")


async def test_what_is_wrong_is_put_right_once_a_day(house: House, clock: Clock) -> None:
    for email in PEOPLE[:5]:
        await mailed(house, email)
    clock.forward(HOUR)
    await domain_counts.keep(house.db)
    await house.db.write(drop)
    await domain_counts.keep(house.db)
    shown, true = await house.db.read(both)
    assert shown != true  # it is not a day ago
    clock.forward(DAY)
    found = [await house.db.read(recount) for _ in range(2)]
    await mailed(house, PEOPLE[6])
    assert [await house.db.write(mend, one) for one in found if isinstance(one, Recount)] == [True, False]
    await same(house.db)


async def test_a_clock_that_was_set_back_hides_no_mail(house: House, clock: Clock) -> None:
    clock.forward(3 * DAY)
    await mailed(house, PEOPLE[0])
    clock.forward(HOUR)
    await domain_counts.keep(house.db)
    clock.forward(-3 * DAY)
    await mailed(house, PEOPLE[1])
    clock.forward(2 * MINUTE)
    await domain_counts.keep(house.db)
    assert await same(house.db) == Counter({("example.org", "accepted"): 1})
    clock.forward(3 * DAY + HOUR)
    await domain_counts.keep(house.db)
    assert (await same(house.db)).total() == 2


FEW, MANY = 1_000, 10_000
_SENT = """
    INSERT INTO outbox (id, message, priority, recipient, context, message_id, state, not_before, created_at,
                        settled_at)
    VALUES (:id, '', 10, :to, '{}', 'x', 'sent', 0, 0, :at)
    """
_BACK = "INSERT INTO bounces (outbox_id, kind, sent_at, at) VALUES (:id, :kind, :at, :at)"


async def many(tx: Tx, count: int) -> None:
    at = [tx.now - n % 20 * DAY - HOUR for n in range(count)]
    people = [f"reader@{n % 10}.example.org" for n in range(count)]
    await tx.many(_SENT, [{"id": n, "to": people[n], "at": at[n]} for n in range(count)])
    back = range(0, count, 3)
    await tx.many(_BACK, [{"id": n, "kind": KINDS[n % len(KINDS)], "at": at[n]} for n in back])


@ON_ONE
async def test_the_report_of_ten_times_as_many_is_no_more_work(db: Database, sqlite_url: str) -> None:
    """In SQLite's own steps: whatever else the machine does, they are the same each time."""
    taken = []
    for count in (FEW, MANY):
        await run(db, "DELETE FROM bounces")
        await run(db, "DELETE FROM outbox")
        await db.write(many, count)
        await domain_counts.keep(db)
        taken.append(steps(sqlite_path(sqlite_url), trouble.report))
    few, most = taken
    assert 1 < most <= 1.5 * few, taken
