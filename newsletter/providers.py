"""Who keeps the mailboxes of a domain, what the owner lets go to them at once, and who sends for us and tells of it."""

import re
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from newsletter.words import gettext as _
from newsletter.words import marked

NOT_LIKE = marked("%(word)s is not like gmail.com=5/100: connections, and messages a minute")
NO_DOMAIN = marked("%(domain)s is no domain, and not * for all others")
TWICE = marked("%(provider)s is limited twice, the second time as %(domain)s")

ALL = "*"
"""Stands for every provider that isn't named."""

_SAME = {
    "googlemail.com": "gmail.com",
    "msn.com": "outlook.com",
    "ymail.com": "yahoo.com",
    "rocketmail.com": "yahoo.com",
    "myyahoo.com": "yahoo.com",
    "aol.com": "yahoo.com",
    "me.com": "icloud.com",
    "mac.com": "icloud.com",
    "protonmail.com": "proton.me",
    "protonmail.ch": "proton.me",
    "pm.me": "proton.me",
}
_OTHERS = frozenset({"yahoo.co.jp"})  # another company
_EVERYWHERE = re.compile(r"(outlook|hotmail|live|yahoo|gmx)\.(?:com|net|(?:com?\.)?[a-z]{2})")
_FAMILIES = {"hotmail": "outlook.com", "live": "outlook.com", "gmx": "gmx.net"}
_DOMAIN = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,63}")
_LIMIT = re.compile(r"([^=]+)=(\d{1,6})/(\d{1,6})")


class DomainLimit(msgspec.Struct, frozen=True):
    """What may go to one provider; 0: no limit."""

    provider: str
    connections: int  # messages under way at once, over whichever connections of ours
    per_minute: int


@lru_cache(maxsize=4096)
def provider_of(domain: str) -> str:
    """One name for all the domains under which a provider keeps mailboxes; its own for any other domain."""
    domain = domain.lower()
    if domain in _SAME:
        return _SAME[domain]
    family = _EVERYWHERE.fullmatch(domain)
    if not family or domain in _OTHERS:
        return domain
    return _FAMILIES.get(family[1], f"{family[1]}.com")


def read_limits(words: Sequence[str]) -> tuple[DomainLimit, ...]:
    """``gmail.com=5/100``: connections, and messages a minute. Raises ValueError with a sentence."""
    limits: dict[str, DomainLimit] = {}
    for word in words:
        parts = _LIMIT.fullmatch(word.lower())
        if not parts:
            raise ValueError(_(NOT_LIKE) % {"word": repr(word)})
        domain = parts[1]
        if domain != ALL and not _DOMAIN.fullmatch(domain):
            raise ValueError(_(NO_DOMAIN) % {"domain": repr(domain)})
        provider = provider_of(domain)
        if provider in limits:
            raise ValueError(_(TWICE) % {"provider": provider, "domain": domain})
        limits[provider] = DomainLimit(provider, int(parts[2]), int(parts[3]))
    return tuple(limits.values())


_TOPIC = re.compile(r"arn:aws(?:-cn|-us-gov)?:sns:[a-z0-9-]{1,40}:\d{12}:[A-Za-z0-9_-]{1,256}")
_SENDERS = ("ses", "postmark", "mailgun", "sendgrid", "brevo")
_SHORTEST_SECRET = 16


def read_hooks(words: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """``mailgun=key``: what each provider proves with that it is one. Raises ValueError with a sentence, without it."""
    hooks: dict[str, tuple[str, ...]] = {}
    for word in words:
        name, _, secret = word.partition("=")
        if name not in _SENDERS:
            raise ValueError(f"{name[:40]!r} is none of {', '.join(_SENDERS)}")
        if name == "ses" and not _TOPIC.fullmatch(secret):
            raise ValueError("ses needs a topic, like ses=arn:aws:sns:eu-west-1:123456789012:bounces")
        if len(secret) < _SHORTEST_SECRET:
            raise ValueError(f"what {name} proves itself with needs {_SHORTEST_SECRET} characters or more")
        hooks[name] = (*hooks.get(name, ()), secret)
    return hooks
