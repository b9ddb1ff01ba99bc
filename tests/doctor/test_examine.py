"""The whole examination: against a real relay, a real web server and a DNS of our own."""

import asyncio
import time
from collections.abc import AsyncIterator
from email.utils import formatdate
from pathlib import Path

import msgspec
import pytest

from newsletter.clock import HOUR, now
from newsletter.doctor import Finding, Names, examine, machine, ways
from newsletter.mail import dkim_keys
from newsletter.settings import Settings
from tests.cast import SETTINGS
from tests.doctor.conftest import Zone
from tests.mail.sink import Sink, client_tls, server_tls

DOMAIN = "letters.example.com"


class Web:
    """Answers each method with a status, by HTTP/1.1, or in TLS."""

    def __init__(self) -> None:
        self.statuses = {"GET": 200, "POST": 200}
        self.page = b"<h1>You have unsubscribed</h1>"
        self.late = 0.0  # seconds that its clock is behind
        self.asked: list[str] = []
        self.port = 0

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b"":
            method, path, _ = head.decode().split("\r\n", 1)[0].split(" ")
            self.asked.append(f"{method} {path}")
            if method == "POST":
                assert await reader.readexactly(26) == b"List-Unsubscribe=One-Click"
            date = formatdate(time.time() - self.late, usegmt=True)
            status, size = self.statuses[method], len(self.page)
            answer = f"HTTP/1.1 {status} x\r\nDate: {date}\r\nContent-Length: {size}\r\n\r\n"
            writer.write(answer.encode() + self.page)
            await writer.drain()
            if method == "POST":
                break
        writer.close()


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    web = Web()
    server = await asyncio.start_server(web.converse, "127.0.0.1", 0)
    web.port = server.sockets[0].getsockname()[1]
    yield web
    server.close()
    await server.wait_closed()


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    sink = Sink()
    await sink.open()
    yield sink
    await sink.close()


@pytest.fixture
def settings(sink: Sink, web: Web, sqlite_url: str, tmp_path: Path) -> Settings:
    key = tmp_path / "s1.pem"
    dkim_keys.make(key, "ed25519")
    return msgspec.structs.replace(
        SETTINGS,
        database_url=sqlite_url,
        public_url=f"http://127.0.0.1:{web.port}",
        smtp_url=f"smtp://127.0.0.1:{sink.port}?tls=off",
        from_email=f"olga@{DOMAIN}",
        owner_email=f"olga@{DOMAIN}",
        postal_address="Olga, 1 Quay, Porto",
        dkim_keys=(f"s1={key}",),
    )


@pytest.fixture
def published(zone: Zone, settings: Settings) -> Zone:
    """All that a careful owner puts into the DNS."""
    path = Path(settings.dkim_keys[0].partition("=")[2])
    zone.says(DOMAIN, "TXT", "v=spf1 ip4:127.0.0.1 -all")
    zone.says(f"s1._domainkey.{DOMAIN}", "TXT", dkim_keys.record(path)[1])
    zone.says(f"_dmarc.{DOMAIN}", "TXT", f"v=DMARC1; p=none; rua=mailto:olga@{DOMAIN}")
    zone.says(DOMAIN, "MX", f"10 mx.{DOMAIN}.")
    zone.says("127.0.0.1", "A", "127.0.0.1")
    zone.says("1.0.0.127.in-addr.arpa", "PTR", f"mx.{DOMAIN}.")
    zone.says(f"mx.{DOMAIN}", "A", "127.0.0.1")
    return zone


def areas(found: list[Finding], level: str) -> list[str]:
    return [
        one.area for one in found if one.level == level and "https" not in one.sentence and one.area != "Disk"
    ]


@pytest.mark.usefixtures("published")
async def test_all_is_well(settings: Settings, names: Names, sink: Sink, web: Web) -> None:
    sink.extensions = (*sink.extensions, "SMTPUTF8")
    found = await examine(settings, names)
    assert areas(found, "wrong") == []
    assert areas(found, "note") == []
    assert found[-1].sentence == "What Gmail, Yahoo and Microsoft ask of a newsletter is there."
    assert sink.mails == []
    assert web.asked == ["GET /health", "POST /u/doctor"]


