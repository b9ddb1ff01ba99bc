"""What an owner sets, for programs: read, and changed where neither the environment nor the file says it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from newsletter.owners import settings_store
from newsletter.storage import Tx
from newsletter.web.api import setting_shapes as own
from newsletter.web.api.asking import Call, Endpoint, Reply
from newsletter.web.api.reading import given as given_of
from newsletter.web.kit.owner_settings import adopt, checked, sources

PATH = "/settings"
GIVEN = "This is set where the service runs, and is changed there."


async def get_settings(call: Call) -> Reply:
    """What an owner can set, and which of it is set where the service runs."""
    return Reply(own.settings(call.site.settings, sources()))


async def change_settings(call: Call) -> Reply:
    """Changes those that are given. They count at once, in every process."""
    given = sources()
    rows = {name: own.row(value) for name, value in given_of(call.body).items()}
    await call.site.db.write(_keep, call, rows, given)
    adopt(call.site.settings, rows, given)
    return await get_settings(call)


async def _judge(call: Call, given: Mapping[str, Any]) -> dict[str, str]:
    rows, set_there = {name: own.row(value) for name, value in given.items()}, sources()
    return checked(call.site.settings, rows) | {name: GIVEN for name in rows if name in set_there}


async def _keep(tx: Tx, call: Call, rows: dict[str, str], given: dict[str, str]) -> None:
    """Raises Refusal where somebody else was quicker, in whichever process."""
    await settings_store.hold(tx)
    now = msgspec.structs.replace(call.site.settings)  # what isn't committed counts for nobody yet
    adopt(now, await settings_store.everything(tx), given)
    call.match(own.settings(now, given))
    for name, text in rows.items():
        await settings_store.put(tx, name, text)


ENDPOINTS = (
    Endpoint("GET", PATH, "settings:read", get_settings, gives=own.Settings, single=True),
    Endpoint(
        "PATCH", PATH, "settings:write", change_settings, 200, own.SettingsChange, gives=own.Settings, single=True,
        matches=True, judges=_judge,
    ),
)  # fmt: skip
