"""Signed links and keyed hashes: the one door to itsdangerous.

A token carries numbers only (ids, an epoch, the time), never an address, and is bound to one purpose.
A base64 signature could be spelled in more than one way: the way that we spell it is the only one that is taken.
"""

import hashlib
import hmac
import string
from binascii import b2a_base64
from collections.abc import Sequence
from typing import Literal

from itsdangerous import BadSignature, Signer
from itsdangerous.encoding import base64_decode, base64_encode, want_bytes
from itsdangerous.signer import SigningAlgorithm

from newsletter.clock import MINUTE, SECOND
from newsletter.errors import Expired, NotFound

Purpose = Literal[
    "confirm",
    "block",
    "download",
    "page-download",
    "unsubscribe",
    "preferences",
    "form",
    "sign-in",
    "invite",
    "desk-form",
    "comment",
    "comment-edit",
    "isso-edit",
    "moderate",
    "unfollow",
    "reply",
    "bounce",
]

LASTING = ("unsubscribe", "unfollow", "bounce", "reply")
"""Links to leave, and what bounces come back to: never expire, carry no time, and are short enough for their header."""

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_PAIRS = [first + second for first in _DIGITS for second in _DIGITS]
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_LONGEST = 200
_INNER, _OUTER = (bytes(octet ^ pad for octet in range(256)) for pad in (0x36, 0x5C))
_IN_URLS = bytes.maketrans(b"+/", b"-_")
_SKEW = 5 * MINUTE  # another node's clock may be ahead of ours


class _Keyed:
    """HMAC-SHA256 (RFC 2104) under one key of 64 bytes at most. Its two hashes are begun once, which takes a third of
    the time of an HMAC that begins anew, or that is copied."""

    def __init__(self, key: bytes) -> None:
        block = key.ljust(64, b"\0")
        self._inner = hashlib.sha256(block.translate(_INNER))
        self._outer = hashlib.sha256(block.translate(_OUTER))

    def digest(self, value: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(value)
        outer.update(inner.digest())
        return outer.digest()


class _HMAC(SigningAlgorithm):
    """A short one keeps a List-Unsubscribe line within 76 bytes: 96 bits are 16 characters."""

    def __init__(self, length: int = 32) -> None:
        self._length = length
        self._keyed: dict[bytes, _Keyed] = {}

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        keyed = self._keyed.get(key)
        if keyed is None:
            keyed = self._keyed[key] = _Keyed(key)
        return keyed.digest(value)[: self._length]


class _Signer(Signer):
    """With each of its keys derived once."""

    def __init__(self, keys: Sequence[bytes], salt: bytes, algorithm: SigningAlgorithm) -> None:
        super().__init__(keys, salt=salt, algorithm=algorithm)
        self._derived = {key: hmac.digest(key, salt, "sha256") for key in keys}
        self._newest = self._derived[keys[-1]]

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        return self._derived[want_bytes(secret_key or self.secret_key)]

    def sign(self, value: str | bytes) -> bytes:
        """As itsdangerous does, without asking again what it is made of: a mail to many has two in each."""
        value = want_bytes(value)
        signature = b2a_base64(self.algorithm.get_signature(self._newest, value), newline=False)
        return value + self.sep + signature.rstrip(b"=").translate(_IN_URLS)

    def verify_signature(self, value: str | bytes, sig: str | bytes) -> bool:
        """True for our own spelling only: the bits that base64 leaves over at its end, and signs that it passes over,
        would make many links of one (RFC 4648 §3.5)."""
        return super().verify_signature(value, sig) and base64_encode(base64_decode(sig)) == sig


class Tokens:
    """Signs with the newest key, accepts all of them. `keys` is newest first."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = list(reversed(keys))  # itsdangerous signs with the last
        self._signers: dict[str, Signer] = {}
        self._oldest = keys[-1].encode()
        self._hashes: dict[str, _Keyed] = {}

    def make(self, purpose: Purpose, *ids: int, now: int | None = None) -> str:
        """A link's token for `ids`; with `now` (ms) it carries its time and can expire."""
        numbers = ids if now is None else (*ids, now // SECOND)
        signer = self._signers.get(purpose) or self._signer(purpose)
        return signer.sign(".".join(map(_spell, numbers))).decode()

    def read(self, purpose: Purpose, token: str, now: int | None = None, max_age: int = 0) -> tuple[int, ...]:
        """The ids of a token made for `purpose`; with `now`, one older than `max_age` (ms) is refused.

        Raises NotFound for what we never signed, Expired (with the ids) for what is too old.
        """
        numbers = self._open(purpose, token)
        if now is None:
            return numbers
        *ids, made = numbers
        age = now - made * SECOND
        if age < -_SKEW or age > max_age:
            raise Expired("This link has expired.", tuple(ids))
        return tuple(ids)

    def age(self, purpose: Purpose, token: str, now: int) -> int:
        """How old a timed token is, in ms. Raises NotFound."""
        return now - self._open(purpose, token)[-1] * SECOND

    def fingerprint(self, purpose: str, text: str) -> str:
        """A keyed hash (hex) that outlives key rotation: it always uses the oldest key in the list."""
        keyed = self._hashes.get(purpose)
        if keyed is None:
            key = hmac.digest(self._oldest, b"fingerprint:" + purpose.encode(), "sha256")
            keyed = self._hashes[purpose] = _Keyed(key)
        return keyed.digest(text.encode()).hex()

    def _open(self, purpose: Purpose, token: str) -> tuple[int, ...]:
        token = token.rstrip(".,;:!?)>]}\"' ")  # what mail programs glue to a link
        try:
            if len(token) > _LONGEST:
                raise BadSignature("too long")
            text = self._signer(purpose).unsign(token.encode("ascii")).decode("ascii")
            numbers = tuple(_number(part) for part in text.split("."))
        except (BadSignature, UnicodeError, KeyError):
            raise NotFound("This link is not complete, or not one of ours. Please copy it whole.") from None
        return numbers

    def _signer(self, purpose: Purpose) -> Signer:
        if purpose not in self._signers:
            algorithm = _HMAC(12) if purpose in LASTING else _HMAC()
            salt = f"newsletter.{purpose}.v1".encode()
            self._signers[purpose] = _Signer([key.encode() for key in self._keys], salt, algorithm)
        return self._signers[purpose]


def _spell(number: int) -> str:
    digits = ""
    while number >= 62 * 62:
        number, rest = divmod(number, 62 * 62)
        digits = _PAIRS[rest] + digits
    return (_PAIRS[number] if number > 61 else _DIGITS[number]) + digits


def _number(text: str) -> int:
    number = 0
    for digit in text:
        number = number * 62 + _VALUES[digit]
    return number
