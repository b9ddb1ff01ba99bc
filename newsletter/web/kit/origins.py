"""Who a request comes from, as far as that can be believed."""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

Address = IPv4Address | IPv6Address

_MOST_HOPS = 20


def client_network(scope: Mapping[str, Any], trusted: tuple[str, ...]) -> str:
    """What budgets count: the client's /24 (IPv4) or /48 (IPv6), as text; '' when there is no client."""
    address = _client(scope, trusted)
    if address is None:
        return ""
    return str(ip_network((address, 24 if address.version == 4 else 48), strict=False))


def client_ip(scope: Mapping[str, Any], trusted: tuple[str, ...]) -> str:
    """The client's address as text; '' when there is none. For settings.store_ip only."""
    return str(_client(scope, trusted) or "")


def _client(scope: Mapping[str, Any], trusted: tuple[str, ...]) -> Address | None:
    """The socket's peer; or, where that is one of our own proxies (`trusted` networks), the right-most hop in
    X-Forwarded-For that is not. Everything left of it, and every other such header, is hearsay.
    """
    peer = scope.get("client")
    address = _address(peer[0]) if peer else None
    if address is None or not trusted:
        return address
    for hop in reversed(_hops(scope)):
        if not _is_ours(address, trusted):
            break
        earlier = _address(hop)
        if earlier is None:
            break
        address = earlier
    return address


def _hops(scope: Mapping[str, Any]) -> list[str]:
    lines = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return b",".join(lines).decode("latin-1").rsplit(",", _MOST_HOPS)[-_MOST_HOPS:]


def _is_ours(address: Address, trusted: tuple[str, ...]) -> bool:
    return any(address in network for network in _networks(trusted))


@lru_cache(8)
def _networks(trusted: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(ip_network(network) for network in trusted)


def _address(text: str) -> Address | None:
    """Also of the forms that proxies write: ``1.2.3.4:567``, ``[2001:db8::1]:567``."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
