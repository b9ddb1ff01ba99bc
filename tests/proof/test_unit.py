"""The systemd unit keeps the service in, and lets it do all that it does."""

import asyncio
import os
import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from newsletter.demo import Inbox, mail_server
from tests.bench._service import NO_LIMITS, free_port
from tests.cli.machine import Machine
from tests.figures import Figure
from tests.house.source import ROOT
from tests.mail.conftest import eventually
from tests.proof.tools import program
from tests.web.wire import ask, status

UNIT = ROOT / "deploy/newsletter.service"
MOST = 2.0  # of 10, as systemd-analyze counts what a service could do
FORM = b"email=ada%40example.org&name=Ada"
SIGN_UP = (
    b"POST /forms/guide HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(FORM), FORM)
)
DESK = b"GET /admin/sign-in HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def analyze(*words: str) -> str:
    command = [program("systemd-analyze", "Debian: apt-get install systemd"), "--no-pager", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def syscalls(name: str) -> set[str]:
    """Of one of systemd's groups, with those that it is made of."""
    found: set[str] = set()
    for line in analyze("syscall-filter", name).splitlines()[1:]:
        word = line.partition("#")[0].strip()
        found |= syscalls(word) if word.startswith("@") else {word} - {""}
    return found


def test_it_gives_away_little(figure: Figure) -> None:
    said = analyze("security", "--offline=true", str(UNIT))
    (score,) = re.findall(r"exposure level for newsletter.service: ([\d.]+)", said)
    figure("unit_exposure", float(score), f"<= {MOST}", float(score) <= MOST)
    assert float(score) <= MOST


async def test_what_it_forbids_the_service_never_asks_for(tmp_path: Path, figure: Figure) -> None:
    """From the start over a sign-up, its mail and a page of the desk to the end, each system call is an allowed one."""
    strace, traced = program("strace", "Debian: apt-get install strace"), tmp_path / "traced"
    async with mail_server(Inbox(tmp_path / "inbox")) as smtp_port:
        machine = Machine(tmp_path, f"sqlite:///{tmp_path}/newsletter.db", tmp_path / "compiled")
        machine.environment |= NO_LIMITS | {"NEWSLETTER_SMTP_URL": f"smtp://127.0.0.1:{smtp_port}?tls=off"}
        port = free_port()
        command = [strace, "-f", "-qq", "-o", str(traced), *machine.command("serve", "--port", str(port))]
        process = subprocess.Popen(
            command, cwd=tmp_path, env=machine.environment, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:

            async def is_signed_up() -> bool:
                assert process.poll() is None
                with suppress(ConnectionError):
                    return status(await ask(port, SIGN_UP)) == 303
                return False

            await eventually(is_signed_up, 90)
            await eventually(lambda: mailed(tmp_path / "inbox"), 60)
            assert status(await ask(port, DESK)) == 200
            os.killpg(process.pid, signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, 60) == 0
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    asked = set(re.findall(r"^\d+ +(\w+)\(", traced.read_text("utf-8", "replace"), re.MULTILINE))
    allowed = syscalls("@system-service") - syscalls("@privileged") - syscalls("@resources")
    if os.geteuid() == 0:
        allowed.add(
            "fchown"
        )  # SQLite's own: it gives a root's files to the database's owner, and nobody else's
    filters = re.findall(r"^SystemCallFilter=(.+)$", UNIT.read_text("utf-8"), re.MULTILINE)
    assert filters == ["@system-service", "~@privileged @resources"]
    figure("unit_system_calls", len(asked))
    figure("unit_system_calls_forbidden", " ".join(sorted(asked - allowed)), "none", asked <= allowed)
    assert {"fdatasync", "accept4", "connect"} <= asked
    assert not asked - allowed


async def mailed(folder: Path) -> bool:
    return any(folder.iterdir())
