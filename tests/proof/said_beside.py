"""Comments beside what was promised of them; the steps are `test_comment_states.py`'s."""

from collections import Counter

from tests.proof.said import Said, Table
from tests.proof.states import Ground, Walk

BACK = "UPDATE comment_options SET policy = 'first', spam = 0, ham = 0, told_at = 0"


class Beside(Walk):
    def __init__(self, ground: Ground) -> None:
        super().__init__(ground, BACK)
        self.table = Table("first")
        self.silent: set[str] = set()

    def _said(self, nth: int) -> Said:
        ids = list(self.table.said)
        return self.table.said[ids[-1 - nth % len(ids)]]

    def check(self) -> None:
        kept = self.ground.look("SELECT id, status, parent_id, raw, learned FROM comments")
        assert set(kept) == {(o.id, o.status, o.parent, o.raw, o.learned) for o in self.table.said.values()}
        self._tree()
        self._people()
        self._mails()

    def _tree(self) -> None:
        shown = Counter(one.page for one in self.table.said.values() if one.status == "approved")
        assert shown == Counter(dict(self.ground.look("SELECT url, shown FROM threads WHERE shown <> 0")))
        assert not self.ground.look(
            "SELECT 1 FROM comments c LEFT JOIN comments p ON p.id = c.parent_id WHERE c.parent_id IS NOT NULL"
            " AND (p.id IS NULL OR p.thread_id <> c.thread_id OR c.path <= p.path)"
        ), "An answer does not stand below what it answers"
        for one in self.table.said.values():
            assert one.status != "deleted" or self.table.below(one.id), f"{one} holds a place for nobody"

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
