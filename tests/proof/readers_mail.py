"""One half of a walk through the states of subscribers: the mail that goes to them, and what comes back."""

from collections import Counter

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from newsletter.addresses import canonical
from newsletter.broadcasts import Draft
from newsletter.clock import DAY, HOUR
from newsletter.mail import bulk_ledger, bulk_turns, ledger, life
from newsletter.mail.bounces.model import Kind, Report
from newsletter.mail.bounces.sender import envelope_sender, tokens_in
from newsletter.mail.breaker import Verdict
from newsletter.mail.limits import UNLIMITED
from newsletter.storage import Tx
from newsletter.web.kit import broadcasting
from tests.cast import SETTINGS
from tests.mail.mailing import content
from tests.proof.readers import UNASKED, Readers
from tests.proof.states import Ground, Walk

WORKER = 7
BOUNCING = msgspec.structs.replace(SETTINGS, bounce_domain="bounces.example.org")
LETTER = content()
nth = st.integers(0, 4)  # counted from the newest


class Mailed(Walk):
    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self.world = Readers()
        self.asked: dict[str, list[int]] = {}  # of a mailbox: when, since it answered last

    @rule(outcome=st.sampled_from(("sent", "sent", "refused", "later")))
    def deliver(self, outcome: str) -> None:
        """What is due of all but letters; the worker's own claims say who is left out."""
        now = self.now
        left = self.ground.do(self._claim, outcome)
        for mail in self.world.mails:
            if not mail.waits or mail.of_many or mail.due > now:
                continue
            if (mail.to, mail.at) in left:
                assert self.world.may_leave(mail, now), f"{mail} left"
                assert mail.message in UNASKED or self.world.readers[mail.to].confirmed, mail
                mail.state, mail.settled = ("deferred", 0) if outcome == "later" else (outcome, now)
                mail.due = now + HOUR
            else:
                assert not self.world.may_leave(mail, now), f"{mail} was left out"
                mail.state = "skipped"
            self.went[f"mail {mail.state}"] += 1
        self._hear_refusals()

    async def _claim(self, tx: Tx, outcome: str) -> set[tuple[str, int]]:
        left: set[tuple[str, int]] = set()
        for _ in range(len(self.world.mails) + 1):
            for one in await ledger.turn(tx, self.site.tokens, WORKER, None, 8):
                left.add((one.recipient, one.created_at))
                done = {
                    "sent": ledger.Settlement(one.id, "sent", "250 ok"),
                    "refused": ledger.Settlement(one.id, "failed", "550 5.1.1 user unknown"),
                    "later": ledger.Settlement(one.id, "deferred", "451 later", delay=HOUR),
                }[outcome]
                await ledger.turn(tx, self.site.tokens, WORKER, done, 0)
        return left

    def _hear_refusals(self) -> None:
        """What a server refused for good counts as a bounce."""
        now = self.now
        self.ground.do(self.site.returns.look)
        self.world.forget_expired(now)
        for mail in [mail for mail in self.world.mails if mail.state == "refused" and not mail.heard]:
            self.world.came_back(mail, "hard", now)
            self.went["bounced"] += 1

    @rule(outcome=st.sampled_from(("sent", "refused")), sent=st.booleans())
    def letter(self, outcome: str, sent: bool) -> None:
        """To everybody who is to get one; `sent`: at once, else it waits for the next."""
        now = self.now
        draft = Draft(subject="On work", body="A letter.")
        broadcast = self.ground.do(broadcasting.send_new, self.site, draft, LETTER)
        self.ground.wait(broadcasting.fill(self.site, broadcast.id))
        for to, reader in self.world.readers.items():
            if reader.status == "active" and (reader.paused or 0) <= now:
                self.world.promise(to, "", now)
        if sent:
            self._send_letters(outcome)

    def _send_letters(self, outcome: str) -> None:
        now = self.now
        left = self.ground.do(self._begin, outcome)
        for mail in [mail for mail in self.world.mails if mail.of_many and mail.waits]:
            if (mail.to, mail.at) in left:
                assert self.world.may_leave(mail, now), f"{mail} left"
                assert self.world.readers[mail.to].confirmed, mail
                mail.state, mail.settled = outcome, now
            else:
                assert not self.world.may_leave(mail, now), f"{mail} was left out"
                mail.state = "skipped"
            self.went[f"letter {mail.state}"] += 1
        self._hear_refusals()

    async def _begin(self, tx: Tx, outcome: str) -> set[tuple[str, int]]:
        await life.beat(tx, WORKER)
        jobs = await bulk_ledger.reserve(tx, WORKER, 1_000, UNLIMITED)
        wants = [bulk_ledger.want(self.site.tokens, job) for job in jobs]
        begun = await bulk_turns.turn(tx, WORKER, [], wants)
        said = ("sent", "250 ok") if outcome == "sent" else ("failed", "550 5.1.1 user unknown")
        await bulk_turns.turn(tx, WORKER, [Verdict(id, *said) for id in begun], [])
        return {(job.recipient, job.created_at) for job in jobs if job.id in begun}

    @precondition(lambda self: any(one.status == "active" for one in self.world.readers.values()))
    @rule(days=st.integers(4, 6))
    def nothing_arrives(self, days: int) -> None:
        """Four letters to somebody whose mailbox is full."""
        to = next(to for to, one in self.world.readers.items() if one.status == "active")
        for _ in range(4):
            self.letter("sent", sent=True)
            sent = [mail for mail in self.world.mails if mail.state == "sent"]
            newest = [nth for nth, mail in enumerate(reversed(sent)) if mail.to == to]
            if newest and newest[0] < len(self.world.readers):
                self.comes_back(newest[0], "soft")
            self.ground.clock.forward(days * DAY)

    @precondition(lambda self: any(mail.state == "sent" for mail in self.world.mails))
    @rule(nth=nth, kind=st.sampled_from(("hard", "soft", "soft", "complaint", "auto")))
    def comes_back(self, nth: int, kind: Kind) -> None:
        now = self.now
        sent = [mail for mail in self.world.mails if mail.state == "sent"]
        mail = sent[-1 - nth % len(sent)]
        ((row_id,),) = self.ground.look(
            f"SELECT id FROM outbox WHERE created_at = {mail.at} AND recipient = '{mail.to}'"
        )
        sender = envelope_sender(BOUNCING, self.site.tokens, row_id)
        self.ground.do(self.site.returns.take, Report(kind, tuple(tokens_in(sender.encode())), "", "550"))
        if kind != "auto":
            was = self.world.readers[mail.to].status
            self.world.came_back(mail, kind, now)
            if self.world.readers[mail.to].status != was:
                self.went[{"hard": "bounced", "soft": "deserted", "complaint": "complained"}[kind]] += 1

    def check(self) -> None:
        self._readers_stand()
        self._mails_stand()
        self.nobody_is_asked_too_often()
        self._lists_stand()

    def _readers_stand(self) -> None:
        kept = self.ground.look(
            "SELECT email_key, id, status, epoch, created_at, confirmed_at IS NOT NULL, unsubscribed_at, paused_until"
            " FROM subscribers ORDER BY email_key"
        )
        assert kept == [
            (to, r.id, r.status, r.epoch, r.since, r.confirmed, r.left, r.paused)
            for to, r in sorted(self.world.readers.items())
        ]

    def _mails_stand(self) -> None:
        found = self.ground.look("SELECT created_at, message, state FROM outbox")
        wanted = [(m.at, m.message, "failed" if m.state == "refused" else m.state) for m in self.world.mails]
        assert Counter(found) == Counter(wanted)

    def nobody_is_asked_too_often(self) -> None:
        for mail in self.world.mails:
            if mail.message in UNASKED and mail.state != "skipped" and not mail.counted:
                mail.counted = True
                times = self.asked.setdefault(canonical(mail.to), [])
                assert not times or mail.at - times[-1] >= DAY, mail
                times.append(mail.at)
                assert len(times) <= 3, mail

    def _lists_stand(self) -> None:
        post, tokens = self.site.post, self.site.tokens
        listed = {(post.listed_as(key)[0], end) for key, end in self.world.listed.items()}
        assert set(self.ground.look("SELECT key, expires_at FROM suppressions")) == listed
        budgets = {(tokens.fingerprint("budget", to), *spent) for to, spent in self.world.budgets.items()}
        assert set(self.ground.look("SELECT key, sent, last_at FROM mail_budgets")) == budgets

    def teardown(self) -> None:
        """Consent is proved for all who gave it, and who was erased is nowhere."""
        self.went["letter taken back"] += self.world.taken_back
        for reader in self.world.readers.values():
            data = self.ground.wait(self.site.db.read(self.site.subscribers.own_data, reader.id))
            assert data["consent_chain_intact"]
            assert bool(data["consent"]) == reader.sealed
        for to in self.world.erased - self.world.readers.keys():
            assert not self.ground.holds(to), to
