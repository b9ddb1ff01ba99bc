"""What one worker has in its hands, as far as it knows.

A connection to the database can break after a claim was committed and before the worker heard of it. The ledger
then says `sending`, the worker lives, and nobody would ever send that message. So the two are compared.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager


class Hand:
    def __init__(self) -> None:
        self._held = Counter[
            int
        ]()  # what was given back may be taken anew before its lane has heard that it was
        self._turns: set[object] = set()  # under way: what they bring is not known yet
        self._suspects: dict[int, frozenset[object]] = {}

    @contextmanager
    def turning(self) -> Iterator[None]:
        """While the ledger is asked for more."""
        turn = object()
        self._turns.add(turn)
        try:
            yield
        finally:
            self._turns.discard(turn)

    def take(self, ids: Iterable[int]) -> None:
        self._held.update(ids)

    def drop(self, id: int) -> None:
        """Settled, or its lane has broken."""
        self._held[id] -= 1
        if self._held[id] <= 0:
            del self._held[id]

    def strays(self, written: Collection[int]) -> list[int]:
        """Of what the ledger says is ours, what certainly never came to hand: it was not there at the look before,
        and every turn of that time has ended since."""
        before = self._suspects
        now = frozenset(self._turns)
        self._suspects = {id: before.get(id, now) for id in written if id not in self._held}
        return [id for id, turns in self._suspects.items() if id in before and not turns & now]
