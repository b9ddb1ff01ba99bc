"""The outbox in any order of what its workers do, killed between any two of it; what a server took is told beside it.

Nobody gets a mail more often than its row says that it was sent once more, what is said to be sent was, nothing is
begun for somebody who has left or of a mailing that is held, and in the end all have got theirs or are listed.
"""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from newsletter.addresses import parse
from newsletter.clock import SECOND
from newsletter.mail import bulk_ledger, bulk_turns, ledger, life, retries
from newsletter.mail.breaker import Verdict
from newsletter.mail.bulk_ledger import Job
from newsletter.mail.claims import Delivery
from newsletter.mail.ledger import Result
from newsletter.mail.limits import UNLIMITED
from tests.conftest import Clock
from tests.figures import Figure
from tests.mail.mailing import content, people
from tests.proof.hands import Hands, Ledger
from tests.proof.states import SHARES, Ground, walk

READERS = 5
LETTER = content()
MOMENTS = (
    "claimed", "begun", "out", "sent", "deferred", "failed", "in doubt", "released", "killed", "killed with mail out",
    "all killed", "buried alive", "lost", "left", "held", "cancelled", "sent again", "twice",
)  # fmt: skip
one_of_three = st.integers(0, 2)
reader = st.integers(1, READERS)
arrived = st.sampled_from((True, True, False))
heard: st.SearchStrategy[Result] = st.sampled_from(("sent", "sent", "deferred", "failed", "in_doubt"))


