"""How often a form was seen, sent off, and its confirmation opened: counted in memory, added up in the database.

It costs a page nothing, and says nothing of anybody: a number for each form and day. A crash loses a minute of it.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from litestar import Request

from newsletter.clock import DAY, MINUTE, now
from newsletter.signups import View, add_views, keep_funnels
from newsletter.storage import Database
from newsletter.web.kit.site import Site, is_head

log = logging.getLogger(__name__)

EVERY = 60.0  # seconds between two writes


def count(request: Request[Any, Any, Any], site: Site, form_id: int, view: View) -> None:
    """One more today. A look at the headers is none, nor what a browser fetches in case somebody goes there."""
    if not is_head(request) and "prefetch" not in request.headers.get("sec-purpose", ""):
        at = now()
        site.views[form_id, at - at % DAY, view] += 1


def is_for_a_page(request: Request[Any, Any, Any], answered: Mapping[str, str]) -> bool:
    """Whether it is our script that asks, to show the form to somebody: a page that the browser lets read the answer.

    `answered`: the CORS headers of the answer. A program that reads what a form asks for shows it to nobody.
    """
    same = request.headers.get("sec-fetch-site") == "same-origin"
    return same or "Access-Control-Allow-Origin" in answered


@asynccontextmanager
async def counting(site: Site) -> AsyncIterator[None]:
    """Inside this block what was counted is added up now and then, and once more at its end."""

    async def now_and_then() -> None:
        written = now()
        while True:
            await asyncio.sleep(EVERY)
            if abs(now() - written) > MINUTE // 2:  # a clock that may stand, or be set
                await _kept(site)
                await _looked_over(site)
                written = now()

    task = asyncio.create_task(now_and_then(), name="views")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        await _kept(site)


async def _kept(site: Site) -> None:
    """What can't be stored now is for the next time."""
    try:
        await add_up(site.db, site.views)
    except Exception:
        log.exception("What was counted of the forms has to wait.")


async def _looked_over(site: Site) -> None:
    try:
        await keep_funnels(site.db)
    except Exception:
        log.exception("What became of the sign-ups has to wait to be counted.")


async def add_up(db: Database, views: Counter[Any]) -> None:
    """Raises what the storage raises; then nothing that was counted is lost."""
    some = dict(views)
    views.clear()
    try:
        if some:
            await db.write(add_views, some)
    except BaseException:
        views.update(some)
        raise
