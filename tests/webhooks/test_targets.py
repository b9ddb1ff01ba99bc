"""Where a delivery may go: a table of ways to reach what only this machine can reach."""

import pytest

from newsletter.errors import BadInput
from newsletter.webhooks import targets
from newsletter.webhooks.targets import Target, allowed, is_public, read_target

REFUSED = {
    "ftp://example.org/": targets.WRONG,
    "//example.org/": targets.WRONG,
    "example.org": targets.WRONG,
    "https://": targets.WRONG,
    "https:///hooks": targets.WRONG,
    "https://example.org/#part": targets.WRONG,
    "https://example.org\\@127.0.0.1/": targets.WRONG,
    "https://example.org /": targets.WRONG,
    "https://example.org/\r\nX: y": targets.WRONG,
    "https://exämple.org/": targets.WRONG,
    "https://example.org:99999/": targets.WRONG,
    "https://[::1/": targets.WRONG,
    "https://example.org/" + "x" * 500: targets.WRONG,
    "http://example.org/": targets.NOT_HTTPS,
    "https://ada@example.org/": targets.NO_PASSWORD,
    "https://ada:secret@example.org/": targets.NO_PASSWORD,
    "https://example.org@127.0.0.1/": targets.NO_PASSWORD,
    "https://example.org:22/": targets.NO_PORT,
    "https://example.org:5432/": targets.NO_PORT,
    "https://example.org:80/": targets.NO_PORT,
    **dict.fromkeys(
        (
            "https://127.0.0.1/",
            "https://8.8.8.8/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0x7f.0.0.1/",
            "https://127.0.0.0x1/",
            "https://0177.0.0.1/",
            "https://127.1/",
            "https://0/",
            "https://[::1]/",
            "https://[fe80::1%25eth0]/",
            "https://[::ffff:127.0.0.1]/",
            "https://localhost/",
            "https://localhost./",
            "https://foo.localhost/",
            "https://printer.local/",
            "https://metadata.google.internal/",
            "https://intranet/",
            "https://a..example.org/",
            "https://-a.example.org/",
            "https://exa%6dple.org/",
        ),
        targets.NO_NAME,
    ),
}


@pytest.mark.parametrize("url", REFUSED)
def test_what_is_no_public_https_address_is_refused(url: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_target(url, local=False)
    assert refused.value.sentence == REFUSED[url]


def test_what_is_taken() -> None:
    taken = {
        "https://example.org": Target("example.org", 443, "/", True, False),
        "https://Hooks.Example.org:8443/a?b=c": Target("hooks.example.org", 8443, "/a?b=c", True, False),
        "https://xn--exmple-cua.org./": Target("xn--exmple-cua.org", 443, "/", True, False),
    }
    assert {url: read_target(url, local=False) for url in taken} == taken
    assert [one.authority for one in taken.values()] == [
        "example.org",
        "hooks.example.org:8443",
        "xn--exmple-cua.org",
    ]


def test_this_machine_only_where_that_is_allowed() -> None:
    for url in ("http://127.0.0.1:9000/x", "http://localhost:9000/x", "http://[::1]:9000/x"):
        assert read_target(url, local=True).local
        with pytest.raises(BadInput):
            read_target(url, local=False)
    for url in ("http://example.org/", "http://192.168.0.1/", "http://127.0.0.2/"):
        with pytest.raises(BadInput):
            read_target(url, local=True)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.255", "169.254.169.254", "172.16.0.1",
        "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1",
        "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1",
        "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "fc00::1", "fd12::1",
        "fe80::1", "fe80::1%eth0", "2606:4700::1%eth0", "fec0::1", "ff02::1", "5f00::1",
        "", "example.org", "0177.0.0.1", "127.1", "2130706433",
    ],
)  # fmt: skip
def test_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
)
def test_public(address: str) -> None:
    assert is_public(address)


def test_one_address_that_is_not_public_spoils_a_name() -> None:
    target = read_target("https://example.org/", local=False)
    assert allowed(target, ["8.8.8.8", "2606:4700::1", "8.8.8.8"]) == ["8.8.8.8", "2606:4700::1"]
    for addresses in (["8.8.8.8", "10.0.0.1"], ["127.0.0.1"], []):
        with pytest.raises(BadInput) as refused:
            allowed(target, addresses)
        assert refused.value.sentence == targets.LOCAL
