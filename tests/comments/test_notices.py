"""Who hears of a comment, how often, and how they hear no more."""

import asyncio
from typing import Any

import msgspec

from newsletter.addresses import parse
from newsletter.clock import DAY, MINUTE
from newsletter.comments import Imported
from newsletter.mail.claims import Delivery
from newsletter.mail.messages import Messages
from tests.cast import SETTINGS, House, Mailed
from tests.comments.test_moderation import does, spoken
from tests.comments.test_writing import ADA, BEN, MALLORY, PAGE, lets_all_speak, says, shown
from tests.conftest import NOON, Clock

OLGA, CLEO = parse("olga@example.org"), "cleo@example.org"


async def tells_followers(house: House) -> None:
    while await house.db.write(house.site.notices.tell_followers):
        pass


async def told(house: House, email: str) -> list[dict[str, Any]]:
    mails = await house.mails(email)
    return [msgspec.json.decode(m.context) for m in mails if m.message in ("comment_reply", "moderation")]


def built(house: House, mail: Mailed) -> str:
    row = Delivery(
        id=mail.id, message=mail.message, priority=0, recipient=mail.recipient, context=mail.context,
        message_id=mail.message_id, created_at=NOON, attempts=0, resends=0, claimed_at=NOON,
    )  # fmt: skip
    return Messages(SETTINGS, house.site.tokens).build(row).decode()


async def test_an_answer_is_told_to_whom_it_answers_and_a_thread_to_its_followers(house: House) -> None:
    await lets_all_speak(house)
    first = await spoken(house, ADA, follow="replies", name="Ada")
    await spoken(house, BEN, "I follow all", follow="thread", name="Ben")
    await spoken(house, CLEO, "I follow nothing", name="Cleo")
    await tells_followers(house)
    before = [len(await told(house, email)) for email in (ADA, BEN, CLEO)]
    await spoken(house, CLEO, "An answer", parent_id=first, name="Cleo")
    await spoken(house, CLEO, "No answer", name="Cleo")
    await tells_followers(house)
    await tells_followers(house)
    after = [len(await told(house, email)) for email in (ADA, BEN, CLEO)]
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 2, 0]
    (context,) = (await told(house, ADA))[before[0] :]
    assert (context["answers_you"], context["name"], context["excerpt"]) == (True, "Cleo", "An answer")


async def test_nobody_hears_of_what_waits_nor_of_their_own(house: House) -> None:
    await spoken(house, ADA, follow="thread")
    await tells_followers(house)
    assert await told(house, ADA) == []
    waits = await spoken(house, BEN, "I wait", follow="thread")
    await tells_followers(house)
    assert await told(house, ADA) == []
    await does(house, "approve", waits)
    await does(house, "spam", waits)
    await tells_followers(house)
    assert await told(house, ADA) == []
    await does(house, "approve", waits)
    await tells_followers(house)
    assert len(await told(house, ADA)) == 1
    assert await told(house, BEN) == []


async def test_the_link_ends_it_for_this_thread(house: House) -> None:
    await lets_all_speak(house)
    await spoken(house, ADA, follow="thread")
    await spoken(house, BEN, "One")
    await tells_followers(house)
    (context,) = await told(house, ADA)
    (follow_id,) = context["links"]["unsubscribe"][2]
    token = house.site.tokens.make("unfollow", follow_id)
    assert house.site.tokens.read("unfollow", token) == (follow_id,)
    for _ in range(2):
        await house.db.write(house.site.notices.unfollow, follow_id)
    await spoken(house, BEN, "Two")
    await tells_followers(house)
    assert len(await told(house, ADA)) == 1


async def test_the_owner_hears_at_once_and_then_together(house: House, clock: Clock) -> None:
    tell = house.site.notices.tell_owner
    assert not await house.db.write(tell, OLGA)
    await spoken(house)
    assert await house.db.write(tell, OLGA)
    for number in range(14):
        await spoken(house, text=f"Number {number}")
        assert not await house.db.write(tell, OLGA)
    clock.forward(16 * MINUTE)
    results = await asyncio.gather(*(house.db.write(tell, OLGA) for _ in range(4)))
    assert sorted(results) == [False, False, False, True]
    first, second = await told(house, OLGA.email)
    assert (len(first["items"]), first["total"]) == (1, 1)
    assert (len(second["items"]), second["total"]) == (10, 15)
    clock.forward(DAY)
    assert not await house.db.write(tell, OLGA)


async def test_a_clock_that_was_ahead_keeps_no_comment_from_the_owner(house: House, clock: Clock) -> None:
    tell = house.site.notices.tell_owner
    clock.forward(DAY)
    await spoken(house)
    assert await house.db.write(tell, OLGA)
    clock.forward(-DAY)
    await spoken(house, text="And another")
    assert await house.db.write(tell, OLGA)
    await spoken(house, text="One more")
    assert not await house.db.write(tell, OLGA)


