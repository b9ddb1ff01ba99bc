"""Starts what is measured: the service and its database as processes, on a plain disk or a slow one."""

import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL

HERE = Path(__file__).parent
PYTHON = sys.executable
ROUNDS = 9
"""Pairs of runs, short ones: the machine's speed drifts less within a pair than from one pair to the next."""

NO_LIMITS = {
    "NEWSLETTER_SIGNUPS_PER_NETWORK": "100000000",
    "NEWSLETTER_BARE_SIGNUPS_PER_NETWORK": "100000000",
    "NEWSLETTER_SIGNUPS_TOTAL": "100000000",
    "NEWSLETTER_PROOF_ABOVE": "100000000",
    "NEWSLETTER_COMMENTS_PER_NETWORK": "100000000",
    "NEWSLETTER_COMMENT_PAUSE": "0",
    "NEWSLETTER_ALLOWED_ORIGINS": "https://blog.example.org",
    "NEWSLETTER_SECRET_KEY": "bench-" + "k" * 40,
    "NEWSLETTER_FROM": "Olga <olga@letters.example.org>",
}


def slow_disk(folder: Path) -> str:
    """A library that makes each fsync 2 ms longer, for LD_PRELOAD."""
    library = folder / "slow_disk.so"
    compiler = shutil.which("cc")
    if compiler is None:
        sys.exit("The slow disk is made with a C compiler. Install one (Debian: gcc) and try again.")
    source = str(HERE / "_slow_disk.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", str(library), source, "-ldl"], check=True)
    return str(library)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def service(url: str, *, bare: bool = False, preload: str = "") -> Iterator[tuple[int, int]]:
    """The service on that database; its port and its process id. `bare`: its writes return at once."""
    environment = {
        **os.environ, **NO_LIMITS, "NEWSLETTER_DATABASE_URL": url, "NEWSLETTER_PUBLIC_URL": "http://localhost:8000",
        "BENCH_STORE": "nothing" if bare else "all", "LD_PRELOAD": preload,
    }  # fmt: skip
    with started(["tests.bench._target"], environment) as run:
        yield run


@contextmanager
def started(module: Sequence[str], environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    """A module that serves on the port it is given, and says `ready`; its port and its process id."""
    port = free_port()
    command = [PYTHON, "-m", *module, str(port)]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        ready, _, _ = select.select([run.stdout], [], [], 60)
        if not ready or "ready" not in run.stdout.readline():
            run.kill()
            sys.exit("The service did not start; see above.")
        try:
            yield port, run.pid
        finally:
            run.communicate(timeout=60)


def load(
    port: int, kind: str, *, connections: int = 64, seconds: float = 1.5, tokens: Sequence[str] = ()
) -> float:
    """Answered requests a second; the run is void when any of them was not answered well."""
    command = [PYTHON, "-m", "tests.bench._load", str(port), str(connections), str(seconds), kind]
    done = subprocess.run(command, input="\n".join(tokens), text=True, capture_output=True, check=True)
    rate, _, statuses = done.stdout.strip().partition(" ")
    if not all(part.startswith(("303:", "200:", "304:")) for part in statuses.split()):
        sys.exit(f"Not every request was answered well: {statuses}")
    return float(rate)


@contextmanager
def sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        yield f"sqlite:///{folder}/bench.db"


@contextmanager
def postgres(preload: str = "") -> Iterator[str]:
    """A PostgreSQL of its own with default durability, on a Unix socket in a temporary folder."""
    binaries = postgres_binaries()
    folder = Path(tempfile.mkdtemp(prefix="bench", dir="/tmp"))
    folder.chmod(0o755)
    data = folder / "data"
    data.mkdir()
    as_user: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
        shutil.chown(data, "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    subprocess.run(
        [*as_user, str(binaries / "initdb"), "-D", str(data), "-A", "trust"],
        check=True,
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    server = subprocess.Popen(
        [*as_user, "env", f"LD_PRELOAD={preload}", str(binaries / "postgres"), "-D", str(data),
         "-k", str(folder), "-c", "listen_addresses=", "-c", "max_connections=100"], stdout=DEVNULL, stderr=DEVNULL,
    )  # fmt: skip
    try:
        url = f"postgresql://postgres@/postgres?host={folder}"
        while subprocess.run(
            [str(binaries / "pg_isready"), "-h", str(folder)], check=False, stdout=DEVNULL, stderr=DEVNULL
        ).returncode:
            if server.poll() is not None:
                sys.exit("PostgreSQL did not start.")
        yield url
    finally:
        subprocess.run(
            [*as_user, str(binaries / "pg_ctl"), "-D", str(data), "-m", "fast", "stop"],
            check=False,
            stdout=DEVNULL,
            stderr=DEVNULL,
        )
        server.wait(timeout=30)
        with suppress(OSError):
            shutil.rmtree(folder)


def postgres_binaries() -> Path:
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    sys.exit("This bench needs PostgreSQL's server. Install it (Debian: postgresql) and try again.")
