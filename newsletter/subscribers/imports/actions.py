"""Taking people in: a slice of them is one transaction, with how far the import has come.

Nothing here promises a message, and nothing starts a sequence: those begin with what happens after an import.
"""

from collections import Counter
from collections.abc import Sequence

import msgspec

from newsletter.addresses import UNREACHED
from newsletter.errors import Conflict
from newsletter.ids import new_id
from newsletter.mail import Post
from newsletter.mail.outbox import Reason
from newsletter.storage import Tx
from newsletter.subscribers.imports.coming import Coming, Readying
from newsletter.subscribers.imports.model import Person, Refused, Tally
from newsletter.subscribers.imports.store import taking as store
from newsletter.subscribers.model import Status
from newsletter.tokens import Tokens

SUPPRESSED = {
    "not_me": "It is on the suppression list: they said that a sign-up here wasn’t theirs.",
    "erased": "It is on the suppression list: they asked to be erased here.",
    "bounced": "It is on the suppression list: mail to it came back.",
    "complained": "It is on the suppression list: they called mail from here spam.",
    "owner": "It is on the suppression list: you put it there.",
}
MUTED: dict[Status, Reason] = {"bounced": "bounced", "complained": "complained", "blocked": "owner"}
"""Who comes as such is on the suppression list too, as who became it here."""

Numbered = tuple[Person, int]
"""Somebody with their id here."""

ELSEWHERE = "Somebody else is importing this file right now. Nothing was done twice."


class Import(msgspec.Struct, frozen=True):
    """One import: `id` is 0 for a dry run. `origin` is how its owner says these people agreed."""

    id: int
    origin: str
    position: int = 0
    tally: Tally = msgspec.field(default_factory=Tally)
    refused: tuple[Refused, ...] = ()  # of the last slice
    seconds: float = 0.0  # that it held the database


class Importing:
    def __init__(self, tokens: Tokens, post: Post) -> None:
        self._tokens = tokens
        self._post = post

    async def begin(
        self, tx: Tx, sha256: str, origin: str, plan: str, people: int, unreadable: int
    ) -> Import:
        """A new import, or the one of the same file in the same way that was broken off."""
        plan = msgspec.json.encode({"origin": origin, "plan": msgspec.Raw(plan.encode())}).decode()
        standing = await store.unfinished(tx, sha256, plan, people)
        if standing:
            return Import(
                standing.id, origin, standing.position, msgspec.json.decode(standing.tally, type=Tally)
            )
        id = new_id()
        await store.begin(tx, id, sha256, plan, people, unreadable)
        return Import(id, origin)

    async def refuse(self, tx: Tx, id: int, refused: Sequence[Refused]) -> None:
        """Notes rows that nobody could be read from. Again is the same."""
        await store.refuse(tx, id, [(one.line, one.reason) for one in refused])

    def readying(self, origin: str) -> Readying:
        """What makes people ready for `keep`, outside of any transaction."""
        return Readying(self._tokens, origin)

    async def keep(self, tx: Tx, one: Import, items: Sequence[Coming | Refused]) -> Import:
        """Takes the next of an import in, and returns how far it has come.

        Raises Conflict where another process goes on with the same import.
        """
        position = one.position + len(items)
        if one.id and not await store.advance(tx, one.id, one.position, position):
            raise Conflict(ELSEWHERE)
        people = [item for item in items if isinstance(item, Coming)]
        refused = [item for item in items if isinstance(item, Refused)]
        strange = [c.person for c in people if not c.person.email.isascii()]
        if strange and not await self._post.reaches(tx, strange[0].email):  # as with the others
            refused += [Refused(p.line, UNREACHED) for p in strange]
            people = [c for c in people if c.person.email.isascii()]
        known = {row.email_key: row for row in await store.known(tx, [c.person.key for c in people])}
        fresh = [c for c in people if c.person.key not in known] if known else people
        if barred := await self._barred(tx, fresh):
            refused += [Refused(c.person.line, SUPPRESSED[barred[c.id]]) for c in fresh if c.id in barred]
            fresh = [c for c in fresh if c.id not in barred]
        met = [(c.person, known[c.person.key]) for c in people if c.person.key in known]
        waiting = self.readying(one.origin).known([(p, was.id) for p, was in met if _waits(was)], tx.now)
        here = [(p, was.id) for p, was in met if was.status == "active"]
        added = await self._add(tx, fresh)
        await self._raise(tx, waiting)
        taken = [(c.person, c.id) for c in added + waiting]
        await self._mute(tx, taken)
        await self._tag(tx, taken + here)
        tally = Tally(
            dict(Counter([p.status for p, _ in taken])),
            here=len(here) + len(fresh) - len(added),
            left=len(met) - len(here) - len(waiting),
            refused=len(refused),
        )
        return await self._note(tx, one, position, tally, refused)

    async def _barred(self, tx: Tx, people: Sequence[Coming]) -> dict[int, str]:
        """Why, for each of these (by id) that may not be known here."""
        if not people or not await store.anybody_barred(tx):
            return {}
        mailboxes: dict[str, list[int]] = {}
        for one in people:
            for hashed in self._post.listed_as(one.person.key):
                mailboxes.setdefault(hashed, []).append(one.id)
        found = await store.barred(tx, list(mailboxes))
        return {id: one.reason for one in found for id in mailboxes[one.key]}

    @staticmethod
    async def _add(tx: Tx, people: list[Coming]) -> list[Coming]:
        """The new ones, each with how they came here."""
        added = await store.add(tx, [one.row for one in people])
        if added is not None:
            people = [one for one in people if one.id in added]
        await store.add_consents(tx, [one.record for one in people])
        return people

    @staticmethod
    async def _raise(tx: Tx, people: Sequence[Coming]) -> None:
        await store.raise_up(tx, [one.row for one in people])
        await store.add_consents(tx, [one.record for one in people])

    async def _mute(self, tx: Tx, people: Sequence[Numbered]) -> None:
        muted = [p for p, _ in people if p.status in MUTED]
        await store.bar(tx, [(self._post.listed_as(p.key)[0], MUTED[p.status]) for p in muted])

    @staticmethod
    async def _tag(tx: Tx, people: Sequence[Numbered]) -> None:
        names = {tag for person, _ in people for tag in person.tags}
        if names:
            tags = await store.tags(tx, list(names))
            await store.tag(tx, [(id, tags[name]) for person, id in people for name in person.tags])

    @staticmethod
    async def _note(tx: Tx, one: Import, position: int, tally: Tally, refused: Sequence[Refused]) -> Import:
        tally = one.tally.plus(tally)
        if one.id:
            await store.refuse(tx, one.id, [(row.line, row.reason) for row in refused])
            await store.note(tx, one.id, msgspec.json.encode(tally).decode())
        return msgspec.structs.replace(one, position=position, tally=tally, refused=tuple(refused))

    async def finish(self, tx: Tx, id: int) -> None:
        await store.finish(tx, id)


def _waits(known: store.Known) -> bool:
    """For a confirmation, and never gave one."""
    return known.status == "pending" and not known.consent_head
