"""From a form to a comment that the public sees: confirmed once, judged, counted, and taken back."""

import asyncio
from typing import Any

import msgspec
import pytest

from newsletter.addresses import parse
from newsletter.clock import DAY, MINUTE
from newsletter.comments import Comment, Draft, Shown, Words, Written
from newsletter.comments.store import comments as store
from newsletter.errors import NotFound, Refused, Repeated
from newsletter.storage import Tx
from tests.cast import House
from tests.conftest import Clock

PAGE = "https://blog.example.org/on-work"
ADA, BEN, MALLORY = "ada@example.org", "ben@example.com", "mallory@example.com"


def draft(email: str = ADA, text: str = "I agree.", **more: Any) -> Draft:
    name = email.partition("@")[0].title()
    known: dict[str, Any] = {"url": PAGE, "title": "On work", "parent_id": None, "name": name, "website": ""}
    return Draft(address=parse(email), raw=text, **(known | more))


async def says(house: House, email: str = ADA, text: str = "I agree.", **more: Any) -> Written:
    return await house.db.write(house.site.comments.write, draft(email, text, **more))


async def confirms(house: House, email: str) -> Comment:
    mails = [m for m in await house.mails(email) if m.message == "comment_confirm"]
    numbers = msgspec.json.decode(mails[-1].context)["links"]["confirm"][2]
    comment, _ = await house.db.write(house.site.comments.confirm, *numbers[:2])
    return comment


async def lets_all_speak(house: House, policy: Any = "none", depth: int = 3, rules: str = "") -> None:
    await house.db.write(house.site.moderation.set_options, policy, depth, 2, 0, rules)


async def thread(house: House) -> Shown:
    return await house.db.read(house.site.threads.page, PAGE)


async def texts(house: House) -> list[str]:
    return [comment.raw for comment in (await thread(house)).comments]


async def shown(house: House) -> int:
    return (await house.db.read(house.site.threads.counts, [PAGE])).get(PAGE, 0)


async def test_a_first_comment_is_shown_once_its_address_is_confirmed_and_the_owner_agrees(
    house: House,
) -> None:
    first = await says(house)
    assert first.status == "unverified"
    assert (await texts(house), await shown(house)) == ([], 0)

    assert (await confirms(house, ADA)).status == "pending"
    assert (await texts(house), await shown(house)) == ([], 0)

    await house.db.write(house.site.moderation.approve, first.id)
    assert (await texts(house), await shown(house)) == (["I agree."], 1)

    second = await says(house, text="And one thing more.")
    assert second.status == "approved"
    assert len([m for m in await house.mails(ADA) if m.message == "comment_confirm"]) == 1
    assert await shown(house) == 2


async def test_confirming_sets_free_all_that_waited_for_it(house: House) -> None:
    await lets_all_speak(house)
    for number in range(3):
        await says(house, text=f"Number {number}")
    assert len([m for m in await house.mails(ADA) if m.message == "comment_confirm"]) == 1
    await confirms(house, ADA)
    await confirms(house, ADA)
    assert await texts(house) == ["Number 0", "Number 1", "Number 2"]
    assert await shown(house) == 3


async def test_a_hundred_presses_at_once_publish_once(house: House) -> None:
    await lets_all_speak(house)
    await says(house)
    await asyncio.gather(*(confirms(house, ADA) for _ in range(100)))
    assert await shown(house) == 1
    assert await house.count("SELECT count(*) FROM notices") == 1


