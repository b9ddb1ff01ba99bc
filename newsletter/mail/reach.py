"""Whom the relay reaches: letters beyond ASCII before the @ want one that offers SMTPUTF8 (RFC 6531).

There is no other way to write such an address. What the relay offers is seen whenever a worker connects, and kept in a
row that all share: no request talks SMTP.
"""

from newsletter.addresses import UNREACHED
from newsletter.errors import BadInput
from newsletter.storage import Tx


async def reaches(tx: Tx, email: str) -> bool:
    """False also as long as nobody has asked the relay."""
    return email.isascii() or await tx.value(_HELD_AT) == 0


async def check(tx: Tx, email: str) -> None:
    """Raises BadInput."""
    if not await reaches(tx, email):
        raise BadInput(
            "Please look at the marked fields; what you typed is still there.", {"email": UNREACHED}
        )


async def is_known(tx: Tx) -> bool:
    """Whether the relay was ever asked."""
    return await tx.value(_HELD_AT) is not None


async def learn(tx: Tx, *, offered: bool) -> None:
    why = "" if offered else "The relay offers no SMTPUTF8."
    await tx.run(_LEARN, held_at=0 if offered else tx.now, why=why)


# A row of its own beside the relay's: since when such mail is held back. There is none before the relay was asked.
_HELD_AT = "SELECT held_at FROM send_limits WHERE name = 'smtputf8'"
_LEARN = """
    INSERT INTO send_limits (name, held_at, held_why) VALUES ('smtputf8', :held_at, :why)
    ON CONFLICT (name) DO UPDATE SET held_at = excluded.held_at, held_why = excluded.held_why
    WHERE (send_limits.held_at = 0) <> (excluded.held_at = 0)
    """
