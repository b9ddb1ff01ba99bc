"""The command line: run the service, take everything out, look after one person."""

import gc
import importlib
import logging
from typing import NamedTuple

import click

from newsletter import __version__


class _Command(NamedTuple):
    """Loaded when it is called for: `serve` shall not wait for the demo's mail server, nor hold it in memory."""

    module: str
    name: str
    help: str  # one line of a terminal, in the list of all


_COMMANDS = {
    "demo": _Command("demo", "demo", "Show all of it on this machine, with nothing set up."),
    "serve": _Command("serve", "serve", "Answer readers and the owner, and send what waits."),
    "worker": _Command("serve", "worker", "Send what waits in the outbox, until it is stopped."),
    "migrate": _Command("serve", "migrate", "Bring the database to this version."),
    "backup": _Command("backup", "backup", "Copy the database to a file, while the service runs."),
    "restore": _Command("backup", "restore", "Put a backup where the database is; nothing is sent then."),
    "move-to": _Command("move", "move_to", "Move a SQLite file into an empty PostgreSQL."),
    "sending": _Command("tap", "sending", "Hold everything that would be sent, and let it go again."),
    "sign-in-link": _Command("people", "sign_in_link", "Print a one-time link to the desk for an owner."),
    "export": _Command("export", "export", "Write subscribers or comments to a file."),
    "import": _Command("imports", "imports", "Take in what another system gives out."),
    "broadcast": _Command("broadcast", "broadcast", "Write to everybody who confirmed, or to some."),
    "sequence": _Command("sequence", "sequence", "Mails that follow by themselves, one after the other."),
    "bounces": _Command("bounces", "bounces", "Take in what comes back of what was sent."),
    "suppressions": _Command("suppressions", "suppressions", "Who is never mailed, and why."),
    "doctor": _Command("doctor", "doctor", "See to what mail needs in order to arrive."),
    "settings": _Command("desk_settings", "settings", "See what is set at the desk, and take it back."),
    "api-token": _Command("api_token", "api_token", "Make and revoke tokens for programs."),
    "show": _Command("people", "show", "Print all that is known about somebody, as JSON."),
    "erase": _Command("people", "erase", "Erase somebody from every table and file."),
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(_COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  the same
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.help) for name, command in _COMMANDS.items()])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  the same
        if cmd_name not in _COMMANDS:
            return None
        found = _COMMANDS[cmd_name]
        gc.disable()  # what is loaded stays: looking through it again and again took a tenth of the start
        try:
            module = importlib.import_module(f"newsletter.cli.{found.module}")
            gc.freeze()
        finally:
            gc.enable()
        command: click.Command = getattr(module, found.name)
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
