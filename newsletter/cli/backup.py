"""A copy to keep, and the way back from it."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import ParamSpec, TypeVar

import click

from newsletter import clock, settings
from newsletter.cli.noting import note, note_in
from newsletter.errors import NewsletterError
from newsletter.mail import hold
from newsletter.storage import Tx, dumps, engine_of, migrate, open_database, sqlite_path
from newsletter.storage import backup as files

P = ParamSpec("P")
T = TypeVar("T")


@click.command()
@click.argument("to", type=click.Path(path_type=Path))
@click.option("--keep", type=click.IntRange(1), help="In a folder: delete all but the newest so many.")
def backup(to: Path, keep: int | None) -> None:
    """Copy the database to the file or folder TO, while the service runs; in a folder it is named by the time."""
    url, source = _database()
    if keep and not to.is_dir():
        raise click.UsageError(f"--keep is for a folder, and {to} is none.")
    if to.is_dir():
        to /= f"newsletter-{clock.moment(clock.now()):%Y-%m-%dT%H%M%SZ}.{'db' if source else 'dump'}"
    if not to.parent.is_dir():
        raise click.ClickException(f"There is no folder {to.parent} that a backup could be put in.")
    if source:
        _watched(lambda: files.make(source, to), source, to)
    else:
        _said(dumps.make, url, to)
    click.echo(f"{to}: {files.size(to):,} bytes. Its checksum is in {to.name}.sha256.")
    if not files.beside(to, ".key").exists():
        click.echo(
            "NEWSLETTER_SECRET_KEY is not in it: keep that too, or no link in any mail works any more."
        )
    for gone in files.thin(to.parent, keep) if keep else ():
        click.echo(f"Deleted {gone}.")
    if why := asyncio.run(note_in(url, "backup")):
        click.echo(f"The audit log has no row of it: {why}.", err=True)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--yes", is_flag=True, help="Don't ask.")
def restore(file: Path, yes: bool) -> None:
    """Put the backup FILE where the database is. Then nothing is sent until you say: newsletter sending resume."""
    url, to = _database()
    _said(files.verify, file)
    if to:
        _restore_file(file, to, yes)
    else:
        _said(lambda: asyncio.run(dumps.ready(url)))
        if not yes:
            click.confirm(f"Put {file} into the empty database?", abort=True)
        _said(dumps.restore, file, url)
        _said(lambda: asyncio.run(_hold(url)))
        click.echo(f"{file} was put into the database.")
    click.echo(
        "Nothing is sent until you run: newsletter sending resume. Who has left or was erased since the backup was "
        "made is back in it; each broadcast that was under way then is held, and goes on by itself when you let it."
    )


def _restore_file(file: Path, to: Path, yes: bool) -> None:
    if to.resolve() == file.resolve():
        raise click.ClickException("This is the database itself.")
    if to.exists() and not yes:
        click.confirm(f"Put {file} in place of {to.absolute()}?", abort=True)
    old = _said(files.restore, file, to, _come_up_held)
    click.echo(f"{file} was put to {to}.")
    if old:
        click.echo(f"What was there is {old} now, for a week.")


def _come_up_held(draft: Path) -> None:
    asyncio.run(_hold(f"sqlite:///{draft.absolute()}"))


async def _hold(url: str) -> None:
    await migrate(url)
    db = await open_database(url)
    try:
        await db.write(_held_and_noted)
    finally:
        await db.close()


async def _held_and_noted(tx: Tx) -> None:
    await hold.hold_all(tx, "A backup was restored: who got it since then would get it twice.")
    await note(tx, "restore")


def _database() -> tuple[str, Path | None]:
    """Its URL, and the file where it is one. Raises ClickException."""
    url = _said(settings.load).database_url
    return url, _said(sqlite_path, url) if _said(engine_of, url) == "sqlite" else None


def _said(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Raises ClickException."""
    try:
        return work(*args, **kwargs)
    except NewsletterError as error:
        raise click.ClickException(error.sentence) from None


def _watched(work: Callable[[], None], source: Path, to: Path) -> None:
    """`work` in a thread, while a bar follows the file as it grows. Raises ClickException."""
    trouble: list[Exception] = []

    def run() -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001  raised again, where it can be heard
            trouble.append(error)

    thread = Thread(target=run)
    thread.start()
    length = max(files.size(source), 1)
    with click.progressbar(
        length=length, label="Copying", file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        while thread.is_alive():
            thread.join(0.1)
            bar.update(max(files.size(to) - bar.pos, 0))
    for error in trouble:
        if isinstance(error, NewsletterError):
            raise click.ClickException(error.sentence) from None
        raise error
