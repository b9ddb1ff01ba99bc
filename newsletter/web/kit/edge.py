"""What every request passes before it reaches the app, and every answer before it leaves.

Plain ASGI around it all, so that it also holds for what no route takes and for what fails. It costs a few
microseconds a request.
"""

import re
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Any, Never
from urllib.parse import urlsplit

from litestar.exceptions import HTTPException

from newsletter.clock import monotonic
from newsletter.errors import Unavailable
from newsletter.settings import Settings
from newsletter.web.kit import failures
from newsletter.web.kit.answer import Answer, security_headers
from newsletter.web.kit.incoming import DESK_BYTES, PUBLIC_BYTES, Incoming
from newsletter.web.kit.policy import crossing, framed, heeded
from newsletter.web.kit.refusals import Refusals

App = Callable[[Any, Any, Any], Awaitable[None]]
Scope = dict[str, Any]
Page = Callable[[int, str, str, str | None, bool], str]


_LONG = (
    "/admin/broadcasts/", "/admin/sequences/", "/api/v1/broadcasts", "/api/v1/sequences", "/api/v1/settings/logo",
)  # fmt: skip
_ANY_HOST = ("/health", "/metrics")  # asked by programs that know a machine and not its name
_FILES = re.compile(
    "/admin/(import|magnets|suppressions/file|settings/logo)|/api/v1/(imports|suppressions/import|magnets(/[^/]+/versions)?)"
)
_MB = 1024 * 1024


class Edge:
    """Wraps an ASGI app that is reached by the settings' `public_url`, others for programs, for the owner, for metrics.

    `body_seconds` is how long a body may take (the server's own deadlines come first). `page` renders
    (status, title, text, reference, embedded) as HTML.
    """

    def __init__(
        self,
        app: App,
        settings: Settings,
        *,
        body_bytes: int = PUBLIC_BYTES,
        body_seconds: float = 60.0,
        page: Page | None = None,
        api: App | None = None,
        desk: App | None = None,
        hooks: App | None = None,
        metrics: App | None = None,
    ) -> None:
        self._app = app
        self._api = api or app
        self._desk = desk or app
        self._hooks = hooks or app
        self._metrics = metrics or app
        self._settings = settings
        self._hosts = hosts(settings.public_url)
        self._headers = security_headers(secure=settings.secure)
        self._body_bytes = body_bytes
        self._body_seconds = body_seconds
        self._refusals = Refusals()
        self._page = page or (lambda _status, *words: failures.page(*words[:3]))

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        answer = Answer(self._headers, send)
        try:
            self._judge(scope, headers)
            if b"content-length" in headers or b"transfer-encoding" in headers:
                incoming = Incoming(receive, self._longest(scope), monotonic() + self._body_seconds)
                answer.incoming = incoming
                incoming.judge(headers)
                receive = incoming.receive
            if scope["method"] == "HEAD":
                answer.bodiless = True
                scope = {**scope, "method": "GET", "state": {**scope.get("state", {}), "head": True}}
            await self._whose(scope["path"])(scope, receive, answer.send)
        except Exception as error:  # noqa: BLE001  whatever it is, it gets an answer
            await self._answer(scope, headers, answer, error)
        self._refusals.heed(scope["path"], answer.status)

    def _whose(self, path: str) -> App:
        if path.startswith("/api/"):
            return self._api
        if path.startswith("/hooks/bounces/"):
            return self._hooks
        if path == "/metrics":
            return self._metrics
        return self._desk if path == "/admin" or path.startswith("/admin/") else self._app

    def _longest(self, scope: Scope) -> int:
        """Bytes that a body may have there."""
        if scope["path"].startswith("/hooks/bounces/"):
            return _MB
        if scope["method"] == "POST" and _FILES.fullmatch(scope["path"]):
            return self._settings.import_mb * _MB + self._body_bytes
        return DESK_BYTES if scope["path"].startswith(_LONG) else self._body_bytes

    def _judge(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        host = headers.get(b"host", b"")
        path = scope["path"]
        if host not in self._hosts and host.lower() not in self._hosts and path not in _ANY_HOST:
            _refuse(400, "This address is not served here.")
        if len(headers) != len(scope["headers"]):
            _judge_repeated(scope)
        if not path.isprintable() or b"%00" in scope.get("query_string", b""):
            _refuse(400, "This address can’t be understood. Please copy it whole.")

    async def _answer(
        self, scope: Scope, headers: dict[bytes, bytes], answer: Answer, error: Exception
    ) -> None:
        """One answer for what the app left unanswered. After a begun one there is none: the server closes."""
        status, title, text = _said(scope, error)
        reference = failures.record(scope, error) if status == 500 else None
        if answer.started:
            return
        if failures.wants_json(scope):
            media_type = b"application/problem+json"
            content = failures.problem(status, title, text, reference)
        else:
            media_type = b"text/html; charset=utf-8"
            content = self._rendered(scope, status, title, text, reference)
        origin = headers.get(b"origin", b"").decode("latin-1")
        extra = crossing(scope["path"], origin, heeded(scope, self._settings))
        if isinstance(error, Unavailable):
            extra["Retry-After"] = str(error.retry_after)
        more = [(name.lower().encode(), value.encode("latin-1")) for name, value in extra.items()]
        await answer.whole(status, [(b"content-type", media_type), *more], content)

    def _rendered(self, scope: Scope, status: int, title: str, text: str, reference: str | None) -> bytes:
        try:
            return self._page(status, title, text, reference, framed(scope["path"])).encode()
        except Exception:  # noqa: BLE001  the page may be what failed
            return failures.page(title, text, reference).encode()


def _said(scope: Scope, error: Exception) -> tuple[int, str, str]:
    """Status, title and text for what came through to the edge."""
    if isinstance(error, Unavailable):
        failures.logger.warning("%s: %s", failures.place(scope), error.sentence)
        return 503, "Not possible right now", error.sentence
    if isinstance(error, HTTPException) and error.status_code < 500:
        return error.status_code, "Not possible", error.detail
    return 500, "Something went wrong", "This is our fault, and it has been written down."


def pass_on(_request: object, error: Exception) -> Never:
    """Litestar's handler for `Exception`: without it Litestar answers 500 itself and the edge never hears of it."""
    raise error


def hosts(public_url: str) -> frozenset[bytes]:
    """The Host headers by which `public_url` is reached: its host with and without the port.

    A site on this machine goes by every loopback name.
    """
    parts = urlsplit(public_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    name = parts.hostname or ""
    names = {"localhost", "127.0.0.1", "[::1]"} if _is_loopback(name) else set()
    names.add(f"[{name}]" if ":" in name else name)
    return frozenset(form.encode() for name in names for form in (name, f"{name}:{port}"))


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def _judge_repeated(scope: Scope) -> None:
    names = [name for name, _ in scope["headers"]]
    for once in (b"host", b"content-length", b"transfer-encoding", b"content-type"):
        if names.count(once) > 1:
            _refuse(400, f"The header {once.decode()} may stand there once only.")


def _refuse(status: int, text: str) -> Never:
    raise HTTPException(status_code=status, detail=text)
