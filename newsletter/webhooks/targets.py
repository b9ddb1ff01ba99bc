"""Where a delivery may go: to a public server, by https. Nobody reaches through us what only this machine can reach.

An owner types the address, and a program with a token may: both could name a router, a cloud's metadata or a
database. So the name is resolved by us, each of its addresses is looked at, and the connection goes to the very
address that was looked at. Sources: the IANA special-purpose registries, RFC 6890, RFC 6052 (NAT64).
"""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

import msgspec

from newsletter.errors import BadInput

LONGEST = 500
PORTS = (443, 8443)
LOOPBACKS = ("localhost", "127.0.0.1", "::1")

WRONG = "This is no address like https://example.org/hooks/newsletter."
NOT_HTTPS = "It has to begin with https://, so that nobody on the way can read it."
NO_PASSWORD = "No name and password in it: the signature says who sends."  # noqa: S105  a sentence
NO_PORT = "Port 443 or 8443, no other."
NO_NAME = "It has to be a server’s full name, like example.org: no number, and no name of your own network."
LOCAL = "Its name leads to an address that is not public."

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NOT_PUBLIC_4 = [
    IPv4Network(one)
    for one in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16",
        "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
]  # fmt: skip
_PUBLIC_6 = IPv6Network("2000::/3")  # all that is given out as global unicast
_NOT_PUBLIC_6 = [
    IPv6Network(one) for one in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
]
_NAT64 = IPv6Network("64:ff9b::/96")


class Target(msgspec.Struct, frozen=True):
    host: str  # ASCII, in lower case
    port: int
    path: str  # with its query
    tls: bool
    local: bool  # on this very machine, where that is allowed

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


def read_target(url: str, *, local: bool) -> Target:
    """`local`: also this machine, without https, as on a developer's. Raises BadInput."""
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > LONGEST or "\\" in url:
        raise BadInput(WRONG)
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise BadInput(WRONG) from None
    if not host or parts.scheme not in ("http", "https") or parts.fragment:
        raise BadInput(WRONG)
    if parts.username is not None or parts.password is not None:
        raise BadInput(NO_PASSWORD)
    tls, path = parts.scheme == "https", _path(parts)
    if local and host in LOOPBACKS:
        return Target(host, port or (443 if tls else 80), path, tls, True)
    if not tls:
        raise BadInput(NOT_HTTPS)
    if (port or 443) not in PORTS:
        raise BadInput(NO_PORT)
    if not _is_name(host):
        raise BadInput(NO_NAME)
    return Target(host, port or 443, path, True, False)


def _path(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _is_name(host: str) -> bool:
    """A number in any spelling (2130706433, 0x7f.1, 127.1) ends in a label that is one."""
    labels = host.split(".")
    named = len(labels) > 1 and all(map(_LABEL.fullmatch, labels)) and len(host) <= 253
    last = labels[-1]
    return bool(
        named
        and re.search("[a-z]", last)
        and not re.fullmatch("0x[0-9a-f]*", last)
        and last not in ("localhost", "local", "internal", "localdomain", "arpa", "onion")
    )


def is_public(text: str) -> bool:
    """Of an IP address in its usual spelling."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        return _is_public_6(address)
    return _is_public_4(address)


def _is_public_4(address: IPv4Address) -> bool:
    return not any(address in network for network in _NOT_PUBLIC_4)


def _is_public_6(address: IPv6Address) -> bool:
    if address.scope_id:
        return False
    if address.ipv4_mapped:
        return _is_public_4(address.ipv4_mapped)
    if address in _NAT64:
        return _is_public_4(IPv4Address(int(address) & 0xFFFFFFFF))
    return address in _PUBLIC_6 and not any(address in network for network in _NOT_PUBLIC_6)


def allowed(target: Target, addresses: Iterable[str]) -> list[str]:
    """Those to connect to. One that isn't public spoils them all: a name with both is a trap. Raises BadInput."""
    found = list(dict.fromkeys(addresses))
    if target.local:
        found = [one for one in found if ip_address(one.partition("%")[0]).is_loopback]
    elif not all(map(is_public, found)):
        raise BadInput(LOCAL)
    if not found:
        raise BadInput(LOCAL)
    return found
