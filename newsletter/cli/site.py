"""The configured service, opened for one command and closed again."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import click

from newsletter import settings
from newsletter.app import running
from newsletter.errors import NewsletterError, NotFound
from newsletter.owners import audit
from newsletter.storage import engine_of, no_database, sqlite_path
from newsletter.web.kit import traces
from newsletter.web.kit.site import Site

T = TypeVar("T")


def with_site(
    work: Callable[..., Coroutine[Any, Any, T]], *args: Any, upgrade: bool = False, takes_out: bool = False
) -> T:
    """Runs `work(site, …)` on the configured database; what it raises becomes the command's error.

    None is made where there is none yet: a wrong folder would give an empty one. `upgrade` where the service may just
    be starting. `takes_out` where what it prints or writes to a file is noted in the audit log, as all is that it
    changes.
    """

    async def run() -> T:
        chosen = settings.load()
        _require(chosen.database_url)
        async with running(chosen, worker=False, migrate=upgrade) as site:
            traces.begin(_trace(site, takes_out))
            await traces.taken_out()
            return await work(traces.traced(site), *args)

    try:
        return asyncio.run(run())
    except NewsletterError as error:
        raise click.ClickException(error.sentence) from None


def _trace(site: Site, takes_out: bool) -> traces.Trace:
    context = click.get_current_context(silent=True)
    command = context.command_path.partition(" ")[2] if context else ""
    taken = site.db if takes_out else None
    return traces.Trace(audit.Actor("terminal"), command.partition(" ")[0], command, takes_out=taken)


def _require(url: str) -> None:
    if engine_of(url) == "sqlite" and not sqlite_path(url).exists():
        raise NotFound(no_database(sqlite_path(url)))