async def test_where_mail_comes_back_to_is_asked_too(
    published: Zone, settings: Settings, names: Names
) -> None:
    """Servers ask for the SPF of the envelope's domain, and bounces go there."""
    apart = msgspec.structs.replace(settings, bounce_domain=f"bounces.{DOMAIN}")
    found = [one for one in await examine(apart, names) if f"bounces.{DOMAIN}" in one.sentence]
    assert [(one.area, one.level) for one in found] == [("SPF", "wrong"), ("MX", "wrong")]
    published.says(f"bounces.{DOMAIN}", "TXT", "v=spf1 ip4:127.0.0.1 -all")
    published.says(f"bounces.{DOMAIN}", "MX", f"10 mx.{DOMAIN}.")
    assert areas(await examine(apart, names), "wrong") == []


async def test_nothing_is_well(zone: Zone, settings: Settings, names: Names, sink: Sink, web: Web) -> None:
    zone.says("example.com", "A", "127.0.0.1")
    web.statuses, web.late = {"GET": 200, "POST": 302}, HOUR / 1000
    await sink.close()
    lost = msgspec.structs.replace(settings, database_url="sqlite:////nowhere/x.db", postal_address="")
    found = await examine(lost, names)
    assert areas(found, "wrong") == [
        "Settings", "Database", "Clock", "One-click", "SMTP", "SPF", "DKIM", "DMARC", "MX", "PTR", "Gmail & co.",
    ]  # fmt: skip
    assert all(one.to_do for one in found if one.level == "wrong")
    assert found[-1].sentence.endswith("SPF, DKIM, DMARC, one-click unsubscribing.")


async def test_a_page_of_somebody_elses_is_no_one_click(web: Web, settings: Settings) -> None:
    web.page = b"<h1>Please sign in</h1>"
    (found,) = [one for one in (await ways.web(settings)).findings if one.area == "One-click"]
    assert (found.level, "200 before it reaches" in found.sentence) == ("wrong", True)


async def test_a_service_that_speaks_german_takes_one_click_too(web: Web, settings: Settings) -> None:
    web.page = b"<h1>Sie haben sich abgemeldet</h1>"
    (found,) = [one for one in (await ways.web(settings)).findings if one.area == "One-click"]
    assert found.level == "well"


async def test_what_can_be_read_on_the_way_is_told(sink: Sink, settings: Settings) -> None:
    sink.extensions = ("SIZE 5000",)
    elsewhere = msgspec.structs.replace(settings, smtp_url=f"smtp://0.0.0.0:{sink.port}?tls=off")
    found = await ways.relay(elsewhere, "desk", lost=False)
    said = " ".join(one.sentence for one in found)
    assert "is not encrypted" in said
    assert [one.to_do for one in found if one.level == "wrong"] == [
        "Choose a way that is encrypted for your mail server at the desk, under Settings."
    ]
    assert "no PIPELINING" in said
    assert "5,000 bytes at most" in said


async def test_a_certificate_is_looked_at(web: Web, settings: Settings) -> None:
    server = await asyncio.start_server(web.converse, "127.0.0.1", 0, ssl=server_tls())
    port = server.sockets[0].getsockname()[1]
    away = msgspec.structs.replace(settings, public_url=f"https://localhost:{port}")
    found, _ = await ways.web(away, client_tls())
    assert any("certificate is good until" in one.sentence for one in found)
    (untrusted,) = (await ways.web(away)).findings
    assert "can't be reached" in untrusted.sentence
    server.close()
    await server.wait_closed()


def test_a_disk_that_is_too_quick_is_not_believed(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "HONEST", 1e9)
    (found,) = machine.disk(sqlite_url)
    assert found.level == "wrong"
    assert "no disk is that quick" in found.sentence


def test_clocks_may_differ_a_little() -> None:
    assert machine.clocks(None) == []
    assert machine.clocks(now() - 1_000)[0].level == "well"
    assert "+14, here" in machine.clocks(now(), "Pacific/Kiritimati")[0].sentence
    assert machine.clocks(now() + HOUR)[0].level == "wrong"
