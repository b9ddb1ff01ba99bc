"""The one door to the relay: aiosmtplib connects (TLS, AUTH, EHLO), then our own `Wire` carries the messages.

What is known about a message depends on the phase. Before its final dot nothing was delivered; after the dot
an answer is the truth, and no answer leaves it in doubt (RFC 1047). Trouble that is the relay's own is told
apart from a refusal of this message, so that a broken relay never uses up a message's tries.
"""

import asyncio
import re
import ssl
from contextlib import suppress
from typing import Literal, cast
from urllib.parse import parse_qsl, unquote, urlsplit

import aiosmtplib
import msgspec

from newsletter.addresses import BEYOND_ASCII
from newsletter.errors import SettingsError
from newsletter.mail.wire import CONTROL, Broken, Reply, Wire

MOST_PER_CONNECTION = 100
_PHASES = ("MAIL", "RCPT", "DATA")
_GOOD = (2, 2, 3)
_RESULTS: dict[int, Literal["sent", "deferred", "failed"]] = {2: "sent", 4: "deferred", 5: "failed"}
_ADDRESS = re.compile(rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~.{BEYOND_ASCII}-]{{1,64}}@[A-Za-z0-9.-]{{1,253}}")
_LOOSE_END = re.compile(rb"\r\n|\r|\n")
# Wrong order of commands, TLS or a login wanted, a login refused: nothing that a recipient could cause.
_RELAYS_OWN = frozenset({421, 454, 503, 530, 534, 535, 538})


Tls = Literal["implicit", "required", "auto", "off"]
_TLS: dict[str, Tls] = {"required": "required", "auto": "auto", "off": "off"}
_PORTS: dict[Tls, int] = {"implicit": 465, "required": 587}


class RelayUrl(msgspec.Struct, frozen=True):
    host: str
    port: int
    tls: Tls
    username: str | None = None
    password: str | None = None


class Timeouts(msgspec.Struct, frozen=True):
    """Seconds. Waiting less than ten minutes after the dot makes duplicates (RFC 5321 §4.5.3.2.6)."""

    connect: float = 30
    command: float = 120
    body: float = 180
    dot: float = 600
    idle: float = 15  # a connection that nobody uses is closed
    pause: float = 1  # after trouble with the relay; doubles
    longest_pause: float = 60


class Outcome(msgspec.Struct, frozen=True):
    """What the server said about one message, or (in doubt) why it could not."""

    result: Literal["sent", "deferred", "failed", "in_doubt"]
    code: int
    words: str


UNREACHED = Outcome("failed", 0, "The relay offers no SMTPUTF8, which this address needs.")


class RelayTrouble(Exception):
    """The relay can't be used now; nothing was handed over. The sentence holds no address."""


def parse_url(url: str) -> RelayUrl:
    """``smtp://name:password@host:587?tls=required|auto|off`` or ``smtps://…``. Raises SettingsError.

    With a password TLS is required unless the address says otherwise.
    """
    try:
        return _parsed(url)
    except (ValueError, KeyError):
        raise SettingsError(
            "NEWSLETTER_SMTP_URL must look like smtp://name:password@mail.example.org:587?tls=required "
            "(tls: required, auto or off) or smtps://name:password@mail.example.org."
        ) from None


def _parsed(url: str) -> RelayUrl:
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
    username = unquote(parts.username) if parts.username else None
    tls: Tls = _TLS[options.pop("tls", "required" if username else "auto")]
    if parts.scheme == "smtps":
        tls = "implicit"
    elif parts.scheme != "smtp":
        raise ValueError(parts.scheme)
    if not parts.hostname or parts.path.strip("/") or options or CONTROL.search(unquote(url)):
        raise ValueError(parts.scheme)
    port = parts.port or _PORTS.get(tls, 25)
    return RelayUrl(parts.hostname, port, tls, username, unquote(parts.password or "") if username else None)


