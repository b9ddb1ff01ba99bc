"""What may go to each mailbox provider now: limits in rows that all workers share, so that a restart forgets nothing.

A message to many counts from when a worker has it until its server has answered. One whose provider has no room is
put aside: its row is marked with the provider's name and is not due for an hour, so nothing stands behind it, and it is
found by that name as soon as there is room. A provider that asks for fewer (4.7.x) is left alone for a while.

Who signs up is never held back by this, and takes nothing off it.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

import msgspec

from newsletter.clock import HOUR, MINUTE, SECOND
from newsletter.mail.ledger import Settlement
from newsletter.mail.limits import meter
from newsletter.providers import ALL, DomainLimit, provider_of
from newsletter.storage import Tx
from newsletter.storage.lists import IDS, as_list
from newsletter.words import gettext as _
from newsletter.words import ngettext, number

ASIDE = HOUR
"""Who was put aside is looked at again after that, whatever has become of the limits."""

PAUSE = MINUTE
LONGEST_PAUSE = HOUR

_SLACK = 2 * SECOND  # so much of the rate may go at once: workers look a few times a second
_FEW = 2  # under way at once, as long again as a provider was left alone
_LOOK_AT = 100  # providers in one turn
_CLOCK_SET_BACK = 5 * MINUTE  # no rate holds anything back for longer

# Whoever greylists wants to see each message once more, not fewer of them.
_TOO_MANY = re.compile(r"4\d\d[ -]4\.7\.\d(?!.*gr[ae]y)", re.IGNORECASE)


class Addressed(Protocol):
    """A row of the ledger that could go."""

    @property
    def id(self) -> int: ...
    @property
    def recipient(self) -> str: ...


Row = TypeVar("Row", bound=Addressed)


class Standing(msgspec.Struct):
    """How a provider stands with us."""

    name: str
    next_at: int
    slow_until: int
    pause: int
    waits: int
    under_way: int


class _Name(msgspec.Struct):
    name: str


class HeldBack(msgspec.Struct, frozen=True):
    """What of a mailing waits for one provider."""

    name: str
    waiting: int
    slow_until: int
    now: int

    def __str__(self) -> str:
        if self.slow_until <= self.now:
            return _("%(n)s wait for the limit of %(name)s.") % {"n": number(self.waiting), "name": self.name}
        minutes = -(-(self.slow_until - self.now) // MINUTE)
        sentence = ngettext(
            "%(name)s asks for fewer mails: %(n)s wait, at least for a minute.",
            "%(name)s asks for fewer mails: %(n)s wait, at least for %(minutes)s minutes.",
            minutes,
        )
        return sentence % {"name": self.name, "n": number(self.waiting), "minutes": minutes}


class Gate:
    """Who may pass in one transaction. `keep` writes down who did."""

    def __init__(self, limits: Sequence[DomainLimit], now: int) -> None:
        self._limits = {one.provider: one for one in limits}
        self._now = now
        self._standings: dict[str, Standing] = {}
        self._paused: set[str] = set()
        self._changed: set[str] = set()

    def limit(self, name: str) -> DomainLimit | None:
        return self._limits.get(name) or self._limits.get(ALL)

    def _counts(self, name: str) -> bool:
        """Without a limit too where it has refused us by policy: newsletter/mail/refusals.py."""
        return self.limit(name) is not None or name in self._paused

    async def waiting(self, tx: Tx) -> list[str]:
        """Providers for whom something was put aside, and that may have room."""
        paused = await tx.all(_Name, _PAUSED, now=self._now, longest=self._now + LONGEST_PAUSE)
        self._paused = {one.name for one in paused}
        found = await tx.all(_Name, _WAITING, **moments(self._now), limit=_LOOK_AT)
        await self._look(tx, {one.name for one in found})
        return [one.name for one in found]

    def room(self, name: str, most: int) -> int:
        """How many of `most` may go to it."""
        limit = self.limit(name)
        standing = self._standings[name]
        if self._now < standing.slow_until <= self._now + LONGEST_PAUSE:
            return 0
        if limit is None:
            return most
        at_once = limit.connections
        if standing.pause and self._now < standing.slow_until + standing.pause:
            at_once = min(at_once, _FEW) if at_once else _FEW
        if at_once:
            most = min(most, at_once - standing.under_way)
        if interval := _interval(limit):
            most = min(most, (self._now + _SLACK - self._next_at(standing)) // interval + 1)
        return max(0, most)

    async def sift(self, tx: Tx, found: Sequence[Row], most: int) -> tuple[list[Row], int]:
        """Those of `found` that may go, up to `most`, and how many were put aside."""
        named = [(row, provider_of(row.recipient.rpartition("@")[2])) for row in found]
        await self._look(tx, {name for _, name in named if self._counts(name)})
        going: list[tuple[Row, str]] = []
        aside: list[tuple[Row, str]] = []
        for row, name in named:
            if len(going) == most:
                break
            if not self._counts(name):
                going.append((row, ""))
            elif self.room(name, 1):
                self._pass(name, 1)
                going.append((row, name))
            else:
                aside.append((row, name))
        await self._mark(tx, [(row, name) for row, name in going if name])
        await self._put_aside(tx, aside)
        return [row for row, _ in going], len(aside)

    async def recall(self, tx: Tx, name: str, rows: Sequence[Addressed]) -> None:
        """These were put aside for it, and go now."""
        self._pass(name, len(rows))
        await self._mark(tx, [(row, name) for row in rows])

    async def _mark(self, tx: Tx, rows: Sequence[tuple[Addressed, str]]) -> None:
        await tx.many(_MARK, [{"id": row.id, "name": name, "now": self._now} for row, name in rows])

    def _pass(self, name: str, count: int) -> None:
        """So many go to it."""
        standing = self._standings[name]
        standing.under_way += count
        if (limit := self.limit(name)) and (interval := _interval(limit)):
            standing.next_at = self._next_at(standing) + count * interval
            self._changed.add(name)

    async def _put_aside(self, tx: Tx, rows: Sequence[tuple[Addressed, str]]) -> None:
        await tx.many(
            _PUT_ASIDE, [{"id": row.id, "name": name, "later": tx.now + ASIDE} for row, name in rows]
        )
        for _row, name in rows:
            self._standings[name].waits = 1
            self._changed.add(name)

    async def forget(self, tx: Tx, name: str) -> None:
        """Nothing that may go now was put aside for it; perhaps nothing at all."""
        if not await tx.value(_ANY, name=name):
            self._standings[name].waits = 0
            self._changed.add(name)

    async def keep(self, tx: Tx) -> None:
        changed = [self._standings[name] for name in sorted(self._changed)]
        await tx.many(
            _KEEP, [{"name": one.name, "next_at": one.next_at, "waits": one.waits} for one in changed]
        )
        if not changed:
            await tx.run(_PRUNE, now=self._now)

    async def _look(self, tx: Tx, names: Iterable[str]) -> None:
        asked = sorted(set(names) - self._standings.keys())
        if asked:
            rows = await tx.all(Standing, _STANDINGS[tx.engine], names=msgspec.json.encode(asked).decode())
            self._standings |= {row.name: row for row in rows}

    def _next_at(self, standing: Standing) -> int:
        """When the rate lets another go; it has nothing saved up from when nothing went."""
        if standing.next_at > self._now + _CLOCK_SET_BACK:
            return self._now
        return max(standing.next_at, self._now)


def _interval(limit: DomainLimit) -> int:
    """Between two messages (ms), so that with the slack no minute has more than the limit; 0: no rate."""
    return -(-(MINUTE + _SLACK) // limit.per_minute) if limit.per_minute else 0


def moments(now: int) -> dict[str, int]:
    """When a provider may have room, for `READY`."""
    return {
        "now": now,
        "soon": now + _SLACK,
        "absurd": now + _CLOCK_SET_BACK,
        "longest": now + LONGEST_PAUSE,
    }


async def begin(tx: Tx, limits: Sequence[DomainLimit]) -> None:
    """A worker starts. Where no limits are set any more, nothing waits for them."""
    if not limits:
        await tx.run(_RELEASE, now=tx.now)


async def heed(tx: Tx, done: Sequence[Settlement]) -> None:
    """Leaves alone for a while who has asked for fewer; to be called before those are settled."""
    asked = [one.id for one in done if one.state == "deferred" and _TOO_MANY.match(one.words)]
    if not asked:
        return
    await meter(tx)  # held, as by who reserves: else each could wait for the other
    for row in await tx.all(_Name, _WHO[tx.engine], ids=as_list(asked)):
        await slow_down(tx, row.name, PAUSE)


async def slow_down(tx: Tx, name: str, first: int) -> bool:
    """Leaves a provider alone for `first` ms, or for longer than the last time; False where it is already."""
    moments = {"now": tx.now, "first": first, "longest": LONGEST_PAUSE, "forgotten": tx.now - HOUR}
    return bool(await tx.run(_SLOW_DOWN, name=name, **moments))


async def any_waits(tx: Tx) -> bool:
    """Whether a provider is left alone now, or something was put aside for one that was."""
    return bool(await tx.all(_Name, _ANY_WAITS, now=tx.now))


async def held_back(tx: Tx, mailing_id: int) -> list[HeldBack]:
    """What of a mailing was put aside, the most first."""
    return await tx.all(HeldBack, _HELD_BACK, id=mailing_id, now=tx.now)


READY = (
    """(d.next_at <= :soon OR d.next_at > :absurd) AND (d.slow_until <= :now OR d.slow_until > :longest)"""
)
_WAITING = f"""
    SELECT d.name FROM send_domains d WHERE d.waits = 1 AND {READY} ORDER BY d.next_at, d.name LIMIT :limit
    """  # noqa: S608  our own
_PAUSED = "SELECT name FROM send_domains WHERE slow_until > :now AND slow_until <= :longest"
_ANY_WAITS = "SELECT name FROM send_domains WHERE waits = 1 OR slow_until > :now LIMIT 1"
_STANDING = """
    SELECT n.value AS name, COALESCE(d.next_at, 0) AS next_at, COALESCE(d.slow_until, 0) AS slow_until,
           COALESCE(d.pause, 0) AS pause, COALESCE(d.waits, 0) AS waits,
           (SELECT count(*) FROM outbox o WHERE o.provider = n.value AND o.worker IS NOT NULL) AS under_way
    FROM {names} LEFT JOIN send_domains d ON d.name = n.value
    """
_STANDINGS = {
    "sqlite": _STANDING.format(names="json_each(:names) AS n"),
    "postgres": _STANDING.format(names="json_array_elements_text(CAST(:names AS json)) AS n(value)"),
}
# Due from now on, too: should its worker die, whoever finds it need not know that it was put aside.
_MARK = "UPDATE outbox SET provider = :name, not_before = :now WHERE id = :id"
_PUT_ASIDE = "UPDATE outbox SET provider = :name, not_before = :later WHERE id = :id AND worker IS NULL"
_ANY = "SELECT 1 FROM outbox WHERE provider = :name AND state IN ('queued', 'deferred', 'sending') LIMIT 1"
_KEEP = """
    INSERT INTO send_domains (name, next_at, waits) VALUES (:name, :next_at, :waits)
    ON CONFLICT (name) DO UPDATE SET next_at = excluded.next_at, waits = excluded.waits
    """
_PRUNE = "DELETE FROM send_domains WHERE waits = 0 AND next_at <= :now AND slow_until + pause <= :now"
_RELEASE = """
    UPDATE outbox SET provider = NULL, not_before = :now
    WHERE provider IS NOT NULL AND worker IS NULL AND state IN ('queued', 'deferred')
    """
_WHO = {
    engine: f"""SELECT DISTINCT provider AS name FROM outbox
                WHERE id IN ({ids}) AND provider IS NOT NULL"""  # noqa: S608  our own
    for engine, ids in IDS.items()
}
_LONGER = """CASE WHEN send_domains.slow_until <= :forgotten THEN CAST(:first AS BIGINT)
                  WHEN 2 * send_domains.pause > :longest THEN CAST(:longest AS BIGINT)
                  ELSE 2 * send_domains.pause END"""
# Several that were under way together ask once.
_SLOW_DOWN = f"""
    INSERT INTO send_domains (name, slow_until, pause)
    VALUES (:name, CAST(:now AS BIGINT) + CAST(:first AS BIGINT), CAST(:first AS BIGINT))
    ON CONFLICT (name) DO UPDATE SET pause = {_LONGER}, slow_until = CAST(:now AS BIGINT) + {_LONGER}
    WHERE send_domains.slow_until <= :now
    """  # noqa: S608  our own
_HELD_BACK = """
    SELECT o.provider AS name, count(*) AS waiting, COALESCE(max(d.slow_until), 0) AS slow_until,
           CAST(:now AS BIGINT) AS now
    FROM outbox o LEFT JOIN send_domains d ON d.name = o.provider
    WHERE o.mailing_id = :id AND o.provider IS NOT NULL AND o.worker IS NULL AND o.state IN ('queued', 'deferred')
    GROUP BY o.provider ORDER BY 2 DESC, 1 LIMIT 10
    """
