"""An owner at work on broadcasts, and a look at the rows that they leave."""

from typing import Any

import msgspec

from newsletter.broadcasts import Broadcast, Draft
from newsletter.storage import Tx
from newsletter.web.kit import broadcasting
from tests.cast import House
from tests.mail.conftest import run

OLGA = "olga@example.com"
LETTER = Draft(
    subject="On work", body='Hello {{ first_name | "there" }}, do you like {{ field.city | "it" }}?'
)


class Slip(msgspec.Struct, frozen=True):
    """One person's row."""

    id: int
    subscriber_id: int | None
    recipient: str
    context: str
    state: str


class Desk(House):
    async def writes(self, **changes: Any) -> Broadcast:
        return await self.db.write(self.site.broadcasts.new, msgspec.structs.replace(LETTER, **changes))

    async def sends(self, broadcast: Broadcast | None = None, **changes: Any) -> Broadcast:
        """Sent off; nobody has a row yet."""
        one = broadcast or await self.writes(**changes)
        await broadcasting.send_off(self.site, one)
        return await self.now(one)

    async def fills(self, one: Broadcast) -> None:
        await broadcasting.fill(self.site, one.id)

    async def now(self, one: Broadcast) -> Broadcast:
        return await self.db.read(self.site.broadcasts.find, one.id)

    async def does(self, verb: str, one: Broadcast, *args: Any) -> Any:
        return await self.db.write(getattr(self.site.broadcasts, verb), one.id, *args)

    async def settles(self) -> None:
        await self.db.write(self.site.broadcasts.settle)

    async def slips(self, one: Broadcast) -> list[Slip]:
        mailing = (await self.now(one)).mailing_id

        async def look(tx: Tx) -> list[Slip]:
            return await tx.all(
                Slip,
                """SELECT id, subscriber_id, recipient, context, state FROM outbox WHERE mailing_id = :mailing
                   ORDER BY subscriber_id""",
                mailing=mailing,
            )

        return await self.db.read(look)

    async def hands_over(self, one: Broadcast, state: str = "sent") -> None:
        """As the worker leaves all that waits."""
        mailing = (await self.now(one)).mailing_id
        await run(
            self.db,
            "UPDATE outbox SET state = :state, settled_at = 1 WHERE mailing_id = :id AND state = 'queued'",
            state=state,
            id=mailing,
        )

    async def in_state(self, state: str) -> Broadcast:
        """A broadcast to everybody that has come so far; who has a row has it."""
        one = await self.writes()
        if state == "scheduled":
            await self.does("schedule", one, await self.later())
        elif state != "draft":
            await self.sends(one)
            await self.fills(one)
            if state in ("paused", "cancelled"):
                await self.does({"paused": "pause", "cancelled": "cancel"}[state], one)
            if state == "sent":
                await self.hands_over(one)
                await self.settles()
        found = await self.now(one)
        assert found.state == state
        return found

    async def later(self) -> int:
        """An hour from now."""

        async def now(tx: Tx) -> int:
            return tx.now

        return await self.db.read(now) + 3_600_000
