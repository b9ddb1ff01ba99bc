"""Every mail that the demonstration sends, kept as it came: a folder with one file for each."""

from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from functools import lru_cache
from pathlib import Path

import msgspec

from newsletter.ids import new_id

SHOWN = (  # the first three at once
    "From", "To", "Date", "Reply-To", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post",
    "Auto-Submitted", "Return-Path", "Delivered-To",
)  # fmt: skip


MOST = 200
"""Letters on one page."""


class Letter(msgspec.Struct, frozen=True):
    id: int
    at: int  # ms, when it came
    sender: str
    to: str
    subject: str


class Attachment(msgspec.Struct, frozen=True):
    name: str
    media_type: str
    content: bytes


class OpenLetter(Letter, frozen=True):
    """A letter with all that is in it; `html` and `text` are empty where it has no such part."""

    headers: list[tuple[str, str]]
    html: str
    text: str
    attachments: list[Attachment]
    source: str

    @property
    def unsubscribe(self) -> str:
        """The address of the one-click button (RFC 8058), if it has one."""
        headers = dict(self.headers)
        if "List-Unsubscribe-Post" not in headers:
            return ""
        links = (part.strip(" <>") for part in headers.get("List-Unsubscribe", "").split(","))
        return next((link for link in links if link.startswith("http")), "")


class Inbox:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._glance = lru_cache(maxsize=1000)(self._read)  # a letter never changes

    def keep(self, content: bytes) -> None:
        path = self._path(new_id())
        fresh = path.with_suffix(".part")
        fresh.write_bytes(content)
        fresh.rename(path)

    def newest(self, most: int = MOST, before: int | None = None) -> list[Letter]:
        """The newest that came, or that came before that one."""
        ids = sorted(id for id in self._ids() if before is None or id < before)
        return [self._glance(letter) for letter in reversed(ids[-most:])]

    def count(self) -> int:
        return sum(1 for _ in self._ids())

    def _ids(self) -> Iterator[int]:
        return (int(path.stem) for path in self._folder.glob("*.eml") if path.stem.isdigit())

    def open(self, id: int) -> OpenLetter | None:
        path = self._path(id)
        if not path.is_file():
            return None
        source = path.read_bytes()
        message = message_from_bytes(source, policy=modern)
        return OpenLetter(
            **msgspec.structs.asdict(self._glance(id)),
            headers=[(name, str(message[name])) for name in SHOWN if name in message],
            html=_text(message, "html"),
            text=_text(message, "plain"),
            attachments=[_attachment(part) for part in message.iter_attachments()],
            source=source.decode("utf-8", "replace"),
        )

    def _read(self, id: int) -> Letter:
        path = self._path(id)
        message = message_from_bytes(path.read_bytes(), policy=modern)
        at = path.stat().st_mtime_ns // 1_000_000
        sender, to, subject = (str(message[name] or "") for name in ("From", "To", "Subject"))
        return Letter(id, at, sender, to, subject)

    def _path(self, id: int) -> Path:
        return self._folder / f"{id}.eml"


def _text(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part else ""


def _attachment(part: EmailMessage) -> Attachment:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else part.as_bytes()
    return Attachment(part.get_filename() or "attachment", part.get_content_type(), content)
