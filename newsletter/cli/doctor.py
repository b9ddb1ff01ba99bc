"""What stands between a mail and an inbox."""

import re
from pathlib import Path
from typing import get_args

import click
import msgspec

from newsletter import clock, settings
from newsletter.cli.examining import examined
from newsletter.cli.site import with_site
from newsletter.errors import NewsletterError
from newsletter.mail import dkim_keys, trouble
from newsletter.mail.dkim import MOST_KEYS, SELECTOR
from newsletter.mail.dkim_keys import LONGEST_STRING, Kind
from newsletter.settings import Settings
from newsletter.web.kit.site import Site

_PER_STRING = 200  # shorter than is allowed: some web forms count the quotes


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="For a program.")
@click.option("--resolver", default="", help="A name server to ask, as ADDRESS or ADDRESS:PORT.")
@click.pass_context
def doctor(context: click.Context, as_json: bool, resolver: str) -> None:
    """See to what mail needs in order to arrive: settings, database, disk, clock, relay, address, DNS.

    It sends nothing and changes nothing. Ends with 1 where something is wrong.
    """
    if context.invoked_subcommand is None:
        context.exit(examined(resolver, as_json))


def _selector(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:  # noqa: ARG001  click's signature
    if value is not None and not SELECTOR.fullmatch(value):
        raise click.BadParameter("letters, digits, hyphens and dots, 63 at most.")
    return value


@doctor.command()
@click.option("--json", "as_json", is_flag=True, help="For a program.")
def domains(as_json: bool) -> None:
    """What became of the mail of 30 days, by mailbox provider. It says what to do.

    Ends with 1 where a provider refuses you, or has too many readers who call your mail spam.
    """
    found = with_site(_domains)
    if as_json:
        rows = [{**msgspec.structs.asdict(one), "verdict": one.verdict} for one in found.troubled]
        click.echo(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode())
    else:
        _tell_domains(found)
    if any(one.verdict in ("policy", "complaints") for one in found.troubled):
        raise SystemExit(1)


async def _domains(site: Site) -> trouble.Report:
    return await site.db.read(trouble.report)


def _tell_domains(found: trouble.Report) -> None:
    if found.troubled:
        click.echo(f"{'':<30}{'accepted':>10}{'soft':>8}{'hard':>8}{'policy':>8}{'spam':>8}")
    for one in found.troubled:
        numbers = (one.soft, one.hard, one.policy, one.complaint)
        click.echo(f"{one.name:<30}{one.accepted:>10,}" + "".join(f"{number:>8,}" for number in numbers))
        if one.verdict != "few":
            click.echo(f"  {one.to_do}")
    if found.others:
        click.echo(f"{found.others:,} with nothing that came back took {found.accepted:,} mails.")
    elif not found.troubled:
        click.echo(f"Nothing was sent in {trouble.DAYS} days.")


@doctor.command()
@click.option(
    "--selector", callback=_selector, help="The key's name in the DNS. Its type and month, unless you say."
)
@click.option("--type", "kind", type=click.Choice(get_args(Kind)), default="rsa", show_default=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file. dkim-SELECTOR.pem, unless you say.",
)
def dkim(selector: str | None, kind: Kind, output: Path | None) -> None:
    """Make a key that signs your mail (DKIM). It says what to put in the DNS.

    A key that is in its file already stays as it is, and its DNS record is shown again.
    """
    selector = selector or f"{kind}{clock.moment(clock.now()):%Y%m}"
    path = (output or Path(f"dkim-{selector}.pem")).absolute()
    chosen = settings.load()
    try:
        try:
            dkim_keys.make(path, kind)
            click.echo(f"Made {path}. Keep it to yourself: it signs in your name.")
        except FileExistsError:
            click.echo(f"{path} is there already and stays as it is.")
        found, record = dkim_keys.record(path)
    except NewsletterError as error:
        raise click.ClickException(error.sentence[0].upper() + error.sentence[1:]) from None
    if found != kind:
        raise click.ClickException(f"The key in {path} is of type {found}. Name another file with -o.")
    _tell(chosen, selector, path, record)


def _tell(chosen: Settings, selector: str, path: Path, record: str) -> None:
    name = f"{selector}._domainkey.{chosen.from_email.rpartition('@')[2]}"
    strings = re.findall(f".{{1,{_PER_STRING}}}", record)
    click.echo(f"\nPut a TXT record into the DNS:\n\n  name   {name}\n  value  {record}\n")
    if len(record) > LONGEST_STRING:
        click.echo("Where one string may hold 255 characters at most, as in a zone file:\n")
        joined = "\n    ".join(f'"{string}"' for string in strings)
        click.echo(f"  {name}. IN TXT (\n    {joined} )\n")
    entry = f"{selector}={path}"
    others = [other for other in chosen.dkim_keys if other.partition("=")[0] != selector]
    click.echo("When the record can be seen, set this and start again:\n")
    click.echo(f'  NEWSLETTER_DKIM_KEYS="{" ".join([entry, *others][:MOST_KEYS])}"\n')
    if others:
        click.echo(
            "Mail is then signed with both. Drop the older one after a week, and its record a week later."
        )
