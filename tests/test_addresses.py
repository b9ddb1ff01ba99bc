"""Which addresses are taken, which count as one mailbox, which look like a slip."""

import pytest

from newsletter.addresses import canonical, is_role, parse, parse_ascii, suggestion
from newsletter.errors import BadInput, SettingsError
from newsletter.settings import load


@pytest.mark.parametrize(
    ("typed", "email"),
    [
        ("ada@example.org", "ada@example.org"),
        ("  Ada@Example.ORG ", "Ada@example.org"),
        ("ada+news@example.org", "ada+news@example.org"),
        ("a@m\u00fcnchen.de", "a@xn--mnchen-3ya.de"),
        ("o'hara@example.org", "o'hara@example.org"),
        ("J\u00fcrgen@Example.org", "J\u00fcrgen@example.org"),
    ],
)
def test_good_ones(typed: str, email: str) -> None:
    address = parse(typed)
    assert (address.email, address.key) == (email, email.lower())


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "a..b@example.org",
        "ada@localhost",
        "a@b@c.org",
        "ada@example",
        "a b@example.org",
        "\u00fc" * 33 + "@example.org",  # 66 bytes before the @
        "j\u00fcr gen@example.org",
        "\u202eada@example.org",
        f"{'a' * 65}@example.org",
        f"a@{'b' * 250}.org",
        '"a b"@example.org',
        "a@[127.0.0.1]",
        "a@example.org\r\nBcc: x@example.org",
        "a@-example.org",
        "ada@example.test",
        "ada@Example.TEST",
        "ada@printer.local",
    ],
)
def test_bad_ones_get_a_sentence(typed: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse(typed)
    assert refused.value.sentence.endswith(".")


@pytest.mark.parametrize("typed", ["j\u00fcrgen@example.org", "\u0430da@example.org"])
def test_who_sends_is_reached_by_any_relay(typed: str) -> None:
    with pytest.raises(BadInput, match="can’t be reached from here yet"):
        parse_ascii(typed)
    with pytest.raises(SettingsError, match="NEWSLETTER_FROM must hold an email address"):
        load({"NEWSLETTER_FROM": typed, "NEWSLETTER_SECRET_KEY": "k" * 32})


@pytest.mark.parametrize(
    "typed", ["k.en@gmail.com", "ken+x@gmail.com", "K.E.N@googlemail.com", "ken@gmail.com"]
)
def test_one_mailbox_is_counted_once(typed: str) -> None:
    assert canonical(parse(typed).key) == "ken@gmail.com"


@pytest.mark.parametrize(
    ("key", "office"),
    [
        ("postmaster@example.org", True),
        ("postmaster+news@example.org", True),
        ("post.master@googlemail.com", True),
        ("no-reply@proton.me", True),  # dashes count for nothing there
        ("post.master@example.org", False),
        ("postmaster.ada@example.org", False),
    ],
)
def test_an_office_is_known_in_each_spelling_that_reaches_it(key: str, office: bool) -> None:
    assert is_role(key) is office


def test_dots_count_elsewhere() -> None:
    assert canonical("k.en@example.org") != canonical("ken@example.org")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gmial.com", "gmail.com"),
        ("hotnail.com", "hotmail.com"),
        ("yaho.com", "yahoo.com"),
        ("outlok.com", "outlook.com"),
        ("gmail.co", "gmail.com"),
        ("gmail.com", None),
        ("hey.com", None),
        ("proton.me", None),
        ("mail.com", None),
        ("example.org", None),
        ("yahoo.es", None),
    ],
)
def test_slips(typed: str, meant: str | None) -> None:
    assert suggestion(f"ada@{typed}") == meant