async def test_the_same_again_is_refused_also_at_the_same_time(house: House) -> None:
    await lets_all_speak(house)
    results = await asyncio.gather(*(says(house) for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(r, Written) for r in results) == 1
    assert sum(isinstance(r, Repeated) for r in results) == 19
    assert await house.count("SELECT count(*) FROM comments") == 1
    assert (await says(house, BEN)).status == "unverified", "another may say the same"
    with pytest.raises(Repeated):
        await says(house, MALLORY, name="Ada")  # whose address stands behind a comment is told to nobody


async def test_an_answer_stands_below_what_it_answers(house: House) -> None:
    await lets_all_speak(house, depth=2)
    await says(house)
    await confirms(house, ADA)
    parent: int | None = None
    for level in range(5):
        parent = (await says(house, text=f"Level {level}", parent_id=parent)).id
    other = await says(house, text="Beside")
    found = (await thread(house)).comments
    assert [c.raw for c in found] == ["I agree.", *(f"Level {n}" for n in range(5)), "Beside"]
    assert [c.depth for c in found] == [0, 0, 1, 2, 2, 2, 0]
    assert found[-1].id == other.id


@pytest.mark.parametrize("state", ["elsewhere", "unverified", "spam", "deleted", "nowhere"])
async def test_only_what_is_there_for_all_to_see_can_be_answered(house: House, state: str) -> None:
    await lets_all_speak(house)
    url = "https://blog.example.org/other" if state == "elsewhere" else PAGE
    parent = await says(house, url=url)
    if state != "unverified":
        await confirms(house, ADA)
    if state == "spam":
        await house.db.write(house.site.moderation.spam, parent.id)
    if state == "deleted":
        await house.db.write(house.site.moderation.delete, parent.id)
    with pytest.raises(Refused):
        await says(house, BEN, parent_id=parent.id + (1 if state == "nowhere" else 0))


async def test_a_closed_page_takes_nothing(house: House, clock: Clock) -> None:
    await says(house)
    found = await house.db.read(house.site.threads.of_page, PAGE)
    assert found is not None
    await house.db.write(house.site.moderation.close, found.id, closed=True)
    with pytest.raises(Refused, match="closed"):
        await says(house, BEN)
    await house.db.write(house.site.moderation.close, found.id, closed=False)
    await house.db.write(house.site.moderation.set_options, "first", 3, 2, 14, "")
    clock.forward(13 * DAY)
    await says(house, BEN)
    clock.forward(2 * DAY)
    with pytest.raises(Refused, match="closed"):
        await says(house, MALLORY)


async def test_who_asked_never_to_be_written_to_leaves_no_address(house: House) -> None:
    ada = await house.joins(ADA)
    await house.db.write(house.site.subscribers.erase, ada.id)
    kept = await says(house)
    assert kept.status == "pending"
    assert await house.mails(ADA) == []
    assert await house.count("SELECT count(*) FROM commenters") == 0
    await house.db.write(house.site.moderation.approve, kept.id)
    assert await texts(house) == ["I agree."]


async def test_what_was_typed_is_in_no_mail_to_the_address(house: House) -> None:
    await says(house, name="Buy now", text="Cheap pills", title="Casino")
    (mail,) = await house.mails(ADA)
    for word in ("Buy", "pills", "Casino"):
        assert word not in mail.context


async def test_the_form_is_no_way_to_fill_a_mailbox(house: House, clock: Clock) -> None:
    for day in range(10):
        for number in range(3):
            await says(house, text=f"{day} {number}")
        clock.forward(DAY + 1)
    assert len(await house.mails(ADA)) == 3
    await house.signs_up(ADA)
    assert len(await house.mails(ADA)) == 3, "one budget for all forms"


async def test_an_author_changes_a_comment_for_a_quarter_of_an_hour(house: House, clock: Clock) -> None:
    await lets_all_speak(house)
    await says(house)
    await confirms(house, ADA)
    mine = await says(house, text="Teh typo")
    await house.db.write(house.site.comments.edit, mine.id, Words("The *typo*"))
    changed = (await thread(house)).comments[1]
    assert changed.raw == "The *typo*"
    assert changed.edited_at is not None
    assert "<em>typo</em>" in changed.html
    clock.forward(15 * MINUTE + 1)
    with pytest.raises(Refused):
        await house.db.write(house.site.comments.edit, mine.id, Words("Too late"))
    with pytest.raises(Refused):
        await house.db.write(house.site.comments.remove, mine.id)


async def test_an_edit_is_judged_as_any_comment(house: House) -> None:
    await lets_all_speak(house, rules="hold word casino")
    await says(house)
    await confirms(house, ADA)
    mine = await says(house, text="Harmless")
    assert await shown(house) == 2
    await house.db.write(house.site.comments.edit, mine.id, Words("Casino, casino"))
    assert await shown(house) == 1
    assert "Casino, casino" not in await texts(house)


async def test_an_edit_before_the_confirmation_is_judged_too(house: House) -> None:
    await lets_all_speak(house, rules="hold word casino\nrefuse word pills")
    held = await says(house, text="Harmless")
    refused = await says(house, text="As harmless")
    await house.db.write(house.site.comments.edit, held.id, Words("Casino"))
    await house.db.write(house.site.comments.edit, refused.id, Words("Pills"))
    await confirms(house, ADA)
    assert await texts(house) == []
    assert await house.db.read(house.site.moderation.waiting) == {"pending": 1, "spam": 1}


async def test_a_comment_taken_back_leaves_a_place_only_for_its_answers(house: House) -> None:
    await lets_all_speak(house)
    first = await says(house)
    await confirms(house, ADA)
    await says(house, text="An answer", parent_id=first.id)
    alone = await says(house, text="Alone")
    await house.db.write(house.site.comments.remove, alone.id)
    await house.db.write(house.site.comments.remove, first.id)
    found = (await thread(house)).comments
    assert next((c.status, c.name, c.raw, c.html, c.avatar) for c in found) == ("deleted", "", "", "", "")
    assert [c.raw for c in found] == ["", "An answer"]
    assert await shown(house) == 1
    with pytest.raises(NotFound):
        await house.db.write(house.site.comments.remove, first.id)


async def test_erasing_somebody_leaves_nothing_of_what_they_said(house: House) -> None:
    await lets_all_speak(house)
    first = await says(house, name="Ada Lovelace", follow="thread")
    await confirms(house, ADA)
    await says(house, BEN, text="Well said", parent_id=first.id, name="Ben")
    await confirms(house, BEN)
    known = await house.db.read(house.site.persons.own_data, ADA)
    assert known is not None
    assert [one["text"] for one in known["comments"]] == ["I agree."]
    assert known["follows"] == [{"page": PAGE, "what": "thread"}]
    assert await house.db.write(house.site.persons.erase, ADA)
    assert not await house.db.write(house.site.persons.erase, ADA)

    async def look(tx: Tx) -> str:
        parts = []
        for table, columns in (
            ("comments", "name || raw || html || avatar"),
            ("commenters", "email"),
            ("outbox", "recipient"),
        ):
            parts.append(
                await tx.value(
                    f"SELECT coalesce(max({columns}), '') FROM {table} WHERE ({columns}) LIKE '%da%'"
                )
            )
        return "".join(parts)

    assert await house.db.read(look) == ""
    assert await texts(house) == ["", "Well said"]


async def fill(tx: Tx, thread_id: int, count: int) -> None:
    for number in range(count):
        await store.add(
            tx, digest="", thread_id=thread_id, name="Ada", raw=f"Number {number}", html="", status="approved",
            created_at=tx.now + number,
        )  # fmt: skip


async def test_a_long_thread_comes_in_pages_without_a_gap(house: House) -> None:
    await says(house)
    found = await house.db.read(house.site.threads.of_page, PAGE)
    assert found is not None
    await house.db.write(fill, found.id, 10_000)
    seen: list[str] = []
    sizes: list[int] = []
    after = ""
    while after or not seen:
        page = await house.db.read(house.site.threads.page, PAGE, after)
        seen += [c.raw for c in page.comments]
        sizes.append(len(page.comments))
        after = page.next
    assert seen == [f"Number {n}" for n in range(10_000)]
    assert max(sizes) == 200
