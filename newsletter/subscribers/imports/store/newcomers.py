"""Who came by themselves, by a form or by a program's word: those whom an import brought are one line.

Nothing marks who was imported. But ids are made in the order of time, and an import knows when it ran: who has an id
from then, and no sign-up from the moment that they came here, was brought by it. Whoever a program added in those
minutes goes with them.
"""

from typing import NamedTuple

import msgspec

from newsletter.clock import SECOND
from newsletter.ids import first_id
from newsletter.storage import Tx
from newsletter.subscribers.imports.model import Tally
from newsletter.subscribers.imports.presets import PRESETS
from newsletter.subscribers.model import Status
from newsletter.subscribers.store.export import PEOPLE

NEWEST = 20
_IMPORTS = 20
"""That are looked past for those who came by themselves; nobody shown came before the last of them."""

_LARGEST = 2**63 - 1


class Newcomer(msgspec.Struct):
    id: int
    email: str
    name: str
    status: Status
    created_at: int
    form: str


class Brought(msgspec.Struct):
    """An import, with the upload that it was, if it came by the desk."""

    id: int
    tally: str  # JSON
    at: int
    until: int
    upload_id: int | None
    file: str
    choice: str  # JSON

    @property
    def people(self) -> int:
        """Whom it added."""
        return msgspec.json.decode(self.tally, type=Tally).total

    @property
    def source(self) -> str:
        """The service that the file is from, where it was recognised."""
        preset = msgspec.json.decode(self.choice, type=_Choice).preset
        return next((one.title for one in PRESETS[1:] if one.name == preset), "")


class _Choice(msgspec.Struct):
    preset: str = ""


class Came(NamedTuple):
    signed_up: int
    confirmed: int


class _Span(NamedTuple):
    """Ids from `first` on, and before `end`; `brought`: an import ran then."""

    first: int
    end: int
    brought: bool


async def imports(tx: Tx, since: int = 0) -> list[Brought]:
    """Those that ran since then (ms), the newest first."""
    return await tx.all(
        Brought,
        """SELECT i.id, i.tally, i.created_at AS at, i.updated_at AS until, u.id AS upload_id,
               coalesce(u.name, '') AS file, coalesce(u.choice, '{}') AS choice
           FROM imports i LEFT JOIN import_uploads u ON u.import_id = i.id
           WHERE i.updated_at >= :since ORDER BY i.id DESC LIMIT :most""",
        since=since,
        most=_IMPORTS,
    )


async def newest(tx: Tx, known: list[Brought]) -> list[Newcomer]:
    """The last to come first. `known`: all imports."""
    found: list[Newcomer] = []
    first = known[-1].id if len(known) == _IMPORTS else 0
    for span in _spans(known, first):
        most = NEWEST - len(found)
        found += await tx.all(
            Newcomer,
            f"""SELECT p.id, p.email, p.name, p.status, p.created_at, coalesce(f.slug, '') AS form
                {PEOPLE} WHERE {_SIGNED_UP if span.brought else _BETWEEN} ORDER BY p.id DESC LIMIT :most""",
            first=span.first,
            end=span.end,
            most=most,
        )
        if len(found) >= NEWEST:
            break
    return found


async def came(tx: Tx, since: int, known: list[Brought]) -> Came:
    """How many since then (ms). `known`: the imports of that time; it is counted one by one, and so asked only where
    there are some."""
    signed_up = 0
    for span in _spans(known, first_id(since)):
        test = _SIGNED_UP if span.brought else _BETWEEN
        signed_up += int(
            await tx.value(
                f"SELECT count(*) FROM subscribers p WHERE {test}",
                first=span.first,
                end=span.end,
            )
        )
    confirmed = await tx.value(
        "SELECT count(DISTINCT subscriber_id) FROM consent_records WHERE kind = 'confirmed' AND at >= :since",
        since=since,
    )
    return Came(signed_up, int(confirmed))


def _spans(known: list[Brought], first: int) -> list[_Span]:
    """All ids from `first` on, the newest first. Two imports at once are one span."""
    spans, end = list[_Span](), _LARGEST
    for begun, ended in _merged(known):
        spans += [_Span(max(first, ended), end, brought=False), _Span(max(first, begun), ended, brought=True)]
        end = begun
    spans.append(_Span(first, end, brought=False))
    return [span for span in spans if span.first < span.end]


def _merged(known: list[Brought]) -> list[tuple[int, int]]:
    """The ids of their people lie between; those of a slice are made before it is written."""
    merged = list[tuple[int, int]]()
    for one in reversed(known):
        begun, ended = one.id, first_id(one.until + SECOND)
        if merged and begun <= merged[-1][1]:
            begun, before = merged.pop()
            ended = max(ended, before)
        merged.append((begun, ended))
    return merged[::-1]


_BETWEEN = "p.id >= :first AND p.id < :end"
_SIGNED_UP = """p.id >= :first AND p.id IN (
    SELECT g.subscriber_id FROM signups g JOIN subscribers s ON s.id = g.subscriber_id AND s.created_at = g.at
    WHERE g.id >= :first AND g.id < :end)"""
