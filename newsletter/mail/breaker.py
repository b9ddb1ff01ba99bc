"""The circuit breaker: a mailing that servers refuse is held before it ruins the sender's name with them.

Too many addresses that don't exist, or a row of refusals by policy, mean that something is wrong with the list or
with the sender; each further message would make it worse.
"""

import re
from collections.abc import Sequence

import msgspec

from newsletter.mail.ledger import Settlement
from newsletter.storage import Tx
from newsletter.words import gettext as _

FIRST = 200
MOST_REFUSED = FIRST // 20
MOST_DISTRUSTED = 3
ENOUGH = FIRST - MOST_REFUSED
"""So many that were not refused, and a mailing is not held for its addresses any more."""

_POLICY = re.compile(r"5\d\d[ -]5\.7\.\d")


class Verdict(Settlement, frozen=True):
    """What became of a row, and what that says of its mailing."""

    mailing_id: int = 0
    code: int = 0  # the server's; 0: it said nothing

    @classmethod
    def of(cls, done: Settlement, mailing_id: int, code: int = 0) -> "Verdict":
        return cls(
            done.id,
            done.state,
            done.words,
            done.delay,
            done.tried,
            done.resent,
            done.claimed_at,
            mailing_id,
            code,
        )

    @property
    def fate(self) -> tuple[str, int, int, int]:
        """What is written down of it besides the server's words."""
        return self.state, self.tried, self.resent, self.delay

    @property
    def distrusted(self) -> bool:
        """Refused for what we are, not for who they are (RFC 3463 §3.8)."""
        return self.state == "failed" and bool(_POLICY.match(self.words))


class _Record(msgspec.Struct):
    answered: int
    refused: int
    distrusted: int


async def heed(tx: Tx, done: Sequence[Verdict]) -> None:
    """Counts what servers have said, and holds the mailings that they don't want."""
    for mailing_id in {one.mailing_id for one in done if one.code}:
        said = [one for one in done if one.mailing_id == mailing_id and one.code]
        distrusted = [one.distrusted for one in said]
        streak = distrusted[::-1].index(False) if False in distrusted else len(said)
        record = await tx.one(
            _Record,
            _COUNT,
            id=mailing_id,
            answered=len(said),
            refused=sum(one.state == "failed" and not one.distrusted for one in said),
            streak=streak,
            broken=int(streak < len(said)),
        )
        if record and (why := _why(record)):
            await tx.run(
                "UPDATE mailings SET state = 'held', why = :why WHERE id = :id", id=mailing_id, why=why
            )


def _why(record: _Record) -> str:
    if record.distrusted >= MOST_DISTRUSTED:
        sentence = _("%(n)s servers in a row refused it by policy: they distrust the sender, not the reader.")
        return sentence % {"n": record.distrusted}
    if record.refused > MOST_REFUSED and record.answered - record.refused < ENOUGH:
        sentence = _("%(n)s of the first %(all)s addresses were refused for good.")
        return sentence % {"n": record.refused, "all": record.answered}
    return ""


# What can change nothing is not counted: the row holds the message, and each count would write all of it anew.
_COUNT = f"""
    UPDATE mailings SET answered = answered + :answered, refused = refused + :refused,
      distrusted = CASE WHEN CAST(:broken AS INTEGER) = 1 THEN CAST(:streak AS BIGINT) ELSE distrusted + :streak END
    WHERE id = :id AND state = 'open'
      AND (answered - refused < {ENOUGH} OR distrusted > 0 OR CAST(:streak AS BIGINT) > 0)
    RETURNING answered, refused, distrusted
    """  # noqa: S608  our own
