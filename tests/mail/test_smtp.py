"""One message over one connection, with every fault in every phase: what do we then know about it?"""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from newsletter.errors import SettingsError
from newsletter.mail.smtp import Connection, RelayTrouble, RelayUrl, Timeouts, connect, parse_url, wire_form
from tests.mail.conftest import ADA, BEN
from tests.mail.sink import CLOSE, ENDLESS, GARBAGE, HALF, HANG, RESET, Sink

SENDER = "letters@example.com"
MESSAGE = b"Subject: hello\r\n\r\nHello.\r\n"
AMPLE = Timeouts()
BRIEF = {  # where the sink hangs
    "greeting": Timeouts(connect=0.2),
    "EHLO": Timeouts(connect=0.2),
    "MAIL": Timeouts(command=0.2),
    "RCPT": Timeouts(command=0.2),
    "DATA": Timeouts(command=0.2),
    "dot": Timeouts(dot=0.2),
}
TROUBLE = "trouble"  # the relay's own: the message waits, untried
PIPELINED = ("PIPELINING", "SIZE 20000000")
ONE_BY_ONE = ("SIZE 20000000",)

CUT_OFF = (HANG, RESET, CLOSE, GARBAGE, ENDLESS, HALF)
FAULTS = [
    *(("greeting", act, TROUBLE) for act in ("421 busy", "451 later", "550 never", "554 no", *CUT_OFF)),
    *(("EHLO", act, TROUBLE) for act in ("421 busy", *CUT_OFF)),
    *(("EHLO", act, "sent") for act in ("451 later", "502 what", "550 never")),  # and HELO goes well
    *(("MAIL", act, TROUBLE) for act in ("421 busy", "451 later", "530 log in", "550 not you", *CUT_OFF)),
    ("MAIL", "552 too large", "failed"),
    *(("RCPT", act, "deferred") for act in ("450 greylisted", "451 later", "452 full")),
    *(("RCPT", act, "failed") for act in ("550 unknown", "551 moved", "553 odd", "554 no")),
    *(("RCPT", act, TROUBLE) for act in ("421 busy", "503 order", "530 log in", "535 who", *CUT_OFF)),
    *(("DATA", act, "deferred") for act in ("451 later", "452 full")),
    *(("DATA", act, "failed") for act in ("550 no", "552 too large", "554 no")),
    *(("DATA", act, TROUBLE) for act in ("421 busy", "503 order", *CUT_OFF)),
    *(("dot", act, "deferred") for act in ("450 later", "451 later", "452 full")),
    *(("dot", act, "failed") for act in ("550 spam", "552 too large", "554 spam")),
    ("dot", "421 busy", TROUBLE),
    ("dot", "354 more", "in_doubt"),
    *(("dot", act, "in_doubt") for act in CUT_OFF),
]


async def open_way(sink: Sink, timeouts: Timeouts = AMPLE) -> Connection:
    return await connect(parse_url(f"smtp://127.0.0.1:{sink.port}?tls=off"), "example.com", timeouts)


async def result(sink: Sink, message: bytes = MESSAGE, timeouts: Timeouts = AMPLE) -> str:
    try:
        connection = await open_way(sink, timeouts)
    except RelayTrouble:
        return TROUBLE
    try:
        return (await connection.send(SENDER, ADA, message)).result
    except RelayTrouble:
        return TROUBLE
    finally:
        await connection.close()


@pytest.fixture
async def way(sink: Sink) -> AsyncIterator[Connection]:
    connection = await open_way(sink)
    yield connection
    await connection.close()


@pytest.mark.parametrize("extensions", [PIPELINED, ONE_BY_ONE], ids=["pipelined", "one by one"])
async def test_it_works(sink: Sink, extensions: tuple[str, ...]) -> None:
    sink.extensions = extensions
    connection = await open_way(sink)
    for recipient in (ADA, BEN):
        outcome = await connection.send(SENDER, recipient, MESSAGE)
        assert (outcome.result, outcome.code, outcome.words) == ("sent", 250, "250 taken")
    await connection.close()
    assert [(m.sender, m.recipient, m.content) for m in sink.mails] == [
        (SENDER.encode(), to.encode(), MESSAGE) for to in (ADA, BEN)
    ]
    assert sink.connections == 1
    assert sink.commands[-1] == b"QUIT\r\n"


