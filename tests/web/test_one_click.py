"""The link in List-Unsubscribe (RFC 8058): looking changes nothing, one POST does it, however sent and mangled."""

from typing import Any

import pytest

from tests.web.stage import ADA, Stage

BOUNDARY = b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
WAYS: dict[str, dict[str, Any]] = {
    "urlencoded": {"data": {"List-Unsubscribe": "One-Click"}},
    "multipart": {"content": BOUNDARY, "headers": {"Content-Type": "multipart/form-data; boundary=b"}},
    "no body": {},
    "broken": {"content": b"\xff", "headers": {"Content-Type": "multipart/form-data; boundary=b"}},
}
GLUED = ("", ".", ",", "%3E", ")", "%20", "%22", ").")


@pytest.mark.parametrize("way", WAYS)
async def test_one_post_does_it_and_looking_does_not(still: Stage, way: str) -> None:
    web = await still.visitor()
    program = await still.visitor({"User-Agent": "nobody-knows-it/0"})
    await still.member(web, ADA)
    ada = await still.house.person(ADA)
    path = f"/u/{still.site.tokens.make('unsubscribe', ada.id)}"
    before = await still.dump()
    for method in ("GET", "HEAD", "OPTIONS"):
        for end in GLUED:
            looked = await program.request(method, path + end)
            assert looked.status_code in (200, 204), (method, end)
            assert "set-cookie" not in looked.headers
    assert await still.dump() == before
    for end in GLUED:
        left = await program.post(path + end, **WAYS[way])
        assert (left.status_code, left.has_redirect_location) == (200, False), end
        assert "set-cookie" not in left.headers
        assert (await still.house.person(ADA)).status == "unsubscribed"
        await still.site.db.write(back, ada.id)


async def back(tx: Any, id: int) -> None:
    await tx.run("UPDATE subscribers SET status = 'active', unsubscribed_at = NULL WHERE id = :id", id=id)
