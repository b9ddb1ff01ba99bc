"""A row becomes a person, or is refused with a reason. The cheap way first: a million rows come through here."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr

import msgspec

from newsletter.addresses import Address, is_role, parse
from newsletter.errors import BadInput
from newsletter.subscribers.imports.mapping import FIELD, Mapping, folded
from newsletter.subscribers.imports.model import STRICTEST, Person, Refused, Row
from newsletter.subscribers.imports.presets import WORDS, Word
from newsletter.subscribers.imports.table import Table
from newsletter.subscribers.model import Status

LONGEST_NAME = 100
LONGEST_TAG = 100
LONGEST_VALUE = 1_000
MOST_TAGS = 100
MOST_FIELDS = 100
_SPLIT = re.compile(r"[,;|\n]")
_GUARD = re.compile(r"'(?=[\s\xa0\"']*[=+@\uff1d\uff0b\uff0d\uff20-]|'*[\t\r\n])")
_JOINERS = "\u200c\u200d"  # many scripts and emoji need them
_ENCODED_WORD = re.compile(r"=\?[^?]*\?[bBqQ]\?[^?]*(\?=)?")  # RFC 2047
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR_10000 = 253_402_300_800_000
_DAYS = (
    (re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})(.*)"), (1, 2, 3)),
    (re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(.*)"), (3, 2, 1)),
)
_YES = frozenset({"true", "yes", "y", "1", "t", "ja", "oui", "on"})
_NO = frozenset({"false", "no", "n", "0", "f", "nein", "non", "off"})
NOBODY = "It has no email address."
OFFICE = "Mail to this address reaches an office, not a reader."
UNCONFIRMED = "They never confirmed there, so there is no consent to take over."


class Persons:
    """Reads the rows of one table. `now` (ms): nothing happened after it. `tags` are given to everybody."""

    def __init__(self, table: Table, mapping: Mapping, tags: Sequence[str], now: int) -> None:
        self._now = now
        self._tags = list(tags)
        preset = mapping.known()
        self._words: dict[str, Word] = WORDS | (preset.words if preset else {})
        self._always = self._marked(table, mapping)
        self._email = mapping.places("email")[0]
        place = {target: next(iter(mapping.places(target)), None) for target in set(mapping.targets)}
        self._place: Callable[[str], int | None] = place.get
        self._tag_places = mapping.places("tags")
        self._fields = [
            (at, target.removeprefix(FIELD))
            for at, target in enumerate(mapping.targets)
            if target.startswith(FIELD)
        ]

    @staticmethod
    def _marked(table: Table, mapping: Mapping) -> Status:
        """What everybody in a file is at least, where a column says so that only such people have."""
        preset = mapping.known()
        marks = preset.marks if preset else {}
        columns = {folded(column) for column in table.columns}
        found = [status for column, status in marks.items() if column in columns]
        return min(found, key=STRICTEST.index, default="active")

    def read(self, row: Row) -> Person | Refused:
        cells = row.cells
        try:
            address = _address(cells[self._email])
            status = self._status(cells)
            fields = self._own(cells)
        except BadInput as error:
            return Refused(row.line, error.sentence)
        joined = self._date(cells, "joined")
        confirmed = self._date(cells, "confirmed")
        return Person(
            row.line,
            address.email,
            address.key,
            status,
            self._name(cells),
            self._labels(cells),
            fields,
            joined if joined is not None else confirmed,
            confirmed if confirmed is not None else joined,
            self._date(cells, "unsubscribed"),
        )

    def _cell(self, cells: list[str], target: str) -> str:
        place = self._place(target)
        return "" if place is None else cells[place].strip()

    def _status(self, cells: list[str]) -> Status:
        """Raises BadInput for who never confirmed, and for a word that nobody knows."""
        word = self._cell(cells, "status")
        if word not in self._words and (word := folded(word)) not in self._words:
            raise BadInput(f"Its status “{word[:40]}” is none that is known here.")
        status = self._words[word]
        if status is None:
            raise BadInput(UNCONFIRMED)
        found = [status, self._always]
        if self._cell(cells, "subscribed").lower() in _NO or self._cell(cells, "disabled").lower() in _YES:
            found.append("unsubscribed")
        if self._left(cells):
            found.append("unsubscribed")
        return min(found, key=STRICTEST.index)

    def _left(self, cells: list[str]) -> bool:
        """Where no column says a status, a date of leaving does."""
        return self._place("status") is None and self._date(cells, "unsubscribed") is not None

    def _name(self, cells: list[str]) -> str:
        name = self._cell(cells, "name")
        if not name:
            name = f"{self._cell(cells, 'first_name')} {self._cell(cells, 'last_name')}".strip()
        return one_line(name, LONGEST_NAME) if name else ""

    def _labels(self, cells: list[str]) -> list[str]:
        tags = dict.fromkeys(self._tags)
        for place in self._tag_places:
            if text := cells[place].strip():
                tags |= dict.fromkeys(_tags(text))
        return list(tags)[:MOST_TAGS]

    def _own(self, cells: list[str]) -> str:
        """The person's own fields as JSON. Raises BadInput."""
        kept: dict[str, str] = {}
        if text := self._cell(cells, "fields"):
            kept = _object(text)
        for place, name in self._fields:
            if value := cells[place].strip():
                kept[name] = one_line(value, LONGEST_VALUE)
        if not kept:
            return "{}"
        if len(kept) > MOST_FIELDS:
            raise BadInput(f"It has more than {MOST_FIELDS} fields.")
        return msgspec.json.encode(kept).decode()

    def _date(self, cells: list[str], target: str) -> int | None:
        text = self._cell(cells, target)
        at = moment(text) if text else None
        return None if at is None else min(at, self._now)


