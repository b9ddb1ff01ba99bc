"""What the owner does with comments, right at once and right when done twice."""

import asyncio
from typing import Any

import pytest

from newsletter.addresses import parse
from newsletter.comments import Policy, Words
from newsletter.errors import BadInput, NotFound, Repeated
from newsletter.storage import Tx
from tests.cast import House
from tests.comments.test_writing import (
    ADA,
    BEN,
    MALLORY,
    PAGE,
    confirms,
    lets_all_speak,
    says,
    shown,
    texts,
    thread,
)

OLGA = parse("olga@example.org")
SPAM = "Cheap casino chips and cheap casino bonus, visit the casino now"
HAM = "Thoughtful article about craft, patience and reading slowly"


async def does(house: House, verb: str, id: int) -> None:
    await house.db.write(getattr(house.site.moderation, verb), id)


async def status(house: House, id: int) -> str:
    return (await house.db.read(house.site.moderation.look, id)).status


async def learned(house: House) -> tuple[int, int]:
    options = await house.db.read(house.site.moderation.options)
    return options.spam, options.ham


async def spoken(house: House, email: str = ADA, text: str = "I agree.", **more: Any) -> int:
    """A comment whose address is confirmed."""
    id = (await says(house, email, text, **more)).id
    if await status(house, id) == "unverified":
        await confirms(house, email)
    return id


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("all", ["pending", "pending", "pending"]),
        ("first", ["pending", "approved", "pending"]),
        ("none", ["approved", "approved", "approved"]),
    ],
)
async def test_who_waits_is_as_the_owner_wants(house: House, policy: Policy, expected: list[str]) -> None:
    await lets_all_speak(house, policy)
    first = await spoken(house)
    seen = [await status(house, first)]
    await does(house, "approve", first)
    seen.append(await status(house, await spoken(house, text="Again")))
    seen.append(await status(house, await spoken(house, BEN)))
    assert seen == expected


async def test_the_count_is_right_after_every_act(house: House) -> None:
    id = await spoken(house)
    steps = [
        ("approve", 1),
        ("approve", 1),
        ("spam", 0),
        ("spam", 0),
        ("approve", 1),
        ("block", 0),
        ("block", 0),
        ("approve", 1),
    ]
    for verb, count in steps:
        await does(house, verb, id)
        assert (await shown(house), len(await texts(house))) == (count, count), verb
    await does(house, "delete", id)
    assert (await shown(house), await texts(house)) == (0, [])
    for verb in ("delete", "approve", "spam", "block"):
        with pytest.raises(NotFound):
            await does(house, verb, id)
    assert await shown(house) == 0


async def test_what_is_deleted_keeps_a_place_for_its_answers_and_nothing_else(house: House) -> None:
    await lets_all_speak(house)
    top = await spoken(house, name="Ada Lovelace", website="https://ada.example.org/")
    answer = await spoken(house, BEN, "An answer", parent_id=top)
    await does(house, "delete", top)
    place, below = (await thread(house)).comments
    assert (place.status, place.name, place.raw, place.html, place.website, place.avatar) == (
        "deleted",
        *[""] * 5,
    )
    assert (below.raw, below.depth) == ("An answer", 1)
    assert await shown(house) == 1
    with pytest.raises(NotFound):
        await does(house, "delete", top)
    await does(house, "delete", answer)
    assert await shown(house) == 0
    assert [c.raw for c in (await thread(house)).comments if c.status != "deleted"] == []


async def test_a_rule_holds_and_a_rule_refuses(house: House) -> None:
    await lets_all_speak(house, rules="hold word casino\nrefuse link *.spam.example\n# a remark")
    await spoken(house)
    assert await status(house, await spoken(house, text="The casino is near")) == "pending"
    refused = await spoken(house, text="Look: https://buy.spam.example/now")
    assert await status(house, refused) == "spam"
    assert await status(house, await spoken(house, text="Cas-in-o")) == "approved"
    many = " ".join(f"https://example.org/{n}" for n in range(3))
    assert await status(house, await spoken(house, text=many)) == "pending"


@pytest.mark.parametrize("rules", ["hold wort x", "\nhide word x", "hold word", "refuse network 203.0.113"])
async def test_a_rule_that_cannot_be_read_changes_nothing(house: House, rules: str) -> None:
    await lets_all_speak(house, "all", rules="hold word tea")
    with pytest.raises(BadInput, match=f"^Line {rules.count(chr(10)) + 1}: "):
        await lets_all_speak(house, "none", rules=rules)
    options = await house.db.read(house.site.moderation.options)
    assert (options.policy, options.rules) == ("all", "hold word tea")


async def test_what_was_called_spam_is_known_again(house: House) -> None:
    await lets_all_speak(house, "first")
    for number in range(12):
        await does(house, "spam", await spoken(house, f"mallory{number}@example.com", f"{SPAM} {number}"))
        await does(house, "approve", await spoken(house, f"cleo{number}@example.com", f"{HAM} {number}"))
    assert await learned(house) == (12, 12)
    assert await status(house, await spoken(house, "cleo0@example.com", f"{HAM} once more")) == "approved"
    again = await house.db.read(house.site.moderation.look, await spoken(house, MALLORY, f"{SPAM} again"))
    assert again.status in ("spam", "pending")
    assert "called spam" in again.why


