"""Two variants of a form's texts: who came through which, and whether the difference can be luck."""

import pytest

from newsletter.addresses import parse
from newsletter.errors import BadInput, Conflict
from newsletter.signups import Form, Submission, testing
from newsletter.signups.testing import by_number, by_share
from newsletter.signups.testing_store import Trial
from tests.cast import House

ADA, BEN = "ada@example.org", "ben@example.com"
B = {"title": "Another title", "intro": "", "button": "Get it"}


async def begun(house: House) -> Form:
    await house.db.write(testing.begin, house.site.forms, "guide", B)
    house.site.forms.forget(await house.form())
    return await house.form()


async def test_each_variant_counts_its_own_and_the_chosen_one_stays(house: House) -> None:
    form = await begun(house)
    assert form.test is not None
    with pytest.raises(Conflict):
        await begun(house)
    shown = {
        variant: seen for seen, variant in (testing.varied(form, f"{form.test.id}{one}") for one in "ab")
    }
    assert [one.title for one in shown.values()] == ["Get the free guide", "Another title"]
    for email, variant in ((ADA, f"{form.test.id}b"), (BEN, f"{form.test.id}a")):
        assert testing.known(form, variant) == variant
        await house.db.write(house.site.signups.sign_up, form, Submission(parse(email), {}, variant=variant))
    await house.signs_up("cleo@example.org")  # through a plain form, which is in no test
    await house.confirms(ADA)
    found = await house.db.read(testing.trials, form.test)
    assert [(found[letter].mailed, found[letter].confirmed) for letter in testing.LETTERS] == [(1, 0), (1, 1)]

    with pytest.raises(Conflict):
        await house.db.write(testing.end, house.site.forms, "guide", "7", "b")
    await house.db.write(testing.end, house.site.forms, "guide", str(form.test.id), "b")
    house.site.forms.forget(form)
    after = await house.form()
    assert (after.title, after.intro, after.button, after.test) == (*B.values(), None)
    assert testing.varied(after, f"{form.test.id}a") == (after, "")
    assert testing.known(after, f"{form.test.id}a") == ""
    assert (
        await house.count("SELECT count(*) FROM form_tests WHERE chosen = 'b' AND ended_at IS NOT NULL") == 1
    )


async def test_what_is_no_second_variant_is_refused(house: House) -> None:
    form = await house.form()
    same = {"title": form.title, "intro": form.intro, "button": form.button}
    with pytest.raises(BadInput):
        await house.db.write(testing.begin, house.site.forms, "guide", same)
    assert testing.varied(form) == (form, "")


async def test_both_are_met(house: House) -> None:
    form = await begun(house)
    met = {testing.varied(form, wanted)[1][-1] for wanted in ["", "7a", "x", f"{form.id}b"] * 100}
    assert met == {"a", "b"}  # by chance it is only one of them once in 2 to the power of 399


def test_whether_more_is_luck() -> None:
    """Against tables: the sign test's two-sided 5 % for n = 20 is 5 and 15; for 100 it is 39 and 61."""
    assert by_number(Trial(9, 9), Trial(10, 10)).chance is None
    assert by_number(Trial(20, 15), Trial(20, 5)).chance == pytest.approx(0.041389, abs=1e-6)
    assert not by_number(Trial(20, 14), Trial(20, 6)).is_sure
    assert by_number(Trial(99, 39), Trial(99, 61)).is_sure
    assert by_number(Trial(99, 39), Trial(99, 61)).better == "b"
    assert not by_number(Trial(99, 40), Trial(99, 60)).is_sure
    assert by_number(Trial(50, 25), Trial(50, 25)).chance == 1.0
    exact, normal = by_number(Trial(0, 530), Trial(0, 470)), by_number(Trial(0, 531), Trial(0, 470))
    assert exact.chance == pytest.approx(normal.chance, rel=0.1)


def test_whether_a_larger_share_is_luck() -> None:
    """NIST's own figures for two proportions: z = 1.96 is one in twenty."""
    assert by_share(Trial(), Trial()).chance is None
    assert by_share(Trial(10, 9), Trial(10, 5)).chance is None  # three of a kind would be expected
    found = by_share(Trial(200, 120), Trial(200, 100))  # z = 2.0101 by hand
    assert found.chance == pytest.approx(0.044417, abs=1e-5)
    assert found.better == "a"
    assert found.one_in == 23
    assert not by_share(Trial(200, 118), Trial(200, 100)).is_sure
    assert by_share(Trial(100, 100), Trial(100, 100)).chance is None
