"""Caddy and nginx as `deploy/` sets them up, before the real service: each request reaches it as it came, and nobody's
word is taken for where it came from."""

import asyncio
import re
import socket
import sqlite3
import ssl
import subprocess
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from newsletter.demo import Inbox, mail_server
from tests.bench._service import NO_LIMITS
from tests.cli.machine import Machine
from tests.figures import Figure
from tests.house.source import ROOT
from tests.mail.conftest import eventually
from tests.ports import free_ports
from tests.proof.tools import program

DEPLOY = ROOT / "deploy"
NAME = "news.example.org"
LARGE = b"x" * (2 << 20)  # more than a form may be, less than a guide
FORGED = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9", "X-Real-IP": "203.0.113.9"}

PROGRAMS = (
    ("GET", "/api/v1/subscribers"),
    ("POST", "/api/v1/magnets"),
    ("POST", "/hooks/bounces/postmark"),
    ("GET", "/metrics"),
)
ANY = "@SECLEVEL=0"  # also what OpenSSL by itself would not speak any more
RECOMMENDED = {
    f"ECDHE-{key}-{cipher}"
    for key in ("ECDSA", "RSA")
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
}
"""Of TLS 1.2, by RFC 9325 §4.2 and Mozilla’s “intermediate”; of TLS 1.3 each server here knows the same three."""


class Proxied(NamedTuple):
    port: int  # of the proxy, with TLS
    plain: int  # and without
    folder: Path


@contextmanager
def at_work(
    command: list[str], folder: Path, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / f"{Path(command[0]).name}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def caddy(folder: Path, port: int, plain: int, service: int) -> list[str]:
    """Its file with a certificate of its own making, and with ports that are free."""
    text = (DEPLOY / "Caddyfile").read_text("utf-8")
    path, caddy = folder / "Caddyfile", program("caddy", "Debian: apt-get install caddy")
    path.write_text(text)
    subprocess.run(
        [caddy, "validate", "--adapter", "caddyfile", "--config", str(path)], check=True, capture_output=True
    )
    ours = f"admin off\n\tskip_install_trust\n\tlocal_certs\n\thttp_port {plain}\n\thttps_port {port}\n\tservers {{"
    path.write_text(text.replace("servers {", ours, 1).replace("127.0.0.1:8000", f"127.0.0.1:{service}"))
    return [caddy, "run", "--adapter", "caddyfile", "--config", str(path)]


def nginx(folder: Path, port: int, plain: int, service: int) -> list[str]:
    """Its file within an http block, as a distribution includes it."""
    text = (DEPLOY / "nginx.conf").read_text("utf-8")
    openssl = program("openssl", "Debian: apt-get install openssl")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={NAME}", "-days", "2",
         "-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
    text = text.replace(f"/etc/letsencrypt/live/{NAME}", str(folder)).replace(
        "127.0.0.1:8000", f"127.0.0.1:{service}"
    )
    text = re.sub(r"\blisten (\[::\]:)?443\b", rf"listen \g<1>{port}", text)
    text = re.sub(r"\blisten (\[::\]:)?80\b", rf"listen \g<1>{plain}", text)
    text = re.sub(r"(?m)^ +listen \[::\].*\n", "", text)  # a machine may have no IPv6
    (folder / "site.conf").write_text(text)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    (folder / "nginx.conf").write_text(
        f"pid {folder}/pid;\nerror_log {folder}/nginx.err;\ndaemon off;\nuser root;\nevents {{}}\n"
        f"http {{\n{temporary}access_log {folder}/access.log;\ninclude {folder}/site.conf;\n}}\n"
    )
    command = [
        program("nginx", "Debian: apt-get install nginx-light"),
        "-c",
        str(folder / "nginx.conf"),
        "-p",
        str(folder),
    ]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    return command


@pytest.fixture(params=[caddy, nginx], ids=["caddy", "nginx"])
async def proxied(request: pytest.FixtureRequest, tmp_path: Path, sqlite_url: str) -> AsyncIterator[Proxied]:
    port, plain, behind = free_ports(3)
    command = request.param(tmp_path, port, plain, behind)
    async with mail_server(Inbox(tmp_path / "inbox")) as smtp_port:
        machine = Machine(tmp_path, sqlite_url, tmp_path / "compiled")
        machine.environment |= NO_LIMITS | {
            "NEWSLETTER_SMTP_URL": f"smtp://127.0.0.1:{smtp_port}?tls=off", "NEWSLETTER_PUBLIC_URL": f"https://{NAME}",
            "NEWSLETTER_TRUSTED_PROXIES": "127.0.0.1/32", "NEWSLETTER_STORE_IP": "true", "HOME": str(tmp_path),
        }  # fmt: skip
        service = machine.command("serve", "--port", str(behind))
        with at_work(service, tmp_path, machine.environment), at_work(command, tmp_path, machine.environment):
            yield Proxied(port, plain, tmp_path)


class Reader(httpx.AsyncClient):
    """A browser for which our name leads to this machine."""

    def __init__(self, port: int) -> None:
        anybody = ssl.create_default_context()
        anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
        super().__init__(
            base_url=f"https://127.0.0.1:{port}", verify=anybody, headers={"Host": NAME}, timeout=30
        )

    async def ask(self, method: str, path: str, **more: object) -> httpx.Response:
        asked = self.build_request(method, path, extensions={"sni_hostname": NAME}, **more)  # type: ignore[arg-type]  # httpx's own many
        return await self.send(asked)


async def at_its_door(web: Reader) -> None:
    async def up() -> bool:
        with suppress(httpx.TransportError):
            return (await web.ask("GET", "/health")).status_code == 200
        return False

    await eventually(up, 60)


async def test_all_comes_through_as_it_is(proxied: Proxied, figure: Figure) -> None:
    async with Reader(proxied.port) as web:
        await at_its_door(web)
        page = await web.ask("GET", "/forms/guide")
        assert page.status_code == 200
        assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
        sent = await web.ask("POST", "/forms/guide", data={"email": "ada@example.org"}, headers=FORGED)
        assert (sent.status_code, sent.headers["Location"]) == (303, "/forms/guide/sent")
        large = await web.ask("POST", "/forms/guide", content=LARGE)
        assert large.status_code == 413
        guide = await web.ask(
            "POST", "/api/v1/magnets", content=LARGE, headers={"Content-Type": "application/pdf"}
        )
        assert guide.status_code == 401, "the service is asked whose it is, and not the proxy how large"
        assert (await web.ask("GET", "/u/a-link-of-somebodys")).status_code == 404
    seen = await asyncio.to_thread(ips, proxied.folder)
    assert seen == {"127.0.0.1"}, "the proxy's peer, and nothing that it says of itself"
    kept = b"".join(path.read_bytes() for path in proxied.folder.glob("*") if path.suffix in (".log", ".err"))
    figure("proxy_answers_as_they_are", 6)
    assert b"a-link-of-somebodys" not in kept
    assert b"ada@example.org" not in kept


async def test_pages_are_led_to_tls_and_programs_are_told(proxied: Proxied) -> None:
    async with Reader(proxied.port) as web:
        await at_its_door(web)
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{proxied.plain}", headers={"Host": NAME}, timeout=30
    ) as web:
        page = await web.get("/forms/guide?a=b")
        assert page.status_code in (301, 308)
        assert page.headers["Location"] == f"https://{NAME}/forms/guide?a=b"
        for method, path in PROGRAMS:
            told = await web.request(method, path)
            assert (told.status_code, told.headers.get("Location")) == (403, None), path


