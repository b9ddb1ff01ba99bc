"""The way of a reader, a commenter and an owner, where there is no network but loopback, with every connection seen.

The tests of that way run anew in a network namespace, browsers and all, and strace tells whom each process calls.
Needs root.
"""

import ipaddress
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec
import pytest

from tests.figures import Figure
from tests.house.source import ROOT
from tests.proof.overheard import Asked
from tests.proof.tools import program

WAYS = {  # each with whether its service is a process of its own
    "reader": ("tests/browser/test_flow.py", True),
    "comment": ("tests/proof/test_comment_flow.py", True),
    "every_state": ("tests/web/test_flow.py", False),
}
SECONDS = 230  # for one of them on a busy machine; alone it takes a fifth of that
TRACED = "trace=connect,execve,clone,clone3,fork,vfork"
NAME_SERVER = 53
PROBED = ("browser", "2001:4860:4860::8888")
"""Chromium asks the kernel by such a connection, on which nothing is sent, whether there is any IPv6."""

_CALL = re.compile(r"^(\d+) +(?:<\.\.\. )?(\w+)(.*)$", re.MULTILINE)
_ADDRESS = re.compile(r'sin6?_port=htons\((\d+)\).*?"([0-9a-f.:]+)"')
_OPTION = re.compile(r'"--(?:blog-)?port", "(\d+)"')
_PRIVATE = re.compile(r"[\w.+-]+@[\w-]+\.\w+|(?<=/)[\w-]+\.[\w-]+\.[\w-]{16,}|/enter/[\w.-]{16,}")


class Call(NamedTuple):
    """Of one process: who else it spoke to."""

    program: str  # "newsletter demo", "browser", or "other": what its process was started as
    own: frozenset[int]  # ports on which it answers itself, as it was told
    address: str
    port: int

    @property
    def is_near(self) -> bool:
        return ipaddress.ip_address(self.address).is_loopback and self.port != NAME_SERVER


def started(arguments: str) -> tuple[str, frozenset[int]]:
    """What a process is, by what it was started with."""
    if '"-m", "newsletter", "demo"' in arguments:
        return "newsletter demo", frozenset(map(int, _OPTION.findall(arguments)))
    return "browser" if "chrom" in arguments.partition(",")[0] else "other", frozenset()


def calls(traced: str) -> Iterator[Call]:
    """Each connection to an address and a port; those of threads and of children are their program's."""
    known: dict[str, tuple[str, frozenset[int]]] = {}
    nobody = ("other", frozenset[int]())
    for process, what, rest in _CALL.findall(traced):
        if what == "execve" and '["' in rest and "/proc/self/exe" not in rest:
            known[process] = started(rest)
        elif what in ("clone", "clone3", "fork", "vfork") and (child := re.search(r" = (\d+)$", rest)):
            known.setdefault(
                child[1], known.get(process, nobody)
            )  # it may have begun before this was answered
        elif what == "connect" and (to := _ADDRESS.search(rest)):
            yield Call(*known.get(process, nobody), to[2], int(to[1]))


def alone(folder: Path, *command: str) -> subprocess.CompletedProcess[bytes]:
    """Runs a program of ours in a network namespace of its own; its errors, and the service's, go to `errors`."""
    unshare = program("unshare", "Debian: apt-get install util-linux")
    strace = program("strace", "Debian: apt-get install strace")
    if os.geteuid() != 0:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(
            "Only root makes network namespaces."
        )
    inner = [strace, "-f", "--seccomp-bpf", "-qq", "-s", "300", "-e", TRACED, "-o", str(folder / "traced")]
    python = [unshare, "--net", "--", sys.executable, "-m", "tests.proof.namespace"]
    with (folder / "errors").open("wb") as errors:
        return subprocess.run(
            [*python, *inner, sys.executable, *command],
            cwd=ROOT,
            env={name: word for name, word in os.environ.items() if not name.startswith("PYTEST_")}
            | {"OVERHEARD": str(folder)},
            stdout=subprocess.PIPE,
            stderr=errors,
            timeout=SECONDS,
            check=False,
        )


