"""The suppression list from a terminal: who is never mailed, whatever they or others ask for."""

import csv
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO, cast

import click

from newsletter import clock
from newsletter.addresses import Address, parse
from newsletter.cli.site import with_site
from newsletter.errors import BadInput, NewsletterError
from newsletter.mail.outbox import Reason
from newsletter.mail.suppression import REASONS, Suppressed, is_key
from newsletter.storage import Tx
from newsletter.subscribers import guard
from newsletter.web.kit.site import Site

HEADER = ("email", "key", "reason", "created", "expires")
_SLICE = 200
_SHOWN = 20
_UTF8 = "utf-8-sig"  # what spreadsheets write

Entry = Suppressed | tuple[Address, Reason, int | None]
"""A row of an export by its key, or an address to be put on the list."""


def _address(text: str) -> Address:
    try:
        return parse(text)
    except NewsletterError as error:
        raise click.BadParameter(error.sentence) from None


@click.group()
def suppressions() -> None:
    """Who is never mailed, and why: bounced, complained, erased, said “not me”, or put there by you."""


@suppressions.command("list")
@click.option("--reason", type=click.Choice(REASONS), help="Only these.")
def list_(reason: str | None) -> None:
    """Reason, since when, until when, and whose address it is where a subscriber has it. The newest first."""
    rows = [(row, email) for row, email in with_site(_listed) if reason in (None, row.reason)]
    for row, email in rows:
        until = f"until {clock.iso(row.expires_at)}" if row.expires_at else "for good"
        click.echo(f"{row.reason:<11}{clock.iso(row.created_at)}  {until:<26}  {email or row.key[:16] + '…'}")
    if not rows:
        click.echo("Nobody is on the list.")


@suppressions.command()
@click.argument("email")
@click.option("--days", type=click.IntRange(1), help="Only for so long; without it, for good.")
def add(email: str, days: int | None) -> None:
    """Never mail EMAIL, in this spelling. Who is active there is unsubscribed."""
    with_site(_add, _address(email), days)
    click.echo("It is on the list.")


@suppressions.command()
@click.argument("email")
@click.option("--yes", is_flag=True, help="Don’t ask.")
def remove(email: str, yes: bool) -> None:
    """Take EMAIL off the list. Nobody is subscribed by it: they may sign up again themselves."""
    address = _address(email)
    if not yes:
        click.confirm(
            f"Let {address.email} be mailed again? Whoever complained or was erased wanted it not to be.",
            abort=True,
        )
    click.echo("It is off the list." if with_site(_remove, address) else "It was not on the list.")


@suppressions.command()
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: standard output."
)
def export(output: Path | None) -> None:
    """The list as CSV: email where it is known, key, reason, created, expires."""
    rows = with_site(_listed)
    try:
        if output is None:
            _write(sys.stdout, rows)
        else:
            with output.open("w", encoding="utf-8", newline="") as file:
                _write(file, rows)
    except BrokenPipeError:  # whoever read our output has seen enough
        raise
    except OSError as error:
        raise click.ClickException(f"The list could not be written: {error.strerror}.") from None
    click.echo(f"{len(rows)} on the list.", err=True)


@suppressions.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--reason",
    type=click.Choice(REASONS),
    default="owner",
    show_default=True,
    help="Where the file says none.",
)
def import_(file: Path, reason: str) -> None:
    """Put the addresses of FILE on the list: a CSV with a column email, or one address a line.

    The keys of an export are taken too; they mean somebody only where the secret key is the same.
    """
    try:
        with file.open(encoding=_UTF8, newline="") as lines:
            entries, refused = _read(lines, cast("Reason", reason))
    except (OSError, UnicodeError, csv.Error) as error:
        raise click.ClickException(f"{file} can’t be read: {error}.") from None
    with_site(_take_in, entries)
    for line, why in refused[:_SHOWN]:
        click.echo(f"Line {line}: {why}", err=True)
    if len(refused) > _SHOWN:
        click.echo(f"And {len(refused) - _SHOWN:,} more.", err=True)
    click.echo(f"{len(entries):,} are on the list; {len(refused):,} lines could not be read.")


def _read(lines: TextIO, reason: Reason) -> tuple[list[Entry], list[tuple[int, str]]]:
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


def _entry(cells: dict[str, str], reason: Reason) -> Entry:
    """Raises BadInput, ValueError for a time that is none."""
    said = cells.get("reason") or reason
    if said not in REASONS:
        raise BadInput(f"There is no reason {said[:40]!r}: it is one of {', '.join(REASONS)}.")
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


def _write(file: TextIO, rows: Sequence[tuple[Suppressed, str]]) -> None:
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


async def _listed(site: Site) -> list[tuple[Suppressed, str]]:
    return await site.suppressions.listed(site.db)


async def _add(site: Site, address: Address, days: int | None) -> None:
    expires = clock.now() + days * clock.DAY if days else None
    await site.db.write(site.suppressions.add, address, "owner", expires)


async def _remove(site: Site, address: Address) -> bool:
    return await site.db.write(site.suppressions.remove, address)


async def _take_in(site: Site, entries: list[Entry]) -> None:
    """A slice in one transaction, so that nobody waits for long; again is the same."""

    async def take(tx: Tx, some: Sequence[Entry]) -> None:
        for one in some:
            if isinstance(one, Suppressed):
                await site.suppressions.put(tx, one)
            else:
                await site.suppressions.add(tx, *one)

    for some in _slices(entries):
        await site.db.write(take, some)


def _slices(entries: list[Entry]) -> Iterator[list[Entry]]:
    for start in range(0, len(entries), _SLICE):
        yield entries[start : start + _SLICE]
