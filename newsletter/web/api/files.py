"""What comes with a request: a body of JSON, whole and in memory; or a file, which goes to the disk as it comes."""

from asyncio import to_thread
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from hashlib import file_digest
from pathlib import Path
from typing import Any

import msgspec

from newsletter.errors import BadInput
from newsletter.settings import Settings
from newsletter.web.api.asking import Endpoint, Refusal
from newsletter.web.kit import importing

JSON = "application/json"
ANY_FILE = "application/octet-stream"
WRONG_TYPE = "Please send this as application/json, in UTF-8."
WRONG_FILE = "Please send the file itself as the body, as {}."
NO_FILE = "Please send the file itself as the body."


class Arrived(msgspec.Struct, frozen=True):
    raw: bytes  # of a file: its SHA-256
    file: Path | None = None


def judge(endpoint: Endpoint, given: Mapping[str, str]) -> None:
    """Whether it comes as what the endpoint takes. Raises Refusal."""
    kind, _, options = given.get("content-type", "").lower().partition(";")
    if endpoint.file:
        if kind.strip() not in (ANY_FILE, endpoint.file):
            said = WRONG_FILE.format(
                ANY_FILE if endpoint.file == ANY_FILE else f"{endpoint.file} or {ANY_FILE}"
            )
            raise Refusal(415, "This can’t be read", said)
    elif endpoint.takes and (kind.strip() != JSON or ("charset" in options and "utf-8" not in options)):
        raise Refusal(415, "This can’t be read", WRONG_TYPE)


@asynccontextmanager
async def arrived(
    settings: Settings, endpoint: Endpoint, receive: Callable[[], Any]
) -> AsyncIterator[Arrived]:
    """All of it: one that was cut off changes nothing. Of a file nothing stays behind on the disk.

    Raises BadInput, Unavailable, and what the edge raises.
    """
    if not endpoint.file:
        yield Arrived(b"".join([piece async for piece in _pieces(receive)]))
        return
    path = await importing.keep(settings, _pieces(receive))
    try:
        if not path.stat().st_size:
            raise BadInput(NO_FILE)
        yield Arrived(await to_thread(_digest, path), path)
    finally:
        path.unlink(missing_ok=True)


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return file_digest(file, "sha256").digest()


async def _pieces(receive: Callable[[], Any]) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refusal(400, "Not possible", "This request was cut off.")
        yield message.get("body", b"")
        more = message.get("more_body", False)
