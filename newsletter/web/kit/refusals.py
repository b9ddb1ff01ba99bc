"""What was refused is told in the log: the first at once, what follows at the same door as a number, once a minute.

So a flood of them fills no disk. No address, token or network is in it: the door is named by its fixed first words.
"""

import asyncio
import logging
import re

_log = logging.getLogger(__name__)

REFUSING = frozenset({401, 403, 422, 429})
"""Not signed in, not allowed, not as asked, too many. What can't be read as a request is not told."""

_NOBODYS = frozenset({404, 410})  # at a way in: a link or an invitation that is not good
_WAYS_IN = frozenset({"/admin/enter", "/admin/join", "/admin/code", "/admin/passkey", "/admin/sign-in"})
_WORD = re.compile("[a-z-]{1,20}")
_EVERY = 60.0  # seconds


class Refusals:
    def __init__(self, every: float = _EVERY) -> None:
        self._every = every
        self._more: dict[tuple[str, int], int] = {}  # since it was last told

    def heed(self, path: str, status: int) -> None:
        if status not in REFUSING and status not in _NOBODYS:
            return
        door = door_of(path)
        if status in _NOBODYS and door not in _WAYS_IN:
            return
        if (door, status) in self._more:
            self._more[door, status] += 1
            return
        _log.warning("Refused at %s: %d.", door, status)
        self._wait(door, status)

    def _wait(self, door: str, status: int) -> None:
        self._more[door, status] = 0
        asyncio.get_running_loop().call_later(self._every, self._tell, door, status)

    def _tell(self, door: str, status: int) -> None:
        more = self._more.pop((door, status))
        if more:
            _log.warning("Refused at %s: %d, %d times more.", door, status, more)
            self._wait(door, status)


def door_of(path: str) -> str:
    """Its first word, of the desk its first two; what could be somebody's own is `elsewhere`."""
    words = path.removeprefix("/").split("/")
    words = words[: 2 if words[0] == "admin" else 1]
    return "/" + "/".join(words) if all(map(_WORD.fullmatch, words)) else "elsewhere"
