"""A server with moods, and a model of what may become of whom. Neither knows how the worker is made.

The server notes what it has said, to whom and in which order. The model reads that, as a client hears it: answers
come in their order, and after one that ends the conversation there is nothing more to hear.
"""

import asyncio
from collections.abc import Iterable, Sequence
from random import Random
from typing import Literal, NamedTuple

from tests.mail.sink import CLOSE, GARBAGE, HALF, HANG, LAST, RESET, WELL, Line, Sink

CUT = (RESET, CLOSE, GARBAGE, HALF, HANG)
LATER, NEVER, CLOSING = "451 4.3.0 later", "554 5.6.0 no", "421 4.3.2 closing"
ACTS: dict[str, Sequence[str]] = {
    "greeting": (CLOSING, "554 5.3.2 not today", *CUT),
    "EHLO": (CLOSING, "550 5.5.1 no", *CUT),
    "MAIL": (CLOSING, "451 4.7.1 greylisted", "550 5.7.1 not you", "530 5.7.0 log in", LAST, *CUT),
    "RCPT": (
        LATER,
        "452 4.2.2 full",
        "550 5.1.1 nobody",
        "552 5.2.2 full",
        "550 5.7.1 policy",
        CLOSING,
        LAST,
        *CUT,
    ),
    "DATA": (LATER, NEVER, CLOSING, "503 5.5.1 order", LAST, *CUT),
    "body": (RESET, CLOSE, HANG),
    "dot": (LATER, NEVER, "550 5.7.1 spam", CLOSING, "354 go on", LAST, *CUT),
    "RSET": (CLOSING, RESET, HANG),
}
HANGS = 0.2  # of ten silences so many are played: each costs the worker's whole patience
_OFTEN = {"greeting": 0.4, "EHLO": 0.3, "MAIL": 0.5, "body": 0.3}  # who falls early never comes to the end
MOODY = 8  # connections; the following ones are well served, so that a sequence has an end
_RELAYS_OWN = ("421", "454", "503", "530", "534", "535", "538")
_NEAR = 8  # answers: what may be on its way when a client hangs up


class Said(NamedTuple):
    n: int  # in the order of all that this server said
    phase: str
    act: str
    to: str  # whose message that was about


class MoodyLine(Line):
    def __init__(
        self,
        sink: "MoodySink",
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        mood: Random | None,
    ) -> None:
        super().__init__(sink, reader, writer)
        self._moody = sink
        self._command = b""
        self._whose = ""
        self._left = _acts(mood) if mood else {}
        self.said: list[Said] = []
        self.goodbye = False  # the client took its leave

    async def obey(self, command: bytes) -> None:
        self._command = command
        self.goodbye |= command.startswith(b"QUIT")
        await super().obey(command)

    def next(self, phase: str) -> str:
        if phase == "RCPT":
            self._whose = self._command.partition(b"<")[2].partition(b">")[0].decode()
        acts = self._left.get(phase)
        act = acts.pop(0) if acts else WELL
        self._moody.count += 1
        self.said.append(Said(self._moody.count, phase, act, self._whose))
        return act


class MoodySink(Sink):
    """`begins` with a seed that tells what each connection has to go through."""

    def __init__(self) -> None:
        super().__init__()
        self._seed = ""
        self.count = 0
        self.lines: list[MoodyLine] = []

    def begins(self, seed: str) -> None:
        self._seed = seed
        self.lines, self.dotted, self.mails = [], [], []

    def line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Line:
        number = len(self.lines)
        mood = Random(f"{self._seed}/{number}") if number < MOODY else None
        line = MoodyLine(self, reader, writer, mood)
        self.lines.append(line)
        return line


