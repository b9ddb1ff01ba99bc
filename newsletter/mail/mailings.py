"""What goes to many: one frozen message, and a row of the ledger for each person that it is for."""

from collections.abc import Sequence
from secrets import token_urlsafe

import msgspec

from newsletter import ids
from newsletter.errors import NotFound
from newsletter.mail import limits, retries
from newsletter.mail.bulk import thaw
from newsletter.mail.outbox import TOPIC
from newsletter.mail.retries import SLICE
from newsletter.settings import Settings
from newsletter.storage import Tx

BROADCAST = 10
"""The priority of what goes to many; it only tells: a broadcast has lanes of its own."""


class Recipient(msgspec.Struct, frozen=True):
    """Whom a mailing is for, with what its merge tags say of them (JSON, a text each), as it is now and stays."""

    id: int | None  # None: nobody's own copy, to look at
    email: str
    values: str = "{}"


class Mailing(msgspec.Struct, frozen=True):
    id: int
    state: str  # open | held | cancelled
    why: str


class Tally(msgspec.Struct, frozen=True):
    """How far a mailing has come, in people."""

    queued: int = 0
    sending: int = 0
    deferred: int = 0
    sent: int = 0
    failed: int = 0
    in_doubt: int = 0
    skipped: int = 0

    @property
    def total(self) -> int:
        return self.settled + self.left

    @property
    def left(self) -> int:
        return self.queued + self.sending + self.deferred

    @property
    def settled(self) -> int:
        return self.sent + self.failed + self.in_doubt + self.skipped


class Handed(msgspec.Struct, frozen=True):
    """One person's row: who got it, or why not."""

    id: int
    subscriber_id: int | None
    email: str  # "" where it was forgotten
    state: str
    at: int | None  # ms, when it was settled
    reply: str
    attempts: int
    resends: int


class _Count(msgspec.Struct):
    state: str
    count: int


class Mailings:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def _domain(self) -> str:
        return self._settings.from_email.rpartition("@")[2]

    async def start(self, tx: Tx, content: bytes, after: int | None = None) -> int:
        """A mailing of this frozen message, for nobody yet.

        `after`: the one that it goes on from. What servers have said of that counts for this one's circuit breaker.
        """
        mailing_id = ids.new_id()
        await tx.run(_START, id=mailing_id, content=content, seed=token_urlsafe(9), now=tx.now)
        if after is not None:
            await tx.run(_GO_ON, id=mailing_id, after=after)
        return mailing_id

    async def fill(self, tx: Tx, mailing_id: int, recipients: Sequence[Recipient]) -> None:
        """A row for each; who has one keeps it. Raises NotFound."""
        seed = await tx.value("SELECT seed FROM mailings WHERE id = :id", id=mailing_id)
        if seed is None:
            raise NotFound("There is no such mailing.")
        await tx.many(
            _ADD,
            [
                {
                    "id": ids.new_id(),
                    "priority": BROADCAST,
                    "person": one.id,
                    "recipient": one.email,
                    "context": one.values,
                    "message_id": f"<{seed}.{one.id or 0}@{self._domain}>",
                    "now": tx.now,
                    "mailing": mailing_id,
                }
                for one in recipients
            ],
        )
        tx.wake(TOPIC)

    async def tags(self, tx: Tx, mailing_id: int) -> set[str]:
        """The merge tags that its message needs values for. Raises NotFound."""
        content = await tx.value("SELECT content FROM mailings WHERE id = :id", id=mailing_id)
        if content is None:
            raise NotFound("There is no such mailing.")
        return thaw(bytes(content)).tags

    async def people(
        self, tx: Tx, mailing_id: int, state: str, after: int, limit: int = 1_000
    ) -> list[Handed]:
        """Who has which state, in the order of their rows' ids, after the row `after`."""
        return await tx.all(Handed, _PEOPLE, id=mailing_id, state=state, after=after, limit=limit)

    async def hold(self, tx: Tx, mailing_id: int, why: str = "") -> bool:
        """Nothing more of it is begun from now on. Whether it was open."""
        return await self._turn(tx, mailing_id, "held", ("open",), why)

    async def let_go(self, tx: Tx, mailing_id: int) -> bool:
        """It goes on. Whether it was held."""
        done = await self._turn(tx, mailing_id, "open", ("held",))
        tx.wake(TOPIC)
        return done

    async def cancel(self, tx: Tx, mailing_id: int) -> bool:
        """What was not begun is never sent, from now on; its rows follow by `drop`. Whether it could be cancelled."""
        done = await self._turn(tx, mailing_id, "cancelled", ("open", "held"))
        if done:
            await retries.end(tx, mailing_id)
            await self.drop(tx, mailing_id)
        return done

    async def drop(self, tx: Tx, mailing_id: int) -> bool:
        """Skips a slice of what waits of a cancelled one, also of what has come back from the wire since.

        Whether there may be more.
        """
        return await tx.run(_DROP[tx.engine], id=mailing_id, limit=SLICE, now=tx.now) == SLICE

    async def _turn(self, tx: Tx, mailing_id: int, to: str, from_: Sequence[str], why: str = "") -> bool:
        changed = await tx.run(
            """UPDATE mailings SET state = :to, why = :why, answered = 0, refused = 0, distrusted = 0
               WHERE id = :id AND state IN (:first, :last)""",
            id=mailing_id,
            to=to,
            why=why,
            first=from_[0],
            last=from_[-1],
        )
        return bool(changed)

    async def find(self, tx: Tx, mailing_id: int) -> Mailing:
        """Raises NotFound."""
        found = await tx.one(Mailing, "SELECT id, state, why FROM mailings WHERE id = :id", id=mailing_id)
        if found is None:
            raise NotFound("There is no such mailing.")
        return found

    async def tally(self, tx: Tx, mailing_id: int) -> Tally:
        rows = await tx.all(
            _Count,
            "SELECT state, count(*) AS count FROM outbox WHERE mailing_id = :id GROUP BY state",
            id=mailing_id,
        )
        return Tally(**{row.state: row.count for row in rows})

    async def troubled(self, tx: Tx, mailing_id: int) -> Tally:
        """What is in doubt and what failed, and nothing else of it: those who got it needn't be counted for that."""
        rows = await tx.all(_Count, TROUBLED, id=mailing_id)
        return Tally(**{row.state: row.count for row in rows})

    async def paused(self, tx: Tx) -> bool:
        """Whether nothing leaves at the moment, since the relay was in trouble."""
        return await limits.paused(tx)

    async def ramped(self, tx: Tx, left: int) -> int:
        """How many mails the ramp-up lets go today, where it keeps some of `left` for another day; else 0."""
        return await limits.ramped(tx, limits.limits_of(self._settings), left)

    async def is_left(self, tx: Tx, mailing_id: int) -> bool:
        """Whether anything of it is still to be done; `tally` counts a million rows to say so."""
        return bool(await tx.value(_LEFT, id=mailing_id))

    async def forget_samples(self, tx: Tx, email_key: str) -> None:
        """Erases what went to this address to be looked at; rows of a person go by `Post.forget`."""
        await tx.run(_FORGET, key=email_key)


