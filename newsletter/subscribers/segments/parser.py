"""From a segment's text to the segment. Total: any text is one, or is refused in a sentence that says where and why."""

from newsletter.errors import BadInput
from newsletter.subscribers.segments.conditions import condition
from newsletter.subscribers.segments.model import (
    DEEPEST,
    MOST_CHARACTERS,
    MOST_CONDITIONS,
    And,
    Node,
    Not,
    Or,
    Segment,
)
from newsletter.subscribers.segments.words import Token, Words, wrong
from newsletter.words import gettext as _
from newsletter.words import number


def parse(text: str) -> Segment:
    """The segment of a text like `tag:coaching and not downloaded:guide`; everybody for an empty one.

    Raises BadInput, whose sentence names the column (from 1) and what would be right.
    """
    if len(text) > MOST_CHARACTERS:
        raise BadInput(
            _("A segment has at most %(most)s characters; this has %(own)s.")
            % {"most": number(MOST_CHARACTERS), "own": number(len(text))}
        )
    if not text.strip():
        return Segment()
    segment = Segment(_Parser(Words(text)).whole())
    if len(str(segment)) > MOST_CHARACTERS:  # what is stored is what it prints, and must parse again
        raise BadInput(
            _("A segment has at most %(most)s characters; written out, this has more.")
            % {"most": number(MOST_CHARACTERS)}
        )
    return segment


class _Parser:
    """`not` binds closest, then `and`, then `or`. Methods stand in that order, the loosest first."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._conditions = 0

    def whole(self) -> Node:
        node = self._any_of(0)
        if self._words.next.kind != "end":
            raise _stray(self._words.next)
        return node

    def _any_of(self, depth: int) -> Node:
        parts = [self._all_of(depth)]
        while self._words.next.is_joint("or"):
            self._words.take()
            parts.append(self._all_of(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all_of(self, depth: int) -> Node:
        parts = [self._one(depth)]
        while self._words.next.is_joint("and"):
            self._words.take()
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _one(self, depth: int) -> Node:
        token = self._words.next
        if depth > DEEPEST:
            raise wrong(
                token.column,
                _("This is nested more than %(deepest)s levels deep. Say it with fewer.")
                % {"deepest": DEEPEST},
            )
        if token.is_joint("not"):
            self._words.take()
            return Not(self._one(depth + 1))
        if token.is_sign("("):
            self._words.take()
            node = self._any_of(depth + 1)
            self._close(token)
            return node
        self._conditions += 1
        if self._conditions > MOST_CONDITIONS:
            raise wrong(
                token.column, _("A segment has at most %(most)s conditions.") % {"most": MOST_CONDITIONS}
            )
        return condition(self._words)

    def _close(self, opened: Token) -> None:
        if self._words.next.kind == "end":
            raise wrong(opened.column, "This ( is never closed. Put a ) where its conditions end.")
        if not self._words.next.is_sign(")"):
            raise _stray(self._words.next)
        self._words.take()


def _stray(token: Token) -> BadInput:
    """What is wrong with something that follows a whole condition."""
    if token.is_sign(")"):
        return wrong(token.column, "This ) closes nothing. Delete it, or put a ( before.")
    if token.is_sign() and token.text != "(":
        return wrong(
            token.column,
            _("%(text)s can’t stand here. A value that holds it goes in quotes.") % {"text": token.text},
        )
    return wrong(
        token.column,
        "Write “and” or “or” before this. If it belongs to the value before, put both in quotes: "
        'tag:"two words".',
    )
