"""What happens by itself: what is due is sent off, its owner hears what stands, and hours are the owner's."""

import asyncio
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import SMTP

import msgspec
import pytest

from newsletter.app import working
from newsletter.clock import HOUR
from newsletter.errors import BadInput
from newsletter.mail import MessageError
from newsletter.storage import Database
from newsletter.web.kit import broadcasting
from tests.broadcasts.writing import LETTER, OLGA, Desk
from tests.cast import SETTINGS
from tests.conftest import NOON, Clock
from tests.mail.conftest import eventually, run
from tests.mail.mailing import people
from tests.mail.sink import Sink

SPOILT = msgspec.structs.replace(LETTER, body="![](https://example.org/a.png)")
LISBON = msgspec.structs.replace(SETTINGS, time_zone="Europe/Lisbon")


async def told(desk: Desk) -> list[str]:
    """What its owner was mailed about broadcasts that stand."""
    mails = [mail for mail in await desk.mails(OLGA) if mail.message == "broadcast_held"]
    return [msgspec.json.decode(mail.context)["why"] for mail in mails]


async def test_from_a_draft_to_everybodys_inbox(desk: Desk, clock: Clock, sink: Sink) -> None:
    await people(desk.db, 250)
    one = await desk.writes()
    await desk.does("schedule", one, NOON + HOUR)
    await broadcasting.keep_going(desk.site)
    assert (await desk.now(one)).state == "scheduled"
    assert not await desk.count("SELECT count(*) FROM outbox")

    clock.forward(HOUR)

    async def sent() -> bool:
        return (await desk.now(one)).state == "sent"

    async with working(desk.site):
        await eventually(sent, 30)
    assert sorted(mail.recipient for mail in sink.mails) == sorted(
        b"reader%d@example.org" % n for n in range(1, 251)
    )
    for mail in sink.mails:
        message = message_from_bytes(mail.content, policy=SMTP)
        assert message["Subject"] == "On work"
        text = message.get_body(("plain",))
        assert text
        assert "Hello there, do you like it?" in text.get_content()
    assert not await told(desk)


async def test_one_that_can_not_be_sent_is_a_draft_again_and_holds_up_no_other(
    desk: Desk, clock: Clock
) -> None:
    spoilt, fine = await desk.writes(), await desk.writes()
    for one in (spoilt, fine):
        await desk.does("schedule", one, NOON + HOUR)
    await desk.does("change", spoilt, (await desk.now(spoilt)).version, SPOILT)
    clock.forward(HOUR)
    for _ in range(2):
        await broadcasting.keep_going(desk.site)
    assert (await desk.now(spoilt)).state == "draft"
    assert (await desk.now(spoilt)).send_at is None
    assert (await desk.now(fine)).state == "sent"  # to nobody: it is through
    (why,) = await told(desk)
    assert "no alternative text" in why


async def test_one_that_is_broken_holds_up_no_other(desk: Desk, clock: Clock) -> None:
    await people(desk.db, 2)
    broken, whole = await desk.sends(), await desk.sends()
    later = await desk.writes()
    await desk.does("schedule", later, NOON + HOUR)
    clock.forward(HOUR)
    await run(desk.db, "UPDATE mailings SET content = :none WHERE id = :id", none=b"{}", id=broken.mailing_id)
    with pytest.raises(MessageError):
        await broadcasting.keep_going(desk.site)
    assert [len(await desk.slips(one)) for one in (broken, whole, later)] == [0, 2, 2]
    await desk.hands_over(whole)
    with pytest.raises(MessageError):
        await broadcasting.keep_going(desk.site)
    assert (await desk.now(whole)).state == "sent"
    await desk.does("cancel", broken)
    await broadcasting.keep_going(desk.site)


async def test_what_its_owner_has_mended_meanwhile_keeps_its_time(desk: Desk) -> None:
    one = await desk.writes(body=SPOILT.body)
    await desk.does("schedule", one, NOON + HOUR)
    seen = await desk.now(one)
    mended = await desk.does("change", seen, seen.version, LETTER)
    await desk.db.write(broadcasting.send_back, desk.site, seen, "It has no text.")
    assert await desk.now(one) == mended
    assert await told(desk) == []


async def test_two_services_send_one_off_once(desk: Desk, clock: Clock) -> None:
    await people(desk.db, 3)
    one = await desk.writes()
    await desk.does("schedule", one, NOON + HOUR)
    clock.forward(HOUR)
    await asyncio.gather(*(broadcasting.keep_going(desk.site) for _ in range(5)))
    assert await desk.count("SELECT count(*) FROM mailings") == 1
    assert len(await desk.slips(one)) == 3


