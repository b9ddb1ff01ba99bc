"""What follows when mail comes back."""

import msgspec
import pytest

from newsletter.clock import DAY, HOUR
from newsletter.ids import new_id
from newsletter.mail.bounces.model import Kind, Report
from newsletter.mail.bounces.sender import envelope_sender, tokens_in
from newsletter.mail.responses import responses
from newsletter.storage import Database, Tx
from newsletter.subscribers.returns import SOFT_EXPIRY
from newsletter.tokens import Tokens
from tests.cast import SETTINGS, House, build
from tests.conftest import ON_ONE, Clock

ADA, BEN, OLGA = "ada@example.net", "ben@example.net", "olga@example.net"
UNKNOWN = "550 5.1.1 <ada@example.net>: user unknown"


async def run(house: House, sql: str, **params: object) -> None:
    async def act(tx: Tx) -> int:
        return await tx.run(sql, **params)  # type: ignore[arg-type]  # what a test gives

    await house.db.write(act)


async def mailed(
    house: House,
    email: str,
    state: str = "sent",
    reply: str = "250 ok",
    mailing: int | None = None,
    ago: int = 0,
) -> int:
    """A row of the outbox, as a worker leaves it."""
    person, id = await house.known(email), new_id()
    await run(
        house,
        """INSERT INTO outbox (id, message, priority, subscriber_id, recipient, context, message_id, state, not_before,
                               created_at, settled_at, reply, mailing_id)
           VALUES (:id, 'guide', 0, :person, :email, '{}', :message_id, :state, 0, :now, :now, :reply, :mailing)""",
        id=id, person=person and person.id, email=email, message_id=f"<{id}@example.org>", state=state,
        now=(await house.db.read(_now)) - ago, reply=reply, mailing=mailing,
    )  # fmt: skip
    return id


async def _now(tx: Tx) -> int:
    return tx.now


def comes(house: House, row_id: int, kind: Kind = "hard", tokens: Tokens | None = None) -> Report:
    settings = msgspec.structs.replace(SETTINGS, bounce_domain="bounces.example.org")
    sender = envelope_sender(settings, tokens or house.site.tokens, row_id)
    return Report(kind, tuple(tokens_in(sender.encode())), "5.1.1", "550 5.1.1 user unknown")


async def take(house: House, report: Report) -> str:
    return await house.db.write(house.site.returns.take, report)


async def suppressed(house: House, email: str) -> bool:
    return await house.db.read(house.site.post.suppressed, email) is not None


async def test_whose_address_is_gone_is_mailed_no_more(house: House) -> None:
    ada = await house.joins(ADA)
    row_id = await mailed(house, ADA, mailing=41)
    waits = await mailed(house, ADA, "queued", mailing=42)
    assert await take(house, comes(house, row_id)) == "suppressed"
    assert (await house.person(ADA)).status == "bounced"
    assert await suppressed(house, ADA)
    assert {m.id: m.state for m in await house.mails()}[waits] == "skipped"
    assert (await house.db.read(responses, 41))["bounced"] == 1
    (bounce,) = (await house.db.read(house.site.subscribers.own_data, ada.id))["bounces"]
    assert (bounce["kind"], bounce["status"], bounce["words"]) == ("hard", "5.1.1", "550 5.1.1 user unknown")
    assert await take(house, comes(house, row_id)) == "ignored"
    assert (await house.db.read(responses, 41))["bounced"] == 1
    await house.db.write(house.site.subscribers.erase, ada.id)
    assert await house.count("SELECT count(*) FROM bounces") == 0


@ON_ONE
async def test_a_forged_one_changes_nothing(house: House) -> None:
    await house.joins(ADA)
    row_id = await mailed(house, ADA)
    others = Tokens(["another-key-" + "k" * 32])
    for report in (comes(house, row_id, tokens=others), Report("hard"), comes(house, row_id + 1)):
        assert await take(house, report) == "ignored"
    assert (await house.person(ADA)).status == "active"
    assert await house.count("SELECT count(*) FROM bounces") == 0


@ON_ONE
@pytest.mark.parametrize("kind", ["policy", "soft", "auto", "unknown"])
async def test_what_is_not_the_reader_s_fault_hurts_nobody(house: House, kind: Kind) -> None:
    await house.joins(ADA)
    for _ in range(6):
        await take(house, comes(house, await mailed(house, ADA), kind))
    assert (await house.person(ADA)).status == "active"
    assert not await suppressed(house, ADA)


async def test_a_provider_that_refuses_us_is_left_alone_and_the_owner_hears_of_it(
    db: Database, clock: Clock
) -> None:
    house = await build(db, msgspec.structs.replace(SETTINGS, owner_email=OLGA))
    readers = [f"reader{n}@gmail.com" for n in range(4)]
    for email in (*readers, BEN):
        await house.joins(email)
    for email in readers[:2]:
        await take(house, comes(house, await mailed(house, email), "policy"))
    clock.forward(2 * HOUR)  # two, and long ago
    paused = "SELECT count(*) FROM send_domains WHERE slow_until > 0"
    for email in (*readers[:2], BEN):
        await take(house, comes(house, await mailed(house, email), "policy"))
    assert await house.count(paused) == 0
    await take(house, comes(house, await mailed(house, readers[2]), "policy"))
    assert await house.count("SELECT slow_until FROM send_domains WHERE name = 'gmail.com'") == clock() + HOUR
    clock.forward(HOUR + 1)
    for email in readers:
        await take(house, comes(house, await mailed(house, email), "policy"))
    assert await house.count("SELECT slow_until FROM send_domains WHERE name = 'gmail.com'") == clock() + HOUR
    (mail,) = await house.mails(OLGA)  # the same day: once
    assert mail.message == "provider_paused"
    assert msgspec.json.decode(mail.context)["provider"] == "gmail.com"
    assert {(await house.person(email)).status for email in readers} == {"active"}


