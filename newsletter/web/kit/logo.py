"""The picture at the top of mails, as its owner sends it: held to be one, and kept with their other settings."""

from asyncio import to_thread
from pathlib import Path

from newsletter.errors import BadInput
from newsletter.mail.brand import LARGEST, written
from newsletter.owners import settings_store
from newsletter.web.kit.owner_settings import adopt, checked, sources
from newsletter.web.kit.site import Site

NAME = "logo"
NO_PICTURE = "This is no PNG of 100 kB at most."
ELSEWHERE = "The picture is set where this service runs, and is changed there."


def ours_to_change() -> None:
    """Raises BadInput where the environment or the file says which it is."""
    if NAME in sources():
        raise BadInput(ELSEWHERE)


async def keep(site: Site, file: Path) -> None:
    """It counts at once. What it is stands in its first bytes, whatever it is called. Raises BadInput."""
    ours_to_change()
    logo = written(await to_thread(_read, file))
    if checked(site.settings, {NAME: logo}):
        raise BadInput(NO_PICTURE)
    await _put(site, logo)


def _read(file: Path) -> bytes:
    """All of it, or so much that it is seen to be too large."""
    with file.open("rb") as opened:
        return opened.read(LARGEST + 1)


async def remove(site: Site) -> None:
    """Mails have none from now on. Raises BadInput."""
    ours_to_change()
    await _put(site, "")


async def _put(site: Site, logo: str) -> None:
    await site.db.write(settings_store.put, NAME, logo)
    adopt(site.settings, {NAME: logo}, sources())
