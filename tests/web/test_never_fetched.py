"""A page is known by its address alone: nobody calls there, whatever a reader sends."""

import asyncio

from tests.web.conftest import Serve
from tests.web.saying import is_known, open_for_comments, says
from tests.web.stage import BLOG


async def test_no_page_is_ever_called(serve: Serve) -> None:
    calls: list[object] = []

    async def called(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.append(writer.get_extra_info("peername"))
        writer.close()

    page = await asyncio.start_server(called, "127.0.0.1", 0)
    port = page.sockets[0].getsockname()[1]
    origin = f"http://localhost:{port}"
    url = f"{origin}/on-work"
    from_there = {"Origin": origin, "Referer": url}
    async with page, open_for_comments(serve, allowed_origins=(BLOG, origin), worker=True) as service:
        web = await service.visitor()
        await is_known(web, service, url=url)
        said = await says(web, f"I agree, see <{url}> and ![a picture]({origin}/picture.png).", url=url)
        assert said.headers["Location"].startswith(url)
        theme = {"author": "Ada", "email": "ada@example.org", "comment": "Me too.", "redirect_to": url}
        assert (await web.post("/wp-comments-post.php", data=theme, headers=from_there)).status_code == 303
        for path in ("/threads", "/threads/embed", "/threads/feed", "/threads/counts", "/isso/"):
            seen = await web.get(path, params={"url": url, "uri": "/on-work"}, headers=from_there)
            assert seen.status_code == 200, path
        preview = {"comment": f"[there]({url})"}
        assert (await web.post("/comments/preview", data=preview, headers=from_there)).status_code == 200

        assert calls == []
        _, caller = await asyncio.open_connection("127.0.0.1", port)  # it would have been seen
        async with asyncio.timeout(10):
            while not calls:
                await asyncio.sleep(0)
        caller.close()
        await caller.wait_closed()
