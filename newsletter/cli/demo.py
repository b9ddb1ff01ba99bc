"""The whole thing on one machine with nothing configured: service, blog, mail, inbox."""

import logging
import socket
from pathlib import Path

import click

from newsletter import clock, settings
from newsletter.addresses import parse
from newsletter.app import create_app, running
from newsletter.cli.made_up import make_up
from newsletter.cli.people import make_link
from newsletter.demo import Blog, Inbox, mail_server
from newsletter.web import process
from newsletter.web.kit import sequencing
from newsletter.web.server import Server

AUTHOR = "Wilma Harrow"
OWNER = "wilma@example.org"
DAY = 2 * clock.MINUTE
"""How long a day is in what follows the guide: short enough to be waited for."""

PORTS = click.IntRange(1, 65534)

WELCOME = """
  The demonstration is running. Stop it with Ctrl+C; {folder}/ keeps everything until the next time.

    Article with the form   {blog}/
    Inbox of everybody      {blog}/inbox
    The form on its own     {service}/forms/guide
    Owner's desk            {sign_in}
                            (works once, for 15 minutes; later ones are mailed to {owner})

  Who downloads the guide gets three letters after it: a day is {minutes} minutes here.
"""


@click.command()
@click.option("--port", default=8000, show_default=True, type=PORTS, help="The service's port.")
@click.option("--blog-port", type=PORTS, help="The blog's port.  [default: the one after the service's]")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where it keeps its data.  [default: demo-data, or demo-data-de in German]",
)
@click.option(
    "--subscribers",
    default=0,
    type=click.IntRange(0, 1_000_000),
    help="Made-up subscribers to write to, for example 20000.",
)
def demo(port: int, blog_port: int | None, folder: Path | None, subscribers: int) -> None:
    """Show everything on this machine: an article with the form, an inbox, the desk. No set-up."""
    blog_port = blog_port or port + 1
    folder = folder or Path("demo-data" if _language() == "en" else f"demo-data-{_language()}")
    _free("--port", port)
    _free("--blog-port", blog_port)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise click.ClickException(f"Can't make the folder {folder}: {error.strerror}.") from None
    logging.getLogger("newsletter").setLevel(logging.WARNING)
    process.run(_run(port, blog_port, folder, subscribers))


def _free(option: str, port: int) -> None:
    """Refuses a port on which somebody answers, under any of the addresses that a browser may try."""
    try:
        socket.create_connection(("localhost", port), timeout=1).close()
    except OSError:
        return
    raise click.ClickException(
        f"Port {port} is taken. Choose another one, for example: newsletter demo {option} {port + 10}"
    )


async def _run(port: int, blog_port: int, folder: Path, subscribers: int) -> None:
    inbox = Inbox(folder / "inbox")
    async with mail_server(inbox) as smtp_port:
        chosen = _settings(port, blog_port, smtp_port, folder)
        service = Server(create_app(chosen), port=port, drain=5)
        blog = Server(Blog(chosen.public_url, AUTHOR, inbox), port=blog_port, drain=0)
        with process.stop_signals(service.hurry) as stopped:
            async with service, blog:
                click.echo(
                    WELCOME.format(
                        folder=folder,
                        blog=chosen.allowed_origins[0],
                        service=chosen.public_url,
                        sign_in=await _prepared(chosen, subscribers),
                        owner=OWNER,
                        minutes=DAY // clock.MINUTE,
                    )
                )
                await stopped.wait()


def _settings(port: int, blog_port: int, smtp_port: int, folder: Path) -> settings.Settings:
    """Nothing from the environment but the language: the demonstration is the same everywhere."""
    return settings.load(
        {
            "NEWSLETTER_DATABASE_URL": f"sqlite:///{folder / 'newsletter.db'}",
            "NEWSLETTER_PUBLIC_URL": f"http://localhost:{port}",
            "NEWSLETTER_ALLOWED_ORIGINS": f"http://localhost:{blog_port}",
            "NEWSLETTER_SMTP_URL": f"smtp://127.0.0.1:{smtp_port}?tls=off",
            "NEWSLETTER_FROM": f"{AUTHOR} <{OWNER}>",
            "NEWSLETTER_OWNER_EMAIL": OWNER,
            "NEWSLETTER_POSTAL_ADDRESS": "Wilma Harrow, 3 Ferry Lane, Lower Exampleton",
            "NEWSLETTER_LANGUAGE": _language(),
        }
    )


def _language() -> str:
    return settings.with_environment({}).get("NEWSLETTER_LANGUAGE", "en")


async def _prepared(chosen: settings.Settings, subscribers: int) -> str:
    """What follows the guide is on from the first start, the made-up are there, and the link to the desk."""
    async with running(chosen, worker=False, migrate=False) as site:
        await sequencing.begin_welcome(site, DAY)
        if subscribers:
            await make_up(site, subscribers)
        return await make_link(site, parse(OWNER))
