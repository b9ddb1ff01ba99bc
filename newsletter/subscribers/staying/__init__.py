"""Readers who are asked whether they still want letters: one question at a time, answered in their preferences.

Who says yes chooses a public topic, which is a tag of the broadcast that asks. Who doesn't answer is a segment.
"""

from collections.abc import Sequence

from newsletter.errors import Conflict
from newsletter.storage import Tx
from newsletter.subscribers import segments
from newsletter.subscribers.staying import store

TITLE = "Yes, keep writing to me"
OPEN = "Readers are being asked already. End that question first."


async def begin(tx: Tx, broadcast_id: int) -> None:
    """From now on it can be answered. Raises Conflict where another question is open."""
    if await asked(tx):
        raise Conflict(OPEN)
    await store.offer(tx, f"{store.PREFIX}{broadcast_id}", TITLE)


async def asked(tx: Tx) -> int:
    """The number of the broadcast that asks; 0: none does."""
    name = await store.offered(tx)
    return int(name.removeprefix(store.PREFIX)) if name else 0


async def still_silent(tx: Tx, broadcast_id: int, ids: Sequence[int]) -> list[int] | None:
    """Who of them has not said yes, and nobody does until the transaction ends.

    None where that is no question any more: then nobody's yes is remembered.
    """
    await store.hold(tx)
    if await asked(tx) != broadcast_id:
        return None
    said_yes = await store.of(tx, f"{store.PREFIX}{broadcast_id}", ids)
    return [id for id in ids if id not in said_yes]


async def end(tx: Tx) -> None:
    """It can't be answered any more, and who said yes is not remembered."""
    await store.withdraw(tx)


def silent(broadcast_id: int) -> segments.Segment:
    """Active readers who got the question and did not say yes."""
    return segments.parse(
        f'status:active and received:{broadcast_id} and not tag:"{store.PREFIX}{broadcast_id}"'
    )


def staying(broadcast_id: int) -> segments.Segment:
    """Who said yes."""
    return segments.parse(f'tag:"{store.PREFIX}{broadcast_id}"')
