"""`newsletter doctor`: what stands between this service and its readers' inboxes, to read or for a program."""

import asyncio
from contextlib import suppress

import click
import msgspec

from newsletter import settings
from newsletter.doctor import Finding, Level, Names, examine
from newsletter.errors import NewsletterError
from newsletter.owners import settings_store
from newsletter.storage import open_database, pending
from newsletter.web.kit import relaying
from newsletter.web.kit.owner_settings import adopt, sources

_SIGNS: dict[Level, str] = {"well": "ok", "note": "!", "wrong": "WRONG"}
_COLOURS: dict[Level, str] = {"well": "green", "note": "yellow", "wrong": "red"}


def examined(resolver: str, as_json: bool) -> int:
    """Prints what was found; the exit code: 1 where something is wrong. Raises ClickException."""
    try:
        found = asyncio.run(_examine(resolver))
    except NewsletterError as error:
        raise click.ClickException(error.sentence) from None
    except ValueError:
        raise click.BadParameter("an address, or address:port.", param_hint="--resolver") from None
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        _tell(found)
    return int(any(one.level == "wrong" for one in found))


async def _examine(resolver: str) -> list[Finding]:
    """With what an owner has set at the desk, where there is a database that says it."""
    chosen, named = settings.load(), relaying.Named(relaying.given())
    with suppress(NewsletterError):  # which is one of the findings
        if not await pending(chosen.database_url):
            db = await open_database(chosen.database_url)
            try:
                named = await db.read(relaying.named, chosen)
                adopt(chosen, await db.read(settings_store.everything), sources())
            finally:
                await db.close()
    return await examine(chosen, Names(resolver), named.source, relay_lost=named.lost)


def _tell(found: list[Finding]) -> None:
    width = max(len(one.area) for one in found)
    for one in found:
        sign = click.style(f"{_SIGNS[one.level]:<5}", fg=_COLOURS[one.level])
        click.echo(f"{sign}  {one.area:<{width}}  {one.sentence}")
        if one.to_do:
            click.echo(f"{'':<{width + 7}}  → {one.to_do}")
