"""A visitor's network address is kept with their consent only where the owner switched that on."""

from typing import Any

import msgspec
import pytest

from newsletter.settings import load
from newsletter.storage import Tx
from tests.web.conftest import Serve
from tests.web.stage import ADA, BEN, SETTINGS, Stage

VISITOR, PROXY = "203.0.113.77", "127.0.0.1"


class Kept(msgspec.Struct):
    """What the two rows of one person say."""

    ip: str
    detail: str


@pytest.mark.parametrize("switch", [None, "false", "true"])
async def test_where_it_is_kept(serve: Serve, switch: str | None) -> None:
    given = {"NEWSLETTER_SECRET_KEY": SETTINGS.secret_keys[0]}
    settings = load(given if switch is None else given | {"NEWSLETTER_STORE_IP": switch})
    async with serve(worker=False, store_ip=settings.store_ip, trusted_proxies=(PROXY,)) as service:
        web = await service.visitor()
        await service.member(web, ADA)
        web.headers["X-Forwarded-For"] = VISITOR
        await service.signs_up(web, BEN)
        await web.post(await service.invitation(BEN))
        held = await kept(service)
        everything = repr(await service.dump())

    on = switch == "true"
    assert [row.ip for row in held] == ([PROXY, VISITOR] if on else ["", ""])
    details: list[dict[str, Any]] = [msgspec.json.decode(row.detail) for row in held]
    assert [detail.get("ip") for detail in details] == ([PROXY, VISITOR] if on else [None, None])
    assert (VISITOR in everything) is on
    assert (PROXY in everything) is on


async def kept(service: Stage) -> list[Kept]:
    async def look(tx: Tx) -> list[Kept]:
        return await tx.all(
            Kept,
            """SELECT s.ip, c.detail FROM signups s
               JOIN consent_records c ON c.subscriber_id = s.subscriber_id AND c.kind = 'confirmed' ORDER BY s.id""",
        )

    return await service.site.db.read(look)
