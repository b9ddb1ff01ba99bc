"""From one machine's file to a database for many."""

import asyncio
import sys
from pathlib import Path

import click

from newsletter import settings
from newsletter.cli.noting import note
from newsletter.errors import BadInput, NewsletterError
from newsletter.mail import hold
from newsletter.storage import Tx, move, no_database, open_database, sqlite_path

_WHY = "The database was moved here."
_GONE = "Its database was moved to a PostgreSQL."


@click.command("move-to")
@click.argument("url")
@click.option("--yes", is_flag=True, help="Don't ask.")
def move_to(url: str, yes: bool) -> None:
    """Move everything from a SQLite file to the empty PostgreSQL at URL; stop the service first.

    A password is better kept out of URL: PGPASSWORD and ~/.pgpass are read.
    """
    try:
        origin = settings.load().database_url
        source = sqlite_path(origin)
        if url.partition("://")[0] not in ("postgresql", "postgres"):
            raise BadInput("Please name a PostgreSQL, like postgresql://name@host/database.")
        if not source.exists():
            raise BadInput(no_database(source))
        rows = move.count(source)
        if not yes:
            click.confirm(f"Move {rows:,} rows from {source.absolute()}?", abort=True)
        with click.progressbar(
            length=rows, label="Moving", file=sys.stderr, hidden=not sys.stderr.isatty()
        ) as bar:
            moved = asyncio.run(_move(origin, url, bar.update))
    except NewsletterError as error:
        raise click.ClickException(error.sentence) from None
    for one in moved:
        click.echo(f"{one.rows:>12,}  {one.table:<20}  {one.digest[:16]}")
    click.echo(
        "All of it is there, compared row by row. Set NEWSLETTER_DATABASE_URL to the PostgreSQL"
        f"{_key(source)}, and start the service. Nothing is sent until you run: newsletter sending resume. A broadcast "
        f"that was under way is held, and goes on by: newsletter broadcast resume NUMBER. {source} stays as it is; it "
        "sends nothing any more."
    )


def _key(source: Path) -> str:
    key = source.with_name(f"{source.name}.key")
    return f" and NEWSLETTER_SECRET_KEY to what stands in {key}" if key.exists() else ""


async def _move(origin: str, url: str, report: move.Report) -> list[move.Moved]:
    async def finish(tx: Tx) -> None:
        await hold.hold_all(tx, _WHY)
        await note(tx, "move-to")

    async def leave(tx: Tx) -> None:
        await hold.hold(tx, _GONE)
        await note(tx, "move-to")

    moved = await move.move(origin, url, finish, report)
    db = await open_database(origin)
    try:
        await db.write(leave)
    finally:
        await db.close()
    return moved
