"""Passkeys: devices that sign in by a signature. What such a signature says is read elsewhere."""

import secrets

from newsletter.clock import MINUTE
from newsletter.errors import BadInput, Conflict
from newsletter.owners import passkeys_store as store
from newsletter.owners.passkeys_store import Passkey
from newsletter.storage import Tx
from newsletter.words import gettext as _

ANSWER_WITHIN = 5 * MINUTE
LONGEST_NAME = 60
MOST = 20  # of one person

UNNAMED = "Say in up to %(most)d characters which device it is."
KNOWN = "This device has a passkey for this desk already."
ENOUGH = "There are %(most)d passkeys already. Please remove one that you don’t use."


async def ask(tx: Tx, owner_id: int | None = None) -> str:
    """What a device is to sign within ANSWER_WITHIN (ms), in base64url; without an owner somebody signs in."""
    challenge = secrets.token_urlsafe(32)
    await store.ask(tx, challenge, owner_id, tx.now + ANSWER_WITHIN)
    return challenge


async def answered(tx: Tx, challenge: str, owner_id: int | None = None) -> bool:
    """For the one who answers it first, in time, and as the one who was asked."""
    return await store.take(tx, challenge, owner_id)


async def add(tx: Tx, owner_id: int, name: str, credential: str, public_key: str, counter: int) -> None:
    """Raises Conflict."""
    if not await store.add(tx, owner_id, name, credential, public_key, counter):
        raise Conflict(KNOWN)


async def name_of(tx: Tx, owner_id: int, name: str) -> str:
    """As it is kept. Raises BadInput."""
    name = " ".join(name.split())
    if not name or not name.isprintable() or len(name) > LONGEST_NAME:
        raise _wrong(_(UNNAMED) % {"most": LONGEST_NAME})
    if len(await store.everyones(tx, owner_id)) >= MOST:
        raise _wrong(_(ENOUGH) % {"most": MOST})
    return name


def _wrong(said: str) -> BadInput:
    return BadInput(said, {"name": said})


async def all(tx: Tx, owner_id: int) -> list[Passkey]:
    """The newest first."""
    return await store.everyones(tx, owner_id)


async def find(tx: Tx, credential: str) -> Passkey | None:
    return await store.find(tx, credential)


async def used(tx: Tx, passkey: Passkey, counter: int) -> bool:
    """False where its counter doesn't go on from what we know: it was copied, or somebody else was quicker."""
    return await store.used(tx, passkey, counter)


async def remove(tx: Tx, owner_id: int, id: int) -> bool:
    """It opens nothing any more."""
    return await store.remove(tx, owner_id, id)
