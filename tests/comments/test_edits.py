"""New words for a comment: they never undo what was decided of the old ones, and never end in an error of ours."""

import pytest

from newsletter.comments import Words
from newsletter.errors import Repeated
from tests.cast import House
from tests.comments.test_writing import ADA, MALLORY, confirms, lets_all_speak, says, shown, texts


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


async def test_who_can_be_asked_nothing_is_judged_all_the_same(house: House) -> None:
    """An address that asked never to be written to is no way around what the owner refuses."""
    await lets_all_speak(house, rules="refuse word casino\nrefuse address mallory@example.com")
    for email in (ADA, MALLORY):
        await house.db.write(house.site.post.suppress, email, "erased")
    refused = [await says(house, ADA, "A casino"), await says(house, MALLORY, "Hello")]
    assert [one.status for one in refused] == ["spam", "spam"]
    held = await says(house, ADA, "Hello, too")
    assert held.status == "pending"
    assert await house.mails() == []

    await house.db.write(house.site.moderation.approve, held.id)
    await house.db.write(house.site.comments.edit, held.id, Words("Hello, all"))
    assert (await house.db.read(house.site.moderation.look, held.id)).status == "pending"
    await house.db.write(house.site.comments.edit, held.id, Words("A casino"))
    assert (await house.db.read(house.site.moderation.look, held.id)).status == "spam"
    assert (await texts(house), await shown(house)) == ([], 0)


async def test_who_was_blocked_stays_so_when_they_can_be_asked_nothing_any_more(house: House) -> None:
    await lets_all_speak(house)
    first = await says(house, MALLORY, "Hello")
    await confirms(house, MALLORY)
    await house.db.write(house.site.moderation.block, first.id)
    await house.db.write(house.site.post.suppress, MALLORY, "erased")
    assert (await says(house, MALLORY, "Hello again")).status == "spam"


async def test_saving_the_same_words_is_no_edit_and_no_way_to_say_them_twice(house: House) -> None:
    said = await says(house)
    await house.db.write(house.site.comments.edit, said.id, Words("I agree."))
    assert (await house.db.read(house.site.moderation.look, said.id)).edited_at is None
    with pytest.raises(Repeated):
        await says(house)
