"""The owner's hand on the tap: whether anything is sent at all."""

import click

from newsletter import clock
from newsletter.cli.site import with_site
from newsletter.mail import hold as tap
from newsletter.mail import waiting
from newsletter.web.kit.site import Site


@click.group()
def sending() -> None:
    """Hold everything that would be sent, and let it go again."""


@sending.command()
def status() -> None:
    """Say whether sending is held, and what waits."""
    click.echo(with_site(_status))


async def _status(site: Site) -> str:
    held = await site.db.read(tap.held)
    counts = await site.db.read(waiting)
    many = counts["queued"] + counts["deferred"]
    if held is None:
        return f"Sending is not held. {many:,} messages wait."
    return (
        f"Sending is held since {clock.iso(held.held_at)}. {held.held_why} {many:,} messages wait.".replace(
            "  ", " "
        )
    )


@sending.command()
def hold() -> None:
    """Begin no message to anybody from now on. It holds for every worker; what is on the wire may end."""
    done = with_site(_hold)
    click.echo("Nothing more is sent until: newsletter sending resume" if done else "It is held already.")


async def _hold(site: Site) -> bool:
    done: bool = await site.db.write(tap.hold)
    return done


@sending.command()
@click.option("--drop", is_flag=True, help="Never send what waited when it was held, but for broadcasts.")
@click.option("--yes", is_flag=True, help="Don't ask.")
def resume(drop: bool, yes: bool) -> None:
    """Send again. What has waited goes out, unless it is dropped."""
    held, count = with_site(_before)
    if held is None:
        click.echo("Sending is not held.")
        return
    if not yes:
        what = f"{count:,} messages to single people waited when it was held"
        click.confirm(
            f"{what}. {'Drop them' if drop else 'Send them'}, and send again from now on?", abort=True
        )
    with_site(_resume, held.held_at if drop else 0)
    click.echo("Sending goes on. Broadcasts that are held go on by: newsletter broadcast resume NUMBER")


async def _before(site: Site) -> tuple[tap.Hold | None, int]:
    held = await site.db.read(tap.held)
    return held, await site.db.read(tap.older, held.held_at) if held else 0


async def _resume(site: Site, drop: int) -> None:
    await site.db.write(tap.drop_older, drop)
    await site.db.write(tap.let_go)
