"""Brings what exports hold in any order into one that can be stored: what is answered before its answers."""

from collections.abc import Iterable, Iterator

import msgspec

from newsletter.comments.imports.model import Imported, Skipped

REPEATED = "It is in this file more than once."
UNANSWERED = "It was deleted, and nobody answered it."


def in_order(found: Iterable[Imported | Skipped]) -> Iterator[Imported | Skipped]:
    """All that was found, each comment after the one that it answers.

    Held back is only what comes before that, and what was deleted until something answers it: one that nobody
    answered is skipped. Of what was handed on, the ids alone are kept. An answer to something skipped stands for
    itself (no parent); so do, at the end, answers to what never came, and one comment of every circle. Of what is
    there more than once, the first is taken.
    """
    queue = _Queue()
    for one in found:
        if isinstance(one, Skipped):
            queue.gone.add(one.source_id)
            yield one
            yield from queue.released(one.source_id)
        else:
            yield from queue.admitted(one)
    yield from queue.orphans()
    yield from queue.unanswered()


class _Queue:
    def __init__(self) -> None:
        self.seen: set[str] = set()  # handed on
        self.gone: set[str] = set()  # skipped
        self._held: dict[str, list[Imported]] = {}  # by what they wait for
        self._places: dict[str, Imported] = {}  # of deleted ones, which nothing has answered yet

    def admitted(self, comment: Imported) -> Iterator[Imported | Skipped]:
        """It and what waits for it, or nothing yet."""
        parent = comment.parent_id
        if parent is None or parent in self.seen:
            yield from self._handed_on(comment)
        elif parent in self.gone or parent == comment.source_id:
            yield from self._handed_on(_alone(comment))
        else:
            self._held.setdefault(parent, []).append(comment)

    def _handed_on(self, comment: Imported) -> Iterator[Imported | Skipped]:
        ready = [comment]  # no recursion: threads can be deep
        while ready:
            one = ready.pop()
            if one.source_id in self.seen:
                yield Skipped(one.source_id, REPEATED)
                continue
            self.seen.add(one.source_id)
            if one.status == "deleted":
                self._places[one.source_id] = one
            else:
                yield from self._places_above(one)
                yield one
            ready += reversed(self._held.pop(one.source_id, []))

    def _places_above(self, comment: Imported) -> Iterator[Imported]:
        """The empty places that it hangs on, the highest first."""
        above = [comment]
        while (parent := above[-1].parent_id) in self._places:
            above.append(self._places.pop(parent))
        yield from reversed(above[1:])

    def released(self, skipped: str) -> Iterator[Imported | Skipped]:
        """What waited for something that turns out to be skipped."""
        for comment in self._held.pop(skipped, []):
            yield from self._handed_on(_alone(comment))

    def orphans(self) -> Iterator[Imported | Skipped]:
        held = {comment.source_id for waiting in self._held.values() for comment in waiting}
        for parent in [parent for parent in self._held if parent not in held]:
            yield from self.released(parent)
        while self._held:  # circles
            parent = next(iter(self._held))
            first, *rest = self._held.pop(parent)
            if rest:
                self._held[parent] = rest
            yield from self._handed_on(_alone(first))

    def unanswered(self) -> Iterator[Skipped]:
        for id in self._places:
            yield Skipped(id, UNANSWERED)


def _alone(comment: Imported) -> Imported:
    return msgspec.structs.replace(comment, parent_id=None)
