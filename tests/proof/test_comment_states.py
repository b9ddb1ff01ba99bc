"""A thread of comments in any order of what readers and its owner do: the public sees what was promised, and no more.

Nobody's words are shown whose address is not confirmed, whom the owner blocked, or whom the policy holds; the count is
that of what is shown, the tree stays whole, a change of mind takes its lesson back, and nobody is told of spam.
"""

from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from newsletter.addresses import parse
from newsletter.clock import DAY, MINUTE
from newsletter.comments import Draft, Policy, Words
from newsletter.errors import Conflict, NotFound, Refused, Repeated
from tests.conftest import Clock
from tests.figures import Figure
from tests.proof.said import Said, Wish
from tests.proof.said_beside import DEPTH, FOLLOWS, Beside
from tests.proof.states import SHARES, Ground, walk

PAGES = ("https://news.example.com/on-work", "https://news.example.com/on-rest")
ADA, BEN, MALLORY = "ada@example.org", "ben@example.com", "mallory@example.org"
OLGA = parse("olga@example.org")
LINKS = "See https://a.example https://b.example https://c.example"
MOMENTS = (
    "written", "refused", "repeated", "confirmed", "more waited", "approved", "spam", "deleted", "blocked", "answered",
    "changed", "too late", "removed", "closed", "erased", "purged", "not to be written to", "told", "gone",
    "unfollowed", "heard", "owner told",
)  # fmt: skip

somebody = st.sampled_from((ADA, BEN, MALLORY))
nth = st.integers(0, 4)  # counted from the newest
text = st.sampled_from(("I agree.", "I don’t.", "Why?", LINKS))


