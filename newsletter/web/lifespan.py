"""An ASGI app's start-up and shut-down, so that what goes wrong in them comes out as it was raised."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any


@asynccontextmanager
async def lifespan(app: Callable[..., Any]) -> AsyncIterator[dict[str, Any]]:
    """The app is up inside this block; the value is the state it hands to every request's scope."""
    state: dict[str, Any] = {}
    to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": state}
    running = asyncio.ensure_future(app(scope, to_app.get, from_app.put))
    try:
        await _step("startup", running, to_app, from_app)
        yield state
        await _step("shutdown", running, to_app, from_app)
        await running
    finally:
        running.cancel()
        await asyncio.wait((running,))


async def _step(
    name: str,
    running: asyncio.Future[Any],
    to_app: asyncio.Queue[dict[str, Any]],
    from_app: asyncio.Queue[dict[str, Any]],
) -> None:
    to_app.put_nowait({"type": f"lifespan.{name}"})
    reply = asyncio.ensure_future(from_app.get())
    try:
        await asyncio.wait((running, reply), return_when=asyncio.FIRST_COMPLETED)
    finally:
        reply.cancel()
    if reply.done() and reply.result()["type"] == f"lifespan.{name}.complete":
        return
    try:
        await running
    except BaseExceptionGroup as group:  # Litestar runs the app's own lifespan in a task group
        raise _only(group) from None
    raise RuntimeError(f"The app ended its {name} without completing it.")


def _only(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
