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


class Started(NamedTuple):
    seconds: float
    memory: float  # MiB resident


def main(figure: Figure) -> None:
    ours: list[Started] = []
    bare: list[Started] = []
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, **NO_LIMITS, "NEWSLETTER_DATABASE_URL": f"sqlite:///{folder}/newsletter.db"}
        subprocess.run([PYTHON, "-m", "newsletter", "migrate"], env=env, check=True, capture_output=True)
        for _ in range(ROUNDS + 1):  # the first fills the caches
            ours.append(start(["newsletter", "serve", "--port"], env))
            bare.append(start(["tests.bench._bare"], env))
    for name in Started._fields:
        unit = {"seconds": "first_answer_seconds", "memory": "idle_memory_mib"}[name]
        served, least = (statistics.median(getattr(s, name) for s in runs[1:]) for runs in (ours, bare))
        figure(f"serve_{unit}", served)
        figure(f"bare_{unit}", least)
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
                time.sleep(0.002)
            return Started(time.perf_counter() - began, resident(process.pid))
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE)


def answers(port: int) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        try:
            connection.request("GET", "/health", headers={"Host": "localhost:8000"})
            return connection.getresponse().status == 200
        except ConnectionError:
            return False


def resident(pid: int) -> float:
    """Of the process, in MiB: what is charged to it now, not its peak."""
    (line,) = [x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith("VmRSS")]
    return int(line.split()[1]) / 1024