async def test_only_recommended_ciphers_are_spoken(proxied: Proxied) -> None:
    async with Reader(proxied.port) as web:
        await at_its_door(web)
    known = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    known.set_ciphers(f"ALL:COMPLEMENTOFALL:{ANY}")
    names = {one["name"] for one in known.get_ciphers() if one["protocol"] != "TLSv1.3"}
    assert names > RECOMMENDED
    assert len(names) > 60, "this machine knows too few weak ones to tell"
    spoken = {name for name in names if speaks(proxied.port, name, ssl.TLSVersion.TLSv1_2)}
    assert spoken
    assert spoken <= RECOMMENDED
    for old in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        assert not speaks(proxied.port, "ALL", old)


def speaks(port: int, ciphers: str, version: ssl.TLSVersion) -> bool:
    """Whether it is answered in nothing but these."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers(f"{ciphers}:{ANY}")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of the oldest versions
        context.minimum_version = context.maximum_version = version
    with (
        socket.create_connection(("127.0.0.1", port), timeout=30) as plain,
        suppress(ssl.SSLError, ConnectionError),
        context.wrap_socket(plain, server_hostname=NAME),
    ):
        return True
    return False


def ips(folder: Path) -> set[str]:
    with closing(sqlite3.connect(folder / "newsletter.db")) as raw:
        return {ip for (ip,) in raw.execute("SELECT ip FROM signups")}


def test_caddy_understands_what_is_written_of_two_machines(tmp_path: Path) -> None:
    written = (DEPLOY / "README.md").read_text("utf-8")
    (block,) = re.findall(rf"(?m)^    {NAME} \{{\n(?:    .*\n)+", written)
    (tmp_path / "Caddyfile").write_text(re.sub(r"(?m)^    ", "", block))
    command = [program("caddy", "Debian: apt-get install caddy"), "validate", "--adapter", "caddyfile"]
    done = subprocess.run(
        [*command, "--config", str(tmp_path / "Caddyfile")], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert block.count(":8000") == 2
