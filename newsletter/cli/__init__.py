"""The command line: run the service, take everything out, look after one person."""

import importlib
import logging

import click

from newsletter import __version__

# Command → module and name. Each is loaded when it is called for: `serve` shall not wait for the demo's mail
# server, nor hold it in memory.
_COMMANDS = {
    "demo": ("demo", "demo"),
    "serve": ("serve", "serve"),
    "worker": ("serve", "worker"),
    "migrate": ("serve", "migrate"),
    "sign-in-link": ("people", "sign_in_link"),
    "export": ("export", "export"),
    "import": ("imports", "imports"),
    "broadcast": ("broadcast", "broadcast"),
    "sequence": ("sequence", "sequence"),
    "show": ("people", "show"),
    "erase": ("people", "erase"),
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  the same
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(f"newsletter.cli.{module}"), name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="newsletter")
def cli() -> None:
    """A self-hosted newsletter: signup form, double opt-in, a guide at once, everything exportable.

    Settings come from the environment (NEWSLETTER_…) or the file that NEWSLETTER_CONFIG names.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for chatty in ("aiosqlite", "asyncio", "httpx", "mail.log"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
