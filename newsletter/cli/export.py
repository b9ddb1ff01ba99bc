"""Taking everything out."""

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import click

from newsletter.cli.site import with_site
from newsletter.comments import as_json, as_wxr, count_comments
from newsletter.subscribers import STATUSES, Choice, count, export_csv, export_ndjson, export_xlsx
from newsletter.web.kit.site import Site

FORMATS = ("csv", "ndjson", "xlsx")


@click.group()
def export() -> None:
    """Write what the service holds to a file or to standard output."""


@export.command()
@click.option(
    "--format", "form", type=click.Choice(FORMATS), help="Default: what the file's name ends in, or csv."
)
@click.option("--status", type=click.Choice(STATUSES), help="Only these.")
@click.option("--tag", default="", help="Only those with this tag.")
@click.option("--form", "form_slug", default="", help="Only those who came through this form.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Only those who signed up on or after this day (UTC).",
)
@click.option("--raw", is_flag=True, help="CSV to the letter: no BOM, no guard against formulas.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: standard output."
)
def subscribers(
    form: str | None,
    status: str | None,
    tag: str,
    form_slug: str,
    since: datetime | None,
    raw: bool,
    output: Path | None,
) -> None:
    """All subscribers with their consent, oldest first."""
    start = int(since.replace(tzinfo=UTC).timestamp() * 1000) if since else None
    choice = Choice(status or "", tag, form_slug, start)
    if form is None:
        ending = output.suffix[1:].lower() if output else ""
        form = ending if ending in FORMATS else "csv"
    if form == "xlsx" and output is None:
        raise click.UsageError("An XLSX file needs a name: add -o FILE.xlsx.")
    try:
        done = with_site(_export, choice, form, raw, output, takes_out=True)
    except BrokenPipeError:  # whoever read our output has seen enough
        raise
    except OSError as error:
        where = output or "the standard output"
        raise click.ClickException(f"The export could not be written to {where}: {error.strerror}.") from None
    click.echo(f"{done} subscriber{'' if done == 1 else 's'}.", err=True)


@export.command()
@click.option("--format", "form", type=click.Choice(["json", "wxr"]), default="json", show_default=True)
@click.option("--email", default="", help="Only what this address said.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: standard output."
)
def comments(form: str, email: str, output: Path | None) -> None:
    """All comments with their pages. As JSON lines, or as WordPress takes them (WXR)."""
    try:
        done = with_site(_export_comments, form, email.strip().lower(), output, takes_out=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        where = output or "the standard output"
        raise click.ClickException(f"The export could not be written to {where}: {error.strerror}.") from None
    click.echo(f"{done} comment{'' if done == 1 else 's'}.", err=True)


async def _export_comments(site: Site, form: str, email_key: str, output: Path | None) -> int:
    pieces = {"json": as_json, "wxr": as_wxr}[form]
    total = await site.db.read(count_comments, email_key)
    with _progress(total, output) as bar:
        if output is None:
            return await _write(pieces(site.db, email_key), sys.stdout.buffer, bar)
        with appearing(output) as path, path.open("wb") as file:
            return await _write(pieces(site.db, email_key), file, bar)


async def _export(site: Site, choice: Choice, form: str, raw: bool, output: Path | None) -> int:
    total = await site.db.read(count, choice)
    with _progress(total, output) as bar:
        if output is None:
            return await _write(_lines(site, choice, form, raw), sys.stdout.buffer, bar)
        with appearing(output) as path, path.open("wb") as file:
            return await _write(_lines(site, choice, form, raw), file, bar)


def _progress(total: int, output: Path | None) -> Any:
    """A bar on a terminal's standard error; nothing where nobody looks, or where the rows themselves appear."""
    seen = sys.stderr.isatty() and not (output is None and sys.stdout.isatty())
    return click.progressbar(length=total, label="Exporting", file=sys.stderr, hidden=not seen)


@contextmanager
def appearing(output: Path) -> Iterator[Path]:
    """Where to write so that `output` is there only once it is whole, for its owner only. Raises OSError."""
    if output.exists() and not output.is_file():  # a pipe, a device
        yield output
        return
    partial = output.with_name(f"{output.name}.partial")
    partial.unlink(missing_ok=True)
    partial.touch(0o600, exist_ok=False)
    try:
        yield partial
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)


def _lines(site: Site, choice: Choice, form: str, raw: bool) -> AsyncIterator[tuple[int, bytes]]:
    if form == "csv":
        return export_csv(site.db, choice, raw=raw)
    return export_ndjson(site.db, choice) if form == "ndjson" else export_xlsx(site.db, choice)


async def _write(lines: AsyncIterator[tuple[int, bytes]], file: BinaryIO, bar: Any) -> int:
    done = 0
    async for rows, piece in lines:
        file.write(piece)
        bar.update(rows - done)
        done = rows
    file.flush()
    return done
