"""What is kept of how many there are, and of who came and left when, is what a count of everybody finds."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from newsletter.addresses import parse
from newsletter.clock import DAY, HOUR
from newsletter.errors import NewsletterError
from newsletter.storage import Database, Tx
from newsletter.subscribers import keep_counts, records
from newsletter.subscribers.store.counts import Recount, mend, recount
from tests.cast import House
from tests.conftest import Clock
from tests.subscribers.imports.conftest import Written, written
from tests.subscribers.imports.test_taking_in import imported
from tests.subscribers.test_returns import comes, mailed, take

__all__ = ["written"]  # a fixture

PEOPLE = [f"reader-{n}@example.org" for n in range(40)]
ACTS = 150
Key = tuple[str, int]


class Person(msgspec.Struct):
    status: str
    created_at: int
    confirmed_at: int | None
    unsubscribed_at: int | None


class Count(msgspec.Struct):
    kind: str
    day: int
    people: int


async def everybody(tx: Tx) -> tuple[dict[Key, int], dict[Key, int]]:
    """What is kept, and what a look at each of them says; without what is 0."""
    kept: Counter[Key] = Counter()
    for row in await tx.all(
        Count, "SELECT kind, day, people FROM subscriber_counts WHERE kind <> 'recounted'"
    ):
        kept[row.kind, row.day] += row.people
    true: Counter[Key] = Counter()
    people = "SELECT status, created_at, confirmed_at, unsubscribed_at FROM subscribers"
    for one in await tx.all(Person, people):
        true[one.status, 0] += 1
        for kind, at in (
            ("joined", one.created_at),
            ("confirmed", one.confirmed_at),
            ("left", one.unsubscribed_at),
        ):
            if at is not None:
                true[kind, at - at % DAY] += 1
    return {key: count for key, count in kept.items() if count}, dict(true)


async def same(db: Database) -> dict[Key, int]:
    kept, true = await db.read(everybody)
    assert kept == true
    return kept


class Acts:
    """What happens to people, some of it refused."""

    def __init__(self, house: House, chosen: random.Random, written: Written) -> None:
        self.house, self.chosen, self.written = house, chosen, written
        self.all: list[Callable[[str], Awaitable[object]]] = [
            house.signs_up, house.joins, house.joins, self.leaves, self.erased, self.not_me, self.bounces,
            self.complains, self.muted, self.let_in, self.added, self.imported, self.tried, self.kept,
        ]  # fmt: skip

    async def id(self, email: str) -> int:
        person = await self.house.known(email)
        return person.id if person else 0

    async def leaves(self, email: str) -> None:
        await self.house.db.write(self.house.site.subscribers.unsubscribe, await self.id(email), "link")

    async def erased(self, email: str) -> None:
        await self.house.db.write(self.house.site.subscribers.erase, await self.id(email))
        await self.let_in(email)

    async def not_me(self, email: str) -> None:
        person = await self.house.known(email)
        if person:
            await self.house.db.write(self.house.site.subscribers.block, person.id, person.epoch)

    async def bounces(self, email: str) -> None:
        await take(self.house, comes(self.house, await mailed(self.house, email)))

    async def complains(self, email: str) -> None:
        await take(self.house, comes(self.house, await mailed(self.house, email), "complaint"))

    async def muted(self, email: str) -> None:
        await self.house.db.write(self.house.site.suppressions.add, parse(email))

    async def let_in(self, email: str) -> None:
        await self.house.db.write(self.house.site.suppressions.remove, parse(email))

    async def added(self, email: str) -> None:
        site = self.house.site
        who = (site.tokens, site.subscribers, parse(email), "Reader")
        await self.house.db.write(records.add, *who, {}, [], "a fair")

    async def imported(self, _: str, *, dry: bool = False) -> None:
        one_of, number = self.chosen.choice, self.chosen.randrange
        rows = [
            f"{email},{one_of(('active', 'unsubscribed', 'bounced'))},20{number(10, 26)}-03-0{number(1, 9)} 23:59:59"
            for email in self.chosen.sample(PEOPLE, 10)
        ]
        await imported(self.house, self.written("\n".join(["email,status,joined", *rows])), dry=dry)

    async def tried(self, email: str) -> None:
        await self.imported(email, dry=True)

    async def kept(self, _: str) -> None:
        await keep_counts(self.house.db)


@pytest.mark.parametrize("seed", [1, 2])
async def test_after_all_that_happens_to_people(
    house: House, clock: Clock, written: Written, seed: int
) -> None:
    chosen = random.Random(seed)
    acts = Acts(house, chosen, written)
    refused = 0
    for n in range(ACTS):
        try:
            await chosen.choice(acts.all)(chosen.choice(PEOPLE))
        except (NewsletterError, IndexError):  # who is on the list has no invitation to confirm
            refused += 1
        clock.forward(chosen.randrange(5 * HOUR))
        if n % 10 == 0:
            await same(house.db)
    await house.signs_up("newcomer@example.org")
    kinds = {kind for kind, _ in await same(house.db)}
    assert kinds >= {"pending", "active", "unsubscribed", "bounced", "blocked", "joined", "confirmed", "left"}
    assert refused < ACTS / 2
    clock.forward(60 * DAY)
    while await house.db.write(house.site.signups.purge):
        pass
    assert ("pending", 0) not in await same(house.db)


async def test_after_a_crowd(house: House) -> None:
    """On PostgreSQL nobody waits for another's count; some sign up twice, and some are erased meanwhile."""

    async def comes_and_goes(email: str) -> None:
        await house.joins(email)
        if email > PEOPLE[20]:
            await house.db.write(house.site.subscribers.erase, (await house.person(email)).id)

    await asyncio.gather(
        *(comes_and_goes(email) for email in PEOPLE), *(keep_counts(house.db) for _ in range(5))
    )
    kept = await same(house.db)
    await asyncio.gather(*(keep_counts(house.db) for _ in range(5)))
    assert await same(house.db) == kept
    assert (
        await house.count(
            "SELECT max(n) FROM (SELECT count(*) AS n FROM subscriber_counts GROUP BY kind, day) c"
        )
        == 1
    )


async def drop(tx: Tx) -> None:
    await tx.run("UPDATE subscriber_counts SET people = people + 3 WHERE kind = 'active'")
    await tx.run("DELETE FROM subscriber_counts WHERE kind = 'joined'")


async def test_what_is_wrong_is_put_right_once_a_day(house: House, clock: Clock) -> None:
    """Whatever happens between the count and its end, and whoever else counts at the same time."""
    for email in PEOPLE[:5]:
        await house.joins(email)
    await keep_counts(house.db)
    await house.db.write(drop)
    await keep_counts(house.db)
    kept, true = await house.db.read(everybody)
    assert kept != true  # it is not a day ago
    clock.forward(DAY)
    found = [await house.db.read(recount) for _ in range(2)]
    await house.joins(PEOPLE[6])
    assert [await house.db.write(mend, one) for one in found if isinstance(one, Recount)] == [True, False]
    await same(house.db)