def seen(folder: Path) -> list[Call]:
    return list(calls((folder / "traced").read_text("utf-8", "replace")))


def test_a_call_to_elsewhere_would_be_seen(tmp_path: Path) -> None:
    """By its address, and by its name, which nobody can look up there."""
    tries = ("create_connection(('192.0.2.1', 25), 1)", "getaddrinfo('mallory.example', 80)")
    for number, one in enumerate(tries):
        folder = tmp_path / str(number)
        folder.mkdir()
        ran = alone(folder, "-c", f"import socket; socket.{one}")
        assert ran.returncode == 1
        assert [call for call in seen(folder) if not call.is_near], one


class Heard(NamedTuple):
    way: str
    apart: bool
    folder: Path  # with all that was heard


@pytest.fixture(scope="module", params=WAYS)
def heard(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Heard:
    folder, (tests, apart) = tmp_path_factory.mktemp("heard"), WAYS[request.param]
    options = ("-q", "-n", "2", "--capture=no", "-m", "not postgres", "-p", "tests.proof.overheard")
    ran = alone(folder, "-m", "pytest", *options, tests)
    said = ran.stdout + (folder / "errors").read_bytes()
    assert ran.returncode == 0, said.decode("utf-8", "replace")[-5000:]
    return Heard(request.param, apart, folder)


def test_nobody_is_called_but_the_relay(heard: Heard, figure: Figure) -> None:
    made = seen(heard.folder)
    ours = [call for call in made if call.program == "newsletter demo" and call.port not in call.own]
    far = {call for call in made if not call.is_near and (call.program, call.address) != PROBED}
    figure(f"namespace_{heard.way}_connections", len(made))
    figure(f"namespace_{heard.way}_connections_to_relays", len(ours))
    figure(f"namespace_{heard.way}_connections_elsewhere", len(far), "0", not far)
    assert made
    assert far == set()
    relays = {(call.own, call.port) for call in ours}
    assert len(relays) == len({own for own, _ in relays}), "each has one relay, and calls nothing else"
    assert bool(relays) == heard.apart


def test_browsers_ask_nobody_else_and_keep_nothing(heard: Heard, figure: Figure) -> None:
    asked = [
        msgspec.json.decode(line, type=Asked)
        for path in heard.folder.glob("requests-*.jsonl")
        for line in path.read_bytes().splitlines()
    ]
    strangers = {one.url for one in asked if not is_near(one.url)}
    kept = [name for one in asked if not urlsplit(one.url).path.startswith("/admin") for name in one.cookies]
    figure(f"namespace_{heard.way}_requests_of_browsers", len(asked))
    figure(f"namespace_{heard.way}_foreign_origins", len(strangers), "0", not strangers)
    figure(f"namespace_{heard.way}_cookies_on_public_pages", len(kept), "0", not kept)
    assert strangers == set()
    assert kept == []
    assert bool(asked) == heard.apart
    if heard.way == "reader":
        assert [one for one in asked if one.cookies], "the owner's would have been seen"


def test_no_log_holds_an_address_or_a_token(heard: Heard, figure: Figure) -> None:
    logged = [
        line for path in heard.folder.glob("log-*.txt") for line in path.read_text("utf-8").splitlines()
    ]
    assert bool(logged) != heard.apart, "a service in the tests' own process says all that it can"
    logged += (heard.folder / "errors").read_text("utf-8", "replace").splitlines()
    private = [line for line in logged if _PRIVATE.search(line)]
    figure(f"namespace_{heard.way}_lines_logged", len(logged))
    figure(f"namespace_{heard.way}_addresses_or_tokens_logged", len(private), "0", not private)
    assert private == []


def is_near(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("data", "blob", "about") or parts.hostname in ("localhost", "127.0.0.1")


@pytest.mark.parametrize(
    "line",
    ["to ada@example.org", "GET /confirm/4Gh2.9Kd1ab.cDEF_-xyz0123456789", "/admin/enter/4Gh29Kd1abcDEF_xyz"],
)
def test_it_would_be_seen_in_a_log(line: str) -> None:
    assert _PRIVATE.search(line)
