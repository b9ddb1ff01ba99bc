"""An owner with sequences, people who walk through them, and a look at the rows that they leave."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from newsletter.clock import DAY
from newsletter.sequences import Loaded, Plan, Sequence, Words
from newsletter.storage import Tx
from newsletter.subscribers.store import people
from newsletter.web.kit import sequencing
from tests.cast import House
from tests.conftest import Clock
from tests.mail.conftest import run

THREE = (("box", 1), ("question", 2), ("talk", 3))  # names of steps, and their delays in days


def plan(
    *steps: tuple[str, int],
    start: str = "confirmed",
    value: str = "",
    subjects: dict[str, str] | None = None,
    **changes: str,
) -> Plan:
    """Steps whose subjects are their names, but for those that `subjects` and `changes` give other words."""
    return Plan(
        "welcome",
        start,  # type: ignore[arg-type]  # one of three words
        value,
        [
            Words(
                slug=slug,
                delay=days * DAY,
                subject=(subjects or {}).get(slug, slug),
                body=changes.get(slug, f"On the {slug}."),
            )
            for slug, days in steps
        ],
    )


class Sent(msgspec.Struct, frozen=True):
    subscriber_id: int
    slug: str
    at: int


class Entry(msgspec.Struct, frozen=True):
    subscriber_id: int
    state: str
    slug: str  # of the step where they stand


@dataclass
class Path(House):
    clock: Clock = field(default_factory=Clock)

    async def loads(self, *steps: tuple[str, int], **changes: Any) -> Loaded:
        return await sequencing.load(self.site, plan(*(steps or THREE), **changes))

    async def begins(self, *steps: tuple[str, int], since: int | None = None, **changes: Any) -> Sequence:
        """The sequence `welcome`, on."""
        await self.loads(*steps, **changes)
        return await self.turns_on(since)

    async def turns_on(self, since: int | None = None) -> Sequence:
        return await self.db.write(self.site.sequences.turn_on, "welcome", since)

    async def turns_off(self) -> None:
        await sequencing.turn_off(self.site, "welcome")

    async def goes_round(self, *, arrives: bool = True) -> None:
        """One round of the clock, in which all is looked at; a server takes what is sent, at that moment."""
        await sequencing.Rounds(self.site).once()
        if arrives:
            await self.arrives()

    async def arrives(self, state: str = "sent") -> None:
        await run(
            self.db,
            """UPDATE outbox SET state = :state, settled_at = :now
               WHERE mailing_id IS NOT NULL AND state IN ('queued', 'deferred')""",
            state=state,
            now=self.clock.now(),
        )

    async def days(self, count: int) -> None:
        for _ in range(count):
            self.clock.forward(DAY)
            await self.goes_round()

    async def sent(self, person: int | None = None) -> list[Sent]:
        """Which steps went to whom, as the ledger has it, in that order."""

        async def look(tx: Tx) -> list[Sent]:
            return await tx.all(
                Sent,
                """SELECT o.subscriber_id, s.slug, o.created_at AS at FROM outbox o
                   JOIN sequence_sends w ON w.mailing_id = o.mailing_id AND w.subscriber_id = o.subscriber_id
                   JOIN sequence_steps s ON s.id = w.step_id ORDER BY o.id""",
            )

        return [one for one in await self.db.read(look) if person in (None, one.subscriber_id)]

    async def names(self, person: int | None = None) -> list[str]:
        return [one.slug for one in await self.sent(person)]

    async def words(self) -> dict[tuple[str, int], str]:
        """What each step said to each person."""

        class Said(msgspec.Struct):
            slug: str
            subscriber_id: int
            content: bytes

        async def look(tx: Tx) -> list[Said]:
            return await tx.all(
                Said,
                """SELECT s.slug, w.subscriber_id, m.content FROM sequence_sends w
                   JOIN sequence_steps s ON s.id = w.step_id JOIN mailings m ON m.id = w.mailing_id""",
            )

        return {(one.slug, one.subscriber_id): one.content.decode() for one in await self.db.read(look)}

    async def entries(self) -> list[Entry]:
        async def look(tx: Tx) -> list[Entry]:
            return await tx.all(
                Entry,
                """SELECT e.subscriber_id, e.state, COALESCE(s.slug, '') AS slug FROM sequence_entries e
                   LEFT JOIN sequence_steps s ON s.id = e.step_id ORDER BY e.subscriber_id""",
            )

        return await self.db.read(look)

    async def state(self, person: int) -> str:
        return next((one.state for one in await self.entries() if one.subscriber_id == person), "")

    async def tags(self, person: int, *names: str) -> None:
        """As the owner, or a form, gives them."""
        await self.db.write(people.tag, person, list(names))

    async def downloads(self, person: int, *, automatic: bool = False) -> None:
        magnets = (await self.form()).magnets
        await self.db.write(self.site.magnets.count, person, magnets[0].version_id, automatic=automatic)

    async def leaves(self, person: int) -> None:
        await self.db.write(self.site.subscribers.unsubscribe, person, "test")