def wire_form(message: bytes) -> bytes:
    """CRLF at every line's end and no lone dot in between, so that nothing in it can end it early."""
    message = _LOOSE_END.sub(b"\r\n", message)
    if not message.endswith(b"\r\n"):
        message += b"\r\n"
    if message.startswith(b"."):
        message = b"." + message
    return message.replace(b"\r\n.", b"\r\n..")


class Connection:
    """An open way to the relay that carries one message after the other. Made by `connect`."""

    def __init__(self, wire: Wire, extensions: dict[str, str], timeouts: Timeouts) -> None:
        self.wire = wire
        self.timeouts = timeouts
        self.extensions = frozenset(extensions)  # in lower case
        self.pipelining = "pipelining" in extensions
        self.beyond_ascii = "smtputf8" in extensions  # before the @ (RFC 6531)
        size = extensions.get("size", "")
        self._takes_size = "size" in extensions
        self.largest = int(size) if size.isascii() and size.isdigit() else 0  # 0: no limit is known
        self.carried = 0

    @property
    def tls(self) -> str:
        """The version, such as ``TLSv1.3``; '' where nothing is encrypted."""
        return self.wire.tls

    @property
    def usable(self) -> bool:
        return self.wire.quiet and self.carried < MOST_PER_CONNECTION

    def reaches(self, recipient: str) -> bool:
        return self.beyond_ascii or recipient.isascii()

    async def send(self, sender: str, recipient: str, message: bytes) -> Outcome:
        """Hand over one message. Raises RelayTrouble when the relay never came to judge it."""
        if not (_ADDRESS.fullmatch(sender) and _ADDRESS.fullmatch(recipient)):
            return Outcome("failed", 553, "The address can't be written into an SMTP command as it is.")
        if not self.reaches(recipient):
            return UNREACHED
        body = wire_form(message)
        if 0 < self.largest < len(body):
            return Outcome("failed", 552, f"The relay takes {self.largest} bytes; this has {len(body)}.")
        try:
            outcome = await self.propose(sender, recipient, len(body)) or await self._carry(body)
            if outcome is None:
                outcome = await self.verdict()
        except Broken as broken:
            raise RelayTrouble(str(broken)) from None
        except RelayTrouble as trouble:
            self.wire.cut(str(trouble))  # so that the next try is a fresh connection's
            raise
        self.carried += 1
        return outcome

    async def propose(self, sender: str, recipient: str, size: int) -> Outcome | None:
        """MAIL, RCPT, DATA: None when the body may follow. Raises Broken, RelayTrouble."""
        commands = self.envelope(sender, recipient, size)
        if self.pipelining:
            self.wire.write(b"".join(commands))
            return await self.judged()
        for phase, command, good in zip(_PHASES, commands, _GOOD, strict=True):
            self.wire.write(command)
            reply = await self._answer(good)
            if reply.code // 100 != good:
                await self._clear(wants_body=False, has_recipient=False)
                return refusal(phase, reply)
        return None

    def envelope(self, sender: str, recipient: str, size: int) -> list[bytes]:
        mail = f"MAIL FROM:<{sender}>" + (f" SIZE={size}" if self._takes_size else "")
        if not recipient.isascii():  # which stands in the message's own To as well
            mail += " BODY=8BITMIME SMTPUTF8"
        return [f"{mail}\r\n".encode(), f"RCPT TO:<{recipient}>\r\n".encode(), b"DATA\r\n"]

    async def judged(self) -> Outcome | None:
        """What the server says to an envelope that was sent in one piece. Raises Broken, RelayTrouble."""
        if self.wire.took(_GOOD):
            return None
        refusals: dict[str, Reply] = {}
        for phase, good in zip(_PHASES, _GOOD, strict=True):
            reply = await self._answer(good)
            if reply.code // 100 != good:
                refusals[phase] = reply
        if not refusals:
            return None
        await self._clear(wants_body=reply.code // 100 == 3, has_recipient="RCPT" not in refusals)
        return refusal(*next(iter(refusals.items())))

    async def _answer(self, good: int) -> Reply:
        """To a command that is answered by this class of code, or refused. Raises Broken."""
        reply = await self.wire.reply(self.timeouts.command)
        if reply.code // 100 not in (good, 4, 5):
            self.wire.cut("The server's answers are out of step.")
            raise Broken("The server's answers are out of step.")
        return reply

    async def _clear(self, *, wants_body: bool, has_recipient: bool) -> None:
        """After a refusal: who wants a body for nobody gets an empty one (RFC 2920 §3.1), for somebody none."""
        if wants_body and has_recipient:
            self.wire.cut("The server wants a message that it has refused.")
            return
        with suppress(Broken):  # then the connection isn't usable any more, which is all there is to know
            self.wire.write(b".\r\n" if wants_body else b"RSET\r\n")
            await self.wire.reply(self.timeouts.command)

    async def _carry(self, body: bytes) -> Outcome | None:
        """The body, and when all of it is gone the dot: until then nothing was delivered.

        None when the verdict is to follow. Raises Broken, RelayTrouble.
        """
        self.wire.write(body)
        await self.wire.drained(self.timeouts.body)
        if self.wire.quiet:
            self.wire.write(b".\r\n")
            return None
        reply = await self.wire.reply(0)
        self.wire.cut("The server spoke in the middle of the message.")
        return refusal("DATA", reply)

    async def verdict(self) -> Outcome:
        """What the server says to the message itself. Raises RelayTrouble when it has not taken it."""
        try:
            reply = await self.wire.reply(self.timeouts.dot)
        except Broken as broken:
            return Outcome("in_doubt", 0, str(broken))
        if reply.code == 421:
            raise RelayTrouble("The server closed (421) instead of taking the message.")
        if reply.code // 100 not in _RESULTS:  # what follows would be taken for a part of this message
            self.wire.distrust("The server's answers are out of step.")
        return Outcome(_RESULTS.get(reply.code // 100, "in_doubt"), reply.code, reply.said)

    def cut(self) -> None:
        """Drop it at once: what is under way is then untold or in doubt, by its phase."""
        self.wire.cut("The worker had to stop.")

    async def close(self) -> None:
        await self.wire.close()


def refusal(phase: str, reply: Reply) -> Outcome:
    """Ours alone is refused at RCPT and DATA; at MAIL, where every message says the same, only its size is."""
    if reply.code in _RELAYS_OWN or (phase == "MAIL" and reply.code != 552):
        raise RelayTrouble(f"The relay refused {phase} with {reply.code}.")
    return Outcome("deferred" if reply.code // 100 == 4 else "failed", reply.code, reply.said)


async def connect(
    relay: RelayUrl, hello: str, timeouts: Timeouts, tls_context: ssl.SSLContext | None = None
) -> Connection:
    """A connection that is greeted, encrypted and logged in as the address asks. Raises RelayTrouble."""
    client = aiosmtplib.SMTP(
        hostname=relay.host,
        port=relay.port,
        username=relay.username,
        password=relay.password,
        local_hostname=hello,
        timeout=timeouts.connect,
        use_tls=relay.tls == "implicit",
        start_tls={"required": True, "auto": None}.get(relay.tls, False),
        tls_context=tls_context,
    )
    try:
        await client.connect()
        if client.is_ehlo_or_helo_needed:
            await _greet(client)
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        client.close()
        raise RelayTrouble(_connect_trouble(relay, error)) from None
    return Connection(_take_over(client), client.esmtp_extensions, timeouts)


async def _greet(client: aiosmtplib.SMTP) -> None:
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError:
        if not client.is_connected:
            raise
        await client.helo()


def _take_over(client: aiosmtplib.SMTP) -> Wire:
    return Wire(cast("asyncio.Transport", client.transport))


def _connect_trouble(relay: RelayUrl, error: Exception) -> str:
    """Without the server's own words where they may repeat our login."""
    where = f"{relay.host}:{relay.port}"
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return f"The relay {where} refused the login ({error.code})."
    if isinstance(error, aiosmtplib.SMTPResponseException):
        said = error.code if error.code > 0 else "something that is not SMTP"
        return f"The relay {where} greeted with {said}."
    return f"No connection to the relay {where}: {error}"
