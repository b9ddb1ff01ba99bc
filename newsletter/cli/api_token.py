"""Tokens for programs, from a terminal."""

import click

from newsletter import clock
from newsletter.cli.site import with_site
from newsletter.owners import SCOPES
from newsletter.web.kit.site import Site


@click.group("api-token")
def api_token() -> None:
    """Tokens with which programs use the API: made, listed, revoked."""


@api_token.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(SCOPES),
    help="What it may do; again for more.",
)
@click.option("--days", type=int, help="How long it lives. Without it, until it is revoked.")
def new(name: str, scopes: tuple[str, ...], days: int | None) -> None:
    """Make a token for the program NAME, and print it: this once."""
    click.echo(with_site(_new, name, scopes, days))
    click.echo("It is shown this once. Keep it like a password.", err=True)


@api_token.command("list")
def list_() -> None:
    """All tokens: prefix, last use, end, name, scopes."""
    found = with_site(_lines)
    for line in found:
        click.echo(line)
    if not found:
        click.echo(
            "There is no token yet. Make one: newsletter api-token new “My program” --scope subscribers:read"
        )


@api_token.command()
@click.argument("prefix")
@click.option("--yes", is_flag=True, help="Don't ask.")
def revoke(prefix: str, yes: bool) -> None:
    """Take the token that begins with PREFIX away, at once and for good."""
    name = with_site(_name, prefix)
    if not yes:
        click.confirm(f"Revoke the token of “{name}”? Its program can do nothing then.", abort=True)
    with_site(_revoke, prefix)
    click.echo("It is revoked.")


async def _new(site: Site, name: str, scopes: tuple[str, ...], days: int | None) -> str:
    return await site.db.write(site.api_tokens.new, name, scopes, days)


async def _lines(site: Site) -> list[str]:
    return [
        f"{one.prefix}  used {_when(one.used_at)}  ends {_when(one.expires_at)}  {one.name}  {one.scopes}"
        for one in await site.db.read(site.api_tokens.all)
    ]


def _when(ms: int | None) -> str:
    return "never" if ms is None else clock.iso(ms)


async def _name(site: Site, prefix: str) -> str:
    return (await site.db.read(site.api_tokens.named, prefix)).name


async def _revoke(site: Site, prefix: str) -> None:
    await site.db.write(site.api_tokens.revoke, prefix)
