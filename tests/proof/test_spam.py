"""What a filter says of each kind of mail: SpamAssassin with its own rules alone, as if we had sent it by ourselves."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from newsletter.settings import Settings
from tests.figures import Figure
from tests.mail.every import KINDS, built
from tests.mail.test_messages import alike, spoken
from tests.pictures import png

CEILING = 0.5
RELAYED = b"""\
Return-Path: <bounce@example.com>\r
Received: from relay.example.com (relay.example.com [93.184.216.34])\r
 by mx.example.org (Postfix) with ESMTPS id 4XyZ12 for <ada@example.org>;\r
 Thu, 15 Jan 2026 12:00:02 +0000 (UTC)\r
"""
JUNK = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"


@pytest.fixture(scope="module")
def filter_() -> str:
    found = shutil.which("spamassassin")
    if found:
        return found
    reason = "SpamAssassin is not installed (Debian: apt-get install spamassassin)."
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def branded(settings: Settings, tmp_path: Path) -> Settings:
    logo = png(tmp_path / "logo.png", 480, 96)
    return msgspec.structs.replace(
        settings, brand_colour="#b00020", logo=logo, bounce_domain="bounces.example.com"
    )


def score(program: str, raw: bytes, home: Path) -> tuple[float, str]:
    """Its points, and the names of the rules that gave them."""
    ran = subprocess.run(
        [program, "-L", "-t", "-x"],
        input=RELAYED + raw,
        capture_output=True,
        check=True,
        env={**os.environ, "HOME": str(home)},
    )
    status = re.search(
        rb"^X-Spam-Status: \w+, score=(-?[\d.]+)(.*?)^\S", ran.stdout, re.MULTILINE | re.DOTALL
    )
    assert status, ran.stdout
    rules = re.search(r"tests=(\S+)autolearn", re.sub(r"\s+", "", status[2].decode()))
    return float(status[1]), rules[1] if rules else ""


def test_what_is_junk_is_told(filter_: str, settings: Settings, tmp_path: Path) -> None:
    raw = built(settings, "guide")
    points, _ = score(filter_, raw.replace(b"Thank you for", JUNK, 1), tmp_path)
    assert points > 100
    bare = re.sub(rb"--=_\w+\r\nContent-Type: text/plain.*?(?=--=_)", b"", raw, flags=re.DOTALL)
    assert score(filter_, bare, tmp_path)[0] > score(filter_, raw, tmp_path)[0], "without its text"


@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_of_mail_looks_like_junk(
    filter_: str, branded: Settings, tmp_path: Path, figure: Figure, kind: str
) -> None:
    points, rules = score(filter_, built(branded, kind), tmp_path)
    figure(f"spam points of {kind}", points, f"<= {CEILING}", points <= CEILING)
    assert points <= CEILING, rules


def test_both_parts_say_the_same(settings: Settings, figure: Figure) -> None:
    least = min((alike(*spoken(built(settings, kind))), kind) for kind in KINDS)
    figure(
        f"words of either part in the other, least ({least[1]})",
        round(least[0], 3),
        ">= 0.9",
        least[0] >= 0.9,
    )
    assert least[0] >= 0.9, least
