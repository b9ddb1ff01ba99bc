"""How long `newsletter serve` takes to its first answer, and what it holds in memory then.

Beside it, the least that could be: a Litestar app with one route on the same server and loop.
"""

import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from tests.bench._service import NO_LIMITS, PYTHON, free_port
from tests.figures import Figure

ROUNDS = 5
PATIENCE = 60.0  # seconds
GOAL = 1.5


def compiled(folder: str) -> dict[str, str]:
    """The environment with a place for compiled code, as an installed program has it from its first start on."""
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": f"{folder}/compiled"}


class Started(NamedTuple):
    """At the first answer."""

    seconds: float  # since the start of the process
    cpu_seconds: float  # the same on a machine that does nothing else
    idle_mib: float  # resident


def main(figure: Figure) -> None:
    ours: list[Started] = []
    bare: list[Started] = []
    with tempfile.TemporaryDirectory() as folder:
        env = {
            **compiled(folder),
            **NO_LIMITS,
            "NEWSLETTER_DATABASE_URL": f"sqlite:///{folder}/newsletter.db",
        }
        for _ in range(ROUNDS + 1):  # the first makes the database and compiles
            ours.append(start(["newsletter", "serve", "--port"], env))
            bare.append(start(["tests.bench._bare"], env))
    for name in Started._fields:
        served, least = (statistics.median(getattr(one, name) for one in runs[1:]) for runs in (ours, bare))
        figure(f"serve_{name}", served)
        figure(f"bare_{name}", least)
        figure(f"serve_to_bare_{name}_ratio", served / least, f"<= {GOAL}", served / least <= GOAL)


def start(module: list[str], env: dict[str, str]) -> Started:
    port = free_port()
    began = time.perf_counter()
    command = [PYTHON, "-m", *module, str(port)]
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            while not answers(port):
                if process.poll() is not None or time.perf_counter() - began > PATIENCE:
                    process.kill()
                    sys.exit(f"It did not start:\n{(process.communicate()[1] or b'').decode()}")
                time.sleep(0.01)
            return Started(time.perf_counter() - began, *used(process.pid))
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE)


def used(pid: int) -> tuple[float, float]:
    """Seconds of the processor, and MiB resident. proc(5)."""
    about = Path(f"/proc/{pid}")
    spent = (about / "stat").read_text().rpartition(")")[2].split()[11:13]
    pages = int((about / "statm").read_text().split()[1])
    return sum(map(int, spent)) / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGESIZE") / 2**20


def answers(port: int) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        try:
            connection.request("GET", "/health", headers={"Host": "localhost:8000"})
            return connection.getresponse().status == 200
        except ConnectionError:
            return False
