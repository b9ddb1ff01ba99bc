"""A subscriber through all their states in any order: what the service holds is what was promised, after each step.

Nobody is mailed a letter who has not confirmed, nothing that was promised before they left leaves after it, an address
is asked once a day and three times in all, consent stays proved, and who was erased is in no table.
"""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from newsletter.addresses import canonical, parse
from newsletter.clock import DAY, HOUR
from newsletter.errors import NotFound
from newsletter.signups import Submission
from newsletter.storage import Tx
from newsletter.subscribers import Status
from newsletter.subscribers.imports import Importing, Person
from tests.conftest import Clock
from tests.figures import Figure
from tests.proof.readers import Link, Reader
from tests.proof.readers_mail import Mailed, nth
from tests.proof.states import SHARES, Ground, walk

ADA, BEN, CLEO = "ada@example.org", "ben@example.com", "cleo@gmail.com"
CLEO_TOO = "c.leo+news@gmail.com"  # the same mailbox
MOMENTS = (
    "confirmed", "confirmed again", "an old link", "unsubscribed", "erased", "not me", "bounced", "complained",
    "deserted", "imported", "purged", "reminded", "back again", "letter sent", "letter taken back", "mail sent",
    "mail skipped", "over budget", "not to be known",
)  # fmt: skip

someone = st.sampled_from((ADA, BEN, CLEO, CLEO_TOO))


