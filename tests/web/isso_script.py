"""What Isso's script sends to its host, for tests of how ours answers."""

from typing import Any
from urllib.parse import quote

import httpx

from tests.web.saying import is_known
from tests.web.stage import ADA, BLOG, Stage

SCRIPT = {"Accept": "*/*", "Origin": BLOG, "Content-Type": "application/json"}
NAMELESS = {"Accept": "*/*"}
THREAD = f"/isso/?uri={quote('/on-work', safe='')}"
NEW = f"/isso/new?uri={quote('/on-work', safe='')}"
ALLOWED = {
    "Access-Control-Allow-Origin": BLOG,
    "Access-Control-Allow-Credentials": "true",
}


def typed(text: str = "I agree.", **more: Any) -> dict[str, Any]:
    """What Isso's form sends."""
    known = {"author": "Ada", "email": ADA, "website": None, "parent": None, "title": None, "notification": 0}
    return {**known, "text": text, **more}


async def thread(web: httpx.AsyncClient, query: str = "") -> dict[str, Any]:
    answer = await web.get(THREAD + query)
    assert answer.status_code == 200, answer.text
    assert {name: answer.headers[name] for name in ALLOWED} == ALLOWED
    found: dict[str, Any] = answer.json()
    return found


async def known(service: Stage, email: str = ADA) -> None:
    await is_known(await service.visitor(), service, email)
