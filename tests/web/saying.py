"""Readers who comment through the service's doors, and what can be seen of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec

from newsletter.comments import Comment, Thread
from newsletter.storage import Tx
from tests.web.conftest import Serve
from tests.web.stage import ADA, BLOG, Stage

ARTICLE = f"{BLOG}/on-work"


@asynccontextmanager
async def open_for_comments(serve: Serve, **changes: Any) -> AsyncIterator[Stage]:
    """The service for Olga's blog; no worker mails, so that no row moves by itself."""
    async with serve(**{"allowed_origins": (BLOG,), "worker": False, **changes}) as running:
        yield running


def filled(text: str = "I agree.", **more: str) -> dict[str, str]:
    """Ada's form."""
    return {"url": ARTICLE, "title": "On work", "name": "Ada", "email": ADA, "comment": text, **more}


async def says(web: httpx.AsyncClient, text: str = "I agree.", **more: str) -> httpx.Response:
    return await web.post("/comments", data=filled(text, **more), headers={"Origin": BLOG})


def edit_token(sent: httpx.Response) -> str:
    """What leads from the answer to a form to one's own comment."""
    start, _, token = sent.headers["Location"].rpartition("/")
    assert (sent.status_code, start) == (303, "/comments/sent"), sent.text
    return token


async def lets_all_speak(service: Stage) -> None:
    await service.site.db.write(service.site.moderation.set_options, "none", 3, 2, 0, "")


async def kept(service: Stage) -> list[Comment]:
    """Every comment, the oldest first."""

    async def look(tx: Tx) -> list[Comment]:
        sql = """SELECT id, thread_id, parent_id, path, commenter_id, by_owner, name, website, avatar, raw, html,
                     status, why, follow, signup_id, created_at, edited_at FROM comments ORDER BY id"""
        return await tx.all(Comment, sql)

    return await service.site.db.read(look)


async def pages(service: Stage) -> list[str]:
    """The page of each comment, the oldest first."""

    async def look(tx: Tx) -> list[str]:
        sql = """SELECT t.id, t.url, t.title, t.closed, t.shown, t.version, t.created_at
                 FROM comments c JOIN threads t ON t.id = c.thread_id ORDER BY c.id"""
        return [thread.url for thread in await tx.all(Thread, sql)]

    return await service.site.db.read(look)


async def confirmation(service: Stage, email: str = ADA) -> str:
    """The path that was mailed to them last."""
    token = service.site.tokens.make("comment", *await numbers(service, email), now=service.clock.now())
    return f"/comments/confirm/{token}"


async def numbers(service: Stage, email: str = ADA) -> list[int]:
    mails = [m for m in await service.house.mails(email) if m.message == "comment_confirm"]
    found: list[int] = msgspec.json.decode(mails[-1].context)["links"]["confirm"][2]
    return found


async def is_known(web: httpx.AsyncClient, service: Stage, email: str = ADA, **more: str) -> None:
    """They have commented once and confirmed it; all may speak."""
    await lets_all_speak(service)
    first = "First." if email == ADA else f"First, by {email.partition('@')[0]}."
    edit_token(await says(web, first, email=email, **more))
    assert (await web.post(await confirmation(service, email))).status_code == 200
