"""How one comes in is changed only by who has just come in: a desk that was left open lets nobody in for good."""

import re

import pytest

from newsletter.clock import MINUTE
from tests.conftest import ON_ONE
from tests.web.stage import Stage
from tests.web.test_desk import csrf_on, signed_in

SAID = "Please sign out, sign in again"


@ON_ONE
@pytest.mark.parametrize(
    ("place", "fields"),
    [
        ("/admin/second-step", {"action": "begin"}),
        ("/admin/second-step", {"action": "off", "code": "123456"}),
        ("/admin/passkeys", {"action": "ask", "name": "My phone"}),
        ("/admin/passkeys", {"action": "add", "name": "My phone", "answer": "{}"}),
        ("/admin/passkeys", {"remove": "1"}),
    ],
)
async def test_an_open_desk_is_not_enough(still: Stage, place: str, fields: dict[str, str]) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    own = {"csrf": csrf_on(await web.get(place))}
    still.clock.forward(15 * MINUTE)
    assert SAID not in (await web.post(place, data={**fields, **own})).text
    still.clock.forward(1)
    before = await still.dump()
    late = await web.post(place, data={**fields, **own})
    assert late.status_code == 422
    assert re.search(rf'class="error"[^>]*>(<span[^>]*>[^<]*</span>)?[^<]*{SAID}', late.text)
    assert await still.dump() == before
    assert await signed_in(web), "all else goes on"
    await still.signs_in(web)
    own = {"csrf": csrf_on(await web.get(place))}
    assert SAID not in (await web.post(place, data={**fields, **own})).text