async def test_only_what_waits_for_the_owner_is_told(house: House) -> None:
    await says(house, BEN, "Never confirmed")
    await lets_all_speak(house)
    await spoken(house)
    await does(house, "spam", await spoken(house, MALLORY, "Casino"))
    assert not await house.db.write(house.site.notices.tell_owner, OLGA)


async def test_hostile_words_are_text_in_every_mail(house: House) -> None:
    """Nothing to press, no header of theirs, and no mail that can't be made."""
    await lets_all_speak(house)
    name = "</td><a href='https://mallory.example'>x</a> =?utf-8?q?Bcc:?="
    words = (
        "<img src=https://mallory.example/p.gif> [press](https://mallory.example) www.mallory.example "
        "javascript:alert(1) \u202eolleh \x07 {{ 7 * 7 }}\n\n.\n\nBcc: x@mallory.example\n\n" + "長" * 900
    )
    first = await spoken(house, ADA, follow="thread", title=f"{name}\u2028\u2066")
    await spoken(house, MALLORY, words, parent_id=first, name=name)
    await lets_all_speak(house, "all")
    await spoken(house, MALLORY, words + "!", name=name)
    await tells_followers(house)
    await house.db.write(house.site.notices.tell_owner, OLGA)
    mails = [m for m in await house.mails() if m.message in ("comment_reply", "moderation")]
    assert {m.message for m in mails} == {"comment_reply", "moderation"}
    for mail in mails:
        raw = built(house, mail).replace("=\r\n", "")
        assert "https://mallory" not in raw
        assert "www.mallory" not in raw
        assert "javascript:" not in raw
        assert "<img" not in raw.partition("Content-Type: text/html")[2]
        assert "\r\nBcc:" not in raw.partition("\r\n\r\n")[0]
        assert "{{ 7 * 7 }}" in raw


async def test_what_nobody_confirmed_and_old_spam_are_forgotten(house: House, clock: Clock) -> None:
    await lets_all_speak(house)
    await says(house, BEN, "Never confirmed")
    kept = await spoken(house)
    spam = await spoken(house, MALLORY, "Casino")
    await does(house, "spam", spam)
    clock.forward(29 * DAY)
    assert await house.db.write(house.site.notices.purge) == 0
    clock.forward(2 * DAY)
    assert await house.db.write(house.site.notices.purge) == 2
    assert await house.db.write(house.site.notices.purge) == 0
    assert (await house.db.read(house.site.moderation.look, kept)).status == "approved"
    assert await shown(house) == 1


async def test_the_owner_hears_nothing_of_what_was_imported(house: House) -> None:
    """They ran the import, which told them how many wait."""
    imported = Imported(
        source="isso", source_id="1", parent_id=None, url=PAGE, title="", name="Cleo", email=CLEO, website="",
        text="I waited there", is_html=False, newlines=False, created_at=1, status="pending",
    )  # fmt: skip
    await house.db.write(house.site.importing.keep, [imported], lambda url: url)
    assert await house.db.read(house.site.moderation.waiting) == {"pending": 1}
    assert not await house.db.write(house.site.notices.tell_owner, OLGA)
    await spoken(house)
    assert await house.db.write(house.site.notices.tell_owner, OLGA)
    (context,) = await told(house, OLGA.email)
    assert ([one["excerpt"] for one in context["items"]], context["total"]) == (["I agree."], 2)


async def test_the_mail_says_how_long_a_comment_waits_for_its_button(house: House) -> None:
    await says(house)
    (mail,) = await house.mails(ADA)
    assert SETTINGS.pending_days != 7
    assert f"it is deleted after {SETTINGS.pending_days} days." in " ".join(built(house, mail).split())


async def test_nobody_hears_of_what_was_imported(house: House) -> None:
    """Whoever follows a thread has no part in what its owner brings along."""
    await lets_all_speak(house)
    await spoken(house, follow="thread")
    while await house.db.write(house.site.notices.tell_followers):
        pass
    imported = Imported(
        source="isso", source_id="1", parent_id=None, url=PAGE, title="", name="Cleo", email=CLEO, website="",
        text="I stood there", is_html=False, newlines=False, created_at=1, status="approved",
    )  # fmt: skip
    await house.db.write(house.site.importing.keep, [imported], lambda url: url)
    assert await shown(house) == 2
    assert not await house.db.write(house.site.notices.tell_followers)
    assert [mail.message for mail in await house.mails()] == ["comment_confirm"]
