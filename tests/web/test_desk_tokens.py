"""Tokens for programs at the desk: shown once, revoked after a question."""

import re

from tests.web.stage import Stage
from tests.web.test_desk import csrf_on


async def test_made_shown_once_and_revoked(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    own = {"csrf": csrf_on(await web.get("/admin/tokens"))}
    wrong = await web.post("/admin/tokens", data={"name": "", "days": "x", **own})
    assert wrong.status_code == 422
    assert all(f'href="#field-{name}"' in wrong.text for name in ("name", "scopes", "days"))
    made = await web.post("/admin/tokens", data={"name": "My <shop>", "forms:read": "1", **own})
    found = re.search(r'value="(nl_\w{8})_(\w{32})"', made.text)
    assert found, made.text
    prefix, secret = found.groups()
    assert made.headers["Cache-Control"] == "no-store"
    listed = (await web.get("/admin/tokens")).text
    assert secret not in listed
    assert "My &lt;shop&gt;" in listed
    assert "Never used." in listed
    token = f"{prefix}_{secret}"
    assert await still.site.db.read(still.site.api_tokens.find, token)
    (one,) = await still.site.db.read(still.site.api_tokens.all)
    await still.site.db.write(still.site.api_tokens.seen, one.id)
    assert "Used on 15 January 2026." in (await web.get("/admin/tokens")).text
    assert "Revoke this token?" in (await web.get(f"/admin/tokens/{prefix}")).text
    assert await still.site.db.read(still.site.api_tokens.find, token)
    gone = await web.post(f"/admin/tokens/{prefix}", data=own)
    assert (gone.status_code, gone.headers["Location"]) == (303, "/admin/tokens?revoked=1")
    assert await still.site.db.read(still.site.api_tokens.find, token) is None
    assert (await web.get(f"/admin/tokens/{prefix}")).status_code == 404


async def test_nobody_else_gets_there(still: Stage) -> None:
    web = await still.visitor()
    for answer in (await web.get("/admin/tokens"), await web.post("/admin/tokens", data={"name": "x"})):
        assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/sign-in")
