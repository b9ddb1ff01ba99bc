"""Who may come to the desk: owners, their one-time sign-in links, their sessions; and programs, by their tokens."""

from newsletter.owners import audit, passkeys, people, second_step, settings_store, totp
from newsletter.owners.actions import LINK_LIVES, LONGEST_SESSION, SESSION_LIVES, Owners
from newsletter.owners.answers import Answers
from newsletter.owners.api_store import Kept
from newsletter.owners.api_tokens import LONGEST_NAME, MOST_DAYS, ApiTokens
from newsletter.owners.model import ROLES, SCOPES, ApiToken, Person, Role, Scope, Session, outranks
from newsletter.owners.passkeys_store import Passkey

__all__ = [
    "LINK_LIVES",
    "LONGEST_NAME",
    "LONGEST_SESSION",
    "MOST_DAYS",
    "ROLES",
    "SCOPES",
    "SESSION_LIVES",
    "Answers",
    "ApiToken",
    "ApiTokens",
    "Kept",
    "Owners",
    "Passkey",
    "Person",
    "Role",
    "Scope",
    "Session",
    "audit",
    "outranks",
    "passkeys",
    "people",
    "second_step",
    "settings_store",
    "totp",
]
