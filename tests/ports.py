"""Ports for servers that a test starts in a process of its own."""

import random
import socket
from contextlib import suppress


def free_ports(count: int) -> list[int]:
    """Below those that the system hands out by itself, so that nobody takes one before it is used."""
    free: list[int] = []
    while len(free) < count:
        port = random.randrange(10_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            free.append(port)
    return free
