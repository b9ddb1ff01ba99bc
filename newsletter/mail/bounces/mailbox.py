"""A mailbox that what comes back is delivered to, read by IMAP or POP: one message at a time, each taken once.

What is in the ledger is deleted there. What is nothing of ours stays for a person: by IMAP it is flagged, so that it is
not read again; by POP, which has no flags, it is known by its name there for as long as this process runs. All that
waits for a server is done in a thread.
"""

import imaplib
import poplib
import re
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Literal, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from newsletter.errors import NewsletterError, SettingsError
from newsletter.mail.bounces.mime import LARGEST, parse
from newsletter.mail.bounces.model import Report
from newsletter.mail.bounces.report import read

MOST = 200
"""Messages in one round; the next round goes on."""

SECONDS = 30.0
"""After so long without a byte a connection is given up."""

FLAG = "newsletter-read"
"""An IMAP keyword: it was read, and is nothing of ours."""

_SCHEMES: dict[str, tuple[Literal["imap", "pop"], int, bool]] = {
    "imaps": ("imap", 993, True),
    "pop3s": ("pop", 995, True),
    "imap": ("imap", 143, False),
    "pop3": ("pop", 110, False),
}
_HERE = ("localhost", "127.0.0.1", "::1")
_LOOKS = (
    "NEWSLETTER_BOUNCE_MAILBOX must look like imaps://name:password@mail.example.org/INBOX or "
    "pop3s://name:password@mail.example.org. Without TLS (imap, pop3) only this machine itself is asked."
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_REPLY = re.compile(r"(?i)[\w.-]{0,64}reply\+[\w.-]{1,100}@[a-z0-9.-]{1,253}")
_LINES = 20_000  # of a message of more than `LARGEST`, by POP


class Trouble(NewsletterError):
    """The mailbox can't be read now; what is in it stays there."""


class Url(msgspec.Struct, frozen=True):
    kind: Literal["imap", "pop"]
    host: str
    port: int
    tls: bool
    name: str
    password: str
    folder: str


def read_url(url: str) -> Url:
    """Raises SettingsError, without the password."""
    try:
        parts = urlsplit(url)
        kind, port, tls = _SCHEMES[parts.scheme]
        folder = unquote(parts.path.strip("/")) or "INBOX"
        found = Url(
            kind, parts.hostname or "", parts.port or port, tls, unquote(parts.username or ""),
            unquote(parts.password or ""), folder,
        )  # fmt: skip
        wrong = not (found.host and found.name and found.password) or parse_qsl(parts.query) or parts.fragment
    except (ValueError, KeyError):
        raise SettingsError(_LOOKS) from None
    if wrong or _CONTROL.search(unquote(url)) or (not tls and found.host not in _HERE):
        raise SettingsError(_LOOKS)
    return found


class Box(Protocol):
    """An open mailbox; each method waits for the server, and raises what imaplib and poplib raise."""

    def waiting(self) -> list[str]:
        """Those that were not read yet, the oldest first."""
        ...

    def fetch(self, name: str) -> bytes:
        """A message, as far as it is worth reading."""
        ...

    def taken(self, name: str) -> None:
        """It is in the ledger, or says nothing that counts of a mail of ours: it goes."""
        ...

    def passed(self, name: str) -> None:
        """It is nothing of ours, and stays."""
        ...

    def close(self) -> None: ...


class _Imap:
    def __init__(self, url: Url, trusts: ssl.SSLContext, seen: set[str]) -> None:
        self._seen = seen
        self._expunges = False
        self._server = (
            imaplib.IMAP4_SSL(url.host, url.port, ssl_context=trusts, timeout=SECONDS)
            if url.tls
            else imaplib.IMAP4(url.host, url.port, timeout=SECONDS)
        )

    def enter(self, url: Url) -> None:
        self._server.login(url.name, url.password)
        _, can = self._server.capability()  # a server says more to whom it knows
        self._expunges = b"UIDPLUS" in b" ".join(can).upper().split()
        folder = url.folder.replace("\\", "\\\\").replace('"', '\\"')
        answer, _ = self._server.select(f'"{folder}"')
        if answer != "OK":
            raise imaplib.IMAP4.error("no such folder")

    def waiting(self) -> list[str]:
        _, found = self._server.uid("SEARCH", "UNDELETED", "UNKEYWORD", FLAG)
        names = [one.decode("ascii") for one in (found[0] or b"").split()]
        return [name for name in names if name not in self._seen][:MOST]

    def fetch(self, name: str) -> bytes:
        _, found = self._server.uid("FETCH", name, f"(BODY.PEEK[]<0.{LARGEST}>)")
        return next((bytes(one[1]) for one in found if isinstance(one, tuple)), b"")

    def taken(self, name: str) -> None:
        """Only this one is expunged where the server can do that; else it is left to whoever empties the mailbox."""
        self._server.uid("STORE", name, "+FLAGS.SILENT", r"(\Deleted)")
        if self._expunges:
            self._server.uid("EXPUNGE", name)

    def passed(self, name: str) -> None:
        answer, _ = self._server.uid("STORE", name, "+FLAGS.SILENT", f"({FLAG})")
        if answer != "OK":  # it keeps no keywords
            self._seen.add(name)

    def close(self) -> None:
        try:
            self._server.logout()
        finally:
            with suppress(OSError):
                self._server.shutdown()


class _Pop:
    def __init__(self, url: Url, trusts: ssl.SSLContext, seen: set[str]) -> None:
        self._seen = seen
        self._server = (
            poplib.POP3_SSL(url.host, url.port, timeout=SECONDS, context=trusts)
            if url.tls
            else poplib.POP3(url.host, url.port, timeout=SECONDS)
        )
        self._numbers: dict[str, str] = {}
        self._sizes: dict[str, int] = {}

    def enter(self, url: Url) -> None:
        self._server.user(url.name)
        self._server.pass_(url.password)

    def waiting(self) -> list[str]:
        for line in self._server.list()[1]:
            number, size = line.decode("ascii").split()[:2]
            self._sizes[number] = int(size)
        for line in self._server.uidl()[1]:
            number, _, name = line.decode("ascii", "replace").partition(" ")
            self._numbers[name] = number
        self._seen.intersection_update(self._numbers)
        return [name for name in self._numbers if name not in self._seen][:MOST]

    def fetch(self, name: str) -> bytes:
        number = int(self._numbers[name])
        self._seen.add(name)  # first: one that can't be read shall not stop all others again and again
        whole = self._sizes.get(self._numbers[name], 0) <= 10 * LARGEST
        _, lines, _ = self._server.retr(number) if whole else self._server.top(number, _LINES)
        return b"\r\n".join(lines)[:LARGEST]

    def taken(self, name: str) -> None:
        self._server.dele(int(self._numbers[name]))

    def passed(self, name: str) -> None:
        """It is in `seen` already."""

    def close(self) -> None:
        try:
            self._server.quit()
        finally:
            self._server.close()


def opened(url: Url, trusts: ssl.SSLContext, seen: set[str]) -> Box:
    """`seen`: what was passed over and can't be flagged there; it belongs to the process.

    Raises what imaplib and poplib raise.
    """
    box = _Imap(url, trusts, seen) if url.kind == "imap" else _Pop(url, trusts, seen)
    try:
        box.enter(url)
    except BaseException:
        with suppress(OSError, EOFError, imaplib.IMAP4.error, poplib.error_proto):
            box.close()
        raise
    return box


class Letter(msgspec.Struct, frozen=True):
    """What was in a message: a report, and to which address of a comment's thread it answers, if it does."""

    report: Report
    raw: bytes
    answers: str


def letter(raw: bytes, domain: str) -> Letter:
    """The mail to a notification's own address at the bounce domain is an answer to it."""
    message = parse(raw)
    for field in ("delivered-to", "x-original-to", "to"):
        for found in _REPLY.findall(message.first(field)):
            if domain and found.lower().endswith(f"@{domain}") and found.lower().startswith("reply+"):
                return Letter(Report("auto"), raw, found)
    return Letter(read(raw), raw, "")


def troubled(url: Url, work: Callable[[], object]) -> object:
    """Runs `work`. Raises Trouble, whose sentence says neither name nor password."""
    try:
        return work()
    except ssl.SSLError as error:
        why = f"its TLS can’t be trusted ({getattr(error, 'verify_message', '') or error.reason or 'no TLS'})"
    except (imaplib.IMAP4.abort, EOFError):
        why = "it closed the connection"
    except (imaplib.IMAP4.error, poplib.error_proto):
        why = "it refuses the name, the password, the folder or what was asked of it"
    except OSError as error:
        why = error.strerror or "it doesn’t answer"
    raise Trouble(f"The mailbox at {url.host}:{url.port} can’t be read: {why}.")
