"""What is learned from the owner, and that nobody else can teach it much."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.comments.bayes import MOST_TOKENS, Tally, probability, tokens, words

SPAM = [
    (
        "Great article! Buy cheap viagra pills at https://pills.example/buy now",
        "Pharmacy",
        "https://pills.example",
    ),
    ("Best online casino bonus, free spins https://casino.example", "Casino King", "https://casino.example"),
    ("I was broke until Dr Okoro cast a love spell, WhatsApp him today", "Susan", ""),
    (
        "Earn $5000 a week with crypto trading, contact the expert on WhatsApp",
        "Invest Pro",
        "https://coins.example",
    ),
    (
        "Cheap replica watches and bags, free shipping https://bags.example",
        "Replica Outlet",
        "https://bags.example",
    ),
    ("Recovered my lost bitcoin thanks to this hacker, contact on WhatsApp", "Brenda", ""),
    (
        "Buy backlinks cheap, rank your website first on Google, free trial",
        "SEO Expert",
        "https://rank.example",
    ),
    ("casino casino casino free bonus slots https://casino.example/slots", "Slots", "https://casino.example"),
    ("Cheap essay writing, buy your thesis now, free revisions", "Essay Expert", "https://essays.example"),
    ("Get a loan in 24 hours without credit check, contact us on WhatsApp", "Loan Offer", ""),
    ("Free crypto signals, the best trading bonus, buy now", "Crypto Expert", "https://coins.example"),
    ("Buy cheap pills without prescription https://pills.example", "Pills", "https://pills.example"),
]
HAM = [
    ("Thank you for this article. I kept a work journal for a year and it changed my reviews.", "Ada", ""),
    ("How do you decide which project goes on the first page of the portfolio?", "Ben", "https://ben.example"),
    ("The chapter on mentors was exactly what I needed before my interview.", "Cleo", ""),
    ("I disagree with the second point: a career ladder at a small company looks different.", "Dora", ""),
    ("Could you write more about changing fields after ten years? I am a nurse.", "Emil", ""),
    ("We tried the quarterly review in our team and it works better than yearly ones.", "Fay", ""),
    ("Lovely read. The part about saying no made me laugh, my manager reads your letters too.", "Gus", ""),
    ("Is there a template of the skills map from the guide for teachers?", "Hana", ""),
    ("I would add that a portfolio needs failures too, with what you learned.", "Ivo", "https://ivo.example"),
    ("Your guide helped me to structure my notes before asking for a raise. Thank you!", "Jana", ""),
    ("Question about the interview chapter: do you send a letter afterwards?", "Kim", ""),
    ("I read this twice. The reading list at the end is great.", "Leo", ""),
]  # fmt: skip
LATER_SPAM = [
    ("Claim your free casino bonus now at https://casino.example", "Lucky", ""),
    ("Contact the crypto trading expert on WhatsApp to recover your bitcoin", "Mike", ""),
    ("Buy cheap watches https://bags.example", "Outlet", "https://bags.example"),
    ("Nice article! https://pills.example/cheap", "Pharmacy", "https://pills.example"),
]
LATER_HAM = [
    ("I have a question about the portfolio: how many projects do you show?", "Mia", ""),
    ("Thank you, the interview chapter helped me before my review.", "Nils", ""),
    ("My team reads your letters, and the skills map is on our wall.", "Ada", ""),
    ("Wonderful, reminds me of my grandmother's garden.", "Oto", ""),
]


class Memory:
    """What a store keeps."""

    def __init__(self) -> None:
        self.spam: Counter[str] = Counter()
        self.ham: Counter[str] = Counter()
        self.totals = [0, 0]

    def learn(self, *comment: str, spam: bool) -> None:
        (self.spam if spam else self.ham).update(tokens(*comment))
        self.totals[not spam] += 1

    def chance(self, *comment: str) -> float:
        known = [
            Tally(t, self.spam[t], self.ham[t])
            for t in sorted(tokens(*comment))
            if self.spam[t] or self.ham[t]
        ]
        found = probability(known, *self.totals)
        assert found is not None
        return found


@pytest.fixture
def taught() -> Memory:
    memory = Memory()
    for spam, ham in zip(SPAM, HAM, strict=True):
        memory.learn(*spam, spam=True)
        memory.learn(*ham, spam=False)
    return memory


def test_it_learns_what_the_owner_calls_spam(taught: Memory) -> None:
    assert [comment for comment in LATER_SPAM if taught.chance(*comment) < 0.8] == []
    assert [comment for comment in LATER_HAM if taught.chance(*comment) > 0.4] == []


def test_what_it_was_taught_it_knows(taught: Memory) -> None:
    assert all(taught.chance(*comment) > 0.95 for comment in SPAM)
    assert all(taught.chance(*comment) < 0.05 for comment in HAM)


def test_what_it_never_saw_is_even(taught: Memory) -> None:
    assert taught.chance("Zwölf Boxkämpfer jagen Viktor", "Quirin", "") == 0.5


@pytest.mark.parametrize("totals", [(0, 0), (9, 500), (500, 9), (9, 9)])
def test_it_says_nothing_before_ten_lessons_of_each(totals: tuple[int, int]) -> None:
    assert probability([Tally("casino", 9, 0)], *totals) is None
    assert probability([Tally("casino", 9, 0)], 10, 10) is not None


COUNT = st.integers(0, 60)
TALLIES = st.lists(st.builds(Tally, st.text("abc", min_size=1, max_size=3), COUNT, COUNT), max_size=30)
TOTAL = st.integers(10, 5_000)


@given(TALLIES, TOTAL, TOTAL)
def test_spam_and_ham_are_two_sides_of_one_coin(tallies: list[Tally], spam: int, ham: int) -> None:
    other = [Tally(t.token, t.ham, t.spam) for t in tallies]

    this, that = probability(tallies, spam, ham), probability(other, ham, spam)

    assert this is not None
    assert that is not None
    assert 0 < this < 1
    assert this + that == pytest.approx(1)


@given(TALLIES.filter(bool), TOTAL, TOTAL, st.integers(0, 29), st.integers(1, 40))
def test_one_more_lesson_never_turns_it_the_other_way(
    tallies: list[Tally], spam: int, ham: int, which: int, more: int
) -> None:
    tallies = list({t.token: t for t in tallies}.values())
    which %= len(tallies)
    chosen = tallies[which]
    before = probability(tallies, spam, ham)
    assert before is not None

    tallies[which] = Tally(chosen.token, chosen.spam + more, chosen.ham)
    more_spam = probability(tallies, spam, ham)
    tallies[which] = Tally(chosen.token, chosen.spam, chosen.ham + more)
    more_ham = probability(tallies, spam, ham)

    assert more_spam is not None
    assert more_ham is not None
    assert more_ham - 1e-9 <= before <= more_spam + 1e-9


@given(st.permutations([Tally(f"t{n}", n % 3, n % 5) for n in range(25)]))
def test_the_order_of_rows_is_nothing(tallies: list[Tally]) -> None:
    assert probability(tallies, 30, 30) == probability(sorted(tallies, key=lambda t: t.token), 30, 30)


def test_a_flood_of_one_token_is_no_proof(taught: Memory) -> None:
    """Mallory has the word "portfolio" called spam a thousand times; ben still may use it."""
    for _ in range(1_000):
        taught.learn("portfolio " * 500, "", "", spam=True)

    assert (
        taught.chance("How do you decide which project goes on the first page of the portfolio?", "Ben", "")
        < 0.6
    )
    assert taught.chance("Zwölf Boxkämpfer und ein portfolio", "Quirin", "") <= 0.9


def test_the_same_word_often_counts_once(taught: Memory) -> None:
    assert taught.chance("casino " * 900, "", "") == taught.chance("casino", "", "") < 0.95


def test_counts_that_make_no_sense_do_no_harm() -> None:
    for tally in (Tally("a", 10**9, 0), Tally("a", -5, 3), Tally("a", 0, -1)):
        found = probability([tally] * 3, 10, 10)
        assert found is not None
        assert 0.1 <= found <= 0.900001


def test_a_rare_kind_is_not_drowned_by_a_common_one() -> None:
    """With a thousand spams and ten others, a word seen in fifty spams leans to spam, not away from it."""
    assert (probability([Tally("pills", 50, 0)], 1_000, 10) or 0) > 0.7
    assert (probability([Tally("thanks", 0, 50)], 10, 1_000) or 1) < 0.3


@pytest.mark.parametrize(
    ("comment", "found"),
    [
        (("Buy NOW, buy!", "", ""), {"buy", "now"}),
        (("ＣＡＳＩＮＯ Straße", "", ""), {"casino", "strasse"}),
        (("cas\u200bino", "", ""), {"casino"}),
        (("", "Ada Lovelace", ""), {"name:ada", "name:lovelace"}),
        (
            ("see [this](https://www.Shop.example:8080/x?y=secret)", "", ""),
            {"see", "this", "host:shop.example"},
        ),
        (('<a href="http://shop.example">Cheap</a>', "", ""), {"href", "host:shop.example", "cheap"}),
        (("www.shop.example/path", "", ""), {"host:shop.example"}),
        (("", "", "https://ben.example/about"), {"host:ben.example"}),
        (("", "", "ben.example"), {"ben", "example"}),
        (("hi", "https://seo.example", ""), {"hi", "host:seo.example"}),
        (("买 便宜", "", ""), {"买", "便", "宜"}),
        (("हिन्दी", "", ""), {"हिन्दी"}),
    ],
)
def test_a_comment_is_known_by(comment: tuple[str, str, str], found: set[str]) -> None:
    if comment[2] == "ben.example":
        found = {"host:ben.example"}  # a website without its scheme is one all the same

    assert tokens(*comment) == found


@pytest.mark.parametrize(
    "comment",
    [
        ("write to ada@letters.example or ａｄａ＠letters.example", "", ""),
        ("mailto:ada@letters.example", "ada@letters.example", ""),
        ("[me](https://ada:letters@host.example/letters@x)", "", "https://ada@host.example"),
        ("my number is 203.0.113.77 or 2001:0db8:1234", "203.0.113.77", "http://203.0.113.77/"),
    ],
)
def test_no_token_tells_who_wrote_from_where(comment: tuple[str, str, str]) -> None:
    told = " ".join(tokens(*comment))

    assert not [
        secret for secret in ("ada", "letters", "@", "203", "113", "77", "2001", "1234") if secret in told
    ]


def test_a_book_has_no_more_tokens_than_a_comment() -> None:
    book = " ".join(f"w{n}x" for n in range(5_000))

    kept = tokens(book, "Ada", "")

    assert len(kept) == MOST_TOKENS
    assert kept == tokens(" ".join(reversed(book.split())), "Ada", "")
    assert max(map(len, tokens("y" * 9_000 + " https://" + "z" * 900, "", ""))) < 100


def test_words_are_split_by_what_divides_them() -> None:
    assert words("Don't stop—now! a_b 赌场x") == ["don", "t", "stop", "now", "a_b", "赌", "场", "x"]
