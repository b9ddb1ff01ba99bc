"""What was found: how it stands, in a sentence, and what to do about it."""

from typing import Literal

import msgspec

Level = Literal["well", "note", "wrong"]


class Finding(msgspec.Struct, frozen=True):
    area: str  # a word or two: where one would look
    level: Level
    sentence: str
    to_do: str = ""


def well(area: str, sentence: str) -> Finding:
    return Finding(area, "well", sentence)


def note(area: str, sentence: str, to_do: str = "") -> Finding:
    """It works, and could be better; or it could not be seen."""
    return Finding(area, "note", sentence, to_do)


def wrong(area: str, sentence: str, to_do: str) -> Finding:
    return Finding(area, "wrong", sentence, to_do)
