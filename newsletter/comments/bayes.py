"""How much a comment reads like what the owner called spam: naive Bayes over the words of this install alone.

The idea is Paul Graham's ("A Plan for Spam", 2002: few, telling words; each seen once a message, none a proof by
itself) with Gary Robinson's remedy for words seen rarely ("A Statistical Approach to the Spam Problem", 2003:
they lean towards even). Where the counts are kept is the store's affair.
"""

import math
import re
from collections.abc import Iterable
from functools import lru_cache
from unicodedata import category, normalize
from zlib import crc32

import msgspec

LESSONS = 10  # of each, before anything is said
MOST_TOKENS = 200  # of one comment
MOST_TELLING = 15
_MOST_SAY = math.log(9)  # what one word can do by itself: 0.9, or 0.1
_LONGEST = 30  # characters of a word; what is longer is a key, a digest, a line of noise

_LINK = re.compile(r"(?:https?://|\bwww\.)(?:[^\s/?#@<>()\[\]\"']*@)?([^\s/?#@:<>()\[\]\"',;]+)[^\s<>()\"']*")
_NUMERIC_HOST = re.compile(r"[\d.]+|0x[\da-f.x]+")


class Tally(msgspec.Struct):
    """In how many comments of either kind a token stood."""

    token: str
    spam: int
    ham: int


def tokens(text: str, name: str, website: str) -> frozenset[str]:
    """What a comment is recognised by, at most 200: its words, ``host:example.org``, ``name:ada``.

    Nothing tells who wrote from where: no mail address, no number, no network. Of a longer comment stay the
    tokens whose digests come first: no place in the text hides a word, and variants of a text agree.
    """
    found = set(_tokens(text)) | set(
        _tokens(website if "://" in website or not website else f"https://{website}")
    )
    found |= {f"name:{token}" if ":" not in token else token for token in _tokens(name)}
    return frozenset(sorted(found, key=lambda token: (crc32(token.encode()), token))[:MOST_TOKENS])


def _tokens(text: str) -> Iterable[str]:
    for chunk in folded(text).split():
        for host in _LINK.findall(chunk):
            yield "host:" + ("number" if _NUMERIC_HOST.fullmatch(host) else host.removeprefix("www.")[-80:])
        rest = _LINK.sub(" ", chunk)
        if "@" not in rest:
            yield from (word for word in words(rest) if _is_telling(word))


def _is_telling(word: str) -> bool:
    return len(word) <= _LONGEST and not word.isnumeric() and (len(word) > 1 or not word.isascii())


def folded(text: str) -> str:
    """For comparing: letters of one case, one form of each (full-width, ligatures)."""
    return normalize("NFKC", normalize("NFKC", text).casefold())


def words(text: str) -> list[str]:
    """The words of `text`, folded. Where a script puts no space between words, every character is one."""
    return "".join(map(_place, folded(text))).split()


@lru_cache(10_000)
def _place(character: str) -> str:
    """What a character does for the words around it: belongs to one, is one, vanishes, or divides."""
    if "\u2e80" <= character <= "\u9fff" or "\U00020000" <= character <= "\U0003ffff":
        return f" {character} " if character.isalnum() else " "
    kind = category(character)
    if kind == "Cf":
        return ""
    return character if kind[0] in "LMN" or character == "_" else " "


def probability(tallies: Iterable[Tally], spam_total: int, ham_total: int) -> float | None:
    """How probable spam is, 0 to 1, given what is known of a comment's tokens; None before 10 lessons of each."""
    if min(spam_total, ham_total) < LESSONS:
        return None
    said = {tally.token: _says(tally, spam_total, ham_total) for tally in tallies}
    telling = sorted(said, key=lambda token: (abs(said[token]), token))[-MOST_TELLING:]
    return 1 / (1 + math.exp(-math.fsum(said[token] for token in telling)))


def _says(tally: Tally, spam_total: int, ham_total: int) -> float:
    """The logarithm of how much likelier the token is in spam.

    Laplace's one is added to either count, shared out by the totals: with few lessons of one kind, a token never
    seen there says nothing yet. Counts beyond their total, or below nothing, are somebody's mistake.
    """
    share = 2 / (spam_total + ham_total)
    spam = min(max(tally.spam, 0), spam_total) / spam_total + share
    ham = min(max(tally.ham, 0), ham_total) / ham_total + share
    return max(-_MOST_SAY, min(_MOST_SAY, math.log(spam / ham)))