async def test_a_lesson_is_learned_once_and_taken_back_with_a_change_of_mind(house: House) -> None:
    id = await spoken(house)
    for _ in range(3):
        await does(house, "spam", id)
    assert await learned(house) == (1, 0)
    for _ in range(3):
        await does(house, "approve", id)
    assert await learned(house) == (0, 1)
    await house.db.write(house.site.moderation.spam, id)
    assert await learned(house) == (1, 0), "and back again"


async def test_whom_the_owner_blocks_is_not_heard_again(house: House) -> None:
    await lets_all_speak(house)
    id = await spoken(house, MALLORY)
    other = await spoken(house, BEN)
    await does(house, "block", id)
    later = await house.db.read(house.site.moderation.look, await spoken(house, MALLORY, "Me again"))
    assert (later.status, later.blocked) == ("spam", True)
    many_links = (await says(house, MALLORY, "https://a.example https://b.example https://c.example")).status
    assert many_links == "spam", "What a rule would only hold is theirs all the same"
    assert await status(house, other) == "approved"
    assert await shown(house) == 1


async def test_a_comment_that_stood_twice_counts_for_its_author_once(house: House) -> None:
    await lets_all_speak(house, "first")
    id = await spoken(house)
    await does(house, "approve", id)
    await house.db.write(
        house.site.comments.edit, id, Words("Buy at https://a.example https://b.example https://c.example")
    )
    assert await status(house, id) == "pending"
    await does(house, "approve", id)
    await does(house, "spam", id)
    assert await status(house, await spoken(house, text="Again")) == "pending", "Nothing of theirs stands"


async def test_the_owners_answer_is_marked_and_stands_below(house: House) -> None:
    await lets_all_speak(house, "all", depth=2)
    id = await spoken(house)
    reply = house.site.moderation.reply
    for empty in ("", " \n "):
        with pytest.raises(BadInput):
            await house.db.write(reply, id, "Olga", OLGA, Words(empty))
    assert await shown(house) == 0
    answer = await house.db.write(reply, id, "Olga", OLGA, Words("Thank *you*"))
    with pytest.raises(Repeated):
        await house.db.write(reply, id, "Olga", OLGA, Words("Thank *you*"))
    deeper = await house.db.write(reply, answer.id, "Olga", OLGA, Words("One thing more"))
    deepest = await house.db.write(reply, deeper.id, "Olga", OLGA, Words("And another"))
    found = (await thread(house)).comments
    assert [(c.by_owner, c.depth) for c in found] == [(False, 0), (True, 1), (True, 2), (True, 2)]
    assert [c.parent_id for c in found] == [None, id, answer.id, deeper.id]
    assert "<em>you</em>" in found[1].html
    assert deepest.commenter_id is None
    assert await shown(house) == 4
    assert await learned(house) == (0, 1), "nothing is learned from the owner's own words"


async def test_two_owners_at_once(house: House) -> None:
    ids = [await spoken(house)]
    ids += [await spoken(house, text=f"Number {n}") for n in range(7)]
    acts = [does(house, "approve", id) for id in ids for _ in range(2)]
    await asyncio.gather(*acts)
    assert await shown(house) == len(await texts(house)) == 8
    assert await learned(house) == (0, 8)
    mixed = [does(house, verb, id) for id in ids for verb in ("spam", "delete", "approve")]
    results = await asyncio.gather(*mixed, return_exceptions=True)
    assert all(result is None or isinstance(result, NotFound) for result in results), results
    assert await shown(house) == len(await texts(house)) == 0


async def test_deleting_and_answering_at_once_leaves_the_count_right(house: House) -> None:
    await lets_all_speak(house)
    for round in range(6):
        id = await spoken(house, text=f"Round {round}")
        reply = house.db.write(house.site.moderation.reply, id, "Olga", OLGA, Words("Thank you"))
        results = await asyncio.gather(reply, does(house, "delete", id), return_exceptions=True)
        assert not [r for r in results if isinstance(r, BaseException) and not isinstance(r, NotFound)]
        visible = [c for c in (await thread(house)).comments if c.status == "approved"]
        assert await shown(house) == len(visible)


async def test_the_owners_edit_goes_through_the_one_pipeline(house: House) -> None:
    await lets_all_speak(house)
    id = await spoken(house)
    await house.db.write(
        house.site.moderation.edit, id, Words("<img src=x onerror=alert(1)> [x](javascript:alert)")
    )
    found = await house.db.read(house.site.moderation.look, id)
    assert "<img" not in found.html
    assert "href" not in found.html
    assert found.edited_at
    assert await shown(house) == 1


async def test_the_queue_is_newest_first_without_gaps(house: House) -> None:
    ids = [await spoken(house)]
    ids += [await spoken(house, text=f"Number {n}") for n in range(9)]
    await does(house, "spam", ids[4])
    seen: list[int] = []
    before = 0
    while rows := await house.db.read(house.site.moderation.queue, "pending", before, 4):
        seen += [row.id for row in rows]
        before = rows[-1].id
    assert seen == [id for id in ids[::-1] if id != ids[4]]
    assert await house.db.read(house.site.moderation.waiting) == {"pending": 9, "spam": 1}


async def test_a_version_tells_of_every_change(house: House) -> None:
    async def version(tx: Tx) -> int:
        return int(await tx.value("SELECT version FROM threads WHERE url = :url", url=PAGE))

    id = await spoken(house)
    seen = [await house.db.read(version)]
    for verb in ("approve", "spam", "approve", "delete"):
        await does(house, verb, id)
        seen.append(await house.db.read(version))
    assert seen == sorted(set(seen))
