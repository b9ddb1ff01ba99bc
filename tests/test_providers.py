"""Which domains one provider keeps, and how its limits are written."""

import pytest

from newsletter.errors import SettingsError
from newsletter.providers import DomainLimit, provider_of
from newsletter.settings import load

KEY = "k" * 40


@pytest.mark.parametrize(
    ("domain", "provider"),
    [
        ("gmail.com", "gmail.com"),
        ("GoogleMail.com", "gmail.com"),
        ("hotmail.com", "outlook.com"),
        ("hotmail.co.uk", "outlook.com"),
        ("live.fr", "outlook.com"),
        ("outlook.com.br", "outlook.com"),
        ("msn.com", "outlook.com"),
        ("yahoo.de", "yahoo.com"),
        ("ymail.com", "yahoo.com"),
        ("yahoo.co.jp", "yahoo.co.jp"),
        ("gmx.de", "gmx.net"),
        ("me.com", "icloud.com"),
        ("live.example.com", "live.example.com"),
        ("alive.com", "alive.com"),
        ("Example.org", "example.org"),
    ],
)
def test_many_domains_are_one_provider(domain: str, provider: str) -> None:
    assert provider_of(domain) == provider


def read(value: str) -> tuple[DomainLimit, ...]:
    return load({"NEWSLETTER_SECRET_KEY": KEY, "NEWSLETTER_DOMAIN_LIMITS": value}).domain_limits


def test_limits_are_read() -> None:
    assert read("") == ()
    assert read("googlemail.com=5/100, Hotmail.com=2/30 *=10/0") == (
        DomainLimit("gmail.com", 5, 100),
        DomainLimit("outlook.com", 2, 30),
        DomainLimit("*", 10, 0),
    )


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("gmail.com", "'gmail.com' is not like gmail.com=5/100: connections, and messages a minute."),
        ("gmail.com=5", "'gmail.com=5' is not like gmail.com=5/100: connections, and messages a minute."),
        (
            "gmail.com=-1/5",
            "'gmail.com=-1/5' is not like gmail.com=5/100: connections, and messages a minute.",
        ),
        ("gmail=5/100", "'gmail' is no domain, and not * for all others."),
        ("*.org=5/100", "'*.org' is no domain, and not * for all others."),
        (
            "gmail.com=5/9 googlemail.com=2/9",
            "gmail.com is limited twice, the second time as googlemail.com.",
        ),
        ("*=5/9 *=2/9", "* is limited twice, the second time as *."),
    ],
)
def test_a_mistake_in_them_is_named(value: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(value)
    assert caught.value.sentence == f"NEWSLETTER_DOMAIN_LIMITS: {sentence}"
