"""Addresses with letters beyond ASCII before the @ are written as they are, to servers that take them (RFC 6531)."""

import asyncio
import email
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from email.policy import SMTPUTF8
from pathlib import Path

import msgspec
import pytest
from aiosmtpd.smtp import SMTP, Envelope

from newsletter.addresses import parse
from newsletter.errors import BadInput
from newsletter.mail import Mailings, Post, Recipient, Tally, reach
from newsletter.mail.bounces import ledger
from newsletter.mail.headers import MessageError
from newsletter.mail.smtp import UNREACHED
from newsletter.settings import Settings
from newsletter.storage import Database
from tests.mail.conftest import ADA, CONTEXTS, AtWork, eventually, rows, settled
from tests.mail.every import KINDS, built
from tests.mail.keys import Keys
from tests.mail.mailing import content, keep
from tests.mail.sink import Sink
from tests.mail.test_mailings import through

JURGEN = "jürgen@example.org"
READERS = (JURGEN, "उपयोगकर्ता@example.org", "用户@example.org", "我.買+news@example.org", ADA)
OFFERED = ("PIPELINING", "8BITMIME", "SIZE 20000000", "SMTPUTF8")


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path)


@pytest.fixture
def settings(settings: Settings, keys: Keys) -> Settings:
    signed = keys.setting("rsa", "ed25519")
    return msgspec.structs.replace(settings, dkim_keys=signed, bounce_domain="back.example.com")


@asynccontextmanager
async def server(taken: list[Envelope], *, offers: bool) -> AsyncIterator[str]:
    """aiosmtpd's address; it refuses by itself what it has not offered."""

    class Keep:
        async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
            taken.append(envelope)
            return "250 ok"

    loop = asyncio.get_running_loop()
    there = await loop.create_server(
        lambda: SMTP(Keep(), hostname="mx", enable_SMTPUTF8=offers, loop=loop), "127.0.0.1", 0
    )
    yield f"smtp://127.0.0.1:{there.sockets[0].getsockname()[1]}?tls=off"
    there.close()


def to_of(raw: bytes) -> str:
    message = email.message_from_bytes(raw, policy=SMTPUTF8)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    (only,) = message["To"].addresses
    return str(only.addr_spec).encode("ascii", "surrogateescape").decode()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("recipient", READERS)
def test_in_each_kind_of_message_it_stands_as_it_is(
    settings: Settings, keys: Keys, kind: str, recipient: str
) -> None:
    """RFC 6532 §3.2: UTF-8, and no encoded word; all else is ASCII as ever."""
    raw = built(settings, kind, recipient)
    assert to_of(raw) == recipient
    assert raw.count(f"\r\nTo: {recipient}\r\n".encode()) == 1
    assert raw.replace(recipient.encode(), b"").isascii()
    assert max(len(line) for line in raw.partition(b"\r\n\r\n")[2].split(b"\r\n")) <= 76
    if kind != "broadcast":  # signed by its worker
        assert keys.hold(raw) == [True, True]
        forged = raw.replace(recipient.encode(), "jürgem@example.org".encode(), 1)
        assert keys.hold(forged) == [False, False]


@pytest.mark.parametrize("kind", ["confirmation", "broadcast"])
@pytest.mark.parametrize(
    "local", ["ü\u202e", "ü\r\nBcc: x", "ü\u2028", "ü ", "ü<", "ü,", "ü\x85", "ü=?", "ü(x)", "\ud800"]
)
def test_what_is_no_address_gets_nothing(settings: Settings, kind: str, local: str) -> None:
    with pytest.raises(MessageError):
        built(settings, kind, f"{local}@example.org")


@pytest.mark.parametrize("offers", [True, False], ids=["offered", "not offered"])
async def test_a_message_leaves_only_where_the_relay_takes_such(
    db: Database, post: Post, at_work: AtWork, keys: Keys, offers: bool
) -> None:
    taken: list[Envelope] = []
    async with server(taken, offers=offers) as relay, at_work(relay=relay):
        for to in (JURGEN, ADA):
            await db.write(post.enqueue, "guide", to, context=CONTEXTS["guide"])
        await settled(db, "sent" if offers else "failed", "sent")
    assert {one.rcpt_tos[0] for one in taken} == ({JURGEN, ADA} if offers else {ADA})
    for one in taken:
        assert isinstance(one.content, bytes)
        assert one.smtp_utf8 is (one.rcpt_tos[0] == JURGEN)
        assert str(one.mail_from).isascii()
        assert keys.hold(one.content) == [True, True]
    if not offers:
        assert (await rows(db))[0].reply == UNREACHED.words


