"""The doctor, asked by an owner or a program of theirs: one look at a time, for each asks the world outside."""

import asyncio
from collections.abc import Sequence
from importlib import import_module
from typing import Literal, Protocol

from newsletter.errors import BadInput
from newsletter.web.kit import relaying
from newsletter.web.kit.site import Site

BUSY = "A look is under way already. It takes half a minute at most; please press the button again then."

_under_way = asyncio.Lock()


class Finding(Protocol):
    """As newsletter/doctor has it, which is no part of a start."""

    @property
    def area(self) -> str: ...
    @property
    def level(self) -> Literal["well", "note", "wrong"]: ...
    @property
    def sentence(self) -> str: ...
    @property
    def to_do(self) -> str: ...


async def examine(site: Site) -> Sequence[Finding]:
    """It asks the DNS, the relay and the public address; it sends no mail and changes nothing. Raises BadInput."""
    if _under_way.locked():
        raise BadInput(BUSY)
    async with _under_way:
        doctor = import_module("newsletter.doctor")  # `serve` shall not wait for it
        named = await site.db.read(relaying.named, site.settings)
        found: Sequence[Finding] = await doctor.examine(
            site.settings, doctor.Names(), named.source, relay_lost=named.lost
        )
    return found
