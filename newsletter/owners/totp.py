"""Codes of six digits that an app and we make of one secret and the time (RFC 6238, with SHA-1 as all apps have it)."""

import base64
import hmac
from urllib.parse import quote

from newsletter.clock import SECOND

PERIOD = 30 * SECOND
DIGITS = 6
_EITHER_WAY = 1  # how many periods a phone's clock may be behind or ahead


def code(secret: bytes, step: int) -> str:
    """`step` is the number of the period since 1970."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    start = digest[-1] & 15
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def step_of(secret: bytes, text: str, now: int) -> int | None:
    """Whose period's code it is, if it is one of the last, the present and the next (ms); compared in constant time."""
    at = now // PERIOD
    steps = range(at - _EITHER_WAY, at + _EITHER_WAY + 1)
    found = [step for step in steps if hmac.compare_digest(code(secret, step).encode(), text.encode())]
    return found[-1] if found else None


def spelled(secret: bytes) -> str:
    """As people type it into an app."""
    return base64.b32encode(secret).decode().rstrip("=")


def link(secret: bytes, issuer: str, account: str) -> str:
    """What apps read as a link, or from a picture of it."""
    label = quote(f"{issuer}:{account}", safe="")
    return f"otpauth://totp/{label}?secret={spelled(secret)}&issuer={quote(issuer, safe='')}"
