"""The envelope sender, which a message's bounce comes back to: it says which message, and is signed.

Its token is spelled in small letters and digits, since some servers fold the case of what they write back.
"""

import re
from base64 import b32decode, b32encode
from binascii import Error

from newsletter.errors import NotFound
from newsletter.settings import Settings
from newsletter.tokens import Tokens

_LOCAL = re.compile(rb"(?i)(?<![a-z0-9])bounce(?:\+|%2b|=2b)([a-z2-7]{24,56})(?=@|=40|%40)")


def envelope_sender(settings: Settings, tokens: Tokens, row_id: int) -> str:
    """``bounce+…@`` the bounce domain, for one row of the outbox; without such a domain the From's address."""
    if not settings.bounce_domain:
        return settings.from_email
    token = b32encode(tokens.make("bounce", row_id).encode("ascii")).decode("ascii")
    return f"bounce+{token.rstrip('=').lower()}@{settings.bounce_domain}"


def row_of(tokens: Tokens, token: str) -> int | None:
    """The row of the outbox that `token` was made for; None for what we never signed."""
    try:
        spelled = b32decode(token.upper() + "=" * (-len(token) % 8)).decode("ascii")
        (row_id,) = tokens.read("bounce", spelled)
    except (Error, UnicodeError, ValueError, NotFound):
        return None
    return row_id


def tokens_in(raw: bytes) -> list[str]:
    """What looks like a token of ours, in the order of its standing there. Nothing says that it is one."""
    return [found[1].decode("ascii").lower() for found in _LOCAL.finditer(raw)]
