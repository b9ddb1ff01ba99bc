"""Links are signed for one purpose, expire, survive a new key, and are short where a header needs it."""

import base64
import hashlib
import itertools
import random
import string
from contextlib import suppress
from typing import get_args

import pytest
from itsdangerous import Signer

from newsletter import clock, ids
from newsletter.errors import Expired, NotFound
from newsletter.tokens import Purpose, Tokens

OLD, NEW = "o" * 40, "n" * 40
TOKENS = Tokens([NEW, OLD])
NOW = 1_800_000_000_000
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)


@pytest.mark.parametrize(("made", "read"), list(itertools.permutations(PURPOSES, 2)))
def test_a_token_is_good_for_one_purpose_only(made: Purpose, read: Purpose) -> None:
    with pytest.raises(NotFound):
        TOKENS.read(read, TOKENS.make(made, 1, 2, now=NOW), NOW, clock.DAY)


def test_it_is_signed_as_itsdangerous_signs() -> None:
    made = Tokens(["new" * 20, "old" * 20]).make("download", 7, 8)
    theirs = Signer(
        ["old" * 20, "new" * 20],
        salt="newsletter.download.v1",
        key_derivation="hmac",
        digest_method=hashlib.sha256,
    )
    assert theirs.unsign(made) == b"7.8"


def test_it_carries_its_ids() -> None:
    for numbers in ((0,), (1, 61, 62), (2**63 - 1, 1)):
        assert TOKENS.read("confirm", TOKENS.make("confirm", *numbers, now=NOW), NOW, clock.DAY) == numbers


@pytest.mark.parametrize("purpose", ["confirm", "unsubscribe"])
def test_a_link_has_one_spelling(purpose: Purpose) -> None:
    token = TOKENS.make(purpose, 7)
    alphabet = string.ascii_letters + string.digits + "-_"
    others = [token[:-1] + last for last in alphabet if last != token[-1]]
    others += [token + "=", token + "A", token[:-3] + "+" + token[-3:], token.replace(".", ".=", 1)]
    for other in others:
        with pytest.raises(NotFound):
            TOKENS.read(purpose, other)


def test_it_expires_and_says_what_it_was_for() -> None:
    token = TOKENS.make("confirm", 5, 1, now=NOW)
    with pytest.raises(Expired) as expired:
        TOKENS.read("confirm", token, NOW + clock.DAY + clock.SECOND, clock.DAY)
    assert expired.value.ids == (5, 1)
    with pytest.raises(Expired):
        TOKENS.read("confirm", token, NOW - clock.HOUR, clock.DAY)


def test_another_machines_clock_may_be_a_little_ahead() -> None:
    token = TOKENS.make("confirm", 5, now=NOW)
    assert TOKENS.read("confirm", token, NOW - 5 * clock.MINUTE, clock.DAY) == (5,)
    with pytest.raises(Expired):
        TOKENS.read("confirm", token, NOW - 5 * clock.MINUTE - 1, clock.DAY)


def test_it_is_good_to_the_end_of_its_day() -> None:
    token = TOKENS.make("confirm", 5, now=NOW)
    assert TOKENS.age("confirm", token, NOW + 7) == 7
    assert TOKENS.read("confirm", token, NOW + clock.DAY, clock.DAY) == (5,)
    with pytest.raises(Expired):
        TOKENS.read("confirm", token, NOW + clock.DAY + 1, clock.DAY)
    with pytest.raises(Expired):
        TOKENS.read("confirm", token, NOW + 1)  # who names no age accepts none


@pytest.mark.parametrize("number", [61, 62, 62**2 - 1, 62**2, 62**2 + 61, 62**2 * 63 - 1, 62**3, 62**4])
def test_a_number_has_no_digit_more_than_it_takes(number: int) -> None:
    token = TOKENS.make("unsubscribe", number)
    assert TOKENS.read("unsubscribe", token) == (number,)
    assert len(token.partition(".")[0]) == next(many for many in itertools.count(1) if number < 62**many)


def test_old_links_live_on_after_a_new_key_and_die_with_the_old_one() -> None:
    token = Tokens([OLD]).make("unsubscribe", 7)
    assert TOKENS.read("unsubscribe", token) == (7,)
    with pytest.raises(NotFound):
        Tokens([NEW]).read("unsubscribe", token)
    with pytest.raises(NotFound):
        Tokens([OLD]).read("unsubscribe", TOKENS.make("unsubscribe", 7))


def test_a_fingerprint_outlives_a_new_key() -> None:
    assert Tokens([OLD]).fingerprint("suppression", "a") == TOKENS.fingerprint("suppression", "a")
    assert TOKENS.fingerprint("suppression", "a") != TOKENS.fingerprint("budget", "a")


@pytest.mark.parametrize("junk", ["", ".", "a.b.c", "\u00e9", "x" * 100_000, "1.1.1.-", "\0", "%00"])
def test_junk_is_not_found(junk: str) -> None:
    with pytest.raises(NotFound):
        TOKENS.read("confirm", junk, NOW, clock.DAY)


def test_a_hundred_thousand_guesses_find_nothing() -> None:
    """Of the right length and spelling, some beside a token that is good."""
    chance = random.Random(7)
    good = TOKENS.make("confirm", 5, 1, now=NOW)
    begins, _, signature = good.rpartition(".")
    letters = string.ascii_letters + string.digits + "-_"
    found = 0
    for _ in range(100_000):
        guess = f"{begins}.{''.join(chance.choices(letters, k=len(signature)))}"
        with suppress(NotFound):
            TOKENS.read("confirm", guess, NOW, clock.DAY)
            found += 1
    assert found == 0
    assert TOKENS.read("confirm", good, NOW, clock.DAY) == (5, 1)


def test_punctuation_that_a_mail_program_glued_on_is_forgiven() -> None:
    assert TOKENS.read("unsubscribe", TOKENS.make("unsubscribe", 7) + ">).") == (7,)


@pytest.mark.parametrize(("purpose", "octets"), [("unsubscribe", 12), ("confirm", 32)])
def test_its_signature_is_as_long_as_its_purpose_allows(purpose: Purpose, octets: int) -> None:
    signature = TOKENS.make(purpose, 7).rpartition(".")[2]
    assert len(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))) == octets


def test_the_unsubscribe_header_fits_its_line() -> None:
    link = f"https://news.example.com/u/{TOKENS.make('unsubscribe', ids.new_id())}"
    assert len(f"List-Unsubscribe: <{link}>") <= 76