class Thread(Beside):
    @initialize(
        policy=st.sampled_from(("all", "first", "first", "none")), known=st.sampled_from(((), (ADA,), (ADA, BEN))),
        follow=st.sampled_from(("replies", "thread")),
    )  # fmt: skip
    def open(self, policy: Policy, known: tuple[str, ...], follow: Wish) -> None:
        self.table.policy = policy
        self.ground.do(self.site.moderation.set_options, policy, DEPTH, 2, 0, "")
        for by, said in zip(known, ("I agree.", "Why?"), strict=False):
            self.write(by, PAGES[0], 0, False, said, follow)
            self.confirm(0, stale=False)
            self.moderate(0, "approve")

    def _draft(self, by: str, page: str, parent: int | None, raw: str, follow: Any) -> Draft:
        return Draft(raw, url=page, parent_id=parent, name="Somebody", address=parse(by), follow=follow)

    @rule(
        by=somebody, page=st.sampled_from(PAGES), below=nth, answers=st.booleans(), raw=text,
        follow=st.sampled_from(("", "replies", "thread")),
    )  # fmt: skip
    def write(self, by: str, page: str, below: int, answers: bool, raw: str, follow: Wish) -> None:
        now = self.now
        parent = self._said(below) if answers and self.table.said else None
        if parent and raw != LINKS:  # else most are refused: nobody can see it, or it stands on another page
            seen = [one for one in self.table.said.values() if one.status == "approved"]
            parent = seen[-1 - below % len(seen)] if seen else parent
            page = parent.page
        below_it = parent.id if parent else None
        draft = self._draft(by, page, below_it, raw, follow)
        said = Said(0, by, page, below_it, raw, "pending", now, follow)
        away = parent is not None and (parent.status != "approved" or parent.page != page)
        if away or page in self.table.closed:
            with pytest.raises(Refused):
                self.ground.do(self.site.comments.write, draft)
            self.went["refused"] += 1
        elif self.table.is_there(said):
            with pytest.raises(Repeated):
                self.ground.do(self.site.comments.write, draft)
            self.went["repeated"] += 1
        else:
            self._written(draft, said, now)

    def _written(self, draft: Draft, said: Said, now: int) -> None:
        done = self.ground.do(self.site.comments.write, draft)
        said.id, said.status = done.id, done.status
        assert said.by
        if said.by in self.silent:
            said.by = None
            assert done.status in ("pending", "spam")
            assert not done.message_id
            self.went["not to be written to"] += 1
        else:
            self.table.author(said.by, now)
            assert done.status in self.table.may_become(said.by), f"{said} of {self.table.authors[said.by]}"
        self.table.said[said.id] = said
        self._settled(said)
        self.went["written"] += 1

    def _settled(self, one: Said) -> None:
        self.table.settled(one)
        if one.status == "pending":
            self.to_tell.add(one.id)

    @precondition(lambda self: self.table.said)
    @rule(nth=nth, stale=st.booleans())
    def confirm(self, nth: int, stale: bool) -> None:
        _, one = self.now, self._said(nth)
        comments = self.site.comments
        if not one.by:
            with pytest.raises(NotFound):
                self.ground.do(comments.confirm, one.id, 1)
            self.went["gone"] += 1
            return
        waiting = [
            said for said in self.table.said.values() if (said.by, said.status) == (one.by, "unverified")
        ]
        if stale and waiting:
            with pytest.raises(Conflict):
                self.ground.do(comments.confirm, one.id, 1, seen="another")
            self.went["more waited"] += 1
            return
        self.ground.do(comments.confirm, one.id, 1)
        self.table.authors[one.by].confirmed = True
        for said in waiting:
            self._now_stands(said, self.table.may_become(one.by))
            self._settled(said)
        self.went["confirmed"] += 1

    def _now_stands(self, one: Said, may: set[str]) -> None:
        """The service has judged it anew."""
        ((status,),) = self.ground.look(f"SELECT status FROM comments WHERE id = {one.id}")
        assert status in may, f"{one} became {status}"
        if status != one.status:
            one.status, one.decided = status, self.ground.clock.now()
            if status == "pending":
                self.to_tell.add(one.id)

    @precondition(lambda self: self.table.said)
    @rule(nth=nth, verb=st.sampled_from(("approve", "approve", "spam", "delete", "block")))
    def moderate(self, nth: int, verb: str) -> None:
        now, one = self.now, self._said(nth)
        act = getattr(self.site.moderation, verb)
        if one.status == "deleted":
            with pytest.raises(NotFound):
                self.ground.do(act, one.id)
            self.went["gone"] += 1
            return
        self.ground.do(act, one.id)
        if verb == "delete":
            self.table.take_away(one)
        elif verb == "approve":
            self._approved(one, now)
        else:
            self._called_spam(one, now, blocked=verb == "block")
        self.went[{"approve": "approved", "delete": "deleted", "block": "blocked"}.get(verb, verb)] += 1

    @precondition(lambda self: any(one.status == "pending" for one in self.table.said.values()))
    @rule(changed=st.booleans())
    def look_through(self, changed: bool) -> None:
        """The owner lets stand what waits; right after its author may say something else."""
        waiting = [
            nth for nth, one in enumerate(reversed(self.table.said.values())) if one.status == "pending"
        ]
        self.moderate(waiting[0], "approve")
        if changed:
            self.change(waiting[0], LINKS, "author")

    def _approved(self, one: Said, now: int) -> None:
        if one.status != "approved":
            one.status, one.decided = "approved", now
            self.table.learn(one, "ham")
            self.table.settled(one)

    def _called_spam(self, one: Said, now: int, *, blocked: bool) -> None:
        if one.status != "spam" or one.learned != "spam":
            one.status, one.decided = "spam", now
            self.table.learn(one, "spam")
        if blocked and one.by:
            self.table.authors[one.by].blocked = True
            for other in self.table.said.values():
                if other.by == one.by and other.status in ("unverified", "pending"):
                    other.status, other.decided = "spam", now

    @precondition(lambda self: self.table.said)
    @rule(nth=nth, raw=text)
    def answer(self, nth: int, raw: str) -> None:
        """The owner's own, which approves what it answers."""
        now, one = self.now, self._said(nth)
        reply = self.site.moderation.reply
        said = Said(0, "", one.page, one.id, raw, "approved", now)
        if one.status == "deleted" or self.table.is_there(said):
            with pytest.raises((NotFound, Repeated)):
                self.ground.do(reply, one.id, "Olga", OLGA, Words(raw))
            return
        said.id = self.ground.do(reply, one.id, "Olga", OLGA, Words(raw)).id
        self._approved(one, now)
        self.table.said[said.id] = said
        self.table.settled(said)
        self.went["answered"] += 1

    @precondition(lambda self: self.table.said)
    @rule(nth=nth, raw=text, hand=st.sampled_from(("author", "author", "owner")))
    def change(self, nth: int, raw: str, hand: str) -> None:
        now, one = self.now, self._said(nth)
        edit = self.site.comments.edit if hand == "author" else self.site.moderation.edit
        late = hand == "author" and one.at < now - 15 * MINUTE
        if one.status == "deleted" or late:
            with pytest.raises((NotFound, Refused)):
                self.ground.do(edit, one.id, Words(raw))
            self.went["too late"] += late
            return
        self.ground.do(edit, one.id, Words(raw))
        if hand == "author" and raw != one.raw:
            worse = {"approved": {"approved", "pending", "spam"}, "pending": {"pending", "spam"}}
            may = worse.get(one.status, {"unverified", "spam"} if one.status == "unverified" else {"spam"})
            self._now_stands(one, may)
        if hand == "owner" or raw != one.raw:
            one.raw, one.edited = raw, True
        self.went["changed"] += 1

    @precondition(lambda self: self.table.said)
    @rule(nth=nth)
    def remove(self, nth: int) -> None:
        """Its author takes it back."""
        now, one = self.now, self._said(nth)
        if one.status == "deleted" or one.at < now - 15 * MINUTE:
            with pytest.raises((NotFound, Refused)):
                self.ground.do(self.site.comments.remove, one.id)
            return
        self.ground.do(self.site.comments.remove, one.id)
        self.table.take_away(one)
        self.went["removed"] += 1

    @precondition(lambda self: self.table.said)
    @rule(page=st.sampled_from(PAGES), closed=st.sampled_from((False, False, False, True)))
    def close(self, page: str, closed: bool) -> None:
        found = self.ground.look(f"SELECT id FROM threads WHERE url = '{page}'")
        for (thread_id,) in found:
            self.ground.do(self.site.moderation.close, thread_id, closed=closed)
            (self.table.closed.add if closed else self.table.closed.discard)(page)
            self.went["closed"] += closed

    @rule(by=somebody)
    def erase(self, by: str) -> None:
        _ = self.now
        assert self.ground.do(self.site.persons.erase, by) == (by in self.table.authors)
        if self.table.authors.pop(by, None):
            for id in [id for id, one in self.table.said.items() if one.by == by]:
                if id in self.table.said:
                    self.table.take_away(self.table.said[id])
            self.table.stood.pop(by, None)
            self.table.wishes = {key: wish for key, wish in self.table.wishes.items() if key[1] != by}
            self.went["erased"] += 1
            assert not self.ground.holds(by)

    @rule(by=somebody)
    def must_not_be_written_to(self, by: str) -> None:
        self.ground.do(self.site.suppressions.add, parse(by))
        self.silent.add(by)

    @rule(days=st.sampled_from((0, 31)))
    def purge(self, days: int) -> None:
        self.ground.clock.forward(days * DAY)
        old = self.table.old(self.now)
        self.ground.do(self.site.notices.purge)
        for one in [self.table.said[id] for id in old]:
            by = one.by
            if one.id in self.table.said:
                self.table.take_away(one)
            if by:
                self.table.forget_idle(by)
        self.went["purged"] += len(old)

    @rule(minutes=st.sampled_from((1, 16)))
    def time_passes(self, minutes: int) -> None:
        self.ground.clock.forward(minutes * MINUTE)

    @rule()
    def tell(self) -> None:
        _ = self.now
        self._tell_followers()
        self._tell_owner(OLGA)

    @rule(nth=nth)
    def unfollow(self, nth: int) -> None:
        found = self.ground.look(f"SELECT f.id, t.url, c.email_key {FOLLOWS}")
        if found := [one for one in found if self.table.wishes[one[1:]] != "none"]:
            id, page, by = found[nth % len(found)]
            self.ground.do(self.site.notices.unfollow, id)
            self.table.wishes[page, by] = "none"
            self.went["unfollowed"] += 1


@pytest.mark.parametrize("share", range(SHARES))
def test_threads_show_what_was_promised(sqlite_url: str, clock: Clock, figure: Figure, share: int) -> None:
    walk(Ground(sqlite_url, clock), Thread, figure, *MOMENTS, share=share)


@pytest.mark.postgres
def test_they_do_on_postgres(postgres_url: str, clock: Clock, figure: Figure) -> None:
    walk(Ground(postgres_url, clock), Thread, figure, walks=20)
