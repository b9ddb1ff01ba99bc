"""No text, however hostile, is read in the square of its length: four times the text takes about four times as long.

Processor time of this process alone, the best of three, so that a busy machine changes nothing.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

import msgspec
import pytest

from newsletter.comments.bayes import tokens
from newsletter.comments.mail_reply import reply_text
from newsletter.comments.pages import canonical_url
from newsletter.comments.rules import Rule, parse_rules, verdict
from newsletter.errors import BadInput
from newsletter.web.kit.text import clean
from tests.comments.mails import mail
from tests.comments.test_pages import ALLOWED
from tests.comments.test_rules import PLAIN
from tests.figures import Figure

pytestmark = pytest.mark.alone

MOST = 9
"""Linear work grows fourfold, work in the square sixteenfold."""
TRIFLE = 0.02
"""Seconds that nobody could hold up a server with; below them a ratio says nothing."""

Read = Callable[[str], object]


def best(read: Read, text: str) -> float:
    """Of three times, in seconds; what takes long is not asked again."""
    taken = list[float]()
    while len(taken) < 3 and sum(taken) < 0.2:
        began = time.process_time()
        with suppress(BadInput):
            read(text)
        taken.append(time.process_time() - began)
    return min(taken)


def growth(read: Read, text: str) -> float:
    """How many times as long the whole text takes as its first quarter; 1 when even the whole takes a trifle."""
    whole = best(read, text)
    return 1 if whole < TRIFLE else whole / best(read, text[: len(text) // 4])


def shown(figure: Figure, name: str, read: Read, units: Iterable[str], length: int) -> None:
    grown = {unit: growth(read, unit * (length // len(unit))) for unit in units}
    worst = max(grown.values())
    figure(f"growth_{name}_times", worst, f"<= {MOST}", worst <= MOST)
    assert not [unit for unit, times in grown.items() if times > MOST]


def test_what_is_typed_into_a_form(figure: Figure) -> None:
    units = [
        "=?",
        "=?a",
        "\u0301",
        "\u0315\u0301",
        "a\u0301",
        "\u200d",
        "👨\u200d",
        "\U0001f3f4",
        "\U0001f3f4\U000e0067",
    ]

    shown(figure, "field", lambda text: clean(text, max_length=60), units, 200_000)
    shown(figure, "text", lambda text: clean(text, max_length=60, multiline=True), units, 200_000)


def test_words_of_a_comment(figure: Figure) -> None:
    units = ["a", "https://", "www.", "@", "a@", "é", "ﷺ", "http://a@"]

    shown(figure, "words", lambda text: tokens(text, "", ""), units, 100_000)


def test_the_owners_rules(figure: Figure) -> None:
    rules = [
        "hold word (a+)+$",
        f"hold address {'*a' * 90}@b",
        f"hold link {'*a' * 90}.b",
        f"hold word {'a ' * 90}b",
    ]
    for rule, unit in zip(rules, ["a", "a", "a", "a "], strict=True):
        parsed = parse_rules(rule) * 100

        def judge(text: str, parsed: Sequence[Rule] = parsed) -> object:
            return verdict(
                parsed, msgspec.structs.replace(PLAIN, text=text, email_key=text, links=(text,)), 2
            )

        shown(figure, f"rule_{rule.split()[1]}_{len(unit)}", judge, [unit], 50_000)


def test_the_address_of_a_page(figure: Figure) -> None:
    """Longer ones than 8,000 characters are refused unread, so that ten are read instead."""
    units = ["/", "/..", "&", "%", "a&", "%2e/", "é", "/index.html"]
    for name, sign in (("path", "/"), ("query", "?")):

        def read(text: str, sign: str = sign) -> None:
            for _ in range(10):
                canonical_url(f"https://olga.example.org/{sign}{text}", ALLOWED)

        shown(figure, f"page_{name}", read, units, 7_900)


def test_a_mail_that_answers(figure: Figure) -> None:
    units = ["<a ", "<div>", "<!--", "a:\n", "a@b.example 10:00:\n\n", "> a\n\n", "<a@b.example>", "\n"]
    for kind in ("text/plain", "text/html"):

        def answer(text: str, kind: str = kind) -> str:
            return reply_text(mail("x" + text, kind))

        shown(figure, kind.replace("/", "_"), answer, units, 500_000)