@pytest.mark.parametrize("extensions", [PIPELINED, ONE_BY_ONE], ids=["pipelined", "one by one"])
@pytest.mark.parametrize(("phase", "act", "expected"), FAULTS)
async def test_each_fault_in_each_phase(
    sink: Sink, extensions: tuple[str, ...], phase: str, act: str, expected: str
) -> None:
    sink.extensions = extensions
    sink.plays({phase: act})
    assert await result(sink, timeouts=BRIEF[phase] if act == HANG else AMPLE) == expected
    assert len(sink.mails) == (expected == "sent")
    if expected in ("trouble", "deferred", "failed") and phase != "dot":
        assert not sink.dotted, "what was refused before the dot must not have been handed over"


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (RESET, TROUBLE),
        (CLOSE, TROUBLE),
        ("421 busy", TROUBLE),
        ("451 later", "deferred"),
        ("552 big", "failed"),
    ],
)
async def test_a_fault_in_the_body_comes_before_the_dot(sink: Sink, act: str, expected: str) -> None:
    sink.plays({"body": act})
    assert await result(sink, (b"x" * 70 + b"\r\n") * 200_000) == expected
    assert not sink.dotted


async def test_who_wants_more_after_the_dot_gets_nothing_more(sink: Sink, way: Connection) -> None:
    """What came next would be read as the end of this message, by its recipient."""
    sink.plays({"dot": "354 more"})
    assert (await way.send(SENDER, ADA, MESSAGE)).result == "in_doubt"
    assert not way.usable


@pytest.mark.parametrize("stubborn", [True, False])
@pytest.mark.parametrize("extensions", [PIPELINED, ONE_BY_ONE], ids=["pipelined", "one by one"])
async def test_a_refused_recipient_leaves_the_connection_usable(
    sink: Sink, extensions: tuple[str, ...], stubborn: bool
) -> None:
    """Also with a server that wants a body for nobody (RFC 2920 §3.1)."""
    sink.extensions, sink.stubborn = extensions, stubborn
    sink.plays({"RCPT": "550 unknown"})
    connection = await open_way(sink)
    assert (await connection.send(SENDER, BEN, MESSAGE)).result == "failed"
    assert connection.usable
    assert (await connection.send(SENDER, ADA, MESSAGE)).result == "sent"
    await connection.close()
    assert [m.recipient for m in sink.mails] == [ADA.encode()]
    assert sink.connections == 1


async def test_a_server_that_forgets_its_own_refusal_gets_no_empty_mail(sink: Sink) -> None:
    """It refused the sender, took the recipient and wants the body: a dot would be delivered."""
    sink.stubborn = True
    sink.plays({"MAIL": "552 too large"})
    assert await result(sink) == "failed"
    assert not sink.dotted


async def test_an_answer_and_then_the_end_is_an_answer(sink: Sink) -> None:
    sink.plays({"dot": "250 taken\r\n421 and closing"})
    connection = await open_way(sink)
    assert (await connection.send(SENDER, ADA, MESSAGE)).result == "sent"
    assert not connection.usable
    await connection.close()


async def test_an_answer_of_many_lines_is_one_answer(sink: Sink) -> None:
    sink.plays({"dot": "250-taken\r\n250-with thanks\r\n250 bye"})
    connection = await open_way(sink)
    assert (await connection.send(SENDER, ADA, MESSAGE)).words == "250 taken with thanks bye"
    await connection.close()


async def test_too_large_is_told_before_anything_is_sent(sink: Sink) -> None:
    sink.extensions = ("SIZE 100",)
    connection = await open_way(sink)
    assert (await connection.send(SENDER, ADA, b"x" * 200)).result == "failed"
    await connection.close()
    assert not any(c.startswith(b"MAIL") for c in sink.commands)


