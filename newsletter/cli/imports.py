"""Taking in what another system gives out."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import click

from newsletter.cli.imports_people import subscribers
from newsletter.cli.moved import Moved
from newsletter.cli.site import with_site
from newsletter.comments import TOGETHER, Imported, ImportResult, Skipped, in_order, read
from newsletter.errors import BadInput
from newsletter.storage import Tx
from newsletter.web.kit.site import Site

SHOWN = 3  # ids named beside each reason
MOST_LOOKED_AT = 1_000  # comments, to say whose pages a file is about


@click.group("import")
def imports() -> None:
    """Take in what another system gives out. Nobody is mailed by it."""


imports.add_command(subscribers)


@imports.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--origin", default="", help="Where the pages are, if you have more than one website.")
@click.option("--formerly", multiple=True, help="Where they were (http://old.example.org). May be repeated.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
def comments(file: Path, origin: str, formerly: tuple[str, ...], dry_run: bool) -> None:
    """Comments from WordPress, Disqus, Isso or Remark42.

    WordPress's file is WXR, Isso's is SQLite or JSON. Each comment comes once, however often this runs.
    """
    states, reasons, others = with_site(_import, file, origin, formerly, dry_run)
    total = sum(states.values())
    click.echo(f"{'Would take in' if dry_run else 'Took in'} {total} comment{'' if total == 1 else 's'}.")
    for state, count in sorted(states.items()):
        click.echo(f"  {state}: {count}")
    for reason, ids in reasons.items():
        named = ", ".join(ids[:SHOWN]) + (", …" if len(ids) > SHOWN else "")
        click.echo(f"Skipped {len(ids)}: {reason} ({named})")
    if others:
        click.echo(f"Pages of {', '.join(others)} aren't yours. If they were, say --formerly {others[0]}")


class _Undone(Exception):
    """Ends a dry run's transaction with what came of it."""

    def __init__(self, results: list[ImportResult]) -> None:
        super().__init__()
        self.results = results


async def _import(
    site: Site, file: Path, origin: str, formerly: Sequence[str], dry_run: bool
) -> tuple[Counter[str], dict[str, list[str]], list[str]]:
    allowed = site.settings.allowed_origins
    if not allowed:
        raise BadInput(_whose(file))
    states: Counter[str] = Counter()
    reasons: dict[str, list[str]] = {}
    moved = Moved(allowed, origin, formerly)
    act = partial(_act, site, moved, dry_run)
    hidden = not sys.stderr.isatty()
    length = 0 if hidden else sum(1 for _ in read(file))
    with click.progressbar(length=length, label="Importing", file=sys.stderr, hidden=hidden) as bar:
        for some in _chunks(in_order(read(file))):
            skipped = [one for one in some if isinstance(one, Skipped)]
            found = [one for one in some if isinstance(one, Imported)]
            for one in [*(ImportResult(s.source_id, skipped=s.reason) for s in skipped), *await act(found)]:
                if one.skipped:
                    reasons.setdefault(one.skipped, []).append(one.source_id or "?")
                else:
                    states[one.status] += 1
            bar.update(len(some))
    return states, reasons, sorted(moved.others)


def _whose(file: Path) -> str:
    """What to do where no page is known to be ours. Raises BadInput for a file that can't be read."""
    urls = (urlsplit(one.url) for one in islice(read(file), MOST_LOOKED_AT) if isinstance(one, Imported))
    origins = sorted({f"{url.scheme}://{url.netloc}" for url in urls if url.netloc})
    whose = f" This file has pages of {', '.join(origins[:SHOWN])}." if origins else ""
    return f"Say in NEWSLETTER_ALLOWED_ORIGINS which pages are yours; comments of others are not taken in.{whose}"


def _chunks(found: Iterator[Imported | Skipped]) -> Iterator[list[Imported | Skipped]]:
    while some := list(islice(found, TOGETHER)):
        yield some


async def _act(
    site: Site, canonical: Callable[[str], str], dry_run: bool, found: Sequence[Imported]
) -> list[ImportResult]:
    async def action(tx: Tx) -> list[ImportResult]:
        results = await site.importing.keep(tx, found, canonical)
        if dry_run:
            raise _Undone(results)
        return results

    try:
        return await site.db.write(action)
    except _Undone as undone:
        return undone.results
