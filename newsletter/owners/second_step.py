"""A second step when signing in: a code from an app, or one of ten that were written down. Whoever wants it has it."""

import secrets
from typing import Literal

import msgspec

from newsletter.clock import HOUR
from newsletter.errors import BadInput, Conflict, TooMany
from newsletter.owners import second_step_store as store
from newsletter.owners import totp
from newsletter.owners.second_step_store import Authenticator
from newsletter.storage import Tx
from newsletter.tokens import Tokens

TRIES = 10  # an hour, of one person, in all browsers together
CODES = 10

WRONG = "This code is not the one that your app shows now, or it was used already. Please try the next one."
MANY = "Too many codes were tried. Please wait a little."
ON = "The second step is on already."
OFF = "The second step is not on."

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look like others
_PARTS, _PART = (
    4,
    7,
)  # of letters; a whole code has 138 bits, so that a quick hash keeps it as well as a slow one
LONGEST = 40  # as somebody may type it

Outcome = Literal["right", "wrong", "many"]


class Standing(msgspec.Struct, frozen=True):
    """`on`: it is asked. `secret` while it is being set up."""

    on: bool = False
    secret: bytes = b""
    codes_left: int = 0


async def standing(tx: Tx, tokens: Tokens, owner_id: int) -> Standing:
    found = await store.find(tx, owner_id)
    if found is None:
        return Standing()
    if found.confirmed_at is None:
        return Standing(secret=_secret(tokens, found))
    return Standing(on=True, codes_left=await store.count_codes(tx, owner_id))


async def begin(tx: Tx, owner_id: int) -> None:
    """A new secret, which is asked for only once a code of it was shown. Raises Conflict."""
    if not await store.begin(tx, owner_id, secrets.token_hex(16)):
        raise Conflict(ON)


async def confirm(tx: Tx, tokens: Tokens, owner_id: int, text: str) -> list[str]:
    """Asked from now on; the recovery codes, which nobody can show again. Raises BadInput, Conflict."""
    found = await store.find(tx, owner_id)
    if found is None or found.confirmed_at is not None:
        raise Conflict(OFF if found is None else ON)
    step = totp.step_of(_secret(tokens, found), _tidy(text), tx.now)
    if step is None:
        raise BadInput(WRONG, {"code": WRONG})
    await store.confirm(tx, owner_id, step)
    return await new_codes(tx, tokens, owner_id)


async def new_codes(tx: Tx, tokens: Tokens, owner_id: int) -> list[str]:
    """Ten others; the ones before open nothing any more."""
    codes = ["-".join(_random() for _ in range(_PARTS)) for _ in range(CODES)]
    await store.put_codes(tx, owner_id, [_hash(tokens, owner_id, one) for one in codes])
    return codes


async def forget(tx: Tx, owner_id: int) -> bool:
    """Nothing is asked any more. False where nothing was."""
    return await store.remove(tx, owner_id)


async def check(tx: Tx, tokens: Tokens, owner_id: int, text: str) -> Outcome:
    """Each code is taken once. A wrong one counts, so what this writes has to stay: it raises nothing."""
    found = await store.charge(tx, owner_id, TRIES, tx.now - HOUR)
    if found is None:
        return "many"
    text = _tidy(text)
    step = totp.step_of(_secret(tokens, found), text, tx.now)
    right = (
        await store.take_step(tx, owner_id, step)
        if step is not None
        else await store.take_code(tx, owner_id, _hash(tokens, owner_id, text))
    )
    if right:
        await store.clear(tx, owner_id)
    return "right" if right else "wrong"


def refuse(outcome: Outcome) -> None:
    """Raises BadInput, TooMany."""
    if outcome == "many":
        raise TooMany(MANY, HOUR // 1000)
    if outcome == "wrong":
        raise BadInput(WRONG, {"code": WRONG})


def _secret(tokens: Tokens, found: Authenticator) -> bytes:
    return bytes.fromhex(tokens.fingerprint("totp", f"{found.owner_id}.{found.salt}"))[:20]


def _hash(tokens: Tokens, owner_id: int, code: str) -> str:
    return tokens.fingerprint("recovery-code", f"{owner_id}.{_tidy(code)}")


def _tidy(text: str) -> str:
    """As people type it: with spaces, hyphens, capitals."""
    return "".join(text.lower().split()).replace("-", "")


def _random() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(_PART))
