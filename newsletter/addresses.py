"""Email addresses: what we accept, how we tell two apart, how variants are counted, likely typos."""

import importlib
import re
from difflib import get_close_matches
from functools import lru_cache

import msgspec

from newsletter.errors import BadInput
from newsletter.words import gettext as _

LONGEST = 254  # bytes: RFC 5321 §4.5.3.1.3, less the angle brackets
_LONGEST_LOCAL = 64  # bytes: §4.5.3.1.1

BEYOND_ASCII = "\u00a1-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\U0010ffff"
"""What else a character class holds for the part before the @ (RFC 6532 §3.2), without what no mail may have in it."""
_ATOM = rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~{BEYOND_ASCII}-]+"
HEADER_FORM = re.compile(rf"(?!.*=\?)(?=.{{3,254}}\Z){_ATOM}(?:\.{_ATOM})*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
"""What stands in a message's To as it is."""

UNREACHED = "Addresses with letters beyond a–z before the @ can’t be reached from here yet."

# Most addresses are plain; judging them here costs 1 µs instead of the validator's 158 µs.
_PLAIN_LOCAL = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*")
_PLAIN_DOMAIN = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}")
_DOMAINS = 8_192  # that are judged once: those of a list repeat, and they are the dearer part
_RESERVED = (".test", ".invalid", ".localhost", ".local", ".onion", ".arpa", ".internal")
_ROLES = frozenset({"abuse", "hostmaster", "mailer-daemon", "noreply", "no-reply", "postmaster", "webmaster"})
# What a provider passes over before the @, and its other names.
_PASSED_OVER = {"gmail.com": ".", "proton.me": ".-_"}
_SAME = {
    "googlemail.com": "gmail.com",
    "protonmail.com": "proton.me",
    "pm.me": "proton.me",
    "me.com": "icloud.com",
    "mac.com": "icloud.com",
}

_COMMON = tuple(
    """
    gmail.com googlemail.com outlook.com hotmail.com hotmail.co.uk hotmail.de hotmail.fr live.com msn.com yahoo.com
    yahoo.co.uk yahoo.de yahoo.fr ymail.com icloud.com me.com mac.com aol.com proton.me protonmail.com pm.me hey.com
    fastmail.com gmx.de gmx.net gmx.at gmx.ch web.de t-online.de mailbox.org posteo.de freenet.de orange.fr
    wanadoo.fr free.fr laposte.net libero.it btinternet.com comcast.net
    """.split()  # noqa: SIM905  a list of forty is read better as words
)
# Real providers that stand a letter or two from a more common one.
_REAL = frozenset(
    """
    mail.com email.com email.de gmx.com gmx.fr web.com live.de live.fr live.it live.nl yahoo.es yahoo.it yahoo.ca
    yahoo.in yahoo.com.br hotmail.es hotmail.it hotmail.nl outlook.de outlook.fr outlook.es me.de
    """.split()  # noqa: SIM905  as above
)


class Address(msgspec.Struct, frozen=True, gc=False):
    email: str  # as it goes on the wire: domain in lower-case ASCII, and before the @ perhaps more (RFC 6531)
    key: str  # identity: the whole in lower case


def parse(text: str) -> Address:
    """The address in `text`. Raises BadInput with a sentence for the field.

    Whether mail reaches one that goes beyond ASCII is the relay's affair: newsletter/mail/reach.py.
    """
    text = text.strip()
    if not text:
        raise BadInput("Please enter your email address.")
    if len(text) > LONGEST:
        raise BadInput(_("This address is too long: %(most)d characters at most.") % {"most": LONGEST})
    key = text.lower()
    plain = _is_plain(text)
    if plain and text == key:
        return Address(text, text)
    email = text if plain else _validated(text)
    local, _at, domain = email.rpartition("@")
    email = f"{local}@{domain.lower()}"
    return Address(email, email.lower())


def parse_ascii(text: str) -> Address:
    """As `parse`, for who sends: mail from it goes by any relay. Raises BadInput."""
    address = parse(text)
    if not address.email.isascii():
        raise BadInput(UNREACHED)
    return address


def _is_plain(text: str) -> bool:
    local, _at, domain = text.partition("@")
    return len(local) <= 64 and _PLAIN_LOCAL.fullmatch(local) is not None and _is_plain_domain(domain)


@lru_cache(_DOMAINS)
def _is_plain_domain(domain: str) -> bool:
    return (
        _PLAIN_DOMAIN.fullmatch(domain) is not None
        and not domain.lower().endswith(_RESERVED)
        and "--" not in domain
    )


def _validated(text: str) -> str:
    judge = importlib.import_module("email_validator")  # 30 ms of our start, and few addresses need it
    try:
        found = judge.validate_email(text, check_deliverability=False, strict=True)
    except judge.EmailNotValidError:
        raise BadInput(
            "This doesn’t look like an email address. It should look like name@example.org."
        ) from None
    email = f"{found.local_part}@{found.ascii_domain}"
    if len(found.local_part.encode()) > _LONGEST_LOCAL or len(email.encode()) > LONGEST:
        raise BadInput(_("This address is too long: %(most)d characters at most.") % {"most": LONGEST})
    return email


def is_role(key: str) -> bool:
    """Whether mail to it reaches an office rather than a reader: postmaster@, abuse@ (RFC 2142)."""
    return _mailbox(key)[0] in _ROLES


def canonical(key: str) -> str:
    """One text for all spellings that reach one mailbox: for counting and refusing only, never stored or mailed."""
    local, domain = _mailbox(key)
    return f"{local}@{domain}"


def _mailbox(key: str) -> tuple[str, str]:
    local, _, domain = key.rpartition("@")
    domain = _SAME.get(domain, domain)
    if "+" in local:
        local = local.split("+", 1)[0]
    if domain in _PASSED_OVER:
        for passed_over in _PASSED_OVER[domain]:
            local = local.replace(passed_over, "")
    return local, domain


def suggestion(email: str) -> str | None:
    """The domain that was probably meant (``gmial.com`` → ``gmail.com``), if it looks like a slip."""
    domain = email.rpartition("@")[2]
    if domain in _COMMON or domain in _REAL:
        return None
    close = get_close_matches(domain, _COMMON, n=1, cutoff=0.84)
    return close[0] if close and _distance(domain, close[0]) <= 2 else None


def _distance(a: str, b: str) -> int:
    """Edits (insert, delete, replace, swap neighbours) from `a` to `b`: Damerau-Levenshtein, restricted."""
    rows = [list(range(len(b) + 1))]
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            cost = min(row[-1] + 1, rows[-1][j] + 1, rows[-1][j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, rows[-2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]