def moment(text: str) -> int | None:
    """A date in epoch ms, UTC where it names no zone; None where it is none, or could be two."""
    try:
        at = datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        return _other(text)
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    ms = (at - _EPOCH) // timedelta(milliseconds=1)
    return ms if 0 < ms < _YEAR_10000 else None


def _other(text: str) -> int | None:
    if text.isdecimal() and text.isascii() and 9 <= len(text) <= 13:  # seconds, or milliseconds
        return int(text) * (1_000 if len(text) <= 10 else 1)
    for shape, places in _DAYS:
        if found := shape.fullmatch(text):
            year, month, day = (int(found[place]) for place in places)
            return moment(f"{year:04}-{month:02}-{day:02}{found[4]}")
    return None


def _address(cell: str) -> Address:
    """Raises BadInput."""
    text = cell.strip()
    if not text:
        raise BadInput(NOBODY)
    try:
        address = parse(text)
    except BadInput:
        bare = parseaddr(text.removeprefix("mailto:"))[1] if "<" in text or text.startswith("mailto:") else ""
        if not bare:
            raise
        address = parse(bare)
    if is_role(address.key):
        raise BadInput(OFFICE)
    return address


def _tags(text: str) -> list[str]:
    if text.startswith("["):
        try:
            return [tag for one in msgspec.json.decode(text, type=list[str]) if (tag := _tag(one))]
        except msgspec.MsgspecError:
            pass
    return [tag for one in _SPLIT.split(text) if (tag := _tag(one))]


def _tag(text: str) -> str:
    """Mailchimp writes each within quotes. A comma can't stay: exports list tags between commas."""
    return one_line(text.replace(",", " ").strip().strip("\"'“”").strip(), LONGEST_TAG)


def _object(text: str) -> dict[str, str]:
    try:
        found = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError):
        raise BadInput("Its fields are no JSON object.") from None
    kept = {}
    for name, raw in found.items():
        value = bytes(raw)
        if value not in (b"null", b'""') and (key := folded(name)):
            text = msgspec.json.decode(value) if value[:1] == b'"' else value.decode()
            kept[key[:LONGEST_NAME]] = one_line(text, LONGEST_VALUE)
    return kept


def _plain(text: str) -> str:
    """Without the ``'`` that an export puts before what a spreadsheet would run."""
    return text[1:] if text[:1] == "'" and _GUARD.match(text) else text


def one_line(text: str, longest: int) -> str:
    """Without what would deceive a reader's eye or a mail's header: line ends, controls, encoded words."""
    text = _plain(text)
    if not text.isprintable():
        text = " ".join("".join(c if c.isprintable() or c in _JOINERS else " " for c in text).split())
    return _ENCODED_WORD.sub(" ", text)[:longest].strip()