class Subscriber(Mailed):
    @initialize(joined=st.sampled_from(((), (ADA,), (ADA, BEN, CLEO))))
    def some_are_subscribed(self, joined: tuple[str, ...]) -> None:
        for to in joined:
            self.sign_up(to, "")
            self.nobody_is_asked_too_often()
            self.confirm(0)

    @rule(to=someone, name=st.sampled_from(("", "Ada")))
    def sign_up(self, to: str, name: str) -> None:
        now, was = self.now, self.world.readers.get(to)
        form = self.ground.wait(self.ground.house.form())
        self.ground.do(self.site.signups.sign_up, form, Submission(parse(to), {"name": name}))
        if link := self.world.sign_up(to, now):
            ((link.signup, link.reader),) = self.ground.look(
                f"SELECT id, subscriber_id FROM signups WHERE at = {now}"
            )
            self.world.readers[to].id = link.reader
            self.went["over budget"] += not link.mailed
            self.went["back again"] += bool(was and was.status == "unsubscribed")
        else:
            self.went["not to be known"] += 1

    def _link(self, nth: int) -> Link:
        links = self.world.links
        return links[-1 - nth % len(links)]

    @precondition(lambda self: self.world.links)
    @rule(nth=nth)
    def confirm(self, nth: int) -> None:
        link, now = self._link(nth), self.now
        if self.world.good(link) is None:
            with pytest.raises(NotFound):
                self.ground.do(self.site.signups.confirm, link.signup, link.epoch)
            self.went["an old link"] += 1
            return
        done = self.ground.do(self.site.signups.confirm, link.signup, link.epoch)
        fresh = self.world.confirm(link, now)
        assert done.fresh == fresh
        if fresh:
            self.asked.pop(canonical(link.to), None)
        self.went["confirmed" if fresh else "confirmed again"] += 1

    @precondition(lambda self: self.world.links)
    @rule(nth=nth)
    def not_me(self, nth: int) -> None:
        link, now = self._link(nth), self.now
        self.ground.do(self.site.signups.block, link.signup, link.epoch)
        before = self.world.readers.get(link.to)
        status = before and before.status
        self.world.not_me(link, now)
        after = self.world.readers.get(link.to)
        self.went["not me"] += (after and after.status) != status

    @precondition(lambda self: self.world.links)
    @rule(nth=nth)
    def ask_again(self, nth: int) -> None:
        link, now = self._link(nth), self.now
        self.ground.do(self.site.signups.invite_again, link.signup, link.epoch)
        reader = self.world.good(link)
        if reader and reader.status in ("pending", "unsubscribed") and self.world.take_budget(link.to, now):
            self.world.promise(link.to, "confirmation", now)
            link.mailed = True

    @rule(to=someone)
    def fresh_link(self, to: str) -> None:
        now, reader = self.now, self.world.readers.get(to)
        if reader is None or not reader.confirmed:  # nobody else holds a link to ask by
            return
        magnet = self.ground.wait(self.ground.house.form()).magnets[0]
        self.ground.do(self.site.signups.fresh_link, reader.id, magnet.id)
        if reader.status in ("active", "unsubscribed") and self.world.take_budget(to, now, most=1_000_000):
            self.world.promise(to, "fresh_link", now)

    def _active(self) -> list[str]:
        return [to for to, reader in self.world.readers.items() if reader.status == "active"]

    @precondition(lambda self: bool(self._active()))
    @rule(nth=nth, letter_waits=st.booleans())
    def unsubscribe(self, nth: int, letter_waits: bool) -> None:
        active = self._active()
        to = active[nth % len(active)]
        if letter_waits:
            self.letter("sent", sent=False)
        now = self.now
        self.ground.do(self.site.subscribers.unsubscribe, self.world.readers[to].id, "one-click")
        assert self.world.unsubscribe(to, now)
        self.asked.pop(canonical(to), None)
        self.went["unsubscribed"] += 1

    @rule(to=someone)
    def unsubscribe_again(self, to: str) -> None:
        """Who has left already, or is unknown, stays so."""
        _, reader = self.now, self.world.readers.get(to)
        if reader is None or reader.status != "active":
            self.ground.do(self.site.subscribers.unsubscribe, reader.id if reader else 41, "one-click")

    @rule(to=someone, days=st.sampled_from((0, 7, 30)))
    def pause(self, to: str, days: int) -> None:
        now, reader = self.now, self.world.readers.get(to)
        if reader and reader.status == "active":
            self.ground.do(self.site.subscribers.prefer, reader.id, reader.epoch, None, [], days)
            reader.paused = now + days * DAY if days else None

    @rule(to=someone)
    def erase(self, to: str) -> None:
        if reader := self.world.readers.get(to):
            _ = self.now
            self.ground.do(self.site.subscribers.erase, reader.id)
            self.world.list_(canonical(to))
            self.world.answered(to)
            self.world.forget(to)
            self.world.erased.add(to)
            self.asked.pop(canonical(to), None)
            self.went["erased"] += 1

    @rule(to=someone, days=st.sampled_from((None, 5)))
    def put_on_the_list(self, to: str, days: int | None) -> None:
        now = self.now
        until = now + days * DAY if days else None
        self.ground.do(self.site.suppressions.add, parse(to), "owner", until)
        self.world.list_(to, until)
        if self.world.unsubscribe(to, now):
            self.asked.pop(canonical(to), None)

    @rule(to=someone)
    def take_off_the_list(self, to: str) -> None:
        _ = self.now
        self.ground.do(self.site.suppressions.remove, parse(to))
        for key in (to, canonical(to)):
            self.world.listed.pop(key, None)
        self.world.answered(to)
        self.asked.pop(canonical(to), None)
        reader = self.world.readers.get(to)
        if reader and reader.status in ("bounced", "complained", "blocked"):
            self.world.unmute(reader)

    @rule(to=someone, status=st.sampled_from(("active", "unsubscribed", "bounced", "complained", "blocked")))
    def import_(self, to: str, status: Status) -> None:
        now, importing = self.now, Importing(self.site.tokens, self.site.post)
        person = Person(2, to, to, status, "", [], "{}", None, None, None)

        coming = importing.readying("Another service.").ready([person], now)

        async def take(tx: Tx) -> None:
            await importing.keep(
                tx, await importing.begin(tx, str(now), "Another service.", "{}", 1, 0), coming
            )

        self.ground.do(take)
        known = self.world.readers.get(to)
        if known is None and self.world.is_listed(to, now):
            return
        if known and (known.status != "pending" or known.sealed):
            return
        reader = known or Reader(0, "pending", now)
        reader.status, reader.sealed, reader.confirmed = status, True, status == "active"
        reader.left = None if status == "active" else now
        if status in ("bounced", "complained", "blocked"):
            self.world.list_(to)
        if known is None:
            ((reader.id,),) = self.ground.look(f"SELECT id FROM subscribers WHERE email_key = '{to}'")
            self.world.readers[to] = reader
        self.went["imported"] += 1

    @rule(days=st.sampled_from((0, 8, 31)))
    def purge(self, days: int) -> None:
        self.ground.clock.forward(days * DAY)
        stale = list(self.world.stale(self.now))
        gone = self.ground.do(self.site.signups.purge)
        assert sorted(gone) == sorted(stale)
        for to in stale:
            self.world.forget(to)
            self.went["purged"] += 1

    @rule(days=st.sampled_from((0, 2, 3)))
    def remind(self, days: int) -> None:
        self.ground.clock.forward(days * DAY)
        due = self.world.reminded(self.now)
        assert self.ground.do(self.site.signups.remind) == due
        self.went["reminded"] += due

    @rule(ms=st.sampled_from((HOUR, DAY, 2 * DAY, 6 * DAY, 31 * DAY)))
    def time_passes(self, ms: int) -> None:
        self.ground.clock.forward(ms)


@pytest.mark.parametrize("share", range(SHARES))
def test_subscribers_stand_as_was_promised(sqlite_url: str, clock: Clock, figure: Figure, share: int) -> None:
    walk(Ground(sqlite_url, clock), Subscriber, figure, *MOMENTS, share=share)


@pytest.mark.postgres
def test_they_do_on_postgres(postgres_url: str, clock: Clock, figure: Figure) -> None:
    walk(Ground(postgres_url, clock), Subscriber, figure, walks=20)
