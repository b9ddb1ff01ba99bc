"""Comments beside what was promised of them; the steps are `test_comment_states.py`'s."""

from collections import Counter

from newsletter.addresses import Address
from newsletter.clock import MINUTE
from newsletter.comments.notices import MOST_IN_DIGEST
from tests.proof.said import Said, Table
from tests.proof.states import Ground, Walk

DEPTH = 3
FOLLOWS = (
    "FROM follows f JOIN threads t ON t.id = f.thread_id JOIN commenters c ON c.id = f.commenter_id"
    " ORDER BY f.id DESC"
)
MAILED = "FROM comment_mails m JOIN outbox o ON o.id = m.outbox_id WHERE o.message"
BACK = "UPDATE comment_options SET policy = 'first', spam = 0, ham = 0, told_at = 0"


class Beside(Walk):
    def __init__(self, ground: Ground) -> None:
        super().__init__(ground, BACK)
        self.table = Table("first")
        self.silent: set[str] = set()
        self.seen: dict[str, object] = {}
        self.versions: dict[str, int] = {}
        self.to_tell: set[int] = set()  # what waits, and the owner doesn't know of
        self.told_at = 0

    def _said(self, nth: int) -> Said:
        ids = list(self.table.said)
        return self.table.said[ids[-1 - nth % len(ids)]]

    def check(self) -> None:
        kept = self.ground.look("SELECT id, status, parent_id, raw, learned FROM comments")
        assert set(kept) == {(o.id, o.status, o.parent, o.raw, o.learned) for o in self.table.said.values()}
        self._tree()
        self._version()
        self._people()
        self._mails()

    def _tree(self) -> None:
        shown = Counter(one.page for one in self.table.said.values() if one.status == "approved")
        assert shown == Counter(dict(self.ground.look("SELECT url, shown FROM threads WHERE shown <> 0")))
        assert not self.ground.look(
            "SELECT 1 FROM comments c LEFT JOIN comments p ON p.id = c.parent_id WHERE c.parent_id IS NOT NULL"
            " AND (p.id IS NULL OR p.thread_id <> c.thread_id OR c.path <= p.path)"
        ), "An answer does not stand below what it answers"
        assert not self.ground.look(f"SELECT 1 FROM comments WHERE length(path) > {16 * (DEPTH + 1)}"), "deep"
        for one in self.table.said.values():
            assert one.status != "deleted" or self.table.below(one.id), f"{one} holds a place for nobody"

    def _version(self) -> None:
        """Who keeps a page by its version sees all that changes."""
        versions = dict(self.ground.look("SELECT url, version FROM threads"))
        for page, version in versions.items():
            shown = [
                (one.id, one.status, one.raw)
                for one in self.table.said.values()
                if one.page == page and one.status in ("approved", "deleted")
            ]
            seen = (shown, page in self.table.closed)
            if seen != self.seen.get(page, ([], False)):
                assert version > self.versions.get(page, 0), f"{page} looks as if nothing had changed"
            self.seen[page] = seen
        self.versions = versions

    def _people(self) -> None:
        found = self.ground.look(
            "SELECT email_key, confirmed_at IS NOT NULL, blocked, approved FROM commenters"
        )
        kept = {(by, bool(confirmed), bool(blocked), stood) for by, confirmed, blocked, stood in found}
        meant = {
            (by, one.confirmed, one.blocked, len(self.table.stood.get(by, ())))
            for by, one in self.table.authors.items()
        }
        assert kept == meant
        wishes = self.ground.look(f"SELECT t.url, c.email_key, f.kind {FOLLOWS}")
        assert {(page, by): wish for page, by, wish in wishes} == self.table.wishes
        lessons = Counter(self.table.lessons.values())
        ((spam, ham),) = self.ground.look("SELECT spam, ham FROM comment_options")
        assert (spam, ham) == (lessons["spam"], lessons["ham"])

    def _mails(self) -> None:
        told = self.ground.look(
            "SELECT c.id, c.status, o.recipient, o.state FROM comment_mails m JOIN comments c ON c.id = m.comment_id"
            " JOIN outbox o ON o.id = m.outbox_id WHERE o.message = 'comment_reply'"
        )
        assert len({(id, to) for id, _, to, _ in told}) == len(told), "Somebody was told twice"
        for id, status, to, _ in told:
            assert status not in ("spam", "deleted"), f"A mail tells of {id}"
            assert self.table.authors[to].confirmed, f"{to} never confirmed"
            assert self.table.said[id].by != to, f"{to} is told of their own"

        known = {
            id for (id,) in self.ground.look("SELECT id FROM comments WHERE status = 'pending' AND told = 1")
        }
        assert not self.to_tell & known, "The owner counts as told of what has come to wait since"

    def _tell_followers(self) -> None:
        due = [one for one in self.table.said.values() if one.due]
        while self.ground.do(self.site.notices.tell_followers):
            self.went["told"] += 1
        mailed = self.ground.look(f"SELECT m.comment_id, o.recipient {MAILED} = 'comment_reply'")
        for one in due:
            one.due = False
            if one.status == "approved":  # else it has a turn once it is public again
                one.told = True
                hear = self.table.hears(one)
                assert {to for id, to in mailed if id == one.id} == hear, f"{one} is heard of by others"
                self.went["heard"] += bool(hear)

    def _tell_owner(self, owner: Address) -> None:
        """At most once in a quarter of an hour, of all that waits."""
        now = self.now
        waiting = {one.id for one in self.table.said.values() if one.status == "pending"}
        told = self.ground.do(self.site.notices.tell_owner, owner)
        if told:
            self.told_at = now
            mailed = self.ground.look(
                f"SELECT m.comment_id {MAILED} = 'moderation' AND o.id = (SELECT max(outbox_id) FROM comment_mails)"
            )
            missed = (self.to_tell & waiting) - {id for (id,) in mailed}
            assert not missed or len(waiting) > MOST_IN_DIGEST, f"The owner does not hear of {missed}"
            self.to_tell.clear()
            self.went["owner told"] += 1
        elif now - self.told_at >= 15 * MINUTE:
            assert not self.to_tell & waiting, "The owner was not told"
