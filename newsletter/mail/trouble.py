"""How mailbox providers have taken our mail of late: what they accepted, what came back and why, and what to do."""

from typing import Literal

import msgspec

from newsletter.mail import domain_counts
from newsletter.providers import provider_of
from newsletter.storage import Tx

DAYS = domain_counts.DAYS
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
    def came_back(self) -> int:
        return self.soft + self.hard + self.policy + self.complaint

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


async def report(tx: Tx) -> Report:
    """As it is now."""
    found: dict[str, Taken] = {}
    for came in await domain_counts.lately(tx):
        name = provider_of(came.domain)
        one = found.setdefault(name, Taken(name))
        setattr(one, came.what, getattr(one, came.what) + came.mails)
    troubled = [one for one in found.values() if one.came_back > 0]
    well = [one for one in found.values() if one.accepted > 0 and one.came_back <= 0]
    order = list(TO_DO)
    troubled.sort(key=lambda one: (order.index(one.verdict), -one.came_back, one.name))
    return Report(troubled[:MOST], len(well), sum(one.accepted for one in well))
