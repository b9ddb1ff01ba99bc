"""The process around a server: its loop, its socket, its signals."""

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from newsletter.errors import SettingsError

if sys.platform == "win32":
    from asyncio import new_event_loop
else:
    import resource

    from uvloop import new_event_loop

T = TypeVar("T")

MOST_SOCKETS = 65_536
SWITCH_SECONDS = 0.0005
"""How long one thread keeps the interpreter from another. After each statement SQLite's thread asks for it back, and
by Python's own 5 ms a transaction of 64 sign-ups waits for the busy loop hundreds of times."""


def run(main: Coroutine[Any, Any, T]) -> T:
    """As asyncio.run, on the fastest loop there is."""
    sys.setswitchinterval(SWITCH_SECONDS)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)


def settle() -> None:
    """Called when all is set up: what stands now stays, and no collection of garbage need walk through it again.

    Sign-ups on PostgreSQL came from 0.54 to 0.61 of a handler that stores nothing (medians of ten pairs).
    """
    gc.freeze()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; clients may connect from now on. Raises SettingsError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else "there is no such port"
        raise SettingsError(
            f"Can't listen on {host}, port {port}: {reason}. Choose another address."
        ) from None
    # Connections inherit it. uvloop sets it itself; asyncio's own loop does not on sockets made like this, and then
    # the second part of every answer waits 40 ms for the first one's acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def allow_many_sockets() -> None:
    """Lifts the usual limit of 1,024 open files as far as this process may: a thousand stalled clients reach it."""
    if sys.platform != "win32":
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = MOST_SOCKETS if hard == resource.RLIM_INFINITY else min(hard, MOST_SOCKETS)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextmanager
def stop_signals(again: Callable[[], None]) -> Iterator[asyncio.Event]:
    """An event that SIGTERM or SIGINT sets; `again` is called for each further one."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT)

    def stop() -> None:
        if stopped.is_set():
            again()
        stopped.set()

    for number in numbers:
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
        else:
            loop.add_signal_handler(number, stop)
    try:
        yield stopped
    finally:
        if sys.platform != "win32":
            for number in numbers:
                loop.remove_signal_handler(number)
