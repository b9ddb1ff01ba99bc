"""What is promised of subscribers, in plain Python: who stands how, and which mail may be promised to them and leave.

A model beside the service, for `test_subscriber_states.py`; it knows no SQL. Times are epoch milliseconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from newsletter.addresses import canonical
from newsletter.clock import DAY, HOUR
from newsletter.subscribers import Status

MUTE = ("bounced", "complained", "blocked")
UNASKED = ("confirmation", "reminder")
"""What is mailed to somebody who has confirmed nothing yet."""


@dataclass
class Reader:
    id: int
    status: Status
    since: int
    epoch: int = 1
    confirmed: bool = False  # once, here or where they were imported from
    sealed: bool = False  # has a record of consent
    agreed: bool = False  # to the form's words, since they last left
    left: int | None = None
    paused: int | None = None


@dataclass
class Link:
    """A confirmation that was asked for: pressed or not."""

    to: str
    reader: int
    signup: int
    epoch: int
    at: int
    mailed: bool
    pressed: bool = False
    reminded: bool = False


@dataclass
class Mail:
    to: str
    message: str  # "" for a broadcast
    at: int
    state: str = "queued"
    due: int = 0
    settled: int = 0
    nobodys: bool = False  # refused from the start, without an address
    counted: bool = False  # among what its mailbox was asked
    heard: set[str] = field(default_factory=set)  # kinds of what came back of it

    @property
    def waits(self) -> bool:
        return self.state in ("queued", "deferred")

    @property
    def of_many(self) -> bool:
        return not self.message


class Readers:
    def __init__(self) -> None:
        self.readers: dict[str, Reader] = {}
        self.listed: dict[str, int | None] = {}  # an address, or a whole mailbox: until when
        self.budgets: dict[
            str, tuple[int, int]
        ] = {}  # of a mailbox: mails without an answer, the last one's time
        self.links: list[Link] = []
        self.mails: list[Mail] = []
        self.erased: set[str] = set()
        self.taken_back = 0  # letters that waited when their readers left

    def is_listed(self, to: str, now: int) -> bool:
        ends = [self.listed[key] for key in {to, canonical(to)} if key in self.listed]
        return any(end is None or end > now for end in ends)

    def list_(self, key: str, until: int | None = None) -> None:
        """The longer of two wishes holds."""
        standing = self.listed.get(key, 0)
        if until is None or (standing is not None and until > standing):
            self.listed[key] = until

    def forget_expired(self, now: int) -> None:
        """A month after it ended."""
        self.listed = {k: end for k, end in self.listed.items() if end is None or end >= now - 30 * DAY}

    def take_budget(self, to: str, now: int, *, most: int = 3, forgotten: int | None = None) -> bool:
        sent, last = self.budgets.get(canonical(to), (0, 0))
        anew = forgotten is not None and last <= now - forgotten
        if sent and (last > now - DAY or (sent >= most and not anew)):
            return False
        self.budgets[canonical(to)] = (1 if anew else sent + 1, now)
        return True

    def answered(self, to: str) -> None:
        self.budgets.pop(canonical(to), None)

    def promise(self, to: str, message: str, now: int, skip: str = "") -> None:
        state = "skipped" if skip else "queued"
        self.mails.append(Mail(to, message, now, state, now, nobodys=skip == "suppressed"))

    def sign_up(self, to: str, now: int) -> Link | None:
        """The link that it makes, but for its ids; None where nothing may be known of the address."""
        if self.is_listed(to, now):
            self.take_budget(to, now)
            self.promise(to, "confirmation", now, "suppressed")
            return None
        reader = self.readers.setdefault(to, Reader(0, "pending", now))
        if reader.status == "bounced":
            self.unmute(reader)
        joined = reader.status == "active"
        allowed = self.take_budget(to, now, forgotten=30 * DAY if joined else None)
        skip = reader.status if reader.status in MUTE else "" if allowed else "budget"
        self.promise(to, "already" if joined else "confirmation", now, skip)
        link = Link(to, reader.id, 0, reader.epoch, now, mailed=not skip)
        self.links.append(link)
        return link

    def good(self, link: Link) -> Reader | None:
        """Whom a link still opens for."""
        reader = self.readers.get(link.to)
        if reader is None or (reader.id, reader.epoch) != (link.reader, link.epoch):
            return None
        return None if reader.status in ("blocked", "complained") else reader

    def confirm(self, link: Link, now: int) -> bool:
        """Whether it was news."""
        reader = self.good(link)
        assert reader
        fresh = not link.pressed and not (reader.status == "active" and reader.agreed)
        link.pressed = True
        if fresh:
            reader.status, reader.left = "active", None
            reader.confirmed = reader.sealed = reader.agreed = True
            self.answered(link.to)
            self.promise(link.to, "guide", now)
        return fresh

    def leave(self, to: str, status: Status, now: int) -> None:
        reader = self.readers[to]
        reader.status, reader.left, reader.paused = status, now, None
        reader.epoch += 1
        self.skip_waiting(to)

    def unsubscribe(self, to: str, now: int) -> bool:
        reader = self.readers.get(to)
        if reader is None or reader.status != "active":
            return False
        self.leave(to, "unsubscribed", now)
        reader.sealed, reader.agreed = True, False
        self.answered(to)
        return True

    def skip_waiting(self, to: str) -> None:
        """Of what goes to many: it is never sent to them, should they come back, too."""
        for mail in self.mails:
            if mail.to == to and mail.of_many and mail.waits:
                mail.state = "skipped"
                self.taken_back += 1

    def unmute(self, reader: Reader) -> None:
        reader.status = "unsubscribed" if reader.confirmed else "pending"

    def not_me(self, link: Link, now: int) -> None:
        reader = self.readers.get(link.to)
        if reader is None or reader.id != link.reader or reader.status in ("active", "blocked"):
            return
        if reader.epoch != link.epoch:
            return
        self.list_(canonical(link.to))
        if reader.confirmed:
            self.leave(link.to, "blocked", now)
        else:
            self.forget(link.to)

    def forget(self, to: str) -> None:
        reader = self.readers.pop(to)
        self.links = [link for link in self.links if link.reader != reader.id]
        self.mails = [mail for mail in self.mails if mail.to != to or mail.nobodys]

    def came_back(self, mail: Mail, kind: str, now: int) -> None:
        """Something has come back of it, for the first time of this kind."""
        reader = self.readers[mail.to]
        if kind in mail.heard:
            return
        mail.heard.add(kind)
        if kind == "soft" and not self.deserted(mail.to, now):
            return
        self.list_(mail.to, now + 90 * DAY if kind == "soft" else None)
        self.skip_waiting(mail.to)
        complained = kind == "complaint"
        if reader.status == "active" or (complained and reader.status in ("unsubscribed", "bounced")):
            self.leave(mail.to, "complained" if complained else "bounced", now)

    def deserted(self, to: str, now: int) -> bool:
        """Four soft bounces over fifteen days, and nothing between them that arrived."""
        mine = [mail for mail in self.mails if mail.to == to]
        arrived = [
            m.settled for m in mine if m.state == "sent" and m.settled <= now - 5 * DAY and not m.heard
        ]
        soft = [m.settled for m in mine if "soft" in m.heard and m.settled > max(arrived, default=0)]
        return len(soft) >= 4 and max(soft) - min(soft) >= 15 * DAY

    def reminded(self, now: int) -> int:
        """One reminder for each who waits for two days with a link that was mailed: how many were seen to."""
        due = [link for link in self.links if self._to_remind(link, now)]
        for link in due:
            link.reminded = True
            if self.take_budget(link.to, now):
                self.promise(link.to, "reminder", now)
        return len(due)

    def _to_remind(self, link: Link, now: int) -> bool:
        reader = self.readers[link.to]
        others = [one for one in self.links if one.reader == link.reader and one is not link]
        return (
            link.mailed
            and reader.status == "pending"
            and not link.pressed
            and not link.reminded
            and now - 30 * DAY < link.at <= now - 48 * HOUR
            and not any(one.reminded or (one.mailed and one.at > link.at) for one in others)
        )

    def stale(self, now: int) -> Iterator[str]:
        """Who never confirmed within thirty days, and holds no link that is still good."""
        for to, reader in self.readers.items():
            mailed = any(m.to == to and m.at > now - 7 * DAY and m.state != "skipped" for m in self.mails)
            if reader.status == "pending" and reader.since < now - 30 * DAY and not mailed:
                yield to

    def may_leave(self, mail: Mail, now: int) -> bool:
        """Whether a mail that waits may still be sent."""
        reader = self.readers[mail.to]
        if self.is_listed(mail.to, now):
            return False
        if mail.of_many:
            return reader.status == "active" and (reader.left or 0) <= mail.at
        return reader.left is None or reader.left <= mail.at
