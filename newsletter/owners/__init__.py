"""Who may come to the desk: owners, their one-time sign-in links, their sessions."""

from newsletter.owners.actions import LINK_LIVES, SESSION_LIVES, Owners
from newsletter.owners.model import Session

__all__ = ["LINK_LIVES", "SESSION_LIVES", "Owners", "Session"]
