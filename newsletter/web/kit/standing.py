"""As what somebody is at the desk in this request: its menu shows what they may open, and nothing else."""

from contextvars import ContextVar

from newsletter.owners import Role, outranks

_role: ContextVar[Role | None] = ContextVar("role", default=None)


def stands(role: Role) -> None:
    """Until the request is answered, which is a task of its own."""
    _role.set(role)


def may(least: Role) -> bool:
    """Nothing where nobody has looked who it is."""
    role = _role.get()
    return role is not None and outranks(role, least)
