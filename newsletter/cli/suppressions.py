"""The suppression list from a terminal: who is never mailed, whatever they or others ask for."""

import csv
import sys
from pathlib import Path
from typing import cast

import click

from newsletter import clock
from newsletter.addresses import Address, parse
from newsletter.cli.site import with_site
from newsletter.errors import NewsletterError
from newsletter.mail.bounces.ledger import Wavering
from newsletter.mail.outbox import Reason
from newsletter.mail.suppression import REASONS, Suppressed
from newsletter.subscribers import suppression_file
from newsletter.web.kit.site import Site

_SHOWN = 20
_MOST_WAVERING = 100_000
_UTF8 = "utf-8-sig"  # what spreadsheets write


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
    """Print the list, the newest first: reason, since, until, whose. An address is told where a subscriber has it."""
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
@click.option("--yes", is_flag=True, help="Don’t ask.")
def soft(yes: bool) -> None:
    """Put on it whose mailbox has taken nothing of late. For 90 days: of two mails or more none arrived."""
    found = with_site(_wavering)
    for one in found[:_SHOWN]:
        click.echo(f"{one.email}: {one.times} mails came back since {clock.iso(one.first)}", err=True)
    if not found:
        click.echo("There is nobody whose mailbox takes nothing.")
        return
    if not yes:
        click.confirm(f"Mail none of these {len(found):,} for 90 days?", abort=True)
    click.echo(f"{with_site(_give_up):,} are mailed no more for 90 days.")


@suppressions.command()
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: standard output."
)
def export(output: Path | None) -> None:
    """Write the list as CSV. It has email, where it is known, key, reason, created and expires."""
    rows = with_site(_listed, takes_out=True)
    try:
        if output is None:
            suppression_file.write(sys.stdout, rows)
        else:
            with output.open("w", encoding="utf-8", newline="") as file:
                suppression_file.write(file, rows)
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
    """Put the addresses of FILE on the list. It is a CSV with a column email, or has one address a line.

    The keys of an export are taken too; they mean somebody only where the secret key is the same.
    """
    try:
        with file.open(encoding=_UTF8, newline="") as lines:
            entries, refused = suppression_file.read(lines, cast("Reason", reason))
    except (OSError, UnicodeError, csv.Error) as error:
        raise click.ClickException(f"{file} can’t be read: {error}.") from None
    with_site(_take_in, entries)
    for line, why in refused[:_SHOWN]:
        click.echo(f"Line {line}: {why}", err=True)
    if len(refused) > _SHOWN:
        click.echo(f"And {len(refused) - _SHOWN:,} more.", err=True)
    click.echo(f"{len(entries):,} are on the list; {len(refused):,} lines could not be read.")


async def _wavering(site: Site) -> list[Wavering]:
    return await site.db.read(site.returns.wavering, _MOST_WAVERING)


async def _give_up(site: Site) -> int:
    total = 0
    while done := await site.db.write(site.returns.give_up):
        total += done
    return total


async def _listed(site: Site) -> list[tuple[Suppressed, str]]:
    return await site.suppressions.listed(site.db)


async def _add(site: Site, address: Address, days: int | None) -> None:
    expires = clock.now() + days * clock.DAY if days else None
    await site.db.write(site.suppressions.add, address, "owner", expires)


async def _remove(site: Site, address: Address) -> bool:
    return await site.db.write(site.suppressions.remove, address)


async def _take_in(site: Site, entries: list[suppression_file.Entry]) -> None:
    await site.suppressions.take_in(site.db, entries)
