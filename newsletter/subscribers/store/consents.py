"""The consent records: rows that are only ever added."""

import msgspec

from newsletter.ids import new_id
from newsletter.storage import Tx
from newsletter.subscribers.model import Consent


async def newest_number(tx: Tx, subscriber_id: int) -> int:
    return int(
        await tx.value(
            "SELECT coalesce(max(number), 0) FROM consent_records WHERE subscriber_id = :id", id=subscriber_id
        )
    )


async def add(tx: Tx, consent: Consent) -> None:
    await tx.put(
        """INSERT INTO consent_records (id, subscriber_id, number, kind, at, requested_at, form_id, wording_id,
               message_id, detail, hash)
           VALUES (:id, :subscriber_id, :number, :kind, :at, :requested_at, :form_id, :wording_id,
               :message_id, :detail, :hash)""",
        id=new_id(),
        subscriber_id=consent.subscriber_id,
        number=consent.number,
        kind=consent.kind,
        at=consent.at,
        requested_at=consent.requested_at,
        form_id=consent.form_id,
        wording_id=consent.wording_id,
        message_id=consent.message_id,
        detail=consent.detail,
        hash=consent.hash,
    )


async def agreed(tx: Tx, subscriber_id: int, form_id: int, wording_id: int) -> bool:
    """Two that ask at once are both told no, and meet at the next record's number."""
    found = await tx.value(
        """SELECT 1 FROM consent_records c
           WHERE c.subscriber_id = :id AND c.kind = 'confirmed' AND c.form_id = :form AND c.wording_id = :wording
             AND NOT EXISTS (SELECT 1 FROM consent_records l WHERE l.subscriber_id = :id
                             AND l.kind = 'unsubscribed' AND l.number > c.number)""",
        id=subscriber_id,
        form=form_id,
        wording=wording_id,
    )
    return found is not None


async def chain(tx: Tx, subscriber_id: int) -> list[Consent]:
    return await tx.all(
        Consent,
        """SELECT subscriber_id, number, kind, at, requested_at, form_id, wording_id, message_id, detail, hash
           FROM consent_records WHERE subscriber_id = :id ORDER BY number""",
        id=subscriber_id,
    )


class Agreement(msgspec.Struct, frozen=True):
    """What one record's ids stand for: the form, and the words that were agreed to ('' where there were none)."""

    number: int
    form: str
    wording: str
    version: int | None
    sha256: str


async def agreements(tx: Tx, subscriber_id: int) -> list[Agreement]:
    """For each record of a chain, in its order. The forms' tables are joined for their words."""
    return await tx.all(
        Agreement,
        """SELECT c.number, coalesce(f.title, '') AS form, coalesce(w.text, '') AS wording, w.number AS version,
               coalesce(w.sha256, '') AS sha256
           FROM consent_records c LEFT JOIN forms f ON f.id = c.form_id LEFT JOIN wordings w ON w.id = c.wording_id
           WHERE c.subscriber_id = :id ORDER BY c.number""",
        id=subscriber_id,
    )
