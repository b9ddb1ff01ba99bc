"""The owner's rules mean what they say, and cost little whatever they say."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.comments.rules import Candidate, Rule, parse_rules, verdict
from newsletter.errors import BadInput

PLAIN = Candidate(
    text="Thank you, this helped.",
    name="Ada",
    email_key="ada@example.org",
    website="",
    links=(),
    network="203.0.113.0/24",
    link_count=0,
)


def says(rule: str, **changed: object) -> str:
    return verdict(parse_rules(rule), msgspec.structs.replace(PLAIN, **changed), 2)


def test_a_text_is_read_line_by_line() -> None:
    text = "# mine\n\nhold word casino\r\n  refuse  address *@Spam.example \nHOLD network 203.0.113.0/24\n"
    text += "refuse link *.ru\nhold word casino\nhold word buy now"

    assert parse_rules(text) == (
        Rule("word", "casino", "hold"),
        Rule("address", "*@spam.example", "refuse"),
        Rule("network", "203.0.113.0/24", "hold"),
        Rule("link", "ru", "refuse"),
        Rule("word", "buy now", "hold"),
    )
    assert parse_rules("") == ()


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("casino", "begins with “hold” or “refuse”"),
        ("delete word casino", "begins with “hold” or “refuse”"),
        ("hold", "after “hold” comes"),
        ("hold casino", "after “hold” comes"),
        ("hold words casino", "after “hold” comes"),
        ("refuse word", "what to refuse is missing"),
        ("hold address ada", "an address looks like"),
        ("hold address ada @example.org", "an address looks like"),
        ("hold network casino", "a network looks like"),
        ("hold network 203.0.113.0/33", "a network looks like"),
        ("hold network 203.0.113.7", "write “203.0.113.0/24”"),
        ("hold network 2001:db8:1:2::/64", "write “2001:db8:1::/48”"),
        ("refuse link *", "a link is a host"),
        ("refuse link *.", "a link is a host"),
        ("refuse link https://", "a link is a host"),
        ("refuse link spam!.example", "a link is a host"),
        ("refuse link a b", "a link is a host"),
        ("hold word " + "a" * 201, "too long"),
    ],
)
def test_a_line_that_is_no_rule_is_named(line: str, part: str) -> None:
    with pytest.raises(BadInput, match=r"^Line 3: ") as refused:
        parse_rules(f"# mine\nhold word casino\n{line}\nhold word bonus")

    assert part in refused.value.sentence


def test_there_is_an_end_to_rules() -> None:
    with pytest.raises(BadInput, match="too many"):
        parse_rules("\n".join(f"hold word w{n}" for n in range(1_001)))


@pytest.mark.parametrize(
    ("word", "text", "held"),
    [
        ("casino", "The best CASINO!", True),
        ("Casino", "casino", True),
        ("casino", "casinos", False),
        ("casino", "mycasino", False),
        ("casino", "ｃａｓｉｎｏ", True),
        ("casino", "cas\u200bino", True),
        ("casino", "*casino*, _really_", True),
        ("STRASSE", "in der Straße", True),
        ("ΣΊΣΥΦΟΣ", "σίσυφος", True),
        ("buy now", "buy  now", True),
        ("buy now", "Buy, now!", True),
        ("buy now", "buy it now", False),
        ("now", "know", False),
        ("赌场", "最好的赌场在这里", True),
        ("赌场", "赌一场", False),
        ("हिन्दी", "यह हिन्दी है", True),
        ("$$$", "make $$$ fast", True),
        ("$$$", "make $$ fast", False),
        ("💊", "get 💊💊", True),
        (".*", "anything", False),
        ("(a+)+$", "aa", False),
        ("[a-z]", "b", False),
    ],
)
def test_a_word_is_a_whole_word_in_any_script(word: str, text: str, held: bool) -> None:
    assert says(f"hold word {word}", text=text) == ("hold" if held else "")


def test_the_name_is_looked_at_too_but_no_phrase_runs_into_it() -> None:
    assert says("refuse word casino", name="Casino King") == "refuse"
    assert says("refuse word helped Ada") == ""


@pytest.mark.parametrize(
    ("link", "host", "held"),
    [
        ("spam.example", "spam.example", True),
        ("spam.example", "www.spam.example", True),
        ("spam.example", "a.b.spam.example", True),
        ("spam.example", "notspam.example", False),
        ("spam.example", "spam.example.org", False),
        ("spam.example", "https://spam.example:8080/x?y#z", True),
        ("spam.example", "https://ada@spam.example/", True),
        ("spam.example", "https://good.example/spam.example", False),
        ("https://www.Spam.Example/buy", "shop.spam.example", True),
        ("*.ru", "shop.ru", True),
        ("*.ru", "a.shop.ru", True),
        ("*.ru", "guru", False),
        ("*.ru", "shop.ru.example", False),
        ("casino*.example", "casino77.example", True),
        ("casino*.example", "www.casino-royal.example", True),
        ("*casino*", "my-casino.example", True),
        ("müller.example", "xn--mller-kva.example", True),
        ("xn--mller-kva.example", "https://müller.example/", True),
        ("spam.example", "spam.example.", True),
        ("[2001:db8::1]", "http://[2001:db8:0::1]:80/", True),
    ],
)
def test_a_link_is_known_by_its_host_or_one_above(link: str, host: str, held: bool) -> None:
    assert says(f"hold link {link}", links=("good.example", host)) == ("hold" if held else "")
    assert says(f"hold link {link}", website=host) == ("hold" if held else "")


@pytest.mark.parametrize(
    ("address", "key", "refused"),
    [
        ("mallory@spam.example", "mallory@spam.example", True),
        ("Mallory@SPAM.example", "mallory@spam.example", True),
        ("*@spam.example", "mallory@spam.example", True),
        ("*@spam.example", "mallory@sub.spam.example", False),
        ("*@*.spam.example", "mallory@sub.spam.example", True),
        ("*@spam.example", "mallory@spam.example.org", False),
        ("mal*@*", "mallory@spam.example", True),
        ("mal*", "normal@spam.example", False),
        ("mallory@gmail.com", "mal.lory+7@googlemail.com", True),
        ("mal.lory@gmail.com", "mallory@gmail.com", True),
        ("mallory@spam.example", "amallory@spam.example", False),
        ("m?llory@spam.example", "mallory@spam.example", False),
        ("*@spam.example", "", False),
    ],
)
def test_an_address_is_known_by_its_mailbox_or_a_star(address: str, key: str, refused: bool) -> None:
    assert says(f"refuse address {address}", email_key=key) == ("refuse" if refused else "")


@pytest.mark.parametrize(
    ("network", "from_", "held"),
    [
        ("203.0.113.0/24", "203.0.113.0/24", True),
        ("203.0.0.0/16", "203.0.113.0/24", True),
        ("203.0.113.9/16", "203.0.113.0/24", True),
        ("203.0.112.0/24", "203.0.113.0/24", False),
        ("2001:db8::/32", "2001:db8:7::/48", True),
        ("2001:db9::/32", "2001:db8:7::/48", False),
        ("::/0", "203.0.113.0/24", False),
        ("0.0.0.0/0", "2001:db8:7::/48", False),
        ("0.0.0.0/0", "", False),
    ],
)
def test_a_network_holds_what_lies_in_it(network: str, from_: str, held: bool) -> None:
    assert says(f"hold network {network}", network=from_) == ("hold" if held else "")


def test_the_stricter_rule_wins_whichever_comes_first() -> None:
    assert says("hold word helped\nrefuse address ada@*") == "refuse"
    assert says("refuse address ada@*\nhold word helped") == "refuse"
    assert says("hold word nothing\nhold word helped") == "hold"


def test_more_links_than_the_most_are_held() -> None:
    assert says("", link_count=2) == ""
    assert says("", link_count=3) == "hold"
    assert says("refuse word helped", link_count=3) == "refuse"


@given(st.text(max_size=80))
def test_whatever_the_owner_writes_is_a_rule_or_a_sentence(text: str) -> None:
    for begin in ("", "hold word ", "refuse link ", "hold address ", "hold network "):
        try:
            rules = parse_rules(begin + text)
        except BadInput as refused:
            assert refused.sentence.startswith("Line ")  # noqa: PT017  either is fine, and the sentence is what counts
            continue
        verdict(rules, msgspec.structs.replace(PLAIN, text=text, website=text), 2)
