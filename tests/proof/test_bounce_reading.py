"""No mail, however hostile, makes reading what comes back slow: its time grows with its size and no faster."""

import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from newsletter.mail.bounces.report import read

pytestmark = pytest.mark.alone

SIZE = 100_000
MOST_SECONDS = 0.1
"""Of this process alone, for 100 KB."""

_DSN = b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n"
_QMAIL = b"From: MAILER-DAEMON@x\nSubject: failure notice\n\n"


def filled(head: bytes, piece: bytes) -> bytes:
    return (head + piece * (SIZE // len(piece) + 1))[:SIZE]


HOSTILE = {
    "spaces": filled(_QMAIL, b" "),
    "newlines": filled(_QMAIL, b"\n"),
    "quotes and semicolons": filled(b"Content-Type: multipart/mixed; boundary", b'=";'),
    "folded header": filled(b"Subject: x", b"\n "),
    "many headers": filled(b"", b"A: b\n"),
    "boundaries": filled(b"Content-Type: multipart/mixed; boundary=b\n\n", b"\n--b\n"),
    "a deep nest": filled(b"", b"Content-Type: multipart/mixed; boundary=b\n\n--b\n"),
    "messages in messages": filled(b"", b"Content-Type: message/rfc822\n\n"),
    "status blocks": filled(_DSN, b"\n\nAction: failed"),
    "a status of blank lines": filled(_DSN, b" \n\t\n"),
    "a long diagnosis": filled(
        _DSN + b"Action: failed\nDiagnostic-Code: smtp; 550", b" user mailbox address"
    ),
    "codes": filled(_QMAIL, b"5.1.1.1."),
    "users": filled(_QMAIL, b"user user mailbox recipient "),
    "at signs": filled(_QMAIL, b"a@"),
    "addresses of a failure": filled(b"\nFailed addresses follow:\n", b"a@a "),
    "lines of a failure": filled(
        b"\nThe following addresses had\n", b"(expanded from: <" + b"a" * 80 + b"@\n"
    ),
    "failures": filled(b"\n", b"Undeliverable Address: Intended recipient: User's mailbox is full:\n"),
    "tags": filled(b"Content-Type: text/html\n" + _QMAIL, b"<a "),
    "encoded words": filled(b"Subject: ", b"=?utf-8?q?=41?= "),
    "tokens": filled(b"", b"bounce+abcdefghijklmnopqrstuvwxyz@"),
    "nearly tokens": filled(b"", b"bounce+"),
    "base64": filled(b"Content-Transfer-Encoding: base64\n" + _QMAIL, b"=A"),
    "quoted-printable": filled(b"Content-Transfer-Encoding: quoted-printable\n" + _QMAIL, b"=\n"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_mail_takes_long(name: str) -> None:
    raw = HOSTILE[name]
    read(raw)
    seconds = min(_seconds(raw) for _ in range(3))
    print(json.dumps({"figure": f"reading 100 KB of {name}", "ms": round(seconds * 1000, 2)}))
    assert seconds < MOST_SECONDS


@pytest.mark.skipif(
    not importlib.util.find_spec("atheris") and os.environ.get("CI") != "true",
    reason="There is no atheris for this machine.",
)
def test_a_fuzzer_finds_nothing(tmp_path: Path) -> None:
    """A few seconds of it: `python -m tests.mail.bounces.fuzz` goes on for as long as one likes."""
    fuzz = [sys.executable, "-m", "tests.mail.bounces.fuzz", "-max_total_time=20"]
    here = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        fuzz, cwd=tmp_path, env=here, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    assert "Done " in done.stderr, "it has read something"


def _seconds(raw: bytes) -> float:
    began = time.process_time()
    read(raw)
    return time.process_time() - began