TROUBLED = """SELECT state, count(*) AS count FROM outbox
    WHERE mailing_id = :id AND state IN ('in_doubt', 'failed') GROUP BY state"""
_START = "INSERT INTO mailings (id, content, seed, created_at) VALUES (:id, :content, :seed, :now)"
_GO_ON = """
    UPDATE mailings SET answered = m.answered, refused = m.refused, distrusted = m.distrusted
    FROM mailings m WHERE mailings.id = :id AND m.id = :after
    """
_ADD = """
    INSERT INTO outbox (id, message, priority, subscriber_id, recipient, context, message_id, state,
                        not_before, created_at, mailing_id)
    VALUES (:id, '', :priority, :person, :recipient, :context, :message_id, 'queued', :now, :now, :mailing)
    ON CONFLICT DO NOTHING
    """
_PEOPLE = """
    SELECT id, subscriber_id, recipient AS email, state, settled_at AS at, reply, attempts, resends FROM outbox
    WHERE mailing_id = :id AND state = :state AND id > :after ORDER BY id LIMIT :limit
    """
_FORGET = """
    DELETE FROM outbox
    WHERE mailing_id IN (SELECT id FROM mailings) AND subscriber_id IS NULL AND lower(recipient) = :key
    """
_LEFT = """
    SELECT CASE WHEN EXISTS (SELECT 1 FROM outbox WHERE mailing_id = :id AND state IN ('queued', 'sending', 'deferred'))
                  OR EXISTS (SELECT 1 FROM mailing_retries WHERE mailing_id = :id)
           THEN 1 ELSE 0 END
    """
_WAITING = """SELECT id FROM outbox WHERE mailing_id = :id AND state IN ('queued', 'deferred') LIMIT :limit"""
_DROPPED = """UPDATE outbox SET state = 'skipped', reply = 'Its owner cancelled it.', settled_at = :now, worker = NULL
    WHERE id IN ({ids}) AND EXISTS (SELECT 1 FROM mailings m WHERE m.id = :id AND m.state = 'cancelled')"""
# On PostgreSQL what a worker has at this moment is passed over, and skipped by a later slice: a wait for it could be
# one for us. The rows are looked up before: a subquery may be asked again for each row, and its LIMIT limits nothing.
_DROP = {
    "sqlite": _DROPPED.format(ids=_WAITING),
    "postgres": f"""WITH waiting AS MATERIALIZED ({_WAITING} FOR UPDATE SKIP LOCKED)
                    {_DROPPED.format(ids="SELECT id FROM waiting")}""",  # noqa: S608  our own
}
