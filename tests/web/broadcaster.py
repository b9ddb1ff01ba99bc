"""An owner at the desk's pages of broadcasts, and the people they write to."""

import re
from dataclasses import dataclass

import httpx

from newsletter.broadcasts import Broadcast
from newsletter.ids import new_id
from newsletter.storage import Param, Tx
from newsletter.web.kit import broadcasting
from tests.web.stage import Stage

LETTER = {
    "subject": 'On work, {{ first_name | "friend" }}',
    "preheader": "A thought",
    "sender": "",
    "audience": "",
    "body": 'Hello {{ first_name | "there" }}, a **thought**.',
}


@dataclass
class Broadcaster:
    """`web` is the browser in which Olga is signed in."""

    stage: Stage
    web: httpx.AsyncClient
    csrf: str

    async def sees(self, path: str) -> str:
        answer = await self.web.get(f"/admin/broadcasts{path}")
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer.text

    async def sends(self, path: str, **fields: str) -> httpx.Response:
        """A form of those pages, as browsers send it."""
        parts = {name: (None, value) for name, value in {"csrf": self.csrf, **fields}.items()}
        return await self.web.post(f"/admin/broadcasts{path}", files=parts)

    async def writes(self, action: str = "save", **changes: str) -> int:
        """The number of a new draft."""
        made = await self.sends("/new", action=action, **(LETTER | changes))
        assert made.status_code == 303, made.text
        found = re.match(r"/admin/broadcasts/(\d+)", made.headers["Location"])
        assert found
        return int(found[1])

    async def does(self, id: int, action: str, **fields: str) -> httpx.Response:
        return await self.sends(f"/{id}/do", action=action, **fields)

    async def now(self, id: int) -> Broadcast:
        return await self.stage.site.db.read(self.stage.site.broadcasts.find, id)

    async def all(self) -> list[Broadcast]:
        return await self.stage.site.db.read(self.stage.site.broadcasts.newest)

    async def on_its_way(self, count: int = 3, **changes: str) -> int:
        """A broadcast to so many, whose rows are written; no worker runs."""
        await subscribed(self.stage, count)
        id = await self.writes(**changes)
        sent = await self.sends(f"/{id}/send", action="now", version="1")
        assert sent.status_code == 303, sent.text
        await broadcasting.fill(self.stage.site, id)
        return id

    async def settled(self, state: str, *people: int, reply: str = "") -> None:
        """As a worker leaves those people's rows."""

        async def settle(tx: Tx) -> None:
            for person in people:
                await tx.run(
                    "UPDATE outbox SET state = :state, reply = :reply, settled_at = :now WHERE subscriber_id = :id",
                    state=state, reply=reply, now=tx.now, id=person,
                )  # fmt: skip

        await self.stage.site.db.write(settle)


async def at_desk(stage: Stage) -> Broadcaster:
    web = await stage.visitor()
    await stage.signs_in(web)
    found = re.search(r'name="csrf" value="(\w+)"', (await web.get("/admin")).text)
    assert found
    return Broadcaster(stage, web, found[1])


async def subscribed(stage: Stage, count: int) -> None:
    """Active subscribers, numbered from 1."""

    async def add(tx: Tx) -> None:
        rows: list[dict[str, Param]] = [
            {"id": n, "email": f"reader{n}@example.org", "at": tx.now - 5} for n in range(1, count + 1)
        ]
        await tx.many(
            """INSERT INTO subscribers (id, email, email_key, status, created_at, confirmed_at)
               VALUES (:id, :email, :email, 'active', :at, :at)""",
            rows,
        )

    await stage.site.db.write(add)


async def tagged(stage: Stage, tag: str, *people: int) -> None:
    async def add(tx: Tx) -> None:
        tag_id = new_id()
        await tx.run(
            "INSERT INTO tags (id, name, title, public) VALUES (:id, :tag, :tag, 0)", id=tag_id, tag=tag
        )
        for person in people:
            sql = "INSERT INTO subscriber_tags (subscriber_id, tag_id) VALUES (:person, :tag)"
            await tx.run(sql, person=person, tag=tag_id)

    await stage.site.db.write(add)
