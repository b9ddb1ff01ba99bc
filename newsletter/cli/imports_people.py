"""Taking in the subscribers that another service, or a table, holds."""

import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import ExitStack, aclosing, closing
from pathlib import Path

import click

from newsletter.cli.export import appearing
from newsletter.cli.site import with_site
from newsletter.clock import now
from newsletter.errors import NewsletterError
from newsletter.subscribers import imports, tag_name
from newsletter.web.kit.site import Site

SHOWN = 20  # refused rows on a terminal; --refused writes all of them


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--preset", default="", help="Whose export it is, where the columns don’t tell.")
@click.option(
    "--map", "maps", multiple=True, metavar="COLUMN=FIELD", help="What a column is for. May be repeated."
)
@click.option("--encoding", default="", help="How a text file is encoded, where letters come out wrong.")
@click.option("--tag", "tags", multiple=True, help="Everybody gets this tag. May be repeated.")
@click.option("--consent-origin", default="", help="How these people agreed to get your letters, and where.")
@click.option("--refused", type=click.Path(dir_okay=False, path_type=Path), help="A CSV of what was refused.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@click.option("--yes", is_flag=True, help="Don’t ask.")
def subscribers(
    file: Path,
    preset: str,
    maps: tuple[str, ...],
    encoding: str,
    tags: tuple[str, ...],
    consent_origin: str,
    refused: Path | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Subscribers from another service, CSV or XLSX.

    Mailchimp, Kit, Substack, Buttondown, beehiiv, Ghost, MailerLite and listmonk are known by their columns. Who left,
    bounced or complained stays so. Broken off, the same command goes on where it was.
    """
    try:
        table = imports.open_table(file, encoding)
        mapping = imports.map_columns(table, preset, _said(maps))
        labels = [tag_name(tag) for tag in tags]
    except NewsletterError as error:
        raise click.ClickException(error.sentence) from None
    _explain(table, mapping)
    if not dry_run and not consent_origin.strip():
        if yes:
            raise click.UsageError(
                "Say with --consent-origin how these people agreed; it is kept with each of them."
            )
        consent_origin = click.prompt("How did these people agree to get your letters, and where?")
    with closing(imports.Staged(table, mapping, labels, now())) as staged:
        _read(staged)
        if dry_run or not yes:
            tally = with_site(_take_in, staged, consent_origin.strip(), refused, True)
            _report(tally, "Would take in")
        if dry_run:
            return
        if not yes:
            click.confirm("Take them in? Nobody is mailed by it.", abort=True)
        _report(_for_good(staged, consent_origin.strip(), refused), "Took in")


def _said(maps: Sequence[str]) -> dict[str, str]:
    said = {}
    for text in maps:
        column, equals, target = text.rpartition("=")
        if not equals or not column:
            raise click.UsageError(
                f"--map needs a column and what it is for, like “E-Mail=email”, not {text!r}."
            )
        said[column.strip()] = target
    return said


def _explain(table: imports.Table, mapping: imports.Mapping) -> None:
    preset = mapping.known()
    if preset:
        click.echo(f"This looks like an export of {preset.title}.")
    if table.said:
        click.echo(table.said)
    for column, target in zip(table.columns, mapping.targets, strict=True):
        click.echo(f"  {column}: {'left out' if target == 'ignore' else target}")


def _read(staged: imports.Staged) -> None:
    hidden = not sys.stderr.isatty()
    try:
        with click.progressbar(
            length=staged.table.lines, label="Reading", file=sys.stderr, hidden=hidden
        ) as bar:
            reached = 0
            for line in staged.fill():
                bar.update(line - reached)
                reached = line
    except NewsletterError as error:
        raise click.ClickException(error.sentence) from None


def _for_good(staged: imports.Staged, origin: str, refused: Path | None) -> imports.Tally:
    try:
        return with_site(_take_in, staged, origin, refused, False)
    except KeyboardInterrupt:
        raise click.ClickException("Broken off. The same command goes on where it was.") from None


async def _take_in(
    site: Site, staged: imports.Staged, origin: str, output: Path | None, dry: bool
) -> imports.Tally:
    importing = imports.Importing(site.tokens, site.post)
    with closing(imports.Refusals()) as found:
        if dry:
            found.add(staged.refused.by_line())
        tally, id = await _through(site, importing, staged, origin, found if dry else None)
        await _tell(staged.table, imports.refusals(site.db, id) if id else _each(found.by_line()), output)
    return tally


async def _through(
    site: Site,
    importing: imports.Importing,
    staged: imports.Staged,
    origin: str,
    found: imports.Refusals | None,
) -> tuple[imports.Tally, int]:
    """What came of it, and the import; with `found`, which takes what is refused, it is a dry run."""
    dry = found is not None
    tally, id, reached = imports.Tally(), 0, 0
    label = "Checking" if dry else "Importing"
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=staged.people, label=label, file=sys.stderr, hidden=hidden) as bar:
        async with aclosing(imports.take_in(site.db, importing, staged, origin, dry=dry)) as steps:
            async for step in steps:
                tally, id = step.tally, step.id
                bar.update(step.position - reached)
                reached = step.position
                if found is not None:
                    found.add(step.refused)
    return tally, id


async def _each(found: Iterable[imports.Refused]) -> AsyncIterator[imports.Refused]:
    for one in found:
        yield one


async def _tell(table: imports.Table, found: AsyncIterator[imports.Refused], output: Path | None) -> None:
    """Writes what was refused, or shows the first of it."""
    if output is None:
        shown = 0
        async for one in found:
            shown += 1
            if shown > SHOWN:
                click.echo("  … and more: --refused FILE writes all of them.")
                return
            click.echo(f"Line {one.line}: {one.reason}")
        return
    try:
        with ExitStack() as stack:
            path = stack.enter_context(appearing(output))
            file = stack.enter_context(path.open("w", encoding="utf-8", newline=""))
            await imports.write_refused(table, found, file)
    except OSError as error:
        raise click.ClickException(f"{output} could not be written: {error.strerror}.") from None


def _report(tally: imports.Tally, begin: str) -> None:
    click.echo(f"{begin} {tally.total:,} subscriber{'' if tally.total == 1 else 's'}.")
    for status, count in sorted(tally.added.items()):
        click.echo(f"  {status}: {count:,}")
    if tally.here:
        click.echo(f"Here already: {tally.here:,}. They keep what they have, and get the tags.")
    if tally.left:
        click.echo(f"Here before, and not subscribed: {tally.left:,}. They stay so.")
    if tally.refused:
        click.echo(f"Refused: {tally.refused:,}.")
