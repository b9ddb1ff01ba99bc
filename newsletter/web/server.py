"""The HTTP server: uvicorn's httptools protocol on uvloop, with the deadlines and caps that it lacks.

No access log, no server header, no trust in X-Forwarded-*: paths carry tokens, and who a client is gets
decided in kit/origins.py.
"""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from newsletter import clock
from newsletter.web.deadlines import Deadlines, Patience, Stage
from newsletter.web.kit import failures
from newsletter.web.lifespan import lifespan
from newsletter.web.process import allow_many_sockets, listen, settle, stop_signals

_log = logging.getLogger(__name__)

MOST_WAITING = 100  # requests of one connection that wait for the one before them

REFUSALS = {
    400: "This request can't be understood.",
    408: "The request took too long to arrive.",
    414: "This address is too long.",
    431: "The request's headers are too long.",
    505: "This server speaks HTTP/1.1 and HTTP/1.0.",
}


class Connection(HttpToolsProtocol):
    """One client's connection: uvicorn's, and the patience that we have with it."""

    def __init__(
        self, deadlines: Deadlines, config: Config, server_state: ServerState, app_state: dict[str, Any]
    ) -> None:
        super().__init__(config, server_state, app_state, asyncio.get_running_loop())
        self.access_log = False  # whatever the process's logging says: paths carry tokens
        self._patience = Patience(deadlines)
        self._head_bytes = deadlines.head_bytes
        self._status = 400
        self._deaf = False  # what comes is thrown away
        self._arrived = 0  # bytes in all
        self._chunk = 0  # bytes that came just now
        self._head = 0  # bytes of headers that came after a chunk had ended within them
        self._framing = 0  # bytes after the headers that are no body: chunk sizes, extensions, trailers

    def data_received(self, data: bytes) -> None:
        size = len(data)
        self._arrived += size
        if self._deaf:
            return
        self._chunk = size
        if self._in_head():
            self._head += size
        super().data_received(data)
        if self._in_head():
            if self._head > self._head_bytes:
                self._refuse(414 if len(self.url) > self._head_bytes / 2 else 431)
            return
        self._head = 0
        self._framing += size
        if self._framing > self._head_bytes:
            self._refuse(400)

    def _in_head(self) -> bool:
        return bool(self.scope) and not (self.cycle and self.cycle.scope is self.scope)

    def on_headers_complete(self) -> None:
        if self._head + self._chunk > self._head_bytes:
            self._judge_size()
        version = self.parser.get_http_version()
        if version != "1.1":
            self._judge_version(version)
        if len(self.pipeline) >= MOST_WAITING:
            self._reject(400)
        upgrades = self.parser.should_upgrade()
        if upgrades and self._has(b"content-length", b"transfer-encoding"):
            self._reject(400)  # the parser would lose the body
        super().on_headers_complete()
        self.headers = []  # what follows the body may not join the headers that the app sees
        self._framing = -self._chunk
        self._head = 0
        if upgrades:
            self.cycle.keep_alive = False

    def _judge_size(self) -> None:
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self._head_bytes:
            self._reject(414 if len(self.url) > size / 2 else 431)

    def _judge_version(self, version: str) -> None:
        if version != "1.0":
            self._reject(505)
        if self._has(b"transfer-encoding"):
            self._reject(400)  # RFC 9112 §6.1: such framing is faulty

    def _has(self, *names: bytes) -> bool:
        return any(name in names for name, _ in self.headers)

    def _reject(self, status: int) -> None:
        """Ends the parsing; uvicorn then calls send_400_response."""
        self._status = status
        raise ValueError

    def on_body(self, body: bytes) -> None:
        self._framing -= len(body) * 9  # in the smallest chunks, five bytes frame each one
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  the sentence is ours
        self._refuse(self._status)

    def check(self, now: float) -> None:
        """Ends the connection when its time is up. The server calls it every second or so."""
        unsent = self.transport.get_write_buffer_size()
        stage = Stage.UNREAD if unsent else self._stage()
        if not self._patience.is_over(now, stage, self.scope, unsent or self._arrived):
            return
        if stage is Stage.UNREAD:
            self.transport.abort()
        elif stage in (Stage.HEAD, Stage.BODY):
            self._refuse(408)
        else:
            self.transport.close()

    def _stage(self) -> Stage:
        busy = self._is_busy()
        if self._in_head() and not busy:
            return Stage.LINGER if self._deaf else Stage.HEAD
        if busy:
            waits = self.cycle.more_body and not self.flow.read_paused and not self._in_head()
            return Stage.BODY if waits else Stage.ANSWER
        return Stage.LINGER if self._deaf or (self.cycle and self.cycle.more_body) else Stage.IDLE

    def _is_busy(self) -> bool:
        """Whether an answer is under way or due."""
        return bool(self.cycle and not self.cycle.response_complete and not self.cycle.disconnected)

    def _refuse(self, status: int) -> None:
        """Answers in the app's place, as far as it has not begun to, and hears no more."""
        self._deaf = True
        if self._is_busy():
            if self._in_head() or not self.cycle.more_body:
                self.cycle.keep_alive = False  # the requests before this one still get their answers
                return
            if self.pipeline or self.cycle.response_started:
                self.transport.close()
                return
            self.cycle.disconnected = True  # the app gets to know; what it sends is dropped
            self.cycle.message_event.set()
        text = REFUSALS[status].encode()
        self.transport.write(
            b"HTTP/1.1 %d %s\r\n" % (status, HTTPStatus(status).phrase.encode())
            + b"".join(b"%s: %s\r\n" % header for header in self.server_state.default_headers)
            + b"content-type: text/plain; charset=utf-8\r\nx-content-type-options: nosniff\r\n"
            + b"content-length: %d\r\nconnection: close\r\n\r\n%s" % (len(text), text)
        )
        self.transport.write_eof()


