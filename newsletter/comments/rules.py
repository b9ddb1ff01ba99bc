"""The owner's own rules: which words, links, addresses and networks are held for them, or refused.

What the owner writes is never a regular expression: a rule costs what the comment's length costs, and no more.
"""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import chain
from typing import Literal, cast, get_args

import msgspec

from newsletter.addresses import canonical
from newsletter.comments.bayes import folded, words
from newsletter.comments.pages import ascii_host
from newsletter.errors import BadInput
from newsletter.words import gettext as _
from newsletter.words import number as shown

Kind = Literal["word", "link", "address", "network"]
Action = Literal["hold", "refuse"]

MOST_RULES = 1_000
LONGEST = 200  # characters of a pattern
_KNOWN_BITS = {4: 24, 6: 48}  # of a reader's address, the budgets and the rules see the network only


class Rule(msgspec.Struct, frozen=True):
    kind: Kind
    pattern: str
    action: Action


class Candidate(msgspec.Struct):
    """A comment as the rules see it."""

    text: str
    name: str
    email_key: str
    website: str
    links: tuple[str, ...]  # hosts, or whole addresses
    network: str  # 203.0.113.0/24; '' if unknown
    link_count: int


@lru_cache(8)
def parse_rules(text: str) -> tuple[Rule, ...]:
    """The rules in the owner's text, one a line: ``refuse link *.ru``. Raises BadInput that names the line.

    Blank lines and those that begin with ``#`` are remarks.
    """
    rules = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.strip().startswith("#"):
            rules.append(_rule(line, number))
    if len(rules) > MOST_RULES:
        raise BadInput(_("These are too many rules: %(most)s at most.") % {"most": shown(MOST_RULES)})
    return tuple(dict.fromkeys(rules))


def _rule(line: str, number: int) -> Rule:
    action, kind, pattern = (*line.split(maxsplit=2), "", "", "")[:3]
    action, kind, pattern = action.lower(), kind.lower(), pattern.strip()
    if action not in get_args(Action):
        raise _wrong(number, _("a rule begins with “hold” or “refuse”, like “hold word casino”."))
    if kind not in get_args(Kind):
        sentence = _("after “%(action)s” comes “word”, “link”, “address” or “network”.")
        raise _wrong(number, sentence % {"action": action})
    if not pattern:
        sentence = _("what to %(action)s is missing after “%(kind)s”.")
        raise _wrong(number, sentence % {"action": action, "kind": kind})
    if len(pattern) > LONGEST:
        raise _wrong(number, _("this is too long, %(most)s characters at most.") % {"most": LONGEST})
    read = {"word": folded, "link": _link, "address": _address, "network": _network}[kind]
    try:
        return Rule(cast("Kind", kind), read(pattern), cast("Action", action))
    except ValueError as error:
        raise _wrong(number, str(error)) from None


def _wrong(number: int, why: str) -> BadInput:
    return BadInput(_("Line %(number)s: %(why)s") % {"number": number, "why": why})


def _link(pattern: str) -> str:
    """Of a link that was copied whole, the host; ``*.example.org`` is what ``example.org`` says already."""
    host = _host(pattern).removeprefix("*.")
    if not host.strip("*.") or not all(host.split(".")):
        raise ValueError(_("a link is a host like “spam.example”, or what lies beneath one like “*.ru”."))
    return host


def _host(link: str) -> str:
    """The host of an address or of a pattern for one, as it is looked up."""
    host = link.strip().lower()
    if "://" in host:
        host = host.partition("://")[2]
    for mark in "/?#":
        host = host.partition(mark)[0]
    host = host.rpartition("@")[2]
    if host.startswith("["):
        return ascii_host(host.partition("]")[0])
    host = host.partition(":")[0].rstrip(".").removeprefix("www.")
    return ".".join(label if "*" in label else ascii_host(label) for label in host.split("."))


def _address(pattern: str) -> str:
    pattern = pattern.lower()
    if ("@" not in pattern and "*" not in pattern) or " " in pattern:
        raise ValueError(
            _("an address looks like “mallory@example.org”, or “*@spam.example” for all of a host.")
        )
    return pattern


def _network(pattern: str) -> str:
    try:
        network = ip_network(pattern, strict=False)
    except ValueError:
        raise ValueError(_("a network looks like “203.0.113.0/24” or “2001:db8::/48”.")) from None
    bits = _KNOWN_BITS[network.version]
    if network.prefixlen > bits:
        wider = network.supernet(new_prefix=bits)
        sentence = _("of a reader only the network is known, never the address; write “%(wider)s”.")
        raise ValueError(sentence % {"wider": wider})
    return str(network)


def verdict(rules: Sequence[Rule], candidate: Candidate, most_links: int) -> Literal["refuse", "hold", ""]:
    """What the rules say of a comment; the stricter wins. More than `most_links` links hold it."""
    seen = _Seen(candidate)
    actions = {rule.action for rule in rules if seen.matches(rule)}
    if "refuse" in actions:
        return "refuse"
    return "hold" if "hold" in actions or candidate.link_count > most_links else ""


class _Seen:
    """A candidate made ready for many rules."""

    def __init__(self, candidate: Candidate) -> None:
        fields = (candidate.text, candidate.name)
        self._text = "\n".join(map(folded, fields))
        self._words = " \n ".join(f" {' '.join(words(field))} " for field in fields)
        self._hosts = {_host(link) for link in chain(candidate.links, [candidate.website]) if link}
        key = candidate.email_key.lower()
        self._addresses = {key, canonical(key)} if key else set()
        self._network = ip_network(candidate.network, strict=False) if candidate.network else None

    def matches(self, rule: Rule) -> bool:
        match rule.kind:
            case "word":
                return self._says(rule.pattern)
            case "link":
                return any(_fits(rule.pattern, h) or _fits(f"*.{rule.pattern}", h) for h in self._hosts)
            case "address":
                same = rule.pattern if "*" in rule.pattern else canonical(rule.pattern)
                return any(_fits(same, address) for address in self._addresses)
            case "network":
                return self._network is not None and _within(self._network, ip_network(rule.pattern))

    def _says(self, pattern: str) -> bool:
        """A word, or several in a row; of signs alone (``$$$``, an emoji), the signs."""
        row = words(pattern)
        return f" {' '.join(row)} " in self._words if row else pattern in self._text


def _within(inner: IPv4Network | IPv6Network, outer: IPv4Network | IPv6Network) -> bool:
    if isinstance(inner, IPv4Network):
        return isinstance(outer, IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, IPv6Network) and inner.subnet_of(outer)


def _fits(pattern: str, text: str) -> bool:
    """Whether `text` is `pattern`, where a ``*`` stands for anything. One pass over the text."""
    first, *between = pattern.split("*")
    if not between:
        return text == first
    last = between.pop()
    at, end = len(first), len(text) - len(last)
    if end < at or not text.startswith(first) or not text.endswith(last):
        return False
    for piece in between:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True
