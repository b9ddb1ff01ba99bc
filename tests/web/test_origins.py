"""Who is counted, and whose word about it counts."""

from typing import Any

import pytest

from newsletter.web.kit.limits import Budget
from newsletter.web.kit.origins import client_ip, client_network

PROXIES = ("10.0.0.0/8", "2001:db8:aaaa::/48")


def scope(peer: str | None, *forwarded: str, **others: str) -> dict[str, Any]:
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    headers += [(name.replace("_", "-").encode(), value.encode()) for name, value in others.items()]
    return {"client": (peer, 5000) if peer else None, "headers": headers}


@pytest.mark.parametrize(
    ("peer", "network"),
    [
        ("198.51.100.7", "198.51.100.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("::ffff:198.51.100.7", "198.51.100.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        (None, ""),
        ("testclient", ""),
    ],
)
def test_the_network_of_the_peer(peer: str | None, network: str) -> None:
    assert client_network(scope(peer), ()) == network


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("198.51.100.7", ["203.0.113.5"], "198.51.100.7"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", ["192.0.2.1, 203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", ["192.0.2.1", "203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", ["192.0.2.1, 203.0.113.5, 10.9.9.9"], "203.0.113.5"),
        ("10.0.0.1", ["10.1.1.1, 10.9.9.9"], "10.1.1.1"),
        ("10.0.0.1", ["203.0.113.5, not an address"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.5:4711"], "203.0.113.5"),
        ("10.0.0.1", ["[2001:db8:1::5]:4711"], "2001:db8:1::5"),
        ("2001:db8:aaaa::1", ["2001:db8:1::5"], "2001:db8:1::5"),
        ("::ffff:10.0.0.1", ["::ffff:203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", [", " * 5000 + "203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", ["10.0.0.2, " * 5000 + "10.0.0.3"], "10.0.0.2"),
        ("10.0.0.1", ["\xff\x00"], "10.0.0.1"),
    ],
)
def test_only_our_proxies_are_believed_and_only_about_whom_they_saw(
    peer: str, forwarded: list[str], client: str
) -> None:
    assert client_ip(scope(peer, *forwarded), PROXIES) == client


def test_a_thousand_stories_are_one_client() -> None:
    budget = Budget(20, 3600)
    allowed = 0
    for n in range(1000):
        story = scope(
            "198.51.100.7",
            f"203.0.{n % 256}.{n // 256}",
            x_real_ip=f"192.0.2.{n % 256}",
            forwarded=f"for={n}",
        )
        allowed += not budget.take(client_network(story, PROXIES))

    assert allowed == 20
