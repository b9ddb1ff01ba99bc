"""What holds mail back, as one row that all workers share: the relay's pause, the rate and the day's limit.

A claim takes its place in the row in the same transaction, so any number of workers keep to the limits
together. Without limits the row is only ever read, along with what is due.

The day is the last 24 hours, whenever one looks: some relays count that way and some by the calendar, and
who stays below the limit in any 24 hours does so in both. It is counted by the hour, so a message may weigh
on it for up to 25.

A ramp-up holds back what goes to many, and nothing else: mailbox providers distrust a domain that they don't know and
that writes to thousands at once.
"""

import msgspec

from newsletter.clock import DAY, HOUR, MINUTE, SECOND
from newsletter.providers import DomainLimit
from newsletter.settings import Settings
from newsletter.storage import Tx

_RELAY = "relay"
_DAY = 24  # hours, besides the one that runs
_RAMPED = 30  # days: more than anybody's list needs
_METER = "SELECT paused_until, pause, next_at, sent, began_at FROM send_limits WHERE name = :name"
_LOCKED = {"sqlite": _METER, "postgres": f"{_METER} FOR UPDATE"}


class Limits(msgspec.Struct, frozen=True):
    """What the settings allow; 0: no limit."""

    interval: int = 0  # ms between two messages
    per_day: int = 0
    ramp_up: int = 0  # mails on a new domain's first day of broadcasts; each day it is twice as many
    domains: tuple[DomainLimit, ...] = ()  # of each mailbox provider: newsletter/mail/domains.py

    def __bool__(self) -> bool:
        """Whether the way out as a whole is limited."""
        return bool(self.interval or self.per_day or self.ramp_up)


UNLIMITED = Limits()


class Room(msgspec.Struct, frozen=True):
    """What may leave now."""

    most: int  # messages that may be claimed at once
    wait: int = 0  # ms until the rate lets another one go
    full_until: int = 0  # the day's limit is reached: only what can't wait may go