class Server:
    """Serves an ASGI app on one address inside the running loop; one process may run several.

    Port 0 takes a free one, and `port` then says which. `drain` is how many seconds the requests under way
    get when it stops.
    """

    def __init__(
        self,
        app: Callable[..., Any],
        host: str = "127.0.0.1",
        port: int = 8000,
        *,
        drain: float = 30.0,
        deadlines: Deadlines | None = None,
    ) -> None:
        self.host, self.port = host, port
        self._app = app
        self._drain = drain
        self._deadlines = deadlines or Deadlines()
        self._state = ServerState()
        self._open = AsyncExitStack()

    async def __aenter__(self) -> "Server":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Raises SettingsError when the address can't be had, and whatever the app's start-up raises."""
        async with AsyncExitStack() as opened:
            listening = opened.enter_context(closing(listen(self.host, self.port)))
            app_state = await opened.enter_async_context(lifespan(self._app))
            await opened.enter_async_context(self._accepting(listening, app_state))
            self.port = listening.getsockname()[1]
            self._open = opened.pop_all()

    @asynccontextmanager
    async def _accepting(self, listening: socket.socket, app_state: dict[str, Any]) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        config = self._config()
        sweeping = loop.create_task(self._sweep())
        accepting = await loop.create_server(
            lambda: Connection(self._deadlines, config, self._state, app_state), sock=listening, backlog=2048
        )
        try:
            yield
        finally:
            accepting.close()
            await self._finish()
            sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await sweeping

    def _config(self) -> Config:
        config = Config(
            self._app,
            interface="asgi3",
            http=Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",  # what it logs of a request is noise, or private; the edge logs what fails
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=int(self._deadlines.idle) + 5,  # ours comes first
        )
        config.load()
        return config

    async def _sweep(self) -> None:
        """One timer for all connections: a timer for each would cost every request more."""
        pace = min(1.0, self._deadlines.shortest / 4)
        loop = asyncio.get_running_loop()
        while True:
            date = format_datetime(clock.moment(clock.now()), usegmt=True)
            self._state.default_headers = [(b"date", date.encode())]
            for connection in list(self._state.connections):
                if isinstance(connection, Connection):
                    self._check(connection, loop.time())
            await asyncio.sleep(pace)

    def _check(self, connection: Connection, now: float) -> None:
        try:
            connection.check(now)
        except Exception as error:  # noqa: BLE001  the sweep goes on for the others
            failures.logger.error("A connection could not be closed in time.\n%s", failures.account(error))
            connection.transport.abort()

    async def _finish(self) -> None:
        """Idle connections close at once; requests under way are answered first, as long as `drain` lasts."""
        began = clock.monotonic()
        for connection in list(self._state.connections):
            connection.shutdown()
        while (  # noqa: ASYNC110  two sets that uvicorn empties without telling
            self._state.connections or self._state.tasks
        ) and clock.monotonic() < began + self._drain:
            await asyncio.sleep(0.02)
        for connection in list(self._state.connections):
            connection.transport.abort()
        if tasks := list(self._state.tasks):
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=1.0)

    def hurry(self) -> None:
        """Don't wait for the requests under way."""
        self._drain = 0.0

    async def stop(self) -> None:
        await self._open.aclose()


async def serve(
    app: Callable[..., Any], host: str, port: int, *, drain: float = 30.0, deadlines: Deadlines | None = None
) -> None:
    """Until SIGTERM or SIGINT. A second one cuts off the requests under way; mail on the wire is still finished.

    Raises like Server.start.
    """
    allow_many_sockets()
    server = Server(app, host, port, drain=drain, deadlines=deadlines)
    with stop_signals(server.hurry) as stopped:
        async with server:
            settle()
            _log.info("Answering on http://%s:%d", host, server.port)
            await stopped.wait()
