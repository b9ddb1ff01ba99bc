"""Webhooks at the desk: the secret shown once, the log, and everything that a button does."""

import re
import ssl
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from newsletter import webhooks
from newsletter.webhooks.rounds import Rounds
from newsletter.webhooks.targets import LOCAL
from tests.conftest import ON_ONE
from tests.web.stage import Stage
from tests.web.test_desk import csrf_on

pytestmark = ON_ONE
URL = "https://shop.example.org/hooks"


@dataclass
class Desk:
    web: httpx.AsyncClient
    csrf: str
    stage: Stage

    async def press(self, path: str, status: int = 303, **fields: str) -> httpx.Response:
        answer = await self.web.post(path, data={"csrf": self.csrf, **fields})
        assert answer.status_code == status, answer.text
        return answer

    async def makes(self, url: str) -> tuple[str, str]:
        """The path of a new one, and its secret."""
        page = await self.press("/admin/webhooks", 200, url=url, **{"subscriber.confirmed": "1"})
        (secret,) = re.findall(r'value="(whsec_[^"]+)"', page.text)
        (path,) = set(re.findall(r'action="(/admin/webhooks/\d+)"', page.text))
        return path, secret


@pytest.fixture
async def desk(still: Stage) -> Desk:
    web = await still.visitor()
    await still.signs_in(web)
    return Desk(web, csrf_on(await web.get("/admin/webhooks")), still)


async def test_made_its_secret_shown_once_changed_and_deleted_after_a_question(desk: Desk) -> None:
    wrong = await desk.press("/admin/webhooks", 422, url="http://10.0.0.1/<x>")
    assert all(f'href="#field-{name}"' in wrong.text for name in ("url", "events"))
    assert 'value="http://10.0.0.1/&lt;x&gt;"' in wrong.text
    path, secret = await desk.makes(URL)
    id = int(path.rpartition("/")[2])
    assert secret == webhooks.secret_of(desk.stage.site.tokens, id, 1)
    page = (await desk.web.get(path)).text
    assert "whsec_" not in page
    assert URL in (await desk.web.get("/admin/webhooks")).text

    fields: dict[str, Any] = {"action": "save", "url": f"{URL}/2", "comment.published": "1"}
    moved = await desk.press(path, **fields)
    assert "It is saved." in (await desk.web.get(moved.headers["Location"])).text
    now = await desk.stage.site.db.read(webhooks.find, id)
    assert (now.url, now.chosen, now.state) == (f"{URL}/2", ["comment.published"], "on")
    await desk.press(path, 422, action="save", url="x")
    for state in ("off", "on"):
        await desk.press(path, action=state)
        assert (await desk.stage.site.db.read(webhooks.find, id)).state == state
    rotated = await desk.press(path, 200, action="rotate")
    assert webhooks.secret_of(desk.stage.site.tokens, id, 2) in rotated.text
    await desk.press(path, 422, action="none")

    assert "Delete this webhook" in (await desk.press(path, 200, action="delete")).text
    assert (await desk.web.get(path)).status_code == 200
    for _ in range(2):
        gone = await desk.press(path, action="delete", sure="1")
        assert gone.headers["Location"] == "/admin/webhooks?deleted=1"
    assert (await desk.web.get(path)).status_code == 404


async def test_the_log_says_what_was_answered_and_sends_again(desk: Desk) -> None:
    site = desk.stage.site
    path, _ = await desk.makes(URL)
    id = int(path.rpartition("/")[2])
    await desk.press(path, action="test")
    (row,) = await site.db.read(webhooks.log, id, 9)

    async def nobody(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    rounds = Rounds(site.db, site.tokens, site.settings, site.post, ssl.create_default_context(), nobody)
    await rounds.once()
    await rounds.idle()
    await rounds.stop()
    page = (await desk.web.get(path)).text
    assert LOCAL in page
    assert "to be tried again" in page
    await desk.press(path, action=f"resend-{row.id}")
    (row,) = await site.db.read(webhooks.log, id, 9)
    assert (row.state, row.attempts) == ("queued", 0)
    await desk.press(path, 404, action="resend-1")
