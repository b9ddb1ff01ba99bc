"""New words for a comment: they never undo what was decided of the old ones, and never end in an error of ours."""

from newsletter.comments import Words
from tests.cast import House
from tests.comments.test_writing import ADA, confirms, lets_all_speak, says, texts


async def test_an_edit_is_no_way_around_a_rule_for_a_network(house: House) -> None:
    """Where it came from is not kept, so what held it for that goes on holding it."""
    await lets_all_speak(house, rules="hold network 203.0.113.0/24")
    held = await says(house, network="203.0.113.0/24")
    await house.db.write(house.site.comments.edit, held.id, Words("As harmless"))
    assert (await confirms(house, ADA)).status == "pending"
    assert await texts(house) == []


async def test_an_edit_may_say_what_stands_below_it(house: House) -> None:
    await lets_all_speak(house)
    await says(house, text="Hello")
    first = await confirms(house, ADA)
    await says(house, text="Well", parent_id=first.id)
    await house.db.write(house.site.comments.edit, first.id, Words("Well"))
    assert await texts(house) == ["Well", "Well"]


async def test_an_edit_may_say_what_somebody_of_the_same_name_said(house: House) -> None:
    await lets_all_speak(house)
    await says(house, text="Hello")
    first = await confirms(house, ADA)
    await says(house, text="Well")
    await house.db.write(house.site.comments.edit, first.id, Words("Well"))
    assert await texts(house) == ["Well", "Well"]
