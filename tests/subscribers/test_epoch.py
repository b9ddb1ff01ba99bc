"""A link from before somebody left opens nothing: judged where the change is made, on the row that is held."""

import pytest

from newsletter.errors import NotFound
from newsletter.storage import Tx
from newsletter.subscribers import Subscriber
from tests.cast import House

ADA = "ada@example.org"


@pytest.fixture
async def ada(house: House) -> Subscriber:
    """As an old link knows her: she has left since, and come back."""
    ada = await house.joins(ADA, "Ada")
    await house.db.write(house.site.subscribers.unsubscribe, ada.id, "test")
    await house.joins(ADA)
    return ada


async def test_who_has_just_left_sees_their_data_and_is_erased(house: House) -> None:
    ada = await house.joins(ADA, "Ada")
    await house.db.write(house.site.subscribers.unsubscribe, ada.id, "test")

    assert (await house.db.read(house.site.subscribers.own_data, ada.id, ada.epoch))["email"] == ADA
    assert await house.db.write(house.site.subscribers.erase, ada.id, ada.epoch)
    assert await house.known(ADA) is None


async def test_preferences_stay(house: House, ada: Subscriber) -> None:
    with pytest.raises(NotFound, match="earlier subscription"):
        await house.db.write(house.site.subscribers.prefer, ada.id, ada.epoch, "Mallory", [], 30)
    kept = await house.person(ADA)
    assert (kept.name, kept.paused_until) == ("Ada", None)


async def test_nothing_is_erased(house: House, ada: Subscriber) -> None:
    with pytest.raises(NotFound, match="earlier subscription"):
        await house.db.write(house.site.subscribers.erase, ada.id, ada.epoch)
    assert await house.known(ADA) is not None
    assert await house.db.write(house.site.subscribers.erase, ada.id)  # the owner needs no link
    with pytest.raises(NotFound, match="don't know"):
        await house.db.write(house.site.subscribers.erase, ada.id, ada.epoch)


async def test_no_data_is_shown(house: House, ada: Subscriber) -> None:
    with pytest.raises(NotFound, match="earlier subscription"):
        await house.db.read(house.site.subscribers.own_data, ada.id, ada.epoch)
    assert (await house.db.read(house.site.subscribers.own_data, ada.id))["email"] == ADA


async def test_what_is_not_chosen_stays_as_the_held_row_has_it(house: House) -> None:
    ada = await house.joins(ADA, "Ada")

    async def rename(tx: Tx) -> None:
        await tx.run("UPDATE subscribers SET name = 'Countess', paused_until = 1")

    await house.db.write(rename)
    await house.db.write(house.site.subscribers.prefer, ada.id, ada.epoch, None, [], None)
    kept = await house.person(ADA)
    assert (kept.name, kept.paused_until) == ("Countess", 1)
