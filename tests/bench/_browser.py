"""The desk as a browser asks for it: an owner signs in, and takes a file out."""

import http.client
import subprocess
import time
from urllib.parse import urlsplit

from tests.bench._service import PYTHON

HOST = {"Host": "localhost:8000"}  # by NEWSLETTER_PUBLIC_URL, wherever it listens


def sign_in(port: int, environment: dict[str, str]) -> str:
    """The cookie of a session."""
    link = subprocess.run(
        [PYTHON, "-m", "newsletter", "sign-in-link", "olga@example.org"],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("POST", urlsplit(link.strip()).path, headers=HOST)
    answer = connection.getresponse()
    cookie = answer.getheader("Set-Cookie", "")
    assert answer.status == 303, answer.status
    connection.close()
    return cookie.partition(";")[0]


def take(port: int, cookie: str, path: str) -> tuple[float, int]:
    """Seconds until the last byte of it was there, and how many they were."""
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", path, headers=HOST | {"Cookie": cookie})
    answer = connection.getresponse()
    assert answer.status == 200, answer.status
    size = 0
    while piece := answer.read(1 << 16):
        size += len(piece)
    connection.close()
    return time.perf_counter() - began, size
