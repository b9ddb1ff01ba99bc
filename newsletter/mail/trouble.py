"""How mailbox providers have taken our mail of late: what they accepted, what came back and why, and what to do."""

from collections import defaultdict
from typing import Literal

import msgspec

from newsletter import clock
from newsletter.clock import DAY
from newsletter.providers import provider_of
from newsletter.storage import Database, Tx

DAYS = 30
MOST = 50
"""Providers in a report; those with the most trouble stand first."""

Verdict = Literal["policy", "complaints", "hard", "soft", "few"]

TO_DO: dict[Verdict, str] = {
    "policy": "It refuses you, not readers. Mend what the doctor finds wrong, and send less there until it takes mail.",
    "complaints": "Too many there call your mail spam. Write to those only who asked for it lately.",
    "hard": "Many addresses there don’t exist. Look at where they came from; they are mailed no more.",
    "soft": "Many mailboxes there are full or can’t be reached. Whoever takes nothing for long is mailed no more.",
    "few": "That is usual. There is nothing to do.",
}
_COMPLAINTS = 0.001  # of what was accepted: Google’s and Yahoo’s guidelines want less
_HARD = 0.02
_SOFT = 0.05
_LONG = 0.2  # seconds
_WORTH = 100  # so that it takes one percent of a processor at most
_POLICY = 3  # as many as let a provider be left alone: newsletter/mail/refusals.py


class Taken(msgspec.Struct):
    """What has become of the mail to one provider within `DAYS`."""

    name: str
    accepted: int = 0  # by its servers, also what came back later
    soft: int = 0
    hard: int = 0
    policy: int = 0
    complaint: int = 0

    @property
    def verdict(self) -> Verdict:
        """The worst that can be said of it. One of a handful is no sign of anything."""
        sent = self.accepted + self.hard + self.policy
        if self.policy >= _POLICY:
            return "policy"
        if self.complaint > 1 and self.complaint >= _COMPLAINTS * sent:
            return "complaints"
        if self.hard > 1 and self.hard >= _HARD * sent:
            return "hard"
        if self.soft > 1 and self.soft >= _SOFT * sent:
            return "soft"
        return "few"

    @property
    def to_do(self) -> str:
        return TO_DO[self.verdict]


class Report(msgspec.Struct, frozen=True):
    troubled: list[Taken]  # the worst first
    others: int  # providers from which nothing came back
    accepted: int  # by those


class _Came(msgspec.Struct):
    domain: str
    what: str
    count: int


class Lately:
    """The report as a page shows it: what took long to make is shown for a while, so that whoever looks again and
    again doesn't go through all mail each time."""

    def __init__(self) -> None:
        self._report: Report | None = None
        self._until = 0.0

    async def look(self, db: Database) -> Report:
        """As it is now, or was a hundred times as long ago as it took."""
        began = clock.monotonic()
        if self._report is None or began >= self._until:
            self._report = await db.read(report)
            took = clock.monotonic() - began
            self._until = began + (_WORTH * took if took > _LONG else 0)
        return self._report


async def report(tx: Tx) -> Report:
    """It goes through all mail of `DAYS`: some seconds for a million."""
    found: dict[str, Taken] = defaultdict(lambda: Taken(""))
    since = tx.now - DAYS * DAY
    for sql in (_ACCEPTED, _BACK):
        for row in await tx.all(_Came, sql[tx.engine], since=since):
            one = found[provider_of(row.domain)]
            one.name = provider_of(row.domain)
            setattr(one, row.what, getattr(one, row.what) + row.count)
    troubled = [one for one in found.values() if one.soft + one.hard + one.policy + one.complaint]
    well = [one for one in found.values() if one not in troubled]
    order = list(TO_DO)
    troubled.sort(
        key=lambda one: (
            order.index(one.verdict),
            -(one.policy + one.complaint + one.hard + one.soft),
            one.name,
        )
    )
    return Report(troubled[:MOST], len(well), sum(one.accepted for one in well))


_DOMAIN = {
    "sqlite": "lower(substr(o.recipient, instr(o.recipient, '@') + 1))",
    "postgres": "lower(substr(o.recipient, strpos(o.recipient, '@') + 1))",
}
_ACCEPTED = {
    engine: f"""SELECT {domain} AS domain, 'accepted' AS what, count(*) AS count FROM outbox o
                WHERE o.settled_at > :since AND o.state = 'sent' AND o.recipient <> '' GROUP BY 1"""  # noqa: S608  our own
    for engine, domain in _DOMAIN.items()
}
_BACK = {
    engine: f"""SELECT {domain} AS domain, b.kind AS what, count(*) AS count
                FROM bounces b JOIN outbox o ON o.id = b.outbox_id
                WHERE b.at > :since AND o.recipient <> '' GROUP BY 1, 2"""  # noqa: S608  our own
    for engine, domain in _DOMAIN.items()
}
