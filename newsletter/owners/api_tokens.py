"""Tokens for programs: made by an owner, shown once, kept as a keyed hash, gone at once when revoked."""

import secrets
import string
from collections.abc import Collection

from newsletter.clock import DAY, HOUR
from newsletter.errors import BadInput, NotFound
from newsletter.owners import api_store as store
from newsletter.owners.model import SCOPES, ApiToken
from newsletter.storage import Tx
from newsletter.tokens import Tokens
from newsletter.words import gettext as _
from newsletter.words import number

LONGEST_NAME = 60
MOST_DAYS = 3650
SEEN_EVERY = HOUR
"""How exact `used_at` is: a program that asks all the time shall not write each time."""

_LETTERS = string.ascii_letters + string.digits
_SHOWN, _SECRET = 8, 32  # characters; the secret has 190 bits
_START = "nl_"


class ApiTokens:
    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def new(self, tx: Tx, name: str, scopes: Collection[str], days: int | None = None) -> str:
        """The token itself, which nobody can show again; it expires after `days`, or never. Raises BadInput."""
        errors: dict[str, str] = {}
        name = " ".join(name.split())
        if not name or not name.isprintable() or len(name) > LONGEST_NAME:
            errors["name"] = _("Say in up to %(most)d characters what it is for.") % {"most": LONGEST_NAME}
        if not scopes:
            errors["scopes"] = "Choose at least one thing that it may do."
        elif unknown := sorted(set(scopes) - set(SCOPES)):
            known = ", ".join(SCOPES)
            errors["scopes"] = _("There is no scope %(scope)s. There are: %(known)s.") % {
                "scope": repr(unknown[0][:40]),
                "known": known,
            }
        if days is not None and not 1 <= days <= MOST_DAYS:
            errors["days"] = _("It can live from 1 to %(most)s days.") % {"most": number(MOST_DAYS)}
        if errors:
            raise BadInput(" ".join(map(_, errors.values())), errors)
        prefix = _START + _random(_SHOWN)
        token = f"{prefix}_{_random(_SECRET)}"
        in_order = " ".join(scope for scope in SCOPES if scope in scopes)
        expires_at = None if days is None else tx.now + days * DAY
        await store.add(tx, prefix, self._hash(token), name, in_order, expires_at)
        return token

    async def find(self, tx: Tx, token: str) -> ApiToken | None:
        """The one that may be used now; None for a wrong, a revoked and an expired one."""
        return await store.by_hash(tx, self._hash(token))

    @staticmethod
    def is_stale(token: ApiToken, now: int) -> bool:
        """Whether `seen` has something to write."""
        return token.used_at is None or token.used_at < now - SEEN_EVERY

    async def seen(self, tx: Tx, id: int) -> None:
        """It is in use."""
        await store.used(tx, id)

    async def all(self, tx: Tx) -> list[ApiToken]:
        """The newest first, without those that were revoked."""
        return await store.everyone(tx)

    async def named(self, tx: Tx, prefix: str) -> ApiToken:
        """Raises NotFound."""
        found = [one for one in await store.everyone(tx) if one.prefix == prefix]
        if not found:
            raise NotFound("There is no such token.")
        return found[0]

    async def revoke(self, tx: Tx, prefix: str) -> ApiToken:
        """It opens nothing from now on. Raises NotFound."""
        token = await self.named(tx, prefix)
        await store.remove(tx, token.id)
        return token

    def _hash(self, token: str) -> str:
        return self._tokens.fingerprint("api-token", token)


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))
