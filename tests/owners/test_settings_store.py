"""An owner's settings: who changes them holds them, and whoever goes by them hears of it at once."""

import asyncio

from newsletter.owners import settings_store as store
from newsletter.storage import Tx
from tests.cast import House


async def _one_more(tx: Tx) -> None:
    await store.hold(tx)
    before = int(await store.one(tx, "n") or 0)
    await store.put(tx, "n", str(before + 1))


async def test_nobody_changes_them_between_another_ones_look_and_change(house: House) -> None:
    await asyncio.gather(*(house.db.write(_one_more) for _ in range(10)))
    assert await house.db.read(store.one, "n") == "10"
    assert (await house.db.read(store.everything)).keys() == {"held", "n"}


async def test_who_goes_by_them_hears_of_a_change(house: House) -> None:
    waiting = asyncio.create_task(house.db.wait(store.TOPIC, 30))
    await asyncio.sleep(0)
    await house.db.write(store.put, "n", "1")
    assert await waiting
    waiting = asyncio.create_task(house.db.wait(store.TOPIC, 30))
    await asyncio.sleep(0)
    await house.db.write(store.drop, ["n"])
    assert await waiting
