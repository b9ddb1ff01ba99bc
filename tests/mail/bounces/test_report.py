"""What comes back is understood, in the shapes that servers give it: those in samples/, named by what they are."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.mail.bounces.model import Report
from newsletter.mail.bounces.report import plain, read
from newsletter.mail.bounces.verdict import judge

SAMPLES = {path.stem: path.read_bytes() for path in sorted((Path(__file__).parent / "samples").glob("*.eml"))}
TOKEN = b"abcdefghijklmnopqrstuvwxyz234567abcdefghijklm"
RAW = {name: raw.replace(b"{token}", TOKEN) for name, raw in SAMPLES.items()}


def test_there_are_enough() -> None:
    assert len(SAMPLES) >= 40
    assert {name.partition("-")[0] for name in SAMPLES} == {
        "hard", "soft", "policy", "complaint", "auto", "unknown",
    }  # fmt: skip


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
@pytest.mark.parametrize("name", SAMPLES)
def test_each_is_what_it_is_called(name: str, ending: bytes) -> None:
    report = read(RAW[name].replace(b"\n", ending))
    assert report.kind == name.partition("-")[0], report
    assert report.tokens == ((TOKEN.decode(),) if b"{token}" in SAMPLES[name] else ())
    assert "@" not in report.words


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("hard-postfix-unknown", "5.1.1"),
        ("hard-exchange-online-not-found", "5.1.10"),
        ("policy-outlook-not-authenticated", "5.7.515"),
        ("hard-qmail", "5.1.1"),
        ("soft-postfix-timeout", "4.4.1"),
        ("soft-says-nothing", ""),
    ],
)
def test_its_status_code_is_the_exact_one(name: str, status: str) -> None:
    assert read(RAW[name]).status == status


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("550 No such user here", "hard"),
        ("550-5.1.1 unknown 550 5.1.1 really", "hard"),
        ("550 5.4.1 Recipient address rejected: Access denied", "hard"),
        ("550 Sender address rejected: Domain not found", "policy"),  # us, and then everybody would be lost
        ("553 Invalid sender address", "policy"),
        ("554 Relay access denied", "policy"),
        ("552 Message size exceeds the limit", "policy"),
        ("452 4.2.2 Mailbox full", "soft"),
        ("552 Mailbox full", "soft"),
        ("450 User unknown, try again", "soft"),
        ("550 connection to 5.1.100.20 was lost", "soft"),  # no code
        ("550 Recipient's host: connection closed", "soft"),
        ("Postfix 2.4.5", None),
    ],
)
def test_what_a_server_s_words_mean(words: str, meant: str | None) -> None:
    assert judge(words) == meant


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.net",
        "<ada@example.net>:",
        "ada @ example.net",
        "ada\r@example.net",
        "ada\x01\x00@\x00example.net",
        '"ada lovelace"@example.net',
        "ada" * 100 + "@example.net",
        "bounce=ada@example.net@example.org",
        "@ada@@example.net",
    ],
)
def test_no_address_stays_in_a_server_s_words(address: str) -> None:
    """Nor a part of one: what is between the words is gone, however it was written."""
    said = plain(f"550 5.1.1 {address} is unknown")
    assert not {"ada", "example", "@"} & set(re.findall(r"ada|example|@", said)), said
    assert said.startswith("550 ")
    assert said.endswith(" is unknown")


def test_the_envelope_s_recipient_comes_first() -> None:
    report = read(RAW["hard-qmail"], f"bounce+{'z' * 45}@bounces.example.org")
    assert report.tokens == ("z" * 45, TOKEN.decode())


def test_a_server_that_writes_all_in_capitals_is_understood() -> None:
    head = RAW["hard-qmail"].replace(b"bounce+" + TOKEN, (b"bounce+" + TOKEN).upper())
    assert read(head).tokens == (TOKEN.decode(),)


_PIECES = st.sampled_from(
    [b"Content-Type: multipart/report; boundary=x\n", b"\n--x\n", b"\n--x--\n", b"\n\n", b"message/delivery-status",
     b"Action: failed\nStatus: 5.1.1\n", b"Content-Transfer-Encoding: base64\n", b"=?utf-8?b?/w==?=", b"\x00", b"=",
     b"Subject: ", b"From: <>\n", b"Content-Type: message/feedback-report\n\nFeedback-Type:", b"\r", b"bounce+"]
)  # fmt: skip


@given(st.lists(_PIECES | st.binary(max_size=60), max_size=40).map(b"".join))
def test_no_bytes_break_it(raw: bytes) -> None:
    assert isinstance(read(raw), Report)


@given(st.sampled_from(sorted(RAW)), st.integers(0, 2_000), st.binary(max_size=8), st.integers(0, 40))
def test_no_damage_to_a_sample_breaks_it(name: str, at: int, put: bytes, cut: int) -> None:
    raw = RAW[name]
    assert isinstance(read(raw[:at] + put + raw[at + cut :]), Report)


def test_a_deep_nest_is_read_only_so_far() -> None:
    nest = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(5_000))
    assert read(nest).kind == "unknown"
