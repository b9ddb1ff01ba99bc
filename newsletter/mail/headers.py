"""Headers that say what was meant, to the byte, and refuse what could say something else.

The standard library writes encoded words into structured headers (python/cpython#85725), loses spaces between
the encoded words of a long subject, and lets an encoded newline become a header of its own (CVE-2024-6923).
So the first two are taken from it by a policy, and the third is refused on the way in.
"""

import re
import textwrap
from base64 import b64encode
from email.errors import HeaderParseError
from email.headerregistry import Address, AddressHeader
from email.policy import EmailPolicy
from typing import cast
from urllib.parse import quote

from newsletter.errors import SettingsError
from newsletter.settings import Settings

WIDTH = 76  # RFC 2045 §6.7 for bodies; relays that re-encode longer header lines break List-Unsubscribe
_FIRST_LINE = WIDTH - len("Subject: ")
_ENCODED_WORD = 39  # bytes in one, which makes it 64 characters (RFC 2047 §2)

# https://support.google.com/mail/answer/6254652
_SHORTEST_SENDER, _LONGEST_SENDER = 5, 15

_AS_IS = frozenset(
    {
        "date",
        "message-id",
        "to",
        "auto-submitted",
        "x-auto-response-suppress",
        "list-unsubscribe",
        "list-unsubscribe-post",
        "mime-version",
        "content-transfer-encoding",
    }
)
# Controls, line and paragraph separators, what reverses the reading direction, halves of characters.
REFUSED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class MessageError(Exception):
    """This message can't be made. The sentence names what is wrong without saying the value."""


class _Policy(EmailPolicy):
    """Structured headers leave as they are: never folded, never an encoded word."""

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() in _AS_IS:
            return f"{name}: {value}\r\n".encode()  # ASCII, but for an address that is not (RFC 6532)
        if name == "Subject":
            return f"Subject: {encoded(str(value))}\r\n".encode("ascii")
        if name == "From":
            return f"From: {mailbox(cast('AddressHeader', value).addresses[0])}\r\n".encode("ascii")
        return super().fold_binary(name, value)


def encoded(text: str) -> str:
    """Folded, and beyond ASCII in encoded words. The library's own folding loses spaces between those."""
    if text.isascii() and len(text) <= _FIRST_LINE:
        return text
    if text.isascii() and max(map(len, text.split())) <= _FIRST_LINE:
        return "\r\n ".join(textwrap.wrap(text, _FIRST_LINE, break_on_hyphens=False))
    pieces = [b""]
    for letter in map(str.encode, text):
        if len(pieces[-1]) + len(letter) > _ENCODED_WORD:
            pieces.append(b"")
        pieces[-1] += letter
    return "\r\n ".join(f"=?utf-8?b?{b64encode(piece).decode()}?=" for piece in pieces)


def mailbox(address: Address) -> str:
    name, email = address.display_name, address.addr_spec
    if not name:
        return email
    if name.isascii() and len(name) <= _FIRST_LINE:
        plain = re.fullmatch(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+", name)
        name = name if plain else '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    else:
        name = encoded(name)
    gap = " " if len(name) + len(email) < _FIRST_LINE else "\r\n "
    return f"{name}{gap}<{email}>"


POLICY = _Policy(linesep="\r\n", max_line_length=WIDTH, cte_type="7bit")


def one_line(what: str, text: str) -> str:
    line = " ".join(text.split())
    if not line or REFUSED.search(text) or "=?" in text:
        raise MessageError(f"{what} is empty, or holds a control character or an encoded word.")
    return line


def for_a_list(sender: Address, mailing: str) -> dict[str, str]:
    """Of a mail to many: whom to ask for help (RFC 2369), where its line is short enough, and under which names
    Gmail counts complaints (mailing, list, stream, sender; never by person). `mailing` is of letters and digits."""
    help = f"<mailto:{quote(sender.addr_spec, safe='@')}?subject=help>"
    domain = re.sub(r"[^a-z0-9]", "", sender.domain.lower())
    own = domain[:_LONGEST_SENDER] if len(domain) >= _SHORTEST_SENDER else f"sender{domain}"
    said = {"List-Help": help, "Feedback-ID": f"{mailing[:16]}:newsletter:letters:{own}"}
    return {name: value for name, value in said.items() if len(f"{name}: {value}") <= WIDTH}


def sender(settings: Settings) -> Address:
    try:
        name = one_line("The name", settings.from_name) if settings.from_name else ""
        return Address(name, addr_spec=settings.from_email)
    except (MessageError, HeaderParseError, ValueError):
        raise SettingsError(
            "NEWSLETTER_FROM can't be the sender of a mail. Write it like: Ada Byron <letters@example.org>."
        ) from None
