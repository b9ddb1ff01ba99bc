"""What one worker has in its hands, as far as it knows.

A connection to the database can break after a claim was committed and before the worker heard of it. The ledger
then says `sending`, the worker lives, and nobody would ever send that message. So the two are compared.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager


class Hand:
    def __init__(self) -> None:
        self._held: set[int] = set()
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
        self._held.discard(id)

    def strays(self, written: Collection[int]) -> list[int]:
        """Of what the ledger says is ours, what certainly never came to hand: it was not there at an earlier look,
        and every turn of that time has ended since."""
        unknown = [id for id in written if id not in self._held]
        self._suspects = {id: self._suspects.get(id, frozenset(self._turns)) for id in unknown}
        return [id for id, turns in self._suspects.items() if not turns & self._turns]
