"""Taking everything out."""

import sys
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import click

from newsletter.cli.people import with_site
from newsletter.cli.sheet import write_xlsx
from newsletter.subscribers import STATUSES, Choice, count, export_csv, export_ndjson
from newsletter.web.kit.site import Site


@click.group()
def export() -> None:
    """Write what the service holds to a file or to standard output."""


@export.command()
@click.option(
    "--format", "form", type=click.Choice(["csv", "ndjson", "xlsx"]), default="csv", show_default=True
)
@click.option("--status", type=click.Choice(STATUSES), help="Only these.")
@click.option("--tag", default="", help="Only those with this tag.")
@click.option("--form", "form_slug", default="", help="Only those who came through this form.")
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), help="Only those who signed up on or after this day (UTC)."
)
@click.option("--raw", is_flag=True, help="CSV to the letter: no BOM, no guard against formulas.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: standard output."
)
def subscribers(
    form: str,
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
    if form == "xlsx" and output is None:
        raise click.UsageError("An XLSX file needs a name: add -o FILE.xlsx.")
    total = with_site(_export, choice, form, raw, output)
    click.echo(f"{total} subscribers.", err=True)


async def _export(site: Site, choice: Choice, form: str, raw: bool, output: Path | None) -> int:
    total = await site.db.read(count, choice)
    if form == "xlsx" and output is not None:
        return await write_xlsx(site.db, choice, output)
    lines = export_csv(site.db, choice, raw=raw) if form == "csv" else export_ndjson(site.db, choice)
    with _opened(output) as file:
        return await _write(lines, file, total)


def _opened(output: Path | None) -> AbstractContextManager[BinaryIO]:
    return output.open("wb") if output else nullcontext(sys.stdout.buffer)


async def _write(lines: AsyncIterator[tuple[int, bytes]], file: BinaryIO, total: int) -> int:
    done = 0
    with progress(total) as bar:
        async for rows, piece in lines:
            file.write(piece)
            bar.update(rows - done)
            done = rows
    file.flush()
    return done


def progress(total: int) -> Any:
    """A bar on a terminal's standard error; nothing where nobody looks."""
    return click.progressbar(length=total, label="Exporting", file=sys.stderr, hidden=not sys.stderr.isatty())
