"""Settings that are an owner's, not the machine's: kept in rows, and followed by each process while it runs.

What the environment or the file says wins: then a row counts for nothing. Whatever stands here is read anew each time
that it is used.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from email.utils import parseaddr

import msgspec

from newsletter.errors import NewsletterError, SettingsError
from newsletter.owners import settings_store
from newsletter.settings import PREFIX, Settings, read_file, with_environment
from newsletter.web.kit.owner_values import read
from newsletter.web.kit.site import Site

OWN = (
    "from_name",
    "from_email",
    "reply_to",
    "allowed_origins",
    "smtp_url",
    "brand_colour",
    "logo",
    "postal_address",
    "time_zone",
    "mail_per_minute",
    "mail_per_day",
    "ramp_up",
    "domain_limits",
    "mail_connections",
    "in_doubt",
    "signups_per_network",
    "bare_signups_per_network",
    "signups_total",
    "proof_above",
    "comments_per_network",
    "comment_pause",
    "import_mb",
    "clicks",
    "store_ip",
    "second_step",
    "reminder_hours",
    "confirmation_days",
    "download_days",
    "pending_days",
)

LOOK_EVERY = 1.0  # seconds until a process sees what was saved by another

_log = logging.getLogger(__name__)


def sources() -> dict[str, str]:
    """Where each setting that was given to this process comes from: `environment` or `file`.

    Of a sender without a name the name is not given.
    """
    given = with_environment({})
    file = read_file(given.get(f"{PREFIX}CONFIG"))
    found = dict.fromkeys(file, "file")
    found |= {name.removeprefix(PREFIX).lower(): "environment" for name in given if name.startswith(PREFIX)}
    if "from" in found:
        found["from_email"] = found["from"]
    if parseaddr(str(given.get(f"{PREFIX}FROM", file.get("from", ""))))[0]:
        found["from_name"] = found["from"]
    return found


def checked(settings: Settings, values: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with these values, by their names, beside what holds already."""
    errors: dict[str, str] = {}
    for name, text in values.items():
        try:
            read(name, text, settings)
        except SettingsError as error:
            errors[name] = error.sentence
    return errors


@asynccontextmanager
async def following(site: Site) -> AsyncIterator[None]:
    """As the rows say from now on, whoever saves one, until the block ends."""
    seen = await site.db.read(settings_store.state)
    await follow(site)
    task = asyncio.create_task(_keep_following(site, seen))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _keep_following(site: Site, seen: tuple[int, int]) -> None:
    while True:
        await site.db.wait(settings_store.TOPIC, LOOK_EVERY)
        try:
            now = await site.db.read(settings_store.state)
            if now != seen:
                await follow(site)
                seen = now
        except NewsletterError:  # a database that is away is told of by those who need it more
            await asyncio.sleep(LOOK_EVERY)


async def follow(site: Site) -> None:
    """As the rows say now; what has none any more is the machine's again."""
    rows, given = await site.db.read(settings_store.everything), sources()
    for name in site.adopted - rows.keys():
        msgspec.structs.force_setattr(site.settings, name, getattr(site.machine or site.settings, name))
    adopt(site.settings, rows, given)
    site.adopted.clear()
    site.adopted.update(name for name in OWN if name in rows and name not in given)


async def forget(site: Site, *names: str) -> None:
    """What was set at the desk counts no more: the machine's own holds again, at once."""
    await site.db.write(settings_store.drop, names)
    await follow(site)


def adopt(settings: Settings, rows: Mapping[str, str], given: Mapping[str, str]) -> None:
    """All of the service holds the same `settings`: so they change in place, one value at a time."""
    for name in OWN:
        if name not in rows or name in given:
            continue
        try:
            value = read(name, rows[name], settings)
        except SettingsError as error:
            _log.warning("What was set at the desk for %s can’t be used: %s", name, error.sentence)
            continue
        if getattr(settings, name) != value:
            msgspec.structs.force_setattr(settings, name, value)
