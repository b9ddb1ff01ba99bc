"""One person at a time: let the owner in, show what is known, erase."""

from typing import Any

import click
import msgspec

from newsletter import clock
from newsletter.addresses import Address, parse
from newsletter.cli.site import with_site
from newsletter.errors import NewsletterError
from newsletter.owners import LINK_LIVES, second_step
from newsletter.web.kit import people
from newsletter.web.kit.site import Site


def _address(text: str) -> Address:
    try:
        return parse(text)
    except NewsletterError as error:
        raise click.BadParameter(error.sentence) from None


@click.command("sign-in-link")
@click.argument("email")
@click.option(
    "--forget-second-step", "forget", is_flag=True, help="Ask no code: phone and recovery codes are lost."
)
def sign_in_link(email: str, forget: bool) -> None:
    """Print a one-time link to the desk for EMAIL, who becomes an owner."""
    click.echo(with_site(make_link, _address(email), forget, upgrade=True))
    click.echo(f"It works once, within {LINK_LIVES // clock.MINUTE} minutes.", err=True)


async def make_link(site: Site, address: Address, forget: bool = False) -> str:
    owner = await site.db.write(site.owners.ensure, address)
    if forget:
        await site.db.write(second_step.forget, owner.id)
    link_id = await site.db.write(site.owners.new_link, owner)
    token = site.tokens.make("sign-in", link_id, now=clock.now())
    return f"{site.settings.public_url}/admin/enter/{token}"


@click.command()
@click.argument("email")
def show(email: str) -> None:
    """Print all that is known about EMAIL, as JSON, with the proof of consent."""
    everything = with_site(_everything, _address(email), takes_out=True)
    click.echo(msgspec.json.format(msgspec.json.encode(everything), indent=2).decode())


async def _everything(site: Site, address: Address) -> dict[str, Any]:
    return await site.db.read(people.data_at, site, address)


@click.command()
@click.argument("email")
@click.option("--yes", is_flag=True, help="Don't ask.")
def erase(email: str, yes: bool) -> None:
    """Erase EMAIL from every table and file; a keyed fingerprint keeps it from being mailed again."""
    address = _address(email)
    if not yes:
        click.confirm(f"Erase everything about {address.email}, for good?", abort=True)
    clean = with_site(_erase, address)
    if not clean:
        raise click.ClickException(
            "They are erased, but traces may stay in the database's log while somebody reads from it for long. "
            "The service tries again each minute while it runs."
        )
    click.echo("Erased.")


async def _erase(site: Site, address: Address) -> bool:
    await site.db.write(people.erase_at, site, address)
    return await site.scrub()
