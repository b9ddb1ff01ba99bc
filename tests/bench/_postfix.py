"""Postfix's own test programs: a server that takes all and keeps nothing, and a client that waits for each reply."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench._service import free_port

SIZE = 10_240  # bytes of a message
BACKLOG = "1000"


def program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        sys.exit(f"This bench measures beside {name}. Install it (Debian: postfix) and try again.")
    return found


@contextmanager
def sink() -> Iterator[int]:
    """`smtp-sink` on a port of its own."""
    port = free_port()
    command = [program("smtp-sink"), "-u", "root", f"127.0.0.1:{port}", BACKLOG]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            while not _listens(port):
                if process.poll() is not None:
                    sys.exit("smtp-sink did not start.")
                time.sleep(0.02)
            yield port
        finally:
            process.kill()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def source(port: int, connections: int, count: int) -> float:
    """Messages a second of `smtp-source -d`, which keeps its connections and waits for each reply."""
    command = [
        program("smtp-source"), "-d", "-s", str(connections), "-l", str(SIZE), "-m", str(count),
        "-f", "letters@example.com", "-t", "reader@example.org", f"127.0.0.1:{port}",
    ]  # fmt: skip
    began = time.perf_counter()
    subprocess.run(command, check=True)
    return count / (time.perf_counter() - began)
