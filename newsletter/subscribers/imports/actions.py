"""Taking people in: a slice of them is one transaction, with how far the import has come.

Nothing here promises a message, and nothing starts a sequence: those begin with what happens after an import.
"""

from collections import Counter
from collections.abc import Sequence

import msgspec

from newsletter.addresses import UNREACHED
from newsletter.errors import Conflict
from newsletter.ids import new_id, new_ids
from newsletter.mail import Post
from newsletter.mail.outbox import Reason
from newsletter.storage import Param, Tx
from newsletter.subscribers import consent
from newsletter.subscribers.imports.model import STRICTEST, Person, Refused, Tally
from newsletter.subscribers.imports.store import taking as store
from newsletter.subscribers.model import Consent, Status
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

    async def keep(self, tx: Tx, one: Import, items: Sequence[Person | Refused]) -> Import:
        """Takes the next of an import in, and returns how far it has come.

        Raises Conflict where another process goes on with the same import.
        """
        position = one.position + len(items)
        if one.id and not await store.advance(tx, one.id, one.position, position):
            raise Conflict(ELSEWHERE)
        people = [item for item in items if isinstance(item, Person)]
        refused = [item for item in items if isinstance(item, Refused)]
        strange = [p for p in people if not p.email.isascii()]
        if strange and not await self._post.reaches(tx, strange[0].email):  # as with the others
            refused += [Refused(p.line, UNREACHED) for p in strange]
            people = [p for p in people if p.email.isascii()]
        known = {row.email_key: row for row in await store.known(tx, [p.key for p in people])}
        barred = await self._barred(tx, [p.key for p in people if p.key not in known])
        refused += [Refused(p.line, SUPPRESSED[barred[p.key]]) for p in people if p.key in barred]
        fresh = [p for p in people if p.key not in known and p.key not in barred]
        met = [(p, known[p.key]) for p in people if p.key in known]
        waiting = [(p, was.id) for p, was in met if _waits(was)]
        here = [(p, was.id) for p, was in met if was.status == "active"]
        added = await self._add(tx, one, fresh)
        await self._raise(tx, one, waiting)
        await self._mute(tx, added + waiting)
        await self._tag(tx, added + waiting + here)
        tally = Tally(
            dict(Counter(p.status for p, _ in added + waiting)),
            here=len(here) + len(fresh) - len(added),
            left=len(met) - len(here) - len(waiting),
            refused=len(refused),
        )
        return await self._note(tx, one, position, tally, refused)

    async def _barred(self, tx: Tx, keys: Sequence[str]) -> dict[str, str]:
        """Why, for each of these that may not be known here."""
        if not keys or not await store.anybody_barred(tx):
            return {}
        mailboxes: dict[str, list[str]] = {}
        for key in keys:
            for hashed in self._post.listed_as(key):
                mailboxes.setdefault(hashed, []).append(key)
        found = await store.barred(tx, list(mailboxes))
        return {key: one.reason for one in found for key in mailboxes[one.key]}

    async def _add(self, tx: Tx, one: Import, people: Sequence[Person]) -> list[Numbered]:
        """The new ones, each with how they came here."""
        numbered = list(zip(people, new_ids(len(people)), strict=True))
        rows, records = self._rows(tx, one, numbered)
        added = await store.add(tx, rows)
        if added is not None:
            numbered = [(person, id) for person, id in numbered if id in added]
            records = [record for record in records if record[1] in added]
        await store.add_consents(tx, records)
        return numbered

    async def _raise(self, tx: Tx, one: Import, people: Sequence[Numbered]) -> None:
        rows, records = self._rows(tx, one, people)
        await store.raise_up(tx, rows)
        await store.add_consents(tx, records)

    def _rows(
        self, tx: Tx, one: Import, people: Sequence[Numbered]
    ) -> tuple[list[tuple[Param, ...]], list[tuple[Param, ...]]]:
        """Theirs as subscribers, and of how they came here."""
        rows: list[tuple[Param, ...]] = []
        records: list[tuple[Param, ...]] = []
        details = {
            status: msgspec.json.encode({"origin": one.origin, "status": status}).decode()
            for status in STRICTEST
        }
        for (person, id), record_id in zip(people, new_ids(len(people)), strict=True):
            detail = details[person.status]
            record = Consent(id, 1, "imported", tx.now, person.joined, detail=detail)
            head = consent.seal(self._tokens, "", record)
            rows.append(_row(tx, person, id, head))
            records.append((record_id, id, 1, "imported", tx.now, person.joined, detail, head))
        return rows, records

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


def _row(tx: Tx, person: Person, id: int, head: str) -> tuple[Param, ...]:
    """As store.SUBSCRIBER has it."""
    joined = tx.now if person.joined is None else person.joined
    confirmed, left = person.confirmed, None
    if person.status != "active":
        left = tx.now if person.left is None else person.left
    elif confirmed is None:
        confirmed = tx.now
    return (
        id,
        person.email,
        person.key,
        person.status,
        person.name,
        person.fields,
        joined,
        confirmed,
        left,
        head,
    )
