"""What an owner, a session and a token for programs are, apart from where they are stored."""

from typing import Literal, get_args

import msgspec

from newsletter.words import marked

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
    "settings:read",
    "settings:write",
    "audit:read",
]
SCOPES: tuple[Scope, ...] = get_args(Scope)


Role = Literal["moderator", "editor", "owner"]
ROLES: tuple[Role, ...] = (marked("moderator"), marked("editor"), marked("owner"))
"""Who has a later one may all that an earlier one may: comments; what is written and to whom; everything."""


def outranks(role: Role, least: Role) -> bool:
    """Whether `role` may what `least` may."""
    return ROLES.index(role) >= ROLES.index(least)


class Owner(msgspec.Struct):
    id: int
    email: str
    email_key: str


class Person(msgspec.Struct, frozen=True):
    """Somebody who comes to the desk. Times in epoch ms."""

    id: int
    email: str
    email_key: str
    role: Role
    created_at: int
    joined_at: int | None  # None: invited, and not yet here
    seen_at: int | None  # to the day; None: signed in nowhere
    second_step: bool = False  # a code is asked after their link


class Session(msgspec.Struct):
    id: int
    owner_id: int
    email: str
    browser: str
    created_at: int
    seen_at: int
    expires_at: int
    role: Role
    waits: bool = False  # for the second step: it opens nothing yet
    second_step: bool = False  # who is here has one

    def may(self, least: Role) -> bool:
        return outranks(self.role, least)


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
