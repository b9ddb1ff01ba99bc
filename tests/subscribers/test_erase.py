"""Erasing leaves a keyed hash and nothing else; leaving and preferring do what they say."""

import pytest

from newsletter.clock import DAY, HOUR
from newsletter.errors import NotFound
from newsletter.ids import new_id
from newsletter.storage import Tx
from tests.cast import House
from tests.conftest import Clock

ADA = "ada@example.org"


async def test_nothing_of_an_erased_person_is_left_in_any_table(house: House) -> None:
    ada = await house.joins(ADA, "Ada Lovelace")
    traces = await house.db.write(house.site.subscribers.erase, ada.id)

    assert traces == (ADA,)
    for table in (
        "subscribers",
        "signups",
        "consent_records",
        "outbox",
        "subscriber_tags",
        "downloads",
        "mail_budgets",
    ):
        assert await house.count(f"SELECT count(*) FROM {table}") == 0, table
    assert await house.count("SELECT count(*) FROM suppressions WHERE reason = 'erased'") == 1


async def test_erasing_twice_is_no_error(house: House) -> None:
    ada = await house.joins(ADA)
    await house.db.write(house.site.subscribers.erase, ada.id)
    assert await house.db.write(house.site.subscribers.erase, ada.id) == ()


async def test_traces_that_a_crash_left_are_not_struck_out_with_those_of_another(
    house: House, clock: Clock
) -> None:
    subscribers = house.site.subscribers
    ada, ben = await house.joins(ADA), await house.joins("ben@example.org")
    await house.db.write(subscribers.erase, ada.id)  # and then the process dies
    clock.forward(HOUR)
    traces = await house.db.write(subscribers.erase, ben.id)
    await house.db.write(subscribers.scrubbed, clock.now(), traces)
    clock.forward(HOUR)

    assert await house.db.read(subscribers.scrub_due)
    assert await house.db.read(subscribers.scrub_left_over)
    await house.db.write(subscribers.scrubbed, clock.now())
    assert not await house.db.read(subscribers.scrub_due)


async def test_the_file_is_written_anew_once_a_day_for_all(house: House, clock: Clock) -> None:
    subscribers = house.site.subscribers
    for email in (ADA, "ben@example.org"):
        person = await house.joins(email, "Ann")
        traces = await house.db.write(subscribers.erase, person.id)
        await house.db.write(subscribers.scrubbed, clock.now(), traces)
        clock.forward(DAY // 2)
        assert await house.db.read(subscribers.scrub_due) == (email != ADA)

    cleo = await house.joins("cleo@example.org")
    began = clock.now()
    clock.forward(1)
    traces = await house.db.write(subscribers.erase, cleo.id)
    await house.db.write(subscribers.scrubbed, clock.now(), traces)
    await house.db.write(subscribers.scrubbed, began)  # it was at work while cleo went
    clock.forward(DAY - 1)
    assert not await house.db.read(subscribers.scrub_due)
    clock.forward(1)
    assert await house.db.read(subscribers.scrub_due)
    assert not await house.db.read(subscribers.scrub_left_over)


async def test_leaving_takes_effect_at_once_and_twice_is_once(house: House) -> None:
    ada = await house.joins(ADA)
    for _ in range(2):
        await house.db.write(house.site.subscribers.unsubscribe, ada.id, "one-click")

    left = await house.person(ADA)
    assert (left.status, left.epoch) == ("unsubscribed", ada.epoch + 1)
    assert await house.count("SELECT count(*) FROM consent_records WHERE kind = 'unsubscribed'") == 1


async def test_somebody_pending_does_not_leave(house: House) -> None:
    await house.signs_up("ben@example.org")
    ben = await house.person("ben@example.org")
    await house.db.write(house.site.subscribers.unsubscribe, ben.id, "one-click")
    assert (await house.person("ben@example.org")).status == "pending"


async def test_preferences_are_kept(house: House, clock: Clock) -> None:
    ada = await house.joins(ADA)

    async def add_topics(tx: Tx) -> None:
        for name, public in (("career", 1), ("writing", 1), ("vip", 0)):
            await tx.run(
                "INSERT INTO tags (id, name, title, public) VALUES (:id, :name, :title, :public)",
                id=new_id(), name=name, title=name.title(), public=public,
            )  # fmt: skip

    await house.db.write(add_topics)
    await house.db.write(house.site.subscribers.prefer, ada.id, ada.epoch, "Countess", ["career", "vip"], 30)

    changed = await house.person(ADA)
    assert (changed.name, changed.paused_until) == ("Countess", clock.now() + 30 * DAY)
    topics = await house.db.read(house.site.subscribers.topics, ada.id)
    assert [(t.name, t.chosen) for t in topics] == [("career", True), ("writing", False)]
    await house.db.write(house.site.subscribers.prefer, ada.id, ada.epoch, None, [], None)
    kept = await house.person(ADA)
    assert (kept.name, kept.paused_until) == ("Countess", changed.paused_until)


async def test_own_data_holds_everything_and_the_proof(house: House) -> None:
    ada = await house.joins(ADA, "Ada")
    data = await house.db.read(house.site.subscribers.own_data, ada.id)

    assert (data["email"], data["name"], data["status"]) == (ADA, "Ada", "active")
    assert data["consent_chain_intact"]
    assert data["consent"][0]["kind"] == "confirmed"
    with pytest.raises(NotFound):
        await house.db.read(house.site.subscribers.own_data, 1)
