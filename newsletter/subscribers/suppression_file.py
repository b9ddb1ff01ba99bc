"""The suppression list as a file: written with keys, read with keys or addresses."""

import csv
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from newsletter import clock
from newsletter.addresses import Address, parse
from newsletter.errors import BadInput, NewsletterError
from newsletter.mail.outbox import Reason
from newsletter.mail.suppression import REASONS, Suppressed, is_key
from newsletter.subscribers.export import guard
from newsletter.words import gettext as _

NO_TEXT = "This file is no list in UTF-8: save it as CSV (UTF-8), or with one address a line."
HEADER = ("email", "key", "reason", "created", "expires")

Entry = Suppressed | tuple[Address, Reason, int | None]
"""A row of an export by its key, or an address to be put on the list."""


def read(lines: Iterable[str], reason: Reason) -> tuple[list[Entry], list[tuple[int, str]]]:
    """What the file holds, and the lines that hold nothing, with why."""
    entries: list[Entry] = []
    refused: list[tuple[int, str]] = []
    columns: list[str] = []
    reader = csv.reader(lines)
    for cells in reader:
        words = [cell.strip().lower() for cell in cells]
        if not any(words):
            continue
        if not columns:
            columns = words if {"email", "key"} & set(words) else ["email"]
            if columns == words:
                continue
        try:
            entries.append(_entry(dict(zip(columns, map(str.strip, cells), strict=False)), reason))
        except (NewsletterError, ValueError) as error:
            refused.append((reader.line_num, _why(error)))
    return entries, refused


def read_file(path: Path, reason: Reason) -> tuple[list[Entry], list[tuple[int, str]]]:
    """As `read`. Raises BadInput for what is no text in UTF-8, or no CSV."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:  # spreadsheets begin with a mark
            return read(lines, reason)
    except (UnicodeError, csv.Error):
        raise BadInput(NO_TEXT) from None


def _entry(cells: dict[str, str], reason: Reason) -> Entry:
    """Raises BadInput, ValueError for a time that is none."""
    said = cells.get("reason") or reason
    if said not in REASONS:
        raise BadInput(
            _("There is no reason %(reason)s: it is one of %(known)s.")
            % {"reason": repr(said[:40]), "known": ", ".join(REASONS)}
        )
    expires = _moment(cells["expires"]) if cells.get("expires") else None
    if is_key(key := cells.get("key", "")):
        created = _moment(cells["created"]) if cells.get("created") else clock.now()
        return Suppressed(key, said, created, expires)
    return parse(cells.get("email", "").removeprefix("'")), said, expires


def _moment(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _why(error: Exception) -> str:
    return (
        error.sentence
        if isinstance(error, NewsletterError)
        else "Its time is none, like 2026-01-15T12:00:00Z."
    )


def write(file: TextIO, rows: Sequence[tuple[Suppressed, str]]) -> None:
    out = csv.writer(file)
    out.writerow(HEADER)
    for row, email in rows:
        out.writerow(
            (
                guard(email),
                row.key,
                row.reason,
                clock.iso(row.created_at),
                clock.iso_or_none(row.expires_at) or "",
            )
        )
