"""Comments that stand already, for tests of how they are shown."""

from typing import Any

from newsletter.comments import render
from newsletter.comments.store import comments as store
from newsletter.comments.store import threads
from newsletter.storage import Tx
from tests.web.stage import BLOG, Stage

PAGE = f"{BLOG}/on-work"
FLOWER = "0123456789abcdef" * 2


async def stands(tx: Tx, text: str, /, *, url: str = PAGE, title: str = "On work", **more: Any) -> int:
    """Stores a comment as one that the public sees, or with another `status`; its id."""
    thread = await threads.admit(tx, url)
    await tx.run("UPDATE threads SET title = :title WHERE id = :id", id=thread.id, title=title)
    parent = await store.find(tx, more.get("parent_id") or 0)
    known: dict[str, Any] = {
        "digest": "",
        "name": "Ada",
        "avatar": FLOWER,
        "status": "approved",
        "html": render(text),
    }
    comment = await store.add(
        tx, parent_path=parent.path if parent else "", thread_id=thread.id, raw=text, **(known | more)
    )
    assert comment is not None
    await threads.changed(tx, thread.id, int(comment.status == "approved"))
    return comment.id


async def say(stage: Stage, text: str, **more: Any) -> int:
    """As `stands`, a second after the one before."""
    stage.clock.forward(1_000)
    return await stage.site.db.write(stands, text, **more)
