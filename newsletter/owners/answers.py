"""What a program was answered, so that it may ask the same again without doing it twice."""

from newsletter.clock import DAY, MINUTE
from newsletter.errors import BadInput, Conflict
from newsletter.owners import api_store as store
from newsletter.owners.api_store import Kept
from newsletter.storage import Tx

KEPT_FOR = DAY
GIVEN_UP = 2 * MINUTE
"""After a crash a key is still marked as being done; whoever asks again after that does it."""

OTHER = "This Idempotency-Key was used for another request. Take a new one for each thing that you want done."
BUSY = "The first request with this Idempotency-Key is still being done. Ask again in a moment."


class Answers:
    """By token and key. What is kept names nobody: an erased address may be in no row."""

    async def begin(self, tx: Tx, token_id: int, key: str, request: str) -> Kept | None:
        """None where it is to be done now; else what was answered. `key` and `request` are hashes.

        Raises BadInput for a key of another request, Conflict while the first is being done.
        """
        await store.forget(tx, tx.now - KEPT_FOR)
        if await store.claim(tx, token_id, key, request, tx.now - GIVEN_UP):
            return None
        kept = await store.answer(tx, token_id, key)
        if kept is None or kept.request != request:
            raise BadInput(OTHER, {"Idempotency-Key": OTHER})
        if not kept.status:
            raise Conflict(BUSY)
        return kept

    async def keep(self, tx: Tx, token_id: int, key: str, status: int, location: str, body: str) -> None:
        await store.keep(tx, token_id, key, status, location, body)

    async def free(self, tx: Tx, token_id: int, key: str) -> None:
        """It failed, and nothing was done: the key may be used again."""
        await store.free(tx, token_id, key)
