"""Signatures that show whose domain a mail is from (DKIM: RFC 6376, RFC 8301, RFC 8463), relaxed/relaxed.

Equal bytes and an equal time give an equal signature, so a message that is sent again is the same to the byte. There
is no `l=`, which lets anybody write on, and no `x=`: a mail may wait for days until its relay takes it.
"""

import hashlib
import importlib
import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from functools import lru_cache

import msgspec

from newsletter.errors import BadInput, SettingsError
from newsletter.mail.headers import WIDTH, MessageError
from newsletter.settings import Settings

MOST_KEYS = 2  # the one that was and the one that comes, or RSA and Ed25519: verifiers look at few
SELECTOR = re.compile(r"(?=.{1,63}\Z)[A-Za-z0-9]+(?:[.-][A-Za-z0-9]+)*")

_TWICE = ("from", "to", "cc", "subject", "date", "reply-to", "list-unsubscribe", "list-unsubscribe-post")
"""Named once more than they are there: whoever adds another breaks the signature (RFC 6376 §8.15)."""

_SIGNED = dict.fromkeys(_TWICE, 1) | {
    "content-type": 1,  # another above ours would make a different text of the same body
    "message-id": 0,
    "mime-version": 0,
    "list-id": 0,
    "list-help": 0,
    "feedback-id": 0,
}
_FILLED = "\0"
_PLACE = re.compile(f"{_FILLED}([0-9]+){_FILLED}")
_AS_IT_IS = re.compile(r"\S+(?: \S+)*")  # relaxing a header would change nothing of it
_HEADER_GAP = re.compile(r"[ \t]+")


class Key(msgspec.Struct, frozen=True):
    selector: str
    algorithm: str  # as `a=` says it
    sign: Callable[[bytes], bytes]


class Signer:
    """Signs for one domain, with one key or with two. May be used from any thread; RSA leaves the others alone."""

    def __init__(self, domain: str, keys: Sequence[Key]) -> None:
        self._keys = [(key, _beginning(domain.lower(), key)) for key in keys]
        self._kept: tuple[tuple[str, bytes, int], Sequence[tuple[Key, str, str]]] | None = None

    @property
    def is_slow(self) -> bool:
        """Whether it is worth a thread."""
        return any(key.algorithm.startswith("rsa") for key, _ in self._keys)

    def sign(self, message: bytes, at: int) -> bytes:
        """`message`, with CRLF and ASCII but for its headers (RFC 8616), with its signatures above it; `at` is its
        row's time in ms."""
        head, _, body = message.decode().partition("\r\n\r\n")
        digest = hashlib.sha256(relaxed(body).encode("ascii")).digest()
        headers = list(map(_relaxed_header, _lines(head)))
        listed, order = _chosen(headers)
        signed = "".join([headers[number] for number in order])
        return self.signatures(listed, signed, digest, at).encode("ascii") + message

    def signatures(self, listed: str, signed: str, digest: bytes, at: int) -> str:
        """The header lines for `signed` headers, relaxed, which are `listed`, and a body that has this digest."""
        lines = list[str]()
        for key, value, own in self._values(listed, digest, at):
            proof = _text(key.sign(f"{signed}dkim-signature:{own}".encode()))
            lines.append(f"DKIM-Signature: {value}{proof[:_FIRST]}")
            lines += [f" {proof[start : start + _NEXT]}" for start in range(_FIRST, len(proof), _NEXT)]
        return "\r\n".join([*lines, ""])

    def _values(self, listed: str, digest: bytes, at: int) -> Sequence[tuple[Key, str, str]]:
        """Each key's header without its proof, as it stands and as it is signed. Those of the last message are kept:
        many have one body and one time."""
        asked = listed, digest, at
        kept = self._kept
        if kept and kept[0] == asked:
            return kept[1]
        rest = f"\r\n t={at // 1000}; bh={_text(digest)};\r\n {listed}\r\n b="
        values = [(key, head + rest, (head + rest).replace("\r\n ", " ")) for key, head in self._keys]
        self._kept = asked, values
        return values


_FIRST, _NEXT = WIDTH - len(" b="), WIDTH - 1


