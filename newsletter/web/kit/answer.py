"""An answer on its way out: security headers on all, no body for HEAD, a gentle end for what was refused."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from newsletter.web.kit.incoming import Incoming
from newsletter.web.kit.policy import content_policy

Header = tuple[bytes, bytes]
Message = dict[str, Any]

CONTENT_SECURITY_POLICY = content_policy().encode()
_FRAMELESS = (b"x-frame-options", b"DENY")
_POLICY = b"content-security-policy"

answered = [0] * 10
"""How many answers this process has begun, by the first figure of their status."""


def security_headers(*, secure: bool) -> tuple[Header, ...]:
    """What an answer carries unless it says otherwise itself. HSTS only where TLS is known to work."""
    hsts = ((b"strict-transport-security", b"max-age=31536000"),) if secure else ()
    return (
        (_POLICY, CONTENT_SECURITY_POLICY),
        _FRAMELESS,
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
        *hsts,
    )


class Answer:
    """Stands between the app's `send` and the server's."""

    __slots__ = ("_ended", "_headers", "_names", "_send", "bodiless", "incoming", "started", "status")

    def __init__(self, headers: tuple[Header, ...], send: Callable[[Message], Awaitable[None]]) -> None:
        self._headers = headers
        self._send = send
        self._ended = False
        self.incoming: Incoming | None = None
        self.bodiless = False
        self.started = False
        self.status = 0  # before it has begun

    def send(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            answered[self.status // 100] += 1
            return self._send({**message, "headers": self._dressed(message.get("headers", ()))})
        if self.bodiless:
            return self._end()
        if self._refused() and not message.get("more_body", False):
            return self._end(message.get("body", b""))
        return self._send(message)

    def _dressed(self, given: Iterable[Header]) -> list[Header]:
        headers = list(given)
        names = {name for name, _ in headers}
        missing = self._headers
        if not names.isdisjoint(SECURITY_NAMES):
            missing = tuple(header for header in missing if header[0] not in names)
            if _POLICY in names and b"frame-ancestors 'none'" not in dict(headers)[_POLICY]:
                missing = tuple(header for header in missing if header is not _FRAMELESS)
        if self._refused():
            headers.append((b"connection", b"close"))
        return [*headers, *missing]

    def _refused(self) -> bool:
        return self.incoming is not None and self.incoming.refused

    async def _end(self, body: bytes = b"") -> None:
        """The last message; the app may go on sending, and is not heard."""
        if self._ended:
            return
        self._ended = True
        if self.incoming is not None and self.incoming.refused:
            await self._send({"type": "http.response.body", "body": body, "more_body": True})
            await self.incoming.drain()
            body = b""
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def whole(self, status: int, headers: list[Header], body: bytes) -> None:
        """A complete answer that no cache keeps."""
        length = (b"content-length", b"%d" % len(body))
        cache = (b"cache-control", b"no-store")
        await self.send(
            {"type": "http.response.start", "status": status, "headers": [*headers, length, cache]}
        )
        await self.send({"type": "http.response.body", "body": body, "more_body": False})


SECURITY_NAMES = frozenset(name for name, _ in security_headers(secure=True))
