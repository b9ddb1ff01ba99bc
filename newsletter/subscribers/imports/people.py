"""A row becomes a person, or is refused with a reason. The cheap way first: a million rows come through here."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parseaddr
from functools import lru_cache

import msgspec

from newsletter.addresses import Address, is_role, parse
from newsletter.errors import BadInput
from newsletter.subscribers.imports.mapping import FIELD, Mapping, folded
from newsletter.subscribers.imports.model import STRICTEST, Person, Refused, Row
from newsletter.subscribers.imports.presets import WORDS, Word
from newsletter.subscribers.imports.table import Table
from newsletter.subscribers.model import Status
from newsletter.words import gettext as _

LONGEST_NAME = 100
LONGEST_TAG = 100
LONGEST_VALUE = 1_000
MOST_TAGS = 100
MOST_FIELDS = 100
KEPT, SHORT = 1_000, 200  # cells of tags that are read once, for most people have the same; their characters
_SPLIT = re.compile(r"[,;|\n]")
_GUARD = re.compile(r"'(?=[\s\xa0\"']*[=+@\uff1d\uff0b\uff0d\uff20-]|'*[\t\r\n])")
_JOINERS = "\u200c\u200d"  # many scripts and emoji need them
_ENCODED_WORD = re.compile(r"=\?[^?]*\?[bBqQ]\?[^?]*(\?=)?")  # RFC 2047
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  for what names no zone, which is UTC here
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
        self._tags = list(dict.fromkeys(tags))[:MOST_TAGS]
        preset = mapping.known()
        self._words: dict[str, Word] = WORDS | (preset.words if preset else {})
        self._always = self._marked(table, mapping)
        first = {target: mapping.places(target)[0] for target in set(mapping.targets)}
        self._email = first["email"]
        self._status_at = first.get("status")
        self._subscribed, self._disabled = first.get("subscribed"), first.get("disabled")
        self._name_at = first.get("name")
        self._names = [first[target] for target in ("first_name", "last_name") if target in first]
        self._joined, self._confirmed = first.get("joined"), first.get("confirmed")
        self._left = first.get("unsubscribed")
        self._object = first.get("fields")
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
        left = None if self._left is None else self._date(cells[self._left])
        try:
            address = _address(cells[self._email])
            status = self._status(cells, left)
            fields = self._own(cells)
        except BadInput as error:
            return Refused(row.line, error.sentence)
        joined = None if self._joined is None else self._date(cells[self._joined])
        confirmed = None if self._confirmed is None else self._date(cells[self._confirmed])
        return Person(
            row.line,
            address.email,
            address.key,
            status,
            self._name(cells),
            self._labels(cells),
            fields,
            confirmed if joined is None else joined,
            joined if confirmed is None else confirmed,
            left,
        )

    def _status(self, cells: list[str], left: int | None) -> Status:
        """Raises BadInput for who never confirmed, and for a word that nobody knows."""
        word = _cell(cells, self._status_at)
        if word not in self._words and (word := folded(word)) not in self._words:
            raise BadInput(_("Its status “%(word)s” is none that is known here.") % {"word": word[:40]})
        status = self._words[word]
        if status is None:
            raise BadInput(UNCONFIRMED)
        if self._says_left(cells) or (left is not None and self._status_at is None):
            status = _stricter(status, "unsubscribed")  # where no column says it, a date of leaving does
        return status if self._always == "active" else _stricter(status, self._always)

    def _says_left(self, cells: list[str]) -> bool:
        return (self._subscribed is not None and cells[self._subscribed].strip().lower() in _NO) or (
            self._disabled is not None and cells[self._disabled].strip().lower() in _YES
        )

    def _name(self, cells: list[str]) -> str:
        name = _cell(cells, self._name_at)
        if not name and self._names:
            name = " ".join(cells[place].strip() for place in self._names).strip()
        return one_line(name, LONGEST_NAME) if name else ""

    def _labels(self, cells: list[str]) -> list[str]:
        """A list that others may have too."""
        tags = self._tags
        for place in self._tag_places:
            if text := cells[place].strip():
                more = _tags(text)
                tags = list(dict.fromkeys(tags + more))[:MOST_TAGS] if tags else more
        return tags

    def _own(self, cells: list[str]) -> str:
        """The person's own fields as JSON. Raises BadInput."""
        kept: dict[str, str] = {}
        if text := _cell(cells, self._object):
            kept = _object(text)
        for place, name in self._fields:
            if value := cells[place].strip():
                kept[name] = one_line(value, LONGEST_VALUE)
        if not kept:
            return "{}"
        if len(kept) > MOST_FIELDS:
            raise BadInput(_("It has more than %(most)d fields.") % {"most": MOST_FIELDS})
        return msgspec.json.encode(kept).decode()

    def _date(self, cell: str) -> int | None:
        text = cell.strip()
        at = moment(text) if text else None
        return at if at is None or at < self._now else self._now


def _cell(cells: list[str], place: int | None) -> str:
    return "" if place is None else cells[place].strip()


def _stricter(one: Status, other: Status) -> Status:
    return min(one, other, key=STRICTEST.index)


def moment(text: str) -> int | None:
    """A date in epoch ms, UTC where it names no zone; None where it is none, or could be two."""
    try:
        at = datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        return _other(text)
    since = at - (_EPOCH if at.tzinfo else _PLAIN_EPOCH)
    ms = (since.days * 86_400 + since.seconds) * 1_000 + since.microseconds // 1_000
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
    return _common_tags(text) if len(text) <= SHORT else _read_tags(text)


def _read_tags(text: str) -> list[str]:
    return list(dict.fromkeys(_split(text)))[:MOST_TAGS]


def _split(text: str) -> list[str]:
    if text.startswith("["):
        try:
            return [tag for one in msgspec.json.decode(text, type=list[str]) if (tag := _tag(one))]
        except msgspec.MsgspecError:
            pass
    return [tag for one in _SPLIT.split(text) if (tag := _tag(one))]


_common_tags = lru_cache(KEPT)(_read_tags)


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
    if "=?" in text:
        text = _ENCODED_WORD.sub(" ", text)
    return text[:longest].strip()
