"""People on their way in: their rows, and the record of how they came, made before the transaction that takes them.

Whoever signs up waits for that transaction, and a quarter of its time would go into making them.
"""

from collections.abc import Iterable, Sequence

import msgspec

from newsletter.ids import new_ids
from newsletter.storage import Param
from newsletter.subscribers import consent
from newsletter.subscribers.imports.model import STRICTEST, Person, Refused
from newsletter.subscribers.model import Consent
from newsletter.tokens import Tokens


class Coming(msgspec.Struct, frozen=True, gc=False):
    """Somebody who would be new here, under the id that they would have."""

    person: Person
    id: int
    row: tuple[Param, ...]  # as SUBSCRIBER in store/taking.py has it
    record: tuple[Param, ...]  # as CONSENT there


class Readying:
    """`origin` is how the import's owner says that these people agreed."""

    def __init__(self, tokens: Tokens, origin: str) -> None:
        self._tokens = tokens
        self._details = {
            status: msgspec.json.encode({"origin": origin, "status": status}).decode() for status in STRICTEST
        }

    def ready(self, items: Sequence[Person | Refused], now: int) -> list[Coming | Refused]:
        """Each person with ids of their own; who is refused already stays so. `now` (ms) is when they came."""
        ids, records = iter(new_ids(len(items))), iter(new_ids(len(items)))
        return [
            self.coming(item, next(ids), next(records), now) if isinstance(item, Person) else item
            for item in items
        ]

    def known(self, people: Iterable[tuple[Person, int]], now: int) -> list[Coming]:
        """People with the ids that they have here."""
        some = [*people]
        return [
            self.coming(person, id, record_id, now)
            for (person, id), record_id in zip(some, new_ids(len(some)), strict=True)
        ]

    def coming(self, person: Person, id: int, record_id: int, now: int) -> Coming:
        detail = self._details[person.status]
        head = consent.seal(self._tokens, "", Consent(id, 1, "imported", now, person.joined, detail=detail))
        record = (record_id, id, 1, "imported", now, person.joined, detail, head)
        return Coming(person, id, _row(person, id, head, now), record)


def _row(person: Person, id: int, head: str, now: int) -> tuple[Param, ...]:
    joined = now if person.joined is None else person.joined
    confirmed, left = person.confirmed, None
    if person.status != "active":
        left = now if person.left is None else person.left
    elif confirmed is None:
        confirmed = now
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
