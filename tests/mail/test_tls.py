"""Nothing that matters goes in clear when TLS is wanted, and nobody on the way can speak before it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from newsletter.mail.smtp import RelayTrouble, Timeouts, connect, parse_url
from tests.mail.conftest import ADA
from tests.mail.sink import CLOSE, GARBAGE, HANG, Sink, client_tls, server_tls

SENDER = "letters@example.com"
AMPLE = Timeouts()
BRIEF = Timeouts(connect=0.3)  # where the sink hangs
AUTH = "AUTH PLAIN LOGIN"


@pytest.fixture
async def secret() -> AsyncIterator[Sink]:
    """Offers STARTTLS."""
    sink = Sink()
    sink.tls = server_tls()
    sink.extensions = ("PIPELINING", AUTH)
    await sink.open()
    yield sink
    await sink.close()


async def send(sink: Sink, url: str, timeouts: Timeouts = AMPLE) -> str:
    connection = await connect(parse_url(url.format(port=sink.port)), "example.com", timeouts, client_tls())
    outcome = await connection.send(SENDER, ADA, b"Hello.\r\n")
    await connection.close()
    return outcome.result


@asynccontextmanager
async def trouble(sink: Sink) -> AsyncIterator[None]:
    """Neither a login nor a sender may have been said in clear."""
    with pytest.raises(RelayTrouble):
        yield
    assert not [c for c in sink.commands if c.upper().startswith((b"AUTH", b"MAIL", b"RCPT"))]


async def test_starttls_works(secret: Sink) -> None:
    assert await send(secret, "smtp://olga:pass@127.0.0.1:{port}?tls=required") == "sent"
    assert [c.strip() for c in secret.clear] == [b"EHLO example.com", b"STARTTLS"]
    assert [c[:4] for c in secret.commands[2:]] == [b"EHLO", b"AUTH", b"MAIL", b"RCPT", b"DATA", b"QUIT"]


async def test_automatic_tls_is_used_where_offered(secret: Sink) -> None:
    assert await send(secret, "smtp://127.0.0.1:{port}") == "sent"
    assert [c.strip() for c in secret.clear] == [b"EHLO example.com", b"STARTTLS"]


async def test_smtps_works() -> None:
    sink = Sink()
    await sink.open(implicit=server_tls())
    assert await send(sink, "smtps://127.0.0.1:{port}") == "sent"
    assert not sink.clear
    await sink.close()


async def test_a_large_message_goes_through_tls(secret: Sink) -> None:
    large = b"0123456789" * 7 + b"\r\n"
    connection = await connect(
        parse_url(f"smtp://127.0.0.1:{secret.port}?tls=required"), "x.org", AMPLE, client_tls()
    )
    for _ in range(3):
        assert (await connection.send(SENDER, ADA, large * 30_000)).result == "sent"
    await connection.close()
    assert [mail.content for mail in secret.mails] == [large * 30_000] * 3


async def test_a_hidden_starttls_is_noticed(secret: Sink) -> None:
    secret.tls = None
    async with trouble(secret):
        await send(secret, "smtp://olga:pass@127.0.0.1:{port}?tls=required")


@pytest.mark.parametrize("act", ["454 not now", "500 what", "220", GARBAGE, CLOSE, HANG, "421 busy"])
async def test_a_failing_starttls_is_noticed(secret: Sink, act: str) -> None:
    secret.plays({"STARTTLS": act})
    async with trouble(secret):
        await send(secret, "smtp://olga:pass@127.0.0.1:{port}", BRIEF if act == HANG else AMPLE)


async def test_a_stranger_s_certificate_is_refused(secret: Sink) -> None:
    async with trouble(secret):
        relay = parse_url(f"smtp://olga:pass@127.0.0.1:{secret.port}?tls=required")
        await connect(relay, "example.com", AMPLE)  # knows the usual authorities only


async def test_a_name_that_is_not_the_certificate_s_is_refused(secret: Sink) -> None:
    async with trouble(secret):
        relay = parse_url(f"smtp://olga:pass@127.0.0.2:{secret.port}?tls=required")
        server = await asyncio.start_server(secret._accept, "127.0.0.2", secret.port)
        try:
            await connect(relay, "example.com", AMPLE, client_tls())
        finally:
            server.close()


async def test_what_is_said_before_tls_does_not_count(secret: Sink) -> None:
    """Somebody on the way adds an answer behind the go-ahead (CVE-2011-0411, GHSA-vxj7-4xrp-5vr4)."""
    injected = "220 go ahead\r\n250-evil.example.com\r\n250 SIZE 1"
    secret.plays({"STARTTLS": injected, "TLS": "injected"})
    assert await send(secret, "smtp://olga:pass@127.0.0.1:{port}") == "sent"
    assert [c.strip() for c in secret.clear] == [b"EHLO example.com", b"STARTTLS"]


@pytest.mark.parametrize("act", ["535 who are you", "454 later", "421 busy", "534 other way", CLOSE, HANG])
async def test_a_refused_login_is_the_relay_s_trouble(secret: Sink, act: str) -> None:
    secret.plays({"AUTH": [act, act, act]})
    with pytest.raises(RelayTrouble) as raised:
        await send(secret, "smtp://olga:pass@127.0.0.1:{port}", BRIEF if act == HANG else AMPLE)
    assert "olga" not in str(raised.value)
    assert not [c for c in secret.commands if c.startswith(b"MAIL")]