class Outbox(Ledger):
    @initialize(ask=st.booleans())
    def open(self, ask: bool) -> None:
        self.ask = ask
        self.readers = self.ground.wait(people(self.ground.db, READERS))
        self.workers = [self.new_worker() for _ in range(3)]
        self.send_off()
        for one in self.readers[:2]:
            self.promise(one.id)

    @rule(to=reader)
    def promise(self, to: int) -> None:
        _ = self.now
        if to in self.left:
            return
        email = self.readers[to - 1].email
        self.ground.do(self.site.post.enqueue, "guide", email, context={}, subscriber_id=to)

    @precondition(lambda self: len(self.mailings) < 2)
    @rule()
    def send_off(self) -> None:
        _ = self.now
        mailing_id = self.ground.do(self.site.mailings.start, LETTER)
        self.ground.do(
            self.site.mailings.fill, mailing_id, [r for r in self.readers if r.id not in self.left]
        )
        self.mailings[mailing_id] = "open"

    @rule(who=one_of_three, most=st.integers(1, 4))
    def claim(self, who: int, most: int) -> None:
        _, worker = self.now, self.workers[who]
        got = self.ground.do(ledger.turn, self.site.tokens, worker.id, None, most)
        mine = {row.id: row for row in self.rows()}
        for one in got:
            assert mine[one.id].reader not in self.left, "Claimed for somebody who has left"
        worker.claimed += got
        self.begun.update(one.id for one in got)
        self.went["claimed"] += len(got)

    @rule(who=one_of_three, most=st.integers(1, 8))
    def reserve(self, who: int, most: int) -> None:
        _, worker = self.now, self.workers[who]
        worker.reserved += self.ground.do(bulk_ledger.reserve, worker.id, most, UNLIMITED)

    @precondition(lambda self: any(worker.reserved for worker in self.workers))
    @rule(who=one_of_three, at_once=st.booleans())
    def begin(self, who: int, at_once: bool) -> None:
        """What servers have said is written into the rows at once, or into the journal; and two more are begun."""
        worker = self.who_has(who, "reserved")
        drawn, worker.reserved = worker.reserved[:2], worker.reserved[2:]
        at_once = at_once or any(one.state != "sent" for one in worker.answered)
        self._turn(worker, drawn, at_once)

    def _turn(self, worker: Hands, drawn: list[Job], at_once: bool) -> None:
        _ = self.now
        done = [*worker.accepted, *worker.answered] if at_once else []
        accepted = [] if done else worker.answered
        wire = {job.id for job in worker.begun}
        wants = [bulk_ledger.want(self.site.tokens, job) for job in drawn]
        with self.others_stay(worker):
            begun = self.ground.do(
                bulk_turns.turn, worker.id, done, wants, UNLIMITED, accepted=accepted, wire=wire
            )
        for job in [job for job in drawn if job.id in begun]:
            assert job.subscriber_id not in self.left, "Begun for somebody who has left"
            assert self.mailings[job.mailing_id] == "open", "Begun of a mailing that is not open"
        assert not self.taken & (begun - wire), "Begun once more, and a server had taken it"
        mine = {row[0] for row in self.ground.look(f"SELECT id FROM outbox WHERE worker = {worker.id}")}
        self.taken |= mine.intersection(one.id for one in accepted)
        self.begun |= begun
        again = [job for job in worker.begun if job in drawn and job.id not in begun]
        self.went["taken back"] += len(again)
        self.went["begun"] += len(begun - wire)
        fresh = [job for job in drawn if job.id in begun - wire]
        worker.begun = [job for job in worker.begun if job not in again] + fresh
        worker.accepted = [] if done else [*worker.accepted, *accepted]
        worker.answered = []

    @precondition(lambda self: any(worker.begun for worker in self.workers))
    @rule(who=one_of_three)
    def look_once_more(self, who: int) -> None:
        """A server thinks for long, and the next has not left yet: may it still?"""
        worker = self.who_has(who, "begun")
        waiting = [job for job in worker.begun if job.id not in worker.out]
        if waiting:
            self._turn(worker, waiting[:1], at_once=any(one.state != "sent" for one in worker.answered))

    @precondition(lambda self: any(worker.first for worker in self.workers))
    @rule(who=one_of_three, arrives=arrived)
    def hand_over(self, who: int, arrives: bool) -> None:
        """All of it is written, with its dot; whether it arrives only the server knows."""
        worker = self.who_has(who, "first")
        one = worker.first
        assert one
        worker.out.add(one.id)
        self.arrived[one.id] += arrives
        self.went["out"] += 1
        self.went["twice"] += arrives and self.arrived[one.id] > 1

    @precondition(lambda self: any(worker.out for worker in self.workers))
    @rule(who=one_of_three, said=heard)
    def hear(self, who: int, said: Result) -> None:
        worker = self.who_has(who, "out")
        for one in [one for one in worker.all if one.id in worker.out][:1]:
            if said == "sent" and not self.arrived[one.id]:
                said = "deferred"
            if said in ("deferred", "failed") and self.arrived[one.id]:
                said = "in_doubt"  # the answer that it was taken is lost
            self._settle(worker, one, said)

    def _settle(self, worker: Hands, one: "Delivery | Job", said: Result) -> None:
        _ = self.now
        worker.out.discard(one.id)
        self.went["in doubt" if said == "in_doubt" else said] += 1
        if isinstance(one, Delivery):
            worker.claimed.remove(one)
            done = ledger.settlement(one, said, "said")
            with self.others_stay(worker):
                self.ground.do(ledger.turn, self.site.tokens, worker.id, done, 0)
        else:
            worker.begun.remove(one)
            done = ledger.settlement(one, said, "said", ask=self.ask)
            worker.answered.append(Verdict.of(done, one.mailing_id))

    @rule(who=one_of_three, times=st.integers(1, 5), many=st.booleans(), arrives=arrived, said=heard)
    def go_on(self, who: int, times: int, many: bool, arrives: bool, said: Result) -> None:
        """What a worker does next, some times in a row."""
        for _ in range(times):
            worker = self.workers[who]
            if worker.out:
                self.hear(who, said)
            elif worker.first:
                self.hand_over(who, arrives)
            elif worker.reserved:
                self.begin(who, at_once=many)
            elif many:
                self.reserve(who, 4)
            else:
                self.claim(who, 2)

    @precondition(lambda self: any(worker.first for worker in self.workers))
    @rule(who=one_of_three)
    def release(self, who: int) -> None:
        """The relay broke off before the dot: it was certainly not taken."""
        worker = self.who_has(who, "first")
        one = worker.first
        assert one
        done = ledger.release(one, "The relay was away.", 0)
        self.went["released"] += 1
        if isinstance(one, Delivery):
            worker.claimed.remove(one)
            with self.others_stay(worker):
                self.ground.do(ledger.turn, self.site.tokens, worker.id, done, 0)
        else:
            worker.begun.remove(one)
            worker.answered.append(Verdict.of(done, one.mailing_id))

    @precondition(lambda self: any(worker.all for worker in self.workers))
    @rule(who=one_of_three)
    def lose(self, who: int) -> None:
        """A living worker finds that it has lost one of them."""
        worker = self.who_has(who, "all")
        one = worker.all[0]
        for pile in (worker.claimed, worker.begun, worker.reserved):
            if one in pile:
                pile.remove(one)  # type: ignore[arg-type]  # it is of that pile
        worker.out.discard(one.id)
        self.ground.do(life.doubt, worker.id, [one.id], ask=self.ask)
        self.went["lost"] += 1

    @precondition(lambda self: any(worker.all for worker in self.workers))
    @rule(who=one_of_three)
    def kill(self, who: int) -> None:
        """One worker, between any two of these; its rows stay its own until it is missed."""
        worker = self.who_has(who, "all")
        self.went["killed"] += 1
        self.went["killed with mail out"] += bool(worker.out)
        self.workers[self.workers.index(worker)] = self.new_worker()

    @precondition(lambda self: any(worker.all for worker in self.workers))
    @rule()
    def kill_all(self) -> None:
        self.went["all killed"] += 1
        self.ground.open_again()
        self.workers = [self.new_worker() for _ in self.workers]

    @rule(who=one_of_three, seconds=st.sampled_from((1, 1, 31, 3600)))
    def beat(self, who: int, seconds: int) -> None:
        """So late; who has not been seen for half a minute is taken for dead, also one that only stands still."""
        self.ground.clock.forward(seconds * SECOND)
        others = {worker.id for worker in self.workers if worker.all}
        before = self._holding()
        self.ground.do(life.beat, self.workers[who].id, ask=self.ask)
        self.went["buried alive"] += bool(others & (before - self._holding()))

    def _holding(self) -> set[int]:
        return {row[0] for row in self.ground.look("SELECT worker FROM outbox WHERE worker IS NOT NULL")}

    @rule(who=reader, how=st.sampled_from(("link", "list")))
    def leave(self, who: int, how: str) -> None:
        _ = self.now
        if len(self.left) == 2 or who in self.left:
            return
        if how == "link":
            self.ground.do(self.site.subscribers.unsubscribe, who, "one-click")
        else:
            self.ground.do(self.site.suppressions.add, parse(self.readers[who - 1].email))
        self.left.add(who)
        self.went["left"] += 1

    @precondition(lambda self: self.mailings)
    @rule(newest=st.booleans(), verb=st.sampled_from(("hold", "let_go", "let_go", "cancel")))
    def decide(self, newest: bool, verb: str) -> None:
        mailing_id = list(self.mailings)[-1 if newest else 0]
        was = self.mailings[mailing_id]
        done = self.ground.do(getattr(self.site.mailings, verb), mailing_id)
        may = {"hold": ("open",), "let_go": ("held",), "cancel": ("open", "held")}[verb]
        assert done == (was in may)
        if done:
            self.mailings[mailing_id] = {"hold": "held", "let_go": "open", "cancel": "cancelled"}[verb]
            self.went[self.mailings[mailing_id]] += 1

    @precondition(lambda self: self.mailings)
    @rule(state=st.sampled_from(("in_doubt", "failed")))
    def send_again(self, state: str) -> None:
        """The owner's choice, for what is listed."""
        before = {row.id for row in self.rows() if row.state == state}
        self._send_again(state)
        self.went["sent again"] += len(before - {row.id for row in self.rows() if row.state == state})

    def _send_again(self, state: str) -> None:
        self.ground.do(retries.begin, list(self.mailings), state)
        for one in self.ground.wait(self.ground.db.read(retries.under_way)):
            some = self.ground.wait(self.ground.db.read(retries.next_of, one))
            self.ground.do(retries.requeue, one, some)


@pytest.mark.parametrize("share", range(SHARES))
def test_the_outbox_keeps_its_word(sqlite_url: str, clock: Clock, figure: Figure, share: int) -> None:
    walk(Ground(sqlite_url, clock), Outbox, figure, *MOMENTS, share=share)


@pytest.mark.postgres
def test_it_does_on_postgres(postgres_url: str, clock: Clock, figure: Figure) -> None:
    walk(Ground(postgres_url, clock), Outbox, figure, walks=20)
