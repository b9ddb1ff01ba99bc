"""A notification answered by mail becomes a reply, if it comes from whom the notification went to."""

import msgspec
import pytest

from newsletter.comments.actions import FOREIGN_PARENT
from newsletter.comments.answering import NOT_YOURS
from newsletter.mail.bounces.listener import Door, listening
from newsletter.mail.claims import Delivery
from newsletter.mail.messages import Messages
from newsletter.storage import Database
from newsletter.web.kit.answering import said_by_mail
from newsletter.web.process import listen
from tests.cast import SETTINGS, House, build
from tests.comments.test_moderation import does, spoken
from tests.comments.test_notices import tells_followers
from tests.comments.test_writing import ADA, BEN, MALLORY, lets_all_speak, texts, thread
from tests.conftest import NOON
from tests.mail.bounces.test_listener import call

DOMAIN = "back.example.com"


@pytest.fixture
async def house(db: Database) -> House:
    """Mail that comes back comes to a domain of its own; Ada is told what is said on the page."""
    house = await build(db, msgspec.structs.replace(SETTINGS, bounce_domain=DOMAIN))
    await lets_all_speak(house)
    await spoken(house, ADA, follow="thread", name="Ada")
    return house


async def reply_to(house: House) -> str:
    """The address in the notification that Ada got of what Ben says."""
    await spoken(house, BEN, "What do you think?", name="Ben")
    await tells_followers(house)
    mail = [one for one in await house.mails(ADA) if one.message == "comment_reply"][-1]
    row = Delivery(
        id=mail.id, message=mail.message, priority=0, recipient=mail.recipient, context=mail.context,
        message_id=mail.message_id, created_at=NOON, attempts=0, resends=0, claimed_at=NOON,
    )  # fmt: skip
    raw = Messages(house.site.settings, house.site.tokens).build(row).decode()
    (line,) = [line for line in raw.splitlines() if line.startswith("Reply-To: ")]
    assert "or to this mail" in raw
    return line.removeprefix("Reply-To: ")


def mail(sender: str, to: str, text: str) -> bytes:
    return f"From: <{sender}>\r\nTo: <{to}>\r\nSubject: Re: x\r\n\r\n{text}\r\n\r\n> quoted\r\n".encode()


async def test_what_is_new_in_it_stands_under_what_it_answers(house: House) -> None:
    to = await reply_to(house)
    assert len(to.partition("@")[0]) <= 64
    said = await said_by_mail(house.site, to, mail(ADA, to, "I agree **much**."))
    assert said == "250 2.0.0 It is kept (approved)"
    answer = (await thread(house)).comments[-1]
    assert (answer.name, answer.raw, bool(answer.parent_id)) == ("Ada", "I agree **much**.", True)
    assert (
        await said_by_mail(house.site, to, mail(ADA, to, "I agree **much**."))
        == "250 2.0.0 It is here already"
    )


async def test_it_is_refused_from_anybody_else_and_by_any_other_address(house: House) -> None:
    to = await reply_to(house)
    before = await texts(house)
    for sender, where, text, words in (
        (MALLORY, to, "I agree.", NOT_YOURS),
        (BEN, to, "I agree.", NOT_YOURS),
        (ADA, f"reply+x{to.removeprefix('reply+')}", "I agree.", "not complete, or not one of ours"),
        (ADA, f"reply+@{DOMAIN}", "I agree.", "not complete, or not one of ours"),
        (ADA, to, "", "There is nothing new in this mail"),
        (ADA, to, "a\x07b", "control characters"),
    ):
        said = await said_by_mail(house.site, where, mail(sender, where, text))
        assert said.startswith("550 5.6.0 "), said
        assert said.isascii()
        assert words.encode("ascii", "replace").decode() in said
    assert await texts(house) == before


async def test_what_it_answers_may_be_gone(house: House) -> None:
    to = await reply_to(house)
    await does(house, "delete", (await thread(house)).comments[-1].id)
    said = await said_by_mail(house.site, to, mail(ADA, to, "I agree."))
    assert FOREIGN_PARENT in said


async def test_a_mail_server_hands_it_over(house: House) -> None:
    to = await reply_to(house)

    async def nothing(_: object) -> str:
        return "ignored"

    async def answer(recipient: str, content: bytes) -> str:
        return await said_by_mail(house.site, recipient, content)

    door = Door(DOMAIN, house.site.tokens, nothing, answer=answer)
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    async with listening(door, listener):
        talk = await call(port)
        await talk.hears()
        assert await talk.hands_over(to, mail(ADA, to, "By mail.")) == "250 2.0.0 It is kept (approved)"
        talk.close()
    assert (await texts(house))[-1] == "By mail."
