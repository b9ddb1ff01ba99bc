"""What an owner, a session and a token for programs are, apart from where they are stored."""

from typing import Literal, get_args

import msgspec

Scope = Literal[
    "subscribers:read",
    "subscribers:write",
    "broadcasts:read",
    "broadcasts:write",
    "broadcasts:send",
    "sequences:read",
    "sequences:write",
    "comments:read",
    "comments:moderate",
    "forms:read",
    "forms:write",
    "webhooks:read",
    "webhooks:write",
]
SCOPES: tuple[Scope, ...] = get_args(Scope)


class Owner(msgspec.Struct):
    id: int
    email: str
    email_key: str


class Session(msgspec.Struct):
    id: int
    owner_id: int
    email: str
    browser: str
    created_at: int
    seen_at: int
    expires_at: int


class ApiToken(msgspec.Struct, frozen=True):
    """Times in epoch ms."""

    id: int
    prefix: str  # how its owner tells it from others; it opens nothing
    name: str
    scopes: str  # with spaces between them
    created_at: int
    used_at: int | None
    expires_at: int | None

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes.split()
