"""A form's own fields: what each type takes, what keeps one from being asked, and a form that is closed."""

import msgspec
import pytest

from newsletter.addresses import parse
from newsletter.errors import BadInput, Refused
from newsletter.signups import Field, Form, Submission, check, faults, fitted
from tests.cast import House

ADA = "ada@example.org"
SIZE = Field("size", "Size", type="choice", options=("Small", "Large"))
AGE = Field("age", "Age", type="number", required=True)
BORN = Field("born", "Born", type="date")
COACH = Field("coach", "Are you a coach?", type="yes_no")


async def form_of(house: House, *fields: Field) -> Form:
    form = await house.form()
    return msgspec.structs.replace(form, fields=(form.fields[0], *fields))


async def test_answers_are_kept_as_their_type_has_them(house: House) -> None:
    form = await form_of(house, SIZE, AGE, BORN, COACH)
    typed = {"email": ADA, "size": "small", "age": "+12,50", "born": "2024-02-29", "coach": "YES"}
    address, answers = check(form, typed, {})
    assert answers == {"size": "Small", "age": "12.50", "born": "2024-02-29", "coach": "Yes"}
    await house.db.write(house.site.signups.sign_up, form, Submission(address, answers))
    await house.confirms(ADA)
    assert msgspec.json.decode((await house.person(ADA)).fields) == answers
    assert check(form, {"email": ADA, "age": "-3"}, {})[1] == {
        "age": "-3"
    }  # what is left empty overwrites nothing


async def test_every_wrong_answer_is_told_at_once(house: House) -> None:
    form = await form_of(house, SIZE, AGE, BORN, COACH)
    typed = {"email": ADA, "size": "Huge", "age": "", "born": "2023-02-29", "coach": "maybe"}
    with pytest.raises(BadInput) as refused:
        check(form, typed, {})
    assert list(refused.value.fields) == ["size", "age", "born", "coach"]
    for number in ("x", "1e5", "1.2.3", "٣", "1" * 16, "0x1"):
        with pytest.raises(BadInput) as refused:
            check(form, {"email": ADA, "age": number}, {})
        assert list(refused.value.fields) == ["age"], number


async def test_a_closed_form_takes_nobody(house: House) -> None:
    closed = msgspec.structs.replace(await house.form(), closed=True)
    with pytest.raises(Refused):
        check(closed, {"email": ADA}, {})
    with pytest.raises(Refused):
        await house.db.write(house.site.signups.sign_up, closed, Submission(parse(ADA), {}))
    assert await house.count("SELECT count(*) FROM signups") == 0


@pytest.mark.parametrize(
    ("field", "part"),
    [
        (Field("city", ""), "label"),
        (Field("City", "City"), "name"),
        (Field("email", "City"), "name"),
        (Field("hidden", "City"), "name"),
        (Field("age", "City"), "name"),  # asked already
        (Field("city", "City", type="colour"), "type"),
        (Field("name", "Name", type="number"), "type"),
        (Field("city", "City", type="choice", options=("Porto",)), "options"),
        (Field("city", "City", type="choice", options=("Porto", "x" * 101)), "options"),
    ],
)
def test_what_keeps_a_field_from_being_asked(field: Field, part: str) -> None:
    assert list(faults(field, [AGE])) == [part]


def test_a_field_is_as_long_as_its_longest_answer() -> None:
    assert [fitted(field).max_length for field in (SIZE, AGE, BORN, COACH, Field("city", "City"))] == [
        5, 24, 10, 3, 100,
    ]  # fmt: skip
    assert fitted(msgspec.structs.replace(SIZE, type="text")).options == ()
