"""Running it: the web, the worker, the migrations."""

import asyncio

import click

from newsletter import settings
from newsletter.app import create_app, running
from newsletter.cli import logs
from newsletter.errors import MigrationError
from newsletter.storage import migrate as bring_up_to_date
from newsletter.web import process, server


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one."
)
@click.option("--no-worker", is_flag=True, help="Leave the mailing to `newsletter worker`.")
@click.option(
    "--no-migrate", is_flag=True, help="Refuse to start on an older database instead of upgrading it."
)
def serve(host: str, port: int, no_worker: bool, no_migrate: bool) -> None:
    """Answer readers and the owner, and send what waits."""
    chosen = settings.load()
    logs.speak(chosen)
    app = create_app(chosen, worker=not no_worker, migrate=not no_migrate)
    process.run(server.serve(app, host, port))


@click.command()
@click.option(
    "--no-migrate", is_flag=True, help="Refuse to start on an older database instead of upgrading it."
)
def worker(no_migrate: bool) -> None:
    """Send what waits in the outbox, until it is stopped; what is on the wire is finished first."""
    chosen = settings.load()
    logs.speak(chosen)
    process.run(_work(chosen, upgrade=not no_migrate))


async def _work(chosen: settings.Settings, *, upgrade: bool) -> None:
    with process.stop_signals(_hurry) as stopped:
        async with running(chosen, worker=True, migrate=upgrade):
            await stopped.wait()


def _hurry() -> None:
    raise KeyboardInterrupt


@click.command()
def migrate() -> None:
    """Bring the database to this version. A copy of a SQLite file is put beside it first, for a week."""
    try:
        applied = asyncio.run(bring_up_to_date(settings.load().database_url))
    except MigrationError as error:
        raise click.ClickException(error.sentence) from None
    click.echo(
        "\n".join(f"Applied {name}" for name in applied) or "Nothing to do: the database is up to date."
    )
