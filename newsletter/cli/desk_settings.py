"""What an owner has set at the desk, from a terminal: seen, and taken back where it keeps them out."""

import click

from newsletter.cli.site import with_site
from newsletter.errors import NotFound
from newsletter.owners import settings_store
from newsletter.web.kit.owner_settings import OWN, forget, sources
from newsletter.web.kit.site import Site

_HIDDEN = {"smtp_url": "(sealed)", "logo": "(a picture)"}
_WORDS = {"relay": "smtp_url"}


@click.group("settings")
def settings() -> None:
    """What is set at the desk: list it, or take it back."""


@settings.command("list")
def list_() -> None:
    """What is set there, and what wins over it."""
    found = with_site(_lines)
    for line in found:
        click.echo(line)
    if not found:
        click.echo("Nothing is set at the desk.")


@settings.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
def reset(names: tuple[str, ...]) -> None:
    """Let the machine's own count again for each NAME.

    Like relay or from_email: what the desk says of it is forgotten, at once and in every process.
    """
    with_site(_reset, [_WORDS.get(name, name) for name in names])
    click.echo("The machine's own settings count again.")


async def _lines(site: Site) -> list[str]:
    rows, given = await site.db.read(settings_store.everything), sources()
    return [
        f"{name}  {_HIDDEN.get(name, rows[name])}" + (f"  (the {given[name]} wins)" if name in given else "")
        for name in OWN
        if name in rows
    ]


async def _reset(site: Site, names: list[str]) -> None:
    """Raises NotFound."""
    if unknown := [name for name in names if name not in OWN]:
        raise NotFound(
            f"There is no {unknown[0]!r} that could be set at the desk. See: newsletter settings list"
        )
    await forget(site, *names)