@pytest.mark.parametrize(
    "recipient",
    [
        "ada@example.org, ben@example.com",
        "ben@example.com> NOTIFY=NEVER",
        "ben@example.com (cleo@example.org)",
        "ben@example.com\r\nRCPT TO:<cleo@example.org>",
        '"a\r\nb"@example.com',
        "<ada@example.org>",
        "Ada <ada@example.org>",
        "ada@example.org ",
        " ada@example.org",
        "ada@example.org\n",
        "ada\x00@example.org",
        "äda@example.org",
        "ada@exämple.org",
        "ada",
        "@example.org",
        "",
    ],
)
async def test_the_recipient_on_the_wire_is_the_stored_one_or_none(
    way: Connection, sink: Sink, recipient: str
) -> None:
    assert (await way.send(SENDER, recipient, MESSAGE)).result == "failed"
    assert not any(c.upper().startswith((b"MAIL", b"RCPT")) for c in sink.commands)


async def test_a_plain_recipient_is_written_as_it_is(way: Connection, sink: Sink) -> None:
    odd = "a.o'neil+tag=x/y!{z}@sub-1.Example.org"
    assert (await way.send(SENDER, odd, MESSAGE)).result == "sent"
    assert b"RCPT TO:<" + odd.encode() + b">\r\n" in sink.commands


@pytest.mark.parametrize(
    "end", ["\n.\n", "\r.\r", "\n.\r\n", "\r\n.\n", "\r\n.\r\n", "\r\n..\r\n", "\r\n.\r"]
)
async def test_no_body_ends_early(way: Connection, sink: Sink, end: str) -> None:
    """SMTP smuggling: what follows a lone dot must stay text."""
    body = f".a{end}MAIL FROM:<mallory@example.com>{end}z".encode()
    assert (await way.send(SENDER, ADA, body)).result == "sent"
    assert [m.content for m in sink.mails] == [re.sub(rb"\r\n|\r|\n", b"\r\n", body) + b"\r\n"]
    assert [c[:4] for c in sink.commands] == [b"EHLO", b"MAIL", b"RCPT", b"DATA"]


def test_dots_are_stuffed_and_lines_end_in_crlf() -> None:
    assert wire_form(b".a\n.\r.b\r\n..c") == b"..a\r\n..\r\n..b\r\n...c\r\n"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://127.0.0.1:2525?tls=off", RelayUrl("127.0.0.1", 2525, "off")),
        ("smtp://relay.example.org", RelayUrl("relay.example.org", 25, "auto")),
        (
            "smtp://o%40x:p%3Aw@relay.example.org",
            RelayUrl("relay.example.org", 587, "required", "o@x", "p:w"),
        ),
        ("smtp://o:p@relay.example.org?tls=off", RelayUrl("relay.example.org", 25, "off", "o", "p")),
        ("smtps://o:p@relay.example.org", RelayUrl("relay.example.org", 465, "implicit", "o", "p")),
        ("smtp://[::1]:25", RelayUrl("::1", 25, "auto")),
    ],
)
def test_the_relays_address(url: str, expected: RelayUrl) -> None:
    assert parse_url(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "relay.example.org",
        "http://relay.example.org",
        "smtp://",
        "smtp://host:99999",
        "smtp://host?tls=maybe",
        "smtp://host?ssl=on",
        "smtp://host/path",
        "smtp://ho%0D%0Ast",
    ],
)
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(SettingsError, match="NEWSLETTER_SMTP_URL must look like"):
        parse_url(url)


async def test_nobody_there() -> None:
    free = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = free.sockets[0].getsockname()[1]
    free.close()
    await free.wait_closed()
    with pytest.raises(RelayTrouble, match=f"No connection to the relay 127.0.0.1:{port}"):
        await connect(parse_url(f"smtp://127.0.0.1:{port}"), "example.com", AMPLE)
