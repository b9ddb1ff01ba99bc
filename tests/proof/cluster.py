"""Machines on one database, each a process of its own."""

import asyncio
import signal
import subprocess
from contextlib import suppress

from tests.cli.machine import Machine
from tests.ports import free_ports
from tests.proof.set_clock import FILE, SECONDS, set_to
from tests.web.wire import ask, status


class Cluster:
    """Its nodes by name: a, b answer; x, y, z send."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.ports = dict(zip("ab", free_ports(2), strict=True))
        self.nodes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, apart: int = 0) -> None:
        """`apart`: so many seconds its clock is ahead of the others'."""
        words = ["worker"]
        if name in self.ports:
            words = ["serve", "--no-worker", "--port", str(self.ports[name])]
        log = self.machine.folder / f"{name}.log"
        with log.open("ab") as out:
            command = self.machine.command(*words, "--no-migrate")
            if apart:
                command[command.index("newsletter")] = "tests.proof.set_clock"
            self.nodes[name] = subprocess.Popen(
                command, cwd=self.machine.folder, stdout=out, stderr=out,
                env=self.machine.environment | self._clock(apart),
            )  # fmt: skip

    def _clock(self, apart: int) -> dict[str, str]:
        file = self.machine.folder / "clock"
        set_to(file, 0)
        return {FILE: str(file), SECONDS: str(apart)}

    def kill(self, *names: str) -> None:
        for name in names:
            self.nodes[name].send_signal(signal.SIGCONT)
            self.nodes[name].kill()
            self.nodes[name].wait(60)

    async def answers(self, name: str) -> bool:
        assert self.nodes[name].poll() is None, (self.machine.folder / f"{name}.log").read_text()
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            return (
                status(
                    await ask(
                        self.ports[name], b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                    )
                )
                == 200
            )
        return False

    async def sign_up(self, name: str, email: str) -> bool:
        """Whether it was answered well; a machine that is gone, or has lost its database, says nothing or 503."""
        body = f"email={email.replace('@', '%40')}"
        head = f"POST /forms/guide HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
        asked = f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}"
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            async with asyncio.timeout(10):
                answer = await ask(self.ports[name], asked.encode())
            assert not answer or status(answer) in (303, 503), answer
            return bool(answer) and status(answer) == 303
        return False
