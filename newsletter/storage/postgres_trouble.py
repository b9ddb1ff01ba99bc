"""What can go wrong with PostgreSQL, in the port's words.

asyncpg comes with the extra `[postgres]`: without it this module can be imported, not used.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from newsletter.errors import SettingsError, Unavailable
from newsletter.storage.db import ConstraintError, T, unavailable

try:
    import asyncpg
except ModuleNotFoundError:
    asyncpg = None  # type: ignore[assignment]  # the extra is not installed

_log = logging.getLogger(__name__)

__all__ = ["AGAIN", "ANY", "asyncpg", "called", "explained", "reached"]

ANY: tuple[type[Exception], ...] = ()
AGAIN: tuple[type[Exception], ...] = ()
if asyncpg:
    ANY = (
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,  # a connection that the server has cut in the middle
        OSError,
        TimeoutError,
    )
    _GONE = ("closed", "closing", "released back")  # what else it says of a connection that is no more
    _OPENING: tuple[type[Exception], ...] = (*ANY, ValueError)
    AGAIN = (
        asyncpg.SerializationError,
        asyncpg.DeadlockDetectedError,
        asyncpg.InvalidCachedStatementError,  # another process has migrated
    )
    _TROUBLE: tuple[type[Exception], ...] = (
        asyncpg.PostgresConnectionError,
        asyncpg.InternalClientError,
        asyncpg.InsufficientResourcesError,
        asyncpg.OperatorInterventionError,
        asyncpg.ObjectNotInPrerequisiteStateError,  # it takes no connections now
        asyncpg.InvalidCatalogNameError,  # dropped under us
        asyncpg.LockNotAvailableError,
        OSError,
        TimeoutError,
    )
    _MISTAKEN: tuple[type[Exception], ...] = (
        asyncpg.InvalidAuthorizationSpecificationError,
        asyncpg.InvalidCatalogNameError,
        ValueError,
    )


async def reached(opening: Awaitable[T]) -> T:
    try:
        return await opening
    except _OPENING as error:
        if isinstance(error, _MISTAKEN):
            raise SettingsError(f"NEWSLETTER_DATABASE_URL can't be used: {error.args[0]}.") from None
        _log.error("PostgreSQL can't be reached: %s", error)
        raise Unavailable("PostgreSQL does not answer at NEWSLETTER_DATABASE_URL. Does it run?") from None


async def called(method: Callable[..., Awaitable[T]], *arguments: Any) -> T:
    """Of a connection that was cut, already the call raises, not what it returns."""
    return await method(*arguments)


async def explained(asking: Awaitable[T], sql: str = "") -> T:
    """Awaits the driver and turns what it raises into the port's errors, without the values in its text."""
    try:
        return await asking
    except ANY as error:
        raise _explanation(error, sql) from None


def _explanation(error: Exception, sql: str) -> Exception:
    if isinstance(error, asyncpg.IntegrityConstraintViolationError):
        return ConstraintError(error.args[0])
    if isinstance(error, asyncpg.DataError | ValueError):
        return ValueError(f"PostgreSQL takes no such value here, by its type or its size: {sql}")
    if isinstance(error, asyncpg.ReadOnlySQLTransactionError):
        return RuntimeError(f"This statement writes: its action belongs in db.write. {sql}")
    if isinstance(error, _TROUBLE) or any(word in str(error) for word in _GONE):
        _log.error("PostgreSQL is in trouble: %s: %s", type(error).__name__, error.args[:1])
        return unavailable()
    return error
