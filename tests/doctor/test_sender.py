"""What the DNS says of the sender's domain, and what mailbox providers make of it."""

import pytest

from newsletter.doctor import Finding, Names, sender
from tests.doctor.conftest import Zone

DOMAIN = "letters.example.com"
OURS = "v=DKIM1; k=ed25519; p=AAAA"


def seen(found: Finding) -> tuple[str, str]:
    return found.level, found.sentence


@pytest.mark.parametrize(
    ("records", "level", "words"),
    [
        ([], "wrong", "has no SPF record"),
        (["v=spf10 -all"], "wrong", "has no SPF record"),
        (["v=spf1 include:relay.example ~all"], "well", "says who may send"),
        (["V=SPF1 ip4:192.0.2.1 -all"], "well", "says who may send"),
        (["v=spf1 ~all", "v=spf1 -all"], "wrong", "has 2 SPF records"),
        (["v=spf1 a +all"], "wrong", "allows everybody"),
        (["v=spf1 a all"], "wrong", "allows everybody"),
        (["v=spf1 include:deep.example ~all"], "wrong", "more than 10 others"),
        (
            ["v=spf1 a mx a:x.example mx:y.example exists:z.example ptr a a a a a ~all"],
            "wrong",
            "more than 10 others",
        ),
        (["v=spf1 include:loop.example ~all"], "wrong", "more than 10 others"),
    ],
)
async def test_spf(zone: Zone, names: Names, records: list[str], level: str, words: str) -> None:
    zone.says(DOMAIN, "A", "192.0.2.1")
    if records:
        zone.says(DOMAIN, "TXT", "some other text", *records)
    zone.says("relay.example", "TXT", "v=spf1 ip4:192.0.2.0/24 -all")
    zone.says(
        "deep.example", "TXT", "v=spf1 " + " ".join(f"include:s{n}.example" for n in range(10)) + " -all"
    )
    zone.says("loop.example", "TXT", "v=spf1 include:loop.example -all")
    found = await sender.spf(names, DOMAIN)
    assert found.level == level
    assert words in found.sentence


@pytest.mark.parametrize(
    ("where", "record", "level", "words"),
    [
        ("", "", "wrong", "has no DMARC record"),
        (f"_dmarc.{DOMAIN}", "v=DMARC1; p=none; rua=mailto:a@example.com", "well", "says p=none"),
        (
            "_dmarc.example.com",
            "v=DMARC1; p=reject; rua=mailto:a@example.com",
            "well",
            "_dmarc.example.com says p=reject",
        ),
        (f"_dmarc.{DOMAIN}", "v=DMARC1; rua=mailto:a@example.com", "wrong", "has no policy"),
        (
            f"_dmarc.{DOMAIN}",
            "v=DMARC1; p=none; pct=50; ri=3600; rua=mailto:a@example.com",
            "note",
            "pct, ri",
        ),
        (f"_dmarc.{DOMAIN}", "v=DMARC1; p=none", "note", "names nobody"),
    ],
)
async def test_dmarc(zone: Zone, names: Names, where: str, record: str, level: str, words: str) -> None:
    if where:
        zone.says(where, "TXT", record)
    found = await sender.dmarc(names, DOMAIN)
    assert any(one.level == level and words in one.sentence for one in found), found
    assert level == "wrong" or not any(one.level == "wrong" for one in found)


@pytest.mark.parametrize(
    ("published", "level"),
    [((), "wrong"), (("v=DKIM1; k=ed25519; p=BBBB",), "wrong"), (("v=DKIM1; k=ed25519; p=AA AA",), "well")],
)
async def test_dkim(zone: Zone, names: Names, published: tuple[str, ...], level: str) -> None:
    if published:
        zone.says(f"s1._domainkey.{DOMAIN}", "TXT", *published)
    (found,) = await sender.dkim(names, DOMAIN, {"s1": OURS})
    assert found.level == level
    assert level == "well" or OURS in found.to_do


async def test_without_a_key_it_is_the_relays_affair(names: Names) -> None:
    (found,) = await sender.dkim(names, DOMAIN, {})
    assert found.level == "note"
    assert "newsletter doctor dkim" in found.to_do


async def test_mail_has_to_come_back(zone: Zone, names: Names) -> None:
    assert (await sender.mail_comes_in(names, DOMAIN)).level == "wrong"
    zone.says(DOMAIN, "MX", "0 .")
    assert "takes no mail" in (await sender.mail_comes_in(names, DOMAIN)).sentence
    zone.says(DOMAIN, "MX", "20 late.example.com.", "10 mx.example.com.")
    found = await sender.mail_comes_in(names, DOMAIN)
    assert seen(found) == ("well", f"Mail to {DOMAIN} goes to mx.example.com.")


async def test_where_the_dns_is_away_nothing_is_called_wrong(zone: Zone, names: Names) -> None:
    zone.dead = True
    (found,) = await sender.safely("SPF", sender.spf(names, DOMAIN))
    assert found.level == "note"
    assert "did not say anything about" in found.sentence


@pytest.mark.parametrize(
    ("envelope", "tag", "aligned"),
    [
        (DOMAIN, "", True),
        (f"bounces.{DOMAIN}", "", True),
        ("example.com", "", True),
        ("bounces.example.com", "", True),  # under one record, so one organisation's
        ("bounces.example.com", "; aspf=s", False),
        ("bounces.example.org", "", False),
        ("sletters.example.com.example.org", "", False),
    ],
)
async def test_spf_counts_for_the_from_where_both_are_one_organisation_s(
    zone: Zone, names: Names, envelope: str, tag: str, aligned: bool
) -> None:
    zone.says("_dmarc.example.com", "TXT", f"v=DMARC1; p=none{tag}")
    found = await sender.alignment(names, DOMAIN, envelope)
    assert [one.level for one in found] == ([] if aligned else ["note"])
    assert all(envelope in one.sentence and one.to_do for one in found)