class Meter(msgspec.Struct, frozen=True):
    """How the way out stands: a row of `send_limits`."""

    paused_until: int
    pause: int
    next_at: int
    sent: str
    began_at: int  # the first broadcast from this domain; 0: none has left yet

    def room(self, limits: Limits, now: int, most: int) -> Room:
        """What `limits` leave open of `most`."""
        wait = self.next_at - now
        if limits.interval and 0 < wait <= MINUTE:  # further off: somebody has set a clock back
            return Room(0, wait)
        if limits.interval:
            most = min(most, 1)
        if limits.per_day:
            left = limits.per_day - sum(self.hours(now).values())
            if left <= 0:
                return Room(most, limits.interval, self._full_until(limits, now))
            most = min(most, left)
        return Room(most, limits.interval)

    def share(self, limits: Limits, now: int) -> int:
        """What the ramp-up allows today."""
        days = max(now - self.began_at, 0) // DAY if self.began_at else 0
        return limits.ramp_up << min(days, _RAMPED)

    def ramp(self, limits: Limits, now: int, most: int) -> int:
        """What it leaves open of `most`."""
        if not limits.ramp_up:
            return most
        return max(0, min(most, self.share(limits, now) - sum(self.hours(now).values())))

    def hours(self, now: int) -> dict[int, int]:
        """How many went, by the hour, as far as the last day goes; an hour far ahead is a clock set back."""
        sent = msgspec.json.decode(self.sent, type=dict[int, int])
        return {hour: count for hour, count in sorted(sent.items()) if abs(now // HOUR - hour) <= _DAY}

    def _full_until(self, limits: Limits, now: int) -> int:
        """When so many hours are forgotten that the next message may go."""
        hours = self.hours(now)
        until = now
        total = sum(hours.values())
        for hour, count in hours.items():
            if total < limits.per_day:
                break
            total -= count
            until = (hour + _DAY + 1) * HOUR
        return until


def limits_of(settings: Settings) -> Limits:
    per_minute = settings.mail_per_minute
    interval = -(-MINUTE // per_minute) if per_minute else 0  # rounded up: never faster than allowed
    return Limits(interval, settings.mail_per_day, settings.ramp_up, settings.domain_limits)


async def sends_from(tx: Tx, domain: str) -> None:
    """Another domain than before is a new one."""
    await tx.run(
        "UPDATE send_limits SET domain = :domain, began_at = 0 WHERE name = :name AND domain <> :domain",
        name=_RELAY,
        domain=domain,
    )


async def begin(tx: Tx) -> None:
    """The first broadcast from its domain leaves now."""
    await tx.run(
        "UPDATE send_limits SET began_at = :now WHERE name = :name AND began_at = 0", name=_RELAY, now=tx.now
    )


async def meter(tx: Tx) -> Meter:
    """How the way out stands, held until the transaction ends."""
    (row,) = await tx.all(Meter, _LOCKED[tx.engine], name=_RELAY)
    return row


async def ramped(tx: Tx, limits: Limits, left: int) -> int:
    """How many mails the ramp-up lets go today, where that is too few for `left` more; else 0. Ask in a read."""
    if not limits.ramp_up or not left:
        return 0
    (row,) = await tx.all(Meter, _METER, name=_RELAY)
    return row.share(limits, tx.now) if row.ramp(limits, tx.now, left) < left else 0


async def paused(tx: Tx) -> bool:
    """Whether the relay was in trouble, and all wait until it is asked again. Ask in a read."""
    (row,) = await tx.all(Meter, _METER, name=_RELAY)
    return row.paused_until > tx.now


async def left_for_many(tx: Tx, limits: Limits, most: int) -> tuple[Meter | None, int]:
    """How many of `most` that go to many may be claimed now, and what `spend_on_many` needs.

    Where little may go, what is transactional goes first. There is no meter where nothing is limited.
    """
    if not limits:
        return None, most
    row = await meter(tx)
    room = row.room(limits, tx.now, most)
    most = 0 if room.full_until else room.most - await tx.value(_AHEAD, now=tx.now, limit=most)
    return row, row.ramp(limits, tx.now, most)


async def spend_on_many(tx: Tx, row: Meter | None, limits: Limits, count: int) -> None:
    if row and count:
        await spend(tx, row, limits, count)
        await begin(tx)


async def spend(tx: Tx, row: Meter, limits: Limits, count: int) -> None:
    """`count` messages are claimed; `row` is what `meter` gave."""
    hours = row.hours(tx.now)
    hour = tx.now // HOUR
    hours[hour] = hours.get(hour, 0) + count
    await _write(tx, tx.now + limits.interval * count, hours)


async def give_back(tx: Tx, claimed_at: int) -> None:
    """A message that was claimed then came back without the relay having judged it: it takes nothing off the day.

    One that the relay refused stays counted, and so does one that may have arrived.
    """
    row = await meter(tx)
    hours = row.hours(tx.now)
    hour = claimed_at // HOUR
    if hours.get(hour):
        hours[hour] -= 1
        await _write(tx, row.next_at, hours)


async def _write(tx: Tx, next_at: int, hours: dict[int, int]) -> None:
    await tx.run(
        "UPDATE send_limits SET next_at = :next_at, sent = :sent WHERE name = :name",
        name=_RELAY,
        next_at=next_at,
        sent=msgspec.json.encode(hours).decode(),
    )


async def pause(tx: Tx, seconds: float, left: float) -> int:
    """Nothing goes out for another `left` of a pause of `seconds`; 0: all is well. Until when (ms)."""
    until = tx.now + round(left * SECOND) if seconds else 0
    await tx.run(
        "UPDATE send_limits SET paused_until = :until, pause = :pause WHERE name = :name",
        name=_RELAY,
        until=until,
        pause=round(seconds * SECOND),
    )
    return until


_AHEAD = """
    SELECT count(*) FROM (SELECT 1 FROM outbox WHERE mailing_id IS NULL AND state IN ('queued', 'deferred')
                            AND not_before <= :now LIMIT :limit) AS due
    """
