"""Proof of consent: one chain of records a person, each sealed over itself and the one before.

GDPR Art. 7(1) asks the author to show what was agreed to, when and how. The seals are keyed
hashes: a record that is altered, removed or put in between breaks the chain; the newest one stands in the
subscriber's own row, so a cut tail shows too.
"""

import msgspec

from newsletter.storage import Tx
from newsletter.subscribers.model import Consent, Subscriber
from newsletter.subscribers.store import consents
from newsletter.tokens import Tokens


async def record(tx: Tx, tokens: Tokens, person: Subscriber, consent: Consent) -> str:
    """Adds `consent` to the person's chain; its hash is the new head, which the caller writes to the row it holds."""
    number = 1 + await consents.newest_number(tx, person.id) if person.consent_head else 1
    consent = msgspec.structs.replace(consent, subscriber_id=person.id, number=number, at=tx.now)
    consent.hash = seal(tokens, person.consent_head, consent)
    await consents.add(tx, consent)
    return consent.hash


def seal(tokens: Tokens, before: str, consent: Consent) -> str:
    """The hash of one record: keyed, over the hash before it and every other column."""
    if consent.hash != before:
        consent = msgspec.structs.replace(consent, hash=before)
    return tokens.fingerprint("consent", msgspec.json.encode(consent).decode())


def intact(tokens: Tokens, records: list[Consent], head: str) -> bool:
    """True when nothing in the chain was altered, removed or added behind our back."""
    before = ""
    for number, consent in enumerate(records, 1):
        if consent.number != number or consent.hash != seal(tokens, before, consent):
            return False
        before = consent.hash
    return before == head