@ON_ONE
async def test_who_calls_it_spam_is_mailed_no_more_even_after_leaving(house: House) -> None:
    ada = await house.joins(ADA)
    row_id = await mailed(house, ADA, mailing=41)
    await house.db.write(house.site.subscribers.unsubscribe, ada.id, "test")
    assert await take(house, comes(house, row_id, "complaint")) == "suppressed"
    assert (await house.person(ADA)).status == "complained"
    assert (await house.db.read(responses, 41))["complained"] == 1


async def soft(house: House, clock: Clock, *days: int) -> str:
    """Soft bounces of messages that left so many days after the first; the last one's effect."""
    begin, effect = clock.now(), ""
    for day in days:
        clock.forward(begin + day * DAY + HOUR - clock.now())
        effect = await take(house, comes(house, await mailed(house, ADA), "soft"))
    return effect


async def test_a_mailbox_that_takes_nothing_for_long_is_deserted(house: House, clock: Clock) -> None:
    await house.joins(ADA)
    assert await soft(house, clock, 0, 5, 10, 15) == "suppressed"
    assert (await house.person(ADA)).status == "bounced"
    assert await house.count("SELECT expires_at FROM suppressions") == clock.now() + SOFT_EXPIRY


async def test_whose_mailbox_takes_nothing_of_late_is_given_up_when_the_owner_wants_it(
    house: House, clock: Clock
) -> None:
    for email in (ADA, BEN, OLGA):
        await house.joins(email)
    clock.forward(6 * DAY)
    for email in (ADA, ADA, BEN, BEN, OLGA):
        await take(house, comes(house, await mailed(house, email), "soft"))
        clock.forward(HOUR)
    await mailed(house, BEN)  # which arrived
    clock.forward(6 * DAY)
    (one,) = await house.db.read(house.site.returns.wavering, 10)
    assert (one.email, one.times) == (ADA, 2)
    assert await house.db.write(house.site.returns.give_up) == 1
    assert await house.db.write(house.site.returns.give_up) == 0
    assert [(await house.person(one)).status for one in (ADA, BEN, OLGA)] == ["bounced", "active", "active"]
    assert await house.count("SELECT expires_at FROM suppressions") == clock.now() + SOFT_EXPIRY


@ON_ONE
async def test_whose_mailbox_was_deserted_may_sign_up_again_after_90_days(house: House, clock: Clock) -> None:
    await house.joins(ADA)
    await soft(house, clock, 0, 5, 10, 15)
    clock.forward(SOFT_EXPIRY - 1)
    before = len(await house.mails(ADA))
    await house.signs_up(ADA)
    assert (len(await house.mails(ADA)), (await house.person(ADA)).status) == (before, "bounced")
    clock.forward(DAY)  # one mail a day, for whoever asks
    await house.joins(ADA)
    assert (await house.person(ADA)).status == "active"
    clock.forward(31 * DAY)
    await house.db.write(house.site.returns.look)
    assert await house.count("SELECT count(*) FROM suppressions") == 0


@ON_ONE
@pytest.mark.parametrize("days", [(0, 5, 10, 14), (0, 8, 16)])
async def test_fewer_or_closer_together_is_no_reason(
    house: House, clock: Clock, days: tuple[int, ...]
) -> None:
    await house.joins(ADA)
    assert await soft(house, clock, *days) == "noted"


@ON_ONE
async def test_a_mail_that_arrived_begins_the_count_anew(house: House, clock: Clock) -> None:
    await house.joins(ADA)
    await soft(house, clock, 0, 5, 10)
    await mailed(house, ADA)
    assert await soft(house, clock, 6, 7, 8) == "noted"


async def test_what_a_server_refuses_while_we_speak_to_it_counts_the_same(house: House) -> None:
    await house.joins(ADA)
    await house.joins(BEN)
    await mailed(house, ADA, "failed", UNKNOWN)
    await mailed(house, BEN, "failed", "550-5.7.1 blocked, see 550 5.1.1 user unknown")
    await mailed(house, BEN, "failed", "It can’t be made: user unknown")
    lost = await mailed(house, ADA, "failed", UNKNOWN)
    await run(house, "UPDATE outbox SET subscriber_id = 1 WHERE id = :id", id=lost)
    assert await house.db.write(house.site.returns.look) == 2
    assert (await house.person(ADA)).status == "bounced"
    assert (await house.person(BEN)).status == "active"
    assert await house.db.write(house.site.returns.look) == 0
    assert await house.count("SELECT count(*) FROM bounces WHERE words LIKE '%@%'") == 0


@ON_ONE
async def test_who_never_confirmed_stays_pending_and_is_mailed_no_more(house: House) -> None:
    await house.signs_up(ADA)
    (mail,) = await house.mails(ADA)
    assert await take(house, comes(house, mail.id)) == "suppressed"
    assert (await house.person(ADA)).status == "pending"  # so that they are forgotten in time
    await house.signs_up(ADA)
    assert len(await house.mails(ADA)) == 1


@ON_ONE
async def test_a_commenter_s_address_is_suppressed_too(house: House) -> None:
    row_id = await mailed(house, BEN)
    assert await take(house, comes(house, row_id)) == "suppressed"
    assert await suppressed(house, BEN)
