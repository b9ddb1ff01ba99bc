"""Two variants of a form's texts: a reader meets one by chance, without a cookie; who confirmed says which is better.

The variant travels in a hidden field of the form itself. What its field says is checked, and what is of no test under
way counts for none, so a page that was open for long takes sign-ups as before.
"""

import math
import secrets
from collections.abc import Mapping
from typing import Literal

import msgspec

from newsletter.errors import BadInput, Conflict
from newsletter.signups import testing_store as store
from newsletter.signups.forms import Forms
from newsletter.signups.model import Form, Texts, Variants
from newsletter.signups.testing_store import Trial
from newsletter.storage import Tx

__all__ = [
    "FEWEST", "Letter", "Texts", "Trial", "Variants", "begin", "by_number", "by_share", "end", "known", "trials",
    "varied",
]  # fmt: skip

Letter = Literal["a", "b"]

LETTERS: tuple[Letter, ...] = ("a", "b")
FEWEST = 20  # confirmed in all, before anything is said
ENOUGH = 0.05  # how often chance alone may do as much, for us to call it something else
_EXACT = 1_000  # up to here chances are counted, beyond it they follow the normal distribution

UNDER_WAY = "A test of this form is under way already."
OVER = "This test is over already. Please load the page again."
THE_SAME = "B says the same as A. Please change its title, its text or its button."


def varied(form: Form, wanted: str = "") -> tuple[Form, str]:
    """The form as this reader meets it, and what its hidden field says: '' where nothing is tried.

    `wanted` is the variant that they have met before, on the page that comes back with mistakes.
    """
    if form.test is None:
        return form, ""
    letter: Letter = secrets.choice(LETTERS)
    if known(form, wanted):
        letter = "a" if wanted.endswith("a") else "b"
    texts = form.test.a if letter == "a" else form.test.b
    shown = msgspec.structs.replace(form, title=texts.title, intro=texts.intro, button=texts.button)
    return shown, f"{form.test.id}{letter}"


def known(form: Form, variant: str) -> str:
    """`variant` where it is one of the test that is under way, else ''."""
    return variant if form.test and variant in (f"{form.test.id}a", f"{form.test.id}b") else ""


async def begin(tx: Tx, forms: Forms, slug: str, b: Mapping[str, str]) -> None:
    """The form as it is becomes A. Raises NotFound, BadInput, Conflict."""
    form = await forms.held(tx, slug)
    if form.test:
        raise Conflict(UNDER_WAY)
    other = Texts(b["title"], b["intro"], b["button"])
    own = Texts(form.title, form.intro, form.button)
    if other == own:
        raise BadInput(THE_SAME, {"title": THE_SAME})
    await store.begin(tx, form.id, own, other)


async def end(tx: Tx, forms: Forms, slug: str, test_id: str, letter: Letter) -> None:
    """The form says from now on what that variant says. Raises NotFound, Conflict."""
    form = await forms.held(tx, slug)
    if form.test is None or str(form.test.id) != test_id:
        raise Conflict(OVER)
    await store.end(tx, form.id, form.test, letter)


async def trials(tx: Tx, test: Variants) -> dict[Letter, Trial]:
    """How many came through each, and how many of them confirmed."""
    return await store.trials(tx, test.id)


class Verdict(msgspec.Struct, frozen=True):
    """`chance`: how often two that are equally good differ as much; None where there are too few to say."""

    chance: float | None
    better: Letter

    @property
    def is_sure(self) -> bool:
        return self.chance is not None and self.chance < ENOUGH

    @property
    def one_in(self) -> int:
        """``20``: as much in one of twenty such tests."""
        return min(1_000_000, max(1, round(1 / max(self.chance or 0, 1e-6))))


def by_number(a: Trial, b: Trial) -> Verdict:
    """Of the two, which has more who confirmed: each reader was as likely to meet the one as the other.

    The two-sided test of one proportion against a half, exact while they are few, else with Yates's correction:
    NIST/SEMATECH e-Handbook of Statistical Methods, 7.2.4.
    """
    more, whole = max(a.confirmed, b.confirmed), a.confirmed + b.confirmed
    better: Letter = "a" if a.confirmed > b.confirmed else "b"
    if whole < FEWEST:
        return Verdict(None, better)
    if whole > _EXACT:
        return Verdict(math.erfc(max(0, 2 * more - whole - 1) / math.sqrt(2 * whole)), better)
    tail = sum(math.comb(whole, n) for n in range(more, whole + 1))
    return Verdict(min(1.0, 2 * tail / 2**whole), better)


def by_share(a: Trial, b: Trial) -> Verdict:
    """Of those who signed up, in which variant a larger share confirmed.

    The two-sided test of two proportions with a pooled estimate: NIST/SEMATECH e-Handbook of Statistical Methods,
    7.3.3, which wants five of each kind expected in each sample.
    """
    whole = a.mailed + b.mailed
    pooled = (a.confirmed + b.confirmed) / whole if whole else 0.0
    better: Letter = "a" if a.share > b.share else "b"
    fewest = min(a.mailed, b.mailed) * min(pooled, 1 - pooled)
    if fewest < 5:
        return Verdict(None, better)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / a.mailed + 1 / b.mailed))
    return Verdict(math.erfc(abs(a.share - b.share) / spread / math.sqrt(2)), better)
