"""The command line: run the service, take everything out, look after one person."""

import logging

import click

from newsletter import __version__
from newsletter.cli.demo import demo
from newsletter.cli.export import export
from newsletter.cli.people import erase, show, sign_in_link
from newsletter.cli.serve import migrate, serve, worker


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="newsletter")
def cli() -> None:
    """A self-hosted newsletter: signup form, double opt-in, a guide at once, everything exportable.

    Settings come from the environment (NEWSLETTER_…) or the file that NEWSLETTER_CONFIG names.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for chatty in ("aiosqlite", "asyncio", "httpx", "mail.log"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


for command in (demo, serve, worker, migrate, sign_in_link, export, show, erase):
    cli.add_command(command)
