"""What is done for somebody leaves a trace: what a request writes first has its row of the audit log beside it.

Whoever knows who asks (the desk's door, the API's, the terminal) begins a trace; the database that their part of the
service works on adds it to the first transaction that is committed then. So no route can forget it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

import msgspec

from newsletter.clock import MINUTE
from newsletter.owners import audit
from newsletter.storage import Action, Database, Engine, Tx
from newsletter.web.kit.site import Site

T = TypeVar("T")
P = ParamSpec("P")

BY_ITSELF = "keep"
"""What a page does while somebody writes; so many rows would hide the others."""

_ONCE_WITHIN = 10 * MINUTE


class Trace(msgspec.Struct):
    """What is about to be done, until it is. With `takes_out` nothing else is written: what is answered is the deed."""

    actor: audit.Actor
    area: str
    verb: str
    object: str = ""
    detail: str = ""
    takes_out: Database | None = None
    left: bool = False


_trace: ContextVar[Trace | None] = ContextVar("trace", default=None)


def begin(trace: Trace) -> None:
    """For this request, or this command, which is a task of its own."""
    _trace.set(trace)


def detail(text: str) -> None:
    """Which of the buttons it was."""
    if trace := _trace.get():
        trace.detail = text


def about(object: object) -> None:
    """To what it was done, where the address doesn't say it."""
    if trace := _trace.get():
        trace.object = str(object)


@contextmanager
def nothing() -> Iterator[None]:
    """What is written meanwhile was asked for by nobody."""
    token = _trace.set(None)
    try:
        yield
    finally:
        _trace.reset(token)


async def taken_out() -> None:
    """Before a file leaves the house, where that is what was asked for: noted, or it doesn't. Raises Unavailable."""
    trace = _trace.get()
    if trace and trace.takes_out and not trace.left:
        await trace.takes_out.write(_leave, trace, trace.object)
        trace.left = True


async def _leave(tx: Tx, trace: Trace, object: str) -> None:
    deed = audit.Deed(trace.area, trace.verb, object, trace.detail)
    within = _ONCE_WITHIN if trace.detail == BY_ITSELF else 0
    await audit.record(tx, trace.actor, deed, once_within=within)


async def _beside(
    tx: Tx, trace: Trace, action: Action[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> T:
    """The action, and its trace; an action that gives back False has found nothing to do."""
    done = await action(tx, *args, **kwargs)
    if done is not False:
        await _leave(tx, trace, trace.object or _own_id(done))
    return done


def _own_id(made: object) -> str:
    """An action that makes something gives it back: which one it is."""
    return str(next((value for name in ("id", "slug", "prefix") if (value := getattr(made, name, ""))), ""))


def traced(site: Site) -> Site:
    """The same, on a database that adds the trace."""
    return msgspec.structs.replace(site, db=_Traced(site.db))


class _Traced:
    """A Database."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.read = db.read
        self.stream = db.stream
        self.wait = db.wait
        self.woken = db.woken
        self.scrub = db.scrub
        self.checkpoint = db.checkpoint
        self.close = db.close

    @property
    def engine(self) -> Engine:
        return self._db.engine

    async def write(self, action: Action[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        trace = _trace.get()
        if trace is None or trace.left or trace.takes_out:
            return await self._db.write(action, *args, **kwargs)
        done: T = await self._db.write(_beside, trace, action, args, kwargs)
        trace.left = done is not False
        return done

    async def write_short(self, action: Action[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.write(action, *args, **kwargs)

    async def write_in_crowd(
        self,
        about: str,  # noqa: ARG002  nobody here is a crowd
        action: Action[P, T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        return await self.write(action, *args, **kwargs)
