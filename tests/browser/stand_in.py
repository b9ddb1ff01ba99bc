"""Plays the service's JSON face over real sockets, so that a test can script every answer."""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from newsletter.paths import TEMPLATES

Message = MutableMapping[str, Any]
Reply = tuple[int, dict[str, Any]]

FORM = {
    "slug": "guide",
    "title": "Get the free guide",
    "intro": "A short guide with worksheets.",
    "button": "Send me the guide",
    "wording": "Yes, send me the free guide and the newsletter.",
    "fields": [
        {
            "name": "email", "label": "Email", "required": True, "help": "We send you one mail to confirm.",
            "max_length": 254, "type": "email", "autocomplete": "email",
        },
        {"name": "name", "label": "First name", "help": "Optional.", "autocomplete": "given-name", "max_length": 100},
    ],
    "magnets": [],
    "token": "signed-time",
}  # fmt: skip
FRAME = b"""<!doctype html><html lang="en"><title>Get the free guide</title>
<script>parent.postMessage({newsletter: "height", height: 333}, "*")</script>"""
WELCOME: Reply = (202, {"message": "Please check your inbox.", "hint": None})


class StandIn:
    """`posted` holds what came; `replies` are given in turn, the last one for good."""

    def __init__(self) -> None:
        self.posted: list[dict[str, Any]] = []
        self.plain: list[bytes] = []
        self.replies: list[Reply] = [WELCOME]
        self.form_status = 200
        self.open = asyncio.Event()  # answers wait for it
        self.open.set()

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{step}.complete"})
            return
        status, media_type, body = await self._answer(scope, await _body(receive))
        origin = dict(scope["headers"]).get(b"origin", b"null")
        headers = [
            (b"content-type", media_type.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-headers", b"content-type"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Message, body: bytes) -> tuple[int, str, bytes]:
        if scope["method"] == "OPTIONS":
            return 204, "text/plain", b""
        if scope["path"] == "/embed.js":
            return 200, "text/javascript", (TEMPLATES / "assets" / "embed.js").read_bytes()
        if scope["path"].endswith("/embed"):
            return 200, "text/html", FRAME
        await self.open.wait()
        if scope["method"] == "GET":
            return _json((self.form_status, FORM))
        if not dict(scope["headers"])[b"content-type"].startswith(b"application/json"):
            self.plain.append(body)
            return 200, "text/html", b"<!doctype html><title>Sent</title>"
        self.posted.append(json.loads(body))
        return _json(self.replies.pop(0) if len(self.replies) > 1 else self.replies[0])


def _json(reply: Reply) -> tuple[int, str, bytes]:
    return reply[0], "application/json", json.dumps(reply[1]).encode()


async def _body(receive: Callable[[], Awaitable[Message]]) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)
