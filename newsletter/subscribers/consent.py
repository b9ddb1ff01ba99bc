"""Proof of consent: one chain of records a person, each sealed over itself and the one before.

GDPR Art. 7(1) asks the author to show what was agreed to, when and how. The seals are keyed
hashes: a record that is altered, removed or put in between breaks the chain; the newest one stands in the
subscriber's own row, so a cut tail shows too.
"""

import msgspec

from newsletter.ids import new_id
from newsletter.storage import Tx
from newsletter.subscribers.model import Subscriber
from newsletter.tokens import Tokens


class Consent(msgspec.Struct):
    """What was agreed to. Times in epoch ms; `detail` is JSON (channel, page, the IP where switched on)."""

    subscriber_id: int
    number: int
    kind: str
    at: int
    requested_at: int | None = None
    form_id: int | None = None
    wording_id: int | None = None
    message_id: str = ""
    detail: str = "{}"
    hash: str = ""


async def record(tx: Tx, tokens: Tokens, person: Subscriber, consent: Consent) -> None:
    """Adds `consent` to the person's chain. The caller holds the person's row."""
    newest = await tx.value(
        "SELECT coalesce(max(number), 0) FROM consent_records WHERE subscriber_id = :id", id=person.id
    )
    consent = msgspec.structs.replace(consent, subscriber_id=person.id, number=int(newest) + 1, at=tx.now)
    consent.hash = seal(tokens, person.consent_head, consent)
    await tx.run(
        """INSERT INTO consent_records (id, subscriber_id, number, kind, at, requested_at, form_id, wording_id,
               message_id, detail, hash)
           VALUES (:id, :subscriber_id, :number, :kind, :at, :requested_at, :form_id, :wording_id,
               :message_id, :detail, :hash)""",
        id=new_id(),
        **msgspec.structs.asdict(consent),
    )
    await tx.run(
        "UPDATE subscribers SET consent_head = :hash WHERE id = :id", hash=consent.hash, id=person.id
    )
    person.consent_head = consent.hash


async def chain(tx: Tx, subscriber_id: int) -> list[Consent]:
    return await tx.all(
        Consent,
        """SELECT subscriber_id, number, kind, at, requested_at, form_id, wording_id, message_id, detail, hash
           FROM consent_records WHERE subscriber_id = :id ORDER BY number""",
        id=subscriber_id,
    )


def seal(tokens: Tokens, before: str, consent: Consent) -> str:
    """The hash of one record: keyed, over the hash before it and every other column."""
    plain = msgspec.json.encode(msgspec.structs.replace(consent, hash=before)).decode()
    return tokens.fingerprint("consent", plain)


def intact(tokens: Tokens, records: list[Consent], head: str) -> bool:
    """True when nothing in the chain was altered, removed or added behind our back."""
    before = ""
    for number, consent in enumerate(records, 1):
        if consent.number != number or consent.hash != seal(tokens, before, consent):
            return False
        before = consent.hash
    return before == head