def _acts(mood: Random) -> dict[str, list[str]]:
    """What goes wrong in each phase, the first, the second, the third time on this connection."""
    rate = mood.choice((0.1, 0.3, 0.5))
    drawn = {
        phase: [mood.choice(acts) if mood.random() < rate * _OFTEN.get(phase, 1) else WELL for _ in range(4)]
        for phase, acts in ACTS.items()
    }
    return {
        phase: [WELL if act == HANG and mood.random() > HANGS else act for act in acts]
        for phase, acts in drawn.items()
    }


End = Literal["sent", "failed", "deferred", "in_doubt", "untold"]


class Standing(NamedTuple):
    """What may be written in a person's row."""

    state: str = "waiting"
    resends: int = 0
    attempts: int = 0

    def after(self, end: End, *, ask: bool) -> "Standing":
        tried = self.attempts + (end != "untold")
        if end in ("untold", "deferred"):
            return Standing("waiting", self.resends, tried)
        if end == "in_doubt" and not ask and not self.resends:
            return Standing("waiting", 1, tried)
        return Standing(end, self.resends, tried)


class Attempt(NamedTuple):
    """One message to one person over one connection, from its RCPT on."""

    began: int
    to: str
    ends: frozenset[End]  # what the client may have come to know of it


def attempts(line: MoodyLine) -> list[Attempt]:
    found: list[Attempt] = []
    told: list[Said] = []
    deaf = deaf_before = False  # the client hears nothing more
    hung_up = not line.goodbye and not any(_ends(one) for one in line.said)
    for number, one in enumerate([*line.said, Said(0, "RCPT", WELL, "")]):
        if one.phase == "RCPT":
            if told:
                near = hung_up and number > len(line.said) - _NEAR
                found.append(Attempt(told[0].n, told[0].to, _known(told, deaf=deaf_before, near=near)))
            told, deaf_before = [one], deaf
        elif told and one.phase in ("DATA", "body", "dot"):
            told.append(one)
        deaf |= _ends(one)
    return found


def _known(told: Sequence[Said], *, deaf: bool, near: bool) -> frozenset[End]:
    """What can be known of a message to which this was said; `near` the end of a client that hung up."""
    if deaf:
        return frozenset(("untold",))
    phase, act = told[-1].phase, told[-1].act
    unheard: set[End] = {"untold"} if phase == "RCPT" else {"untold", "in_doubt"}
    if phase == "DATA" and act not in (WELL, LAST):
        unheard = {"untold"}
    ends: set[End] = set(unheard) if near else set()
    if phase == "dot":
        ends.add(_verdict(act))
    elif act in (WELL, LAST):  # and then the connection broke
        ends |= unheard if phase != "RCPT" else {"untold"}
    elif phase == "body":
        ends |= {"untold", "in_doubt"}
    else:
        ends.add("untold" if act in CUT or act.startswith(_RELAYS_OWN) else _verdict(act))
    return frozenset(ends)


def _verdict(act: str) -> End:
    ends: dict[str, End] = {"4": "deferred", "5": "failed"}
    if act.startswith("421"):
        return "untold"
    return "sent" if act in (WELL, LAST) else ends.get(act[:1], "in_doubt")


def _ends(one: Said) -> bool:
    """Whether the client hears nothing after this."""
    if one.act == WELL:
        return False
    if one.act in (*CUT, LAST) or one.phase in ("greeting", "MAIL"):
        return True
    return one.act.startswith("354") or (one.phase != "RSET" and one.act.startswith(_RELAYS_OWN))


def may_be(lines: Iterable[MoodyLine], *, ask: bool) -> dict[str, set[Standing]]:
    """By address: how their row may stand in the end. Nothing is left of who was sent to when it was over."""
    standings: dict[str, set[Standing]] = {}
    for one in sorted((attempt for line in lines for attempt in attempts(line)), key=lambda one: one.began):
        before = standings.get(one.to, {Standing()})
        standings[one.to] = {
            standing.after(end, ask=ask)
            for standing in before
            if standing.state == "waiting"
            for end in one.ends
        }
    return standings
