"""The picture at the top of mails, as its owner sends it: held to be one, and kept with their other settings."""

from asyncio import to_thread
from collections.abc import Callable
from pathlib import Path

from newsletter.errors import BadInput
from newsletter.mail.brand import LARGEST, written
from newsletter.owners import settings_store
from newsletter.storage import Tx
from newsletter.web.kit.owner_settings import adopt, checked, sources
from newsletter.web.kit.site import Site

NAME = "logo"
NO_PICTURE = "This is no PNG of 100 kB at most."
ELSEWHERE = "The picture is set where this service runs, and is changed there."

Judge = Callable[[str], None]
"""Raises where the picture that is kept, as the setting has it, is not to be changed."""


def ours_to_change() -> None:
    """Raises BadInput where the environment or the file says which it is."""
    if NAME in sources():
        raise BadInput(ELSEWHERE)


def _whichever(_kept: str) -> None:
    """At the desk the last one counts."""


async def keep(site: Site, file: Path, judge: Judge = _whichever) -> None:
    """It counts at once. What it is stands in its first bytes, whatever it is called. Raises BadInput."""
    ours_to_change()
    logo = written(await to_thread(_read, file))
    if checked(site.settings, {NAME: logo}):
        raise BadInput(NO_PICTURE)
    await _put(site, logo, judge)


def _read(file: Path) -> bytes:
    """All of it, or so much that it is seen to be too large."""
    with file.open("rb") as opened:
        return opened.read(LARGEST + 1)


async def remove(site: Site, judge: Judge = _whichever) -> None:
    """Mails have none from now on. Raises BadInput."""
    ours_to_change()
    await _put(site, "", judge)


async def _put(site: Site, logo: str, judge: Judge) -> None:
    await site.db.write(_judged, logo, judge)
    adopt(site.settings, {NAME: logo}, sources())


async def _judged(tx: Tx, logo: str, judge: Judge) -> None:
    await settings_store.hold(tx)
    judge(await settings_store.one(tx, NAME))
    await settings_store.put(tx, NAME, logo)
