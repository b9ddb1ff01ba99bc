"""Settings that are an owner's, not the machine's: kept in rows, and followed by each process while it runs.

What the environment or the file says wins: then a row counts for nothing.
"""

import logging
from collections.abc import Mapping
from typing import Any

import msgspec

from newsletter.errors import SettingsError
from newsletter.owners import settings_store
from newsletter.settings import PREFIX, Settings, positive, read_file, with_environment, zone_exists
from newsletter.web.kit.site import Site

OWN = (
    "postal_address",
    "time_zone",
    "clicks",
    "store_ip",
    "reminder_hours",
    "confirmation_days",
    "download_days",
    "pending_days",
)
"""Only such as are read anew each time that they are used."""

MOST = 3_650  # hours or days

_log = logging.getLogger(__name__)


def sources() -> dict[str, str]:
    """Where each setting that was given to this process comes from: `environment` or `file`."""
    given = with_environment({})
    found = dict.fromkeys(read_file(given.get(f"{PREFIX}CONFIG")), "file")
    return found | {
        name.removeprefix(PREFIX).lower(): "environment" for name in given if name.startswith(PREFIX)
    }


def read(name: str, text: str) -> Any:
    """A row's value as a setting has it. Raises SettingsError."""
    try:
        fresh = msgspec.convert({name: text}, Settings, strict=False)
    except msgspec.ValidationError:
        raise SettingsError("Please give a whole number.") from None
    value = getattr(fresh, name)
    if isinstance(value, int) and value > MOST:
        raise SettingsError(f"{MOST:,} is the most.")
    positive(fresh)
    zone_exists(fresh.time_zone)
    return value


async def follow(site: Site) -> None:
    """From now on as the rows say."""
    adopt(site.settings, await site.db.read(settings_store.everything), sources())


def adopt(settings: Settings, rows: Mapping[str, str], given: Mapping[str, str]) -> None:
    """All of the service holds the same `settings`: so they change in place, one value at a time."""
    for name in OWN:
        if name not in rows or name in given:
            continue
        try:
            value = read(name, rows[name])
        except SettingsError as error:
            _log.warning("What was set at the desk for %s can’t be used: %s", name, error.sentence)
            continue
        if getattr(settings, name) != value:
            msgspec.structs.force_setattr(settings, name, value)