class Many:
    """Signs messages that have most of their bytes in common, which are prepared once.

    `pieces` is ASCII: the constant parts of a whole message, between each two of which something is filled in, in the
    body on lines of its own. Raises MessageError when it is not.
    """

    def __init__(self, signer: Signer, pieces: Sequence[str]) -> None:
        self._signer = signer
        number = next((number for number, piece in enumerate(pieces) if "\r\n\r\n" in piece), 0)
        self._ending, _, first = pieces[number].partition("\r\n\r\n")
        self._body_at = 2 * number
        head = "".join(f"{piece}{_FILLED}{at}{_FILLED}" for at, piece in enumerate(pieces[:number]))
        lines = _lines(head + self._ending)
        self._varying = [number for number, line in enumerate(lines) if _FILLED in line]
        self._headers = list(map(_relaxed_header, lines))
        self._listed, self._order = _chosen(self._headers)
        self._signed = _PLACE.split("".join([self._headers[number] for number in self._order]))
        self._filled = [
            2 * int(at) + 1 for at in self._signed[1::2]
        ]  # in the row, in the order they are signed
        constant = [first, *pieces[number + 1 :]]
        # So each piece can be relaxed without its neighbours.
        if not all(piece.endswith("\n") for piece in constant[:-1]) or not all(
            piece.startswith("=\r\n") for piece in constant[1:]
        ):
            raise MessageError("What is filled in shares a line with what is the same for all.")
        *others, last = map(_squeezed, constant)
        constant = [*others, relaxed(last)]
        self._first = hashlib.sha256(constant[0].encode("ascii"))
        self._rest = [part for piece in constant[1:] for part in ("", piece)]

    def sign(self, row: Sequence[str], at: int) -> bytes:
        """The message that `row` makes, signed: piece, what is filled in, piece, …; `at` as for `Signer`."""
        if all(map(_AS_IT_IS.fullmatch, row[1 : self._body_at : 2])):
            parts = self._signed.copy()
            parts[1::2] = [row[at] for at in self._filled]
            signed = "".join(parts)
        else:
            signed = self._relaxed(row)
        digest = self._first
        if self._rest:
            rest = self._rest.copy()
            rest[::2] = map(_squeezed, row[self._body_at + 1 :: 2])
            digest = digest.copy()
            digest.update("".join(rest).encode("ascii"))
        above = self._signer.signatures(self._listed, signed, digest.digest(), at)
        return "".join((above, *row)).encode()

    def _relaxed(self, row: Sequence[str]) -> str:
        """The headers that are signed, where white space stands in what is filled in."""
        lines, headers = _lines("".join(row[: self._body_at]) + self._ending), self._headers.copy()
        if len(lines) != len(headers):
            raise MessageError("What is filled in would be read as a header of its own.")
        for number in self._varying:
            headers[number] = _relaxed_header(lines[number])
        return "".join([headers[number] for number in self._order])


def signer_of(settings: Settings) -> Signer | None:
    """With the keys that are set, if any. Raises SettingsError."""
    if not settings.dkim_keys:
        return None
    chosen = [entry.partition("=") for entry in settings.dkim_keys]
    selectors = [selector for selector, _, _ in chosen]
    if not all(SELECTOR.fullmatch(selector) and path for selector, _, path in chosen):
        raise SettingsError(
            "NEWSLETTER_DKIM_KEYS must be like s1=/etc/newsletter/s1.pem: selector, =, key file."
        )
    if len(chosen) > MOST_KEYS or len(set(selectors)) < len(selectors):
        raise SettingsError(
            f"NEWSLETTER_DKIM_KEYS takes {MOST_KEYS} keys at most, each with its own selector."
        )
    # Loaded when it is asked for: the library behind it costs 12 MB and a tenth of a second at the start.
    load: Callable[[str, str], Key] = importlib.import_module("newsletter.mail.dkim_keys").load
    try:
        keys = [load(selector, path) for selector, _, path in chosen]
    except BadInput as error:
        raise SettingsError(f"NEWSLETTER_DKIM_KEYS: {error.sentence}") from None
    return Signer(settings.from_email.rpartition("@")[2], keys)


def _beginning(domain: str, key: Key) -> str:
    domain, selector = f"d={domain};", f"s={key.selector};"
    gap = " " if len(domain) + len(selector) < WIDTH - 1 else "\r\n "
    return f"v=1; a={key.algorithm}; c=relaxed/relaxed;\r\n {domain}{gap}{selector}"


def _lines(head: str) -> list[str]:
    """Each header on a line (RFC 6376 §3.4.2)."""
    return head.replace("\r\n ", " ").replace("\r\n\t", "\t").split("\r\n")


def _relaxed_header(line: str) -> str:
    name, _, value = line.partition(":")
    if "  " in value or "\t" in value:
        value = _HEADER_GAP.sub(" ", value)
    return f"{name.rstrip().lower()}:{value.strip(' ')}\r\n"


def _chosen(headers: Sequence[str]) -> tuple[str, list[int]]:
    """`h=…;`, and which headers are signed: of several with one name the last one first."""
    names = [header[: header.index(":")] for header in headers]
    order = [number for name in _SIGNED for number in range(len(names) - 1, -1, -1) if names[number] == name]
    return _listed(
        tuple([name for name, more in _SIGNED.items() for _ in range(names.count(name) + more)])
    ), order


@lru_cache(maxsize=64)
def _listed(names: tuple[str, ...]) -> str:
    lines, line = list[str](), "h="
    for number, name in enumerate(names):
        word = f"{name}{':' if number < len(names) - 1 else ';'}"
        if len(line) + len(word) >= WIDTH:
            lines.append(line)
            line = ""
        line += word
    return "\r\n ".join([*lines, line])


def relaxed(body: str) -> str:
    """As it is hashed (RFC 6376 §3.4.4)."""
    lines = _squeezed(body).split("\r\n")
    lines[-1] = lines[-1].rstrip(" ")
    while lines and not lines[-1]:
        lines.pop()
    return "".join([f"{line}\r\n" for line in lines])


def _squeezed(text: str) -> str:
    """Without its end: white space at a line's end goes, and any other becomes one space."""
    text = text.replace("\t", " ")
    while "  " in text:
        text = text.replace("  ", " ")
    return text.replace(" \r\n", "\r\n")


def _text(octets: bytes) -> str:
    return b64encode(octets).decode("ascii")
