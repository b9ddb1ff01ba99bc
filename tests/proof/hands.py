"""What workers have in their hands, what servers have taken of it, and what the outbox may say of both."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec

from newsletter import ids
from newsletter.clock import HOUR
from newsletter.mail import Recipient, bulk_ledger, bulk_turns, ledger, life
from newsletter.mail.breaker import Verdict
from newsletter.mail.bulk_ledger import Job
from newsletter.mail.claims import Delivery
from newsletter.mail.limits import UNLIMITED
from newsletter.storage import Tx
from tests.proof.states import Ground, Walk

_STANDING = "SELECT id, worker, state, attempts, resends, reply FROM outbox"
ENDED = ("sent", "failed", "in_doubt", "skipped")


class Row(msgspec.Struct):
    id: int
    state: str
    resends: int
    reader: int
    mailing: int | None


@dataclass
class Hands:
    """What one worker has in its memory, and a crash takes."""

    id: int
    claimed: list[Delivery] = field(default_factory=list)
    reserved: list[Job] = field(default_factory=list)
    begun: list[Job] = field(default_factory=list)  # in the journal
    out: set[int] = field(default_factory=set)  # with the server, which has not answered
    accepted: list[Verdict] = field(default_factory=list)  # in the journal, and not in their rows
    answered: list[Verdict] = field(default_factory=list)  # nowhere but here

    @property
    def all(self) -> "list[Delivery | Job]":
        return [*self.claimed, *self.begun, *self.reserved]

    @property
    def first(self) -> "Delivery | Job | None":
        """What it is about to hand over."""
        held: list[Delivery | Job] = [*self.claimed, *self.begun]
        waiting = [one for one in held if one.id not in self.out]
        return waiting[0] if waiting else None


class Ledger(Walk):
    """The outbox beside what is known of it outside; the steps are `test_outbox_states.py`'s."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self.ask = False  # whether the owner decides about what is in doubt of a letter
        self.readers: list[Recipient] = []
        self.left = set[int]()
        self.mailings: dict[int, str] = {}
        self.arrived = Counter[int]()  # how often a server has taken it
        self.sent = set[int]()
        self.taken = set[int]()  # by a server, as a journal has it: that is not in doubt any more
        self.begun = set[int]()  # ever: what was only reserved is not in doubt when its worker dies
        self.workers: list[Hands] = []

    def new_worker(self) -> Hands:
        hands = Hands(ids.new_id())
        self.ground.do(life.beat, hands.id, ask=self.ask)
        return hands

    def who_has(self, first: int, has: str) -> Hands:
        """The first worker from there on whose hands hold such."""
        return next(w for w in (*self.workers[first:], *self.workers) if getattr(w, has))

    def rows(self) -> list[Row]:
        found = self.ground.look("SELECT id, state, resends, subscriber_id, mailing_id FROM outbox")
        return [Row(*row) for row in found]

    @contextmanager
    def others_stay(self, worker: Hands) -> Iterator[None]:
        """Whatever `worker` says: what is not in its name any more, or never was, is as it was before."""
        before = self._not_of(worker)
        yield
        after = {row[0]: row for row in self.ground.look(_STANDING)}
        changed = [(row, after.get(row[0])) for row in before if after.get(row[0]) != row]
        assert not changed, f"Worker {worker.id} changed what is another's: {changed}"

    def _not_of(self, worker: Hands) -> list[tuple[Any, ...]]:
        return [row for row in self.ground.look(_STANDING) if row[1] != worker.id]

    def check(self) -> None:
        for row in self.rows():
            came = self.arrived[row.id]
            assert came <= 1 + row.resends, f"{row} arrived {came} times"
            assert not row.resends or row.id in self.begun, f"{row} was never begun"
            if row.state == "sent":
                assert came, f"{row} never arrived"
                self.sent.add(row.id)
            assert row.id not in self.sent or row.state == "sent", f"{row} was sent"
            if row.state == "skipped":
                assert row.reader in self.left or self.mailings.get(row.mailing or 0) == "cancelled", row

    def teardown(self) -> None:
        """All workers are dead, and one comes that has all the time: nobody is left out."""
        for mailing_id in self.mailings:
            self.ground.do(self.site.mailings.let_go, mailing_id)
        worker = self.new_worker()
        for _ in range(12):
            self.ground.clock.forward(5 * HOUR)
            self.ground.do(life.beat, worker.id, ask=self.ask)
            self.ground.do(self._all, worker)
        for mailing_id, state in self.mailings.items():
            if state == "cancelled":
                self.ground.do(self.site.mailings.drop, mailing_id)
        self.check()
        for row in self.rows():
            assert row.state in ENDED, f"{row} was forgotten"

    async def _all(self, tx: Tx, worker: Hands) -> None:
        for one in await ledger.turn(tx, self.site.tokens, worker.id, None, 8):
            self.arrived[one.id] += 1
            await ledger.turn(tx, self.site.tokens, worker.id, ledger.settlement(one, "sent", "said"), 0)
        jobs = await bulk_ledger.reserve(tx, worker.id, 100, UNLIMITED)
        wants = [bulk_ledger.want(self.site.tokens, job) for job in jobs]
        begun = await bulk_turns.turn(tx, worker.id, [], wants)
        assert not self.taken.intersection(begun), "Sent once more, and a server had taken it"
        self.arrived.update(begun)
        await bulk_turns.turn(tx, worker.id, [Verdict(id, "sent", "said") for id in begun], [])
