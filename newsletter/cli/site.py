"""The configured service, opened for one command and closed again."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import click

from newsletter import settings
from newsletter.app import running
from newsletter.errors import NewsletterError, NotFound
from newsletter.storage import engine_of, sqlite_path

T = TypeVar("T")


def with_site(work: Callable[..., Coroutine[Any, Any, T]], *args: Any, make: bool = False) -> T:
    """Runs `work(site, …)` on the configured database; what it raises becomes the command's error.

    Only with `make` where there is no database yet: else a wrong folder would give an empty one.
    """

    async def run() -> T:
        chosen = settings.load()
        if not make:
            _require(chosen.database_url)
        async with running(chosen, worker=False, migrate=make) as site:
            return await work(site, *args)

    try:
        return asyncio.run(run())
    except NewsletterError as error:
        raise click.ClickException(error.sentence) from None


def _require(url: str) -> None:
    if engine_of(url) == "sqlite" and not sqlite_path(url).exists():
        raise NotFound(
            f"There is no database {sqlite_path(url).absolute()}. NEWSLETTER_DATABASE_URL says where to look."
        )
