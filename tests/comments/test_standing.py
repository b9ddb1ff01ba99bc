"""What stands and what goes: blocks, spam, purges, follows, and two who act at the same time."""

import asyncio

from newsletter.clock import DAY
from newsletter.comments import Imported
from newsletter.comments.store import comments as store
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
from tests.conftest import Clock
from tests.mail.conftest import run


async def test_whom_the_owner_blocks_stays_out_also_with_what_waited(house: House) -> None:
    await lets_all_speak(house)
    first = await says(house, MALLORY, text="One")
    await says(house, MALLORY, text="Two")
    await house.db.write(house.site.moderation.block, first.id)
    await confirms(house, MALLORY)
    assert await texts(house) == []
    assert await house.db.read(house.site.moderation.waiting) == {"spam": 2}


async def test_what_is_called_spam_late_is_kept_for_a_while(house: House, clock: Clock) -> None:
    await lets_all_speak(house)
    old = await says(house)
    await confirms(house, ADA)
    clock.forward(40 * DAY)
    await house.db.write(house.site.moderation.spam, old.id)
    assert await house.db.write(house.site.notices.purge) == 0
    clock.forward(31 * DAY)
    assert await house.db.write(house.site.notices.purge) == 1


async def test_who_never_confirmed_is_forgotten_whole(house: House, clock: Clock) -> None:
    await says(house, follow="thread")
    clock.forward(31 * DAY)
    assert await house.db.write(house.site.notices.purge) == 1
    assert await house.count("SELECT count(*) FROM commenters") == 0
    assert await house.db.read(house.site.persons.own_data, ADA) is None


async def test_words_under_an_address_that_is_not_kept_go_too(house: House, clock: Clock) -> None:
    """Nobody can confirm them; what the owner let stand, and what came from elsewhere, stays."""
    ada = await house.joins(ADA)
    await house.db.write(house.site.subscribers.erase, ada.id)
    stands = await says(house)
    await house.db.write(house.site.moderation.approve, stands.id)
    await says(house, text="Nobody's")
    await says(house, text="Nobody's answer", parent_id=stands.id)
    known = await says(house, BEN, "Mine")
    await confirms(house, BEN)
    brought = Imported(
        source="isso", source_id="1", parent_id=None, url=PAGE, title="", name="Cleo", email="", website="",
        text="Brought", is_html=False, newlines=False, created_at=1, status="pending",
    )  # fmt: skip
    await house.db.write(house.site.importing.keep, [brought], lambda url: url)
    clock.forward(29 * DAY)
    assert await house.db.write(house.site.notices.purge) == 0
    clock.forward(2 * DAY)
    assert await house.db.write(house.site.notices.purge) == 2
    assert await house.db.write(house.site.notices.purge) == 0
    assert await texts(house) == ["I agree."]
    (first, second) = await house.db.read(store.queue, "pending", 2**63 - 1, 10)
    assert {first.raw, second.raw} == {"Mine", "Brought"}
    assert known.id in (first.id, second.id)


async def test_an_empty_place_goes_with_its_last_answer(house: House) -> None:
    await lets_all_speak(house)
    first = await says(house)
    await confirms(house, ADA)
    second = await says(house, text="An answer", parent_id=first.id)
    await house.db.write(house.site.comments.remove, first.id)
    assert await texts(house) == ["", "An answer"]
    await house.db.write(house.site.comments.remove, second.id)
    assert (await thread(house)).comments == []


async def test_followers_hear_of_a_comment_once(house: House) -> None:
    await lets_all_speak(house)
    await says(house, follow="thread")
    await confirms(house, ADA)
    await says(house, BEN, text="Hello", name="Ben")
    hello = await confirms(house, BEN)
    for _ in range(3):
        while await house.db.write(house.site.notices.tell_followers):
            pass
        await run(house.db, "UPDATE outbox SET state = 'sent'")
        await house.db.write(house.site.moderation.spam, hello.id)
        await house.db.write(house.site.moderation.approve, hello.id)
    assert len([m for m in await house.mails(ADA) if m.message == "comment_reply"]) == 1


async def test_a_wish_to_follow_outlasts_an_owner_who_is_faster(house: House) -> None:
    mine = await says(house, follow="thread")
    await house.db.write(house.site.moderation.approve, mine.id)
    await confirms(house, ADA)
    assert await house.count("SELECT count(*) FROM follows") == 1


async def test_what_the_owner_calls_spam_takes_the_good_name_back(house: House) -> None:
    mine = await says(house)
    await confirms(house, ADA)
    await house.db.write(house.site.moderation.approve, mine.id)
    await house.db.write(house.site.moderation.spam, mine.id)
    assert (await says(house, text="Again")).status == "pending"


async def test_the_owners_word_outlasts_a_press_at_the_same_time(house: House) -> None:
    await lets_all_speak(house)
    for number in range(20):
        said = await says(house, f"reader{number}@example.org", text=f"Number {number}")
        await asyncio.gather(
            confirms(house, f"reader{number}@example.org"),
            house.db.write(house.site.moderation.spam, said.id),
        )
    assert await texts(house) == []
    assert await shown(house) == 0


async def test_nothing_is_said_after_an_erasure_at_the_same_time(house: House) -> None:
    await lets_all_speak(house)
    for number in range(20):
        email = f"reader{number}@example.org"
        await says(house, email, text=f"First {number}")
        await asyncio.gather(
            says(house, email, text=f"Second {number}"), house.db.write(house.site.persons.erase, email)
        )
    orphans = "SELECT count(*) FROM comments WHERE commenter_id IS NULL AND raw <> ''"
    assert await house.count(orphans) == 0


async def test_the_words_of_who_is_erased_are_in_no_mail(house: House) -> None:
    """Neither in one that waits, nor in the ledger of those that went."""
    await lets_all_speak(house)
    await says(house, BEN, follow="thread")
    await confirms(house, BEN)
    await says(house, text="My SECRET", name="Countess")
    await confirms(house, ADA)
    for state in ("queued", "sent"):
        await says(house, text=f"My SECRET, {state}", name="Countess")
        while await house.db.write(house.site.notices.tell_followers):
            pass
        await run(house.db, f"UPDATE outbox SET state = '{state}'")
    assert any("SECRET" in mail.context for mail in await house.mails())
    await house.db.write(house.site.persons.erase, ADA)
    assert not [
        mail for mail in await house.mails() if "SECRET" in mail.context or "Countess" in mail.context
    ]


async def test_a_page_is_called_as_a_public_comment_calls_it(house: House) -> None:
    await says(house, MALLORY, title="Buy pills")
    assert (await thread(house)).thread is not None
    found = await house.db.read(house.site.threads.of_page, "https://blog.example.org/on-work")
    assert found is not None
    assert found.title == ""
    await lets_all_speak(house)
    await says(house, title="On work")
    await confirms(house, ADA)
    found = await house.db.read(house.site.threads.of_page, "https://blog.example.org/on-work")
    assert found is not None
    assert found.title == "On work"


async def test_who_left_a_thread_is_not_brought_back_by_a_stranger(house: House) -> None:
    await lets_all_speak(house)
    await says(house, follow="thread")
    await confirms(house, ADA)
    await run(house.db, "UPDATE follows SET kind = 'none'")
    await says(house, text="In her name", follow="thread")
    assert await house.count("SELECT count(*) FROM follows WHERE kind <> 'none'") == 0