async def test_what_the_breaker_holds_is_paused_and_its_owner_hears_once(desk: Desk) -> None:
    await people(desk.db, 3)
    one = await desk.in_state("sending")
    await run(desk.db, "UPDATE mailings SET state = 'held', why = 'They refuse it.'")
    await asyncio.gather(*(broadcasting.keep_going(desk.site) for _ in range(5)))
    await broadcasting.keep_going(desk.site)
    found, _, why = await desk.db.read(desk.site.broadcasts.standing, one.id)
    assert (found.state, why) == ("paused", "They refuse it.")
    assert await told(desk) == ["They refuse it."]
    await desk.does("resume", one)
    await broadcasting.keep_going(desk.site)
    assert (await desk.now(one)).state == "sending"


async def test_an_owner_who_pauses_it_is_told_nothing(desk: Desk) -> None:
    one = await desk.in_state("sending")
    await desk.does("pause", one, "")
    await broadcasting.keep_going(desk.site)
    assert (await desk.now(one)).state == "paused"
    assert await told(desk) == []


async def test_refusing_servers_pause_a_real_one(desk: Desk, sink: Sink) -> None:
    sink.plays({"dot": ["550 5.7.1 we do not know you"] * 300})
    await people(desk.db, 100)
    one = await desk.sends()

    async def paused() -> bool:
        return (await desk.now(one)).state == "paused"

    async with working(desk.site):
        await eventually(paused, 30)
    (why,) = await told(desk)
    assert "by policy" in why
    assert len([slip for slip in await desk.slips(one) if slip.state == "queued"]) > 50


async def test_a_time_that_is_over_is_refused(desk: Desk) -> None:
    one = await desk.writes()
    for at in (NOON, NOON - 1, 0):
        with pytest.raises(BadInput, match="That time is over"):
            await desk.does("schedule", one, at)
    assert await desk.now(one) == one


@pytest.mark.parametrize(
    ("typed", "utc", "shown"),
    [
        ("2026-01-20 09:00", "2026-01-20 09:00", "2026-01-20 09:00 WET"),
        ("2026-07-20 09:00", "2026-07-20 08:00", "2026-07-20 09:00 WEST"),
        ("2026-03-29 00:59", "2026-03-29 00:59", "2026-03-29 00:59 WET"),
        ("2026-03-29 01:30", "2026-03-29 01:30", "2026-03-29 02:30 WEST"),  # their clocks skip it
        ("2026-03-29 02:00", "2026-03-29 01:00", "2026-03-29 02:00 WEST"),
        ("2026-10-25 00:59", "2026-10-24 23:59", "2026-10-25 00:59 WEST"),
        ("2026-10-25 01:30", "2026-10-25 00:30", "2026-10-25 01:30 WEST"),  # comes twice
        ("2026-10-25 02:00", "2026-10-25 02:00", "2026-10-25 02:00 WET"),
        ("2026-10-25T01:30+00:00", "2026-10-25 01:30", "2026-10-25 01:30 WET"),
        ("2026-07-20T09:00+02:00", "2026-07-20 07:00", "2026-07-20 08:00 WEST"),
    ],
)
def test_an_hour_is_the_owners(typed: str, utc: str, shown: str) -> None:
    moment = broadcasting.moment(LISBON, datetime.fromisoformat(typed))
    assert f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" == utc
    assert f"{moment:%Y-%m-%d %H:%M %Z}" == shown


@pytest.mark.parametrize("typed", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00"])
def test_a_time_that_no_clock_shows_is_refused(typed: str) -> None:
    with pytest.raises(BadInput, match="There is no such time"):
        broadcasting.moment(LISBON, datetime.fromisoformat(typed))


async def test_a_new_one_that_can_not_be_scheduled_leaves_nothing(desk: Desk, db: Database) -> None:
    content = broadcasting.frozen(desk.site, LETTER)
    with pytest.raises(BadInput):
        await db.write(broadcasting.send_new, desk.site, LETTER, content, NOON)
    assert await db.read(desk.site.broadcasts.newest) == []
    made = await db.write(broadcasting.send_new, desk.site, LETTER, content, NOON + HOUR)
    assert (await desk.now(made)).send_at == NOON + HOUR