async def sent_to(db: Database, mailings: Mailings, readers: tuple[str, ...]) -> int:
    known = [Recipient(number, email) for number, email in enumerate(readers, 1)]
    await keep(db, known)
    mailing_id: int = await db.write(mailings.start, content())
    await db.write(mailings.fill, mailing_id, known)
    return mailing_id


@pytest.mark.parametrize("pipelined", [True, False], ids=["pipelined", "one by one"])
async def test_a_broadcast_reaches_all_of_them(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink, keys: Keys, pipelined: bool
) -> None:
    sink.extensions = OFFERED if pipelined else OFFERED[1:]
    mailing_id = await sent_to(db, mailings, READERS)
    async with at_work():
        assert await through(db, mailings, mailing_id) == Tally(sent=len(READERS))
    assert {mail.recipient.decode() for mail in sink.mails} == set(READERS)
    for mail in sink.mails:
        assert to_of(mail.content) == mail.recipient.decode()
        assert mail.sender.isascii()
        assert keys.hold(mail.content) == [True, True]
    asked = [command.endswith(b" SMTPUTF8\r\n") for command in sink.commands if command.startswith(b"MAIL")]
    assert sorted(asked) == [False, *[True] * (len(READERS) - 1)]


@pytest.mark.parametrize("pipelined", [True, False], ids=["pipelined", "one by one"])
async def test_a_broadcast_passes_over_whom_the_relay_does_not_take(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink, pipelined: bool
) -> None:
    """Each is told apart with a sentence, counts for no bounce, and holds nobody else up."""
    sink.extensions = OFFERED[:3] if pipelined else OFFERED[1:3]
    others = tuple(f"reader{number}@example.org" for number in range(40))
    mailing_id = await sent_to(db, mailings, (*READERS[:2], *others, *READERS[2:4]))
    async with at_work():
        assert await through(db, mailings, mailing_id) == Tally(sent=40, failed=4)
    assert all(command.isascii() for command in sink.commands)
    failed = [one for one in await rows(db) if one.state == "failed"]
    assert {one.reply for one in failed} == {UNREACHED.words}
    assert {one.recipient for one in failed} == set(READERS[:4])
    assert not await db.read(ledger.refused, 10), "no server has said it: it is nobody's bounce"


async def test_what_the_relay_offers_is_known_from_the_first_connection_on(
    db: Database, post: Post, at_work: AtWork, sink: Sink
) -> None:
    offered = False

    async def known() -> bool:
        return await db.read(reach.reaches, JURGEN) is offered

    assert await db.read(reach.reaches, ADA)
    assert await known(), "nobody has asked it yet"
    for extensions in (OFFERED, OFFERED[:3], OFFERED):
        sink.extensions, offered = extensions, "SMTPUTF8" in extensions
        async with at_work():
            await db.write(post.enqueue, "guide", ADA, context=CONTEXTS["guide"])
            await eventually(known)


async def test_a_new_service_asks_before_there_is_any_mail(db: Database, at_work: AtWork, sink: Sink) -> None:
    sink.extensions = OFFERED

    async def known() -> bool:
        return await db.read(reach.is_known)

    async with at_work(asks=True):
        await eventually(known)
    async with at_work(asks=True):
        assert sink.connections == 1, "it is known, and not asked again"
    assert await db.read(reach.reaches, JURGEN)
    assert not [command for command in sink.commands if command.startswith(b"MAIL")]


async def test_a_relay_that_is_not_there_yet_is_no_trouble(db: Database, at_work: AtWork, sink: Sink) -> None:
    await sink.close()
    async with at_work(asks=True):
        assert not await db.read(reach.is_known)


@pytest.mark.parametrize(
    ("typed", "email"),
    [
        ("Jürgen@Example.org", "Jürgen@example.org"),
        ("ju\u0308rgen@example.org", "jürgen@example.org"),  # composed: RFC 6532 §3.1
        ("用户@例え.jp", "用户@xn--r8jz45g.jp"),
    ],
)
async def test_one_address_has_one_spelling(db: Database, typed: str, email: str) -> None:
    address = parse(typed)
    assert (address.email, address.key) == (email, email.lower())
    with pytest.raises(BadInput, match="marked fields") as refused:
        await db.read(reach.check, address.email)
    assert refused.value.fields["email"].endswith("reached from here yet.")
