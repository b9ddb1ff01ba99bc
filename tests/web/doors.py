"""The doors of the service, with what opens each, and one who may open all."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx

from newsletter.addresses import parse
from newsletter.clock import SECOND
from newsletter.comments import Draft
from newsletter.ids import new_id
from newsletter.storage import Tx
from newsletter.tokens import Purpose
from tests.web.door_rows import ARTICLE, BROADCAST, BULK, COLLEAGUE, IMPORT, PERSON, TAKEN, WEBHOOK, Fields
from tests.web.door_rows_writing import STEP
from tests.web.stage import ADA, BEN, CLEO, HOST, OLGA, Stage
from tests.web.wire import ask

NO_HEADERS: Mapping[str, str] = {}

OF_A_PAGE = {
    **dict.fromkeys(
        ("/comments/new", "/threads", "/threads/page", "/threads/embed", "/threads/counts"), "url"
    ),
    **dict.fromkeys(("/isso", "/isso/feed"), "uri"),
}
LEAVING = {  # a POST there always says that it is done
    "/u/{token:str}",
    "/f/{token:str}",
    "/isso/id/{token:str}/like",
    "/isso/id/{token:str}/dislike",
}
OPENED_BY: dict[str, tuple[Purpose, ...]] = {  # which tokens open a door, by its first folder, or two of them
    "comments/sent": ("comment-edit",),
    "comments/edit": ("comment-edit",),
    "comments/confirm": ("comment",),
    "comments/moderate": ("moderate",),
    "isso/id": ("isso-edit",),
    "f": ("unfollow",),
    "confirm": ("confirm",),
    "block": ("block",),
    "downloads": ("download", "page-download"),
    "u": ("unsubscribe",),
    "preferences": ("preferences",),
    "admin/enter": ("sign-in",),
    "admin/join": ("invite",),
}


def own_purposes(template: str) -> tuple[Purpose, ...]:
    first, second = template.split("/")[1:3]
    return OPENED_BY[f"{first}/{second}" if first in ("comments", "isso", "admin") else first]


@dataclass
class Doors:
    """Ada is active, Ben pending, and `web` the browser in which Olga is signed in."""

    service: Stage
    web: httpx.AsyncClient
    tokens: dict[Purpose, str]
    csrf: str
    comment_id: int  # of one that waits for Olga

    def path(self, template: str, token: str | None = None) -> str:
        """A real address for a route's template, with the token that opens it unless another is given."""
        if "{token:str}" in template:
            token = self.tokens[own_purposes(template)[0]] if token is None else token
            return template.replace("{token:str}", token)
        if template in OF_A_PAGE:
            return f"{template}?{urlencode({OF_A_PAGE[template]: ARTICLE})}"
        ids = {
            "broadcasts": BROADCAST,
            "import": IMPORT,
            "sequences": STEP,
            "subscribers/many": BULK,
            "subscribers": PERSON,
            "people": COLLEAGUE,
            "webhooks": WEBHOOK,
        }
        id = next((ids[one] for one in ids if template.startswith(f"/admin/{one}/")), self.comment_id)
        template = template.replace("{id:str}", str(id))
        style = self.service.site.pages.assets.url("site.css").rpartition("/")[2]
        slug = "structure-your-career" if template.startswith("/admin/magnets/") else "guide"
        return template.replace("{slug:str}", slug).replace("{name:str}", style)

    async def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] = NO_HEADERS
    ) -> bytes:
        """The raw answer to a request of Olga's, which nothing on the way has put right."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.web.cookies.items())
        given = {"Host": HOST, "Cookie": cookie, "Content-Length": str(len(body)), "Connection": "close"}
        lines = "".join(f"{name}: {value}\r\n" for name, value in {**given, **headers}.items() if value)
        return await ask(
            self.service.port, f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body
        )

    def fields(self, template: str) -> Fields:
        """What its form would send."""
        live = {"token": self.tokens["form"], "csrf": self.csrf, "action": f"approve-{self.comment_id}"}
        live["comment"] = f"I agree, {new_id()} times."  # the same twice would be refused
        live["slug"] = f"spring-{new_id()}"
        live["url"] = f"https://a.example/{new_id()}"
        return {name: live[name] if value == "live" else value for name, value in TAKEN[template].items()}


async def opened(service: Stage) -> Doors:
    """Peoples a service that runs without a worker."""
    web = await service.visitor()
    await service.site.db.write(_furnish)
    for email in (ADA, BEN):
        await service.signs_up(web, email)
    assert (await web.post(await service.invitation(ADA))).status_code == 200
    await service.signs_in(web)
    found = re.search(r'name="csrf" value="(\w+)"', (await web.get("/admin")).text)
    assert found
    waits = await _says(service, CLEO)
    tokens = await _tokens(service) | await _of_comments(service, await _says(service, BEN), waits)
    return Doors(service, web, tokens, found[1], waits)


async def _furnish(tx: Tx) -> None:
    sql = "INSERT INTO tags (id, name, title, public) VALUES (:id, 'work', 'On work', 1)"
    await tx.run(sql, id=new_id())
    sql = """INSERT INTO broadcasts (id, slug, subject, body, archive, state, created_at, updated_at, sent_at)
             VALUES (:id, 'guide', 'On guides', 'Hello {{ name | "you" }}', 1, 'sent', :now, :now, :now)"""
    await tx.run(sql, id=new_id(), now=tx.now)
    sql = """INSERT INTO broadcasts (id, slug, subject, body, created_at, updated_at)
             VALUES (:id, 'on-work', 'On work', 'Hello', :now, :now)"""
    await tx.run(sql, id=BROADCAST, now=tx.now)
    sql = "INSERT INTO broadcast_links (key, broadcast_id, position, url) VALUES ('guide', :id, 1, 'https://a.example')"
    await tx.run(sql, id=BROADCAST)
    sql = "INSERT INTO sequences (id, slug, start, created_at) VALUES (:id, 'guide', 'confirmed', :now)"
    await tx.run(sql, id=STEP, now=tx.now)
    sql = """INSERT INTO sequence_steps (id, sequence_id, slug, position, delay, subject, body)
             VALUES (:id, :id, 'box', 1, 0, 'The box', 'Hello.')"""
    await tx.run(sql, id=STEP)
    sql = """INSERT INTO import_uploads (id, name, size, state, created_at, updated_at)
             VALUES (:id, 'people.csv', 9, 'done', :now, :now)"""
    await tx.run(sql, id=IMPORT, now=tx.now)
    sql = """INSERT INTO api_tokens (id, prefix, hash, name, scopes, created_at)
             VALUES (:id, 'guide', 'x', 'Shop', 'forms:read', :now)"""
    await tx.run(sql, id=new_id(), now=tx.now)
    sql = """INSERT INTO subscribers (id, email, email_key, status, created_at)
             VALUES (:id, 'dora@example.org', 'dora@example.org', 'active', :now)"""
    await tx.run(sql, id=PERSON, now=tx.now)
    sql = """INSERT INTO bulk_changes (id, verb, tag, about, zone, state, people, created_at, updated_at)
             VALUES (:id, 'tag', 'work', 'tag:work', 'UTC', 'asked', 1, :now, :now)"""
    await tx.run(sql, id=BULK, now=tx.now)
    sql = """INSERT INTO owners (id, email, email_key, role, created_at, joined_at)
             VALUES (:id, 'emma@example.org', 'emma@example.org', 'editor', :now, :now)"""
    await tx.run(sql, id=COLLEAGUE, now=tx.now)
    sql = """INSERT INTO webhooks (id, url, events, since, noted_to, created_at)
             VALUES (:id, 'https://example.org/told', 'broadcast.finished', :now, :now, :now)"""
    await tx.run(sql, id=WEBHOOK, now=tx.now)
    await tx.run("INSERT INTO workers (id, seen_at) VALUES (1, :now)", now=tx.now)  # or /ready says so


async def _says(service: Stage, email: str) -> int:
    draft = Draft(
        raw=f"I agree, {email}.", url=ARTICLE, title="On work", parent_id=None, name=email[:4], address=parse(email),
        website="", follow="thread",
    )  # fmt: skip
    return (await service.site.db.write(service.site.comments.write, draft)).id


async def _of_comments(service: Stage, own: int, waits: int) -> dict[Purpose, str]:
    """`own` is Ben's, which he did not confirm; `waits` is Cleo's, who follows its thread."""
    now, site = service.clock.now(), service.site
    await site.db.write(site.comments.confirm, waits, 1)

    async def follows(tx: Tx) -> int:
        return int(await tx.value("SELECT id FROM follows"))

    here = int(site.tokens.fingerprint("isso-edit", "127.0.0.0/24")[:8], 16)
    return {
        "comment": site.tokens.make("comment", own, 1, now=now),
        "isso-edit": site.tokens.make("isso-edit", own, here, now=now),
        "comment-edit": site.tokens.make("comment-edit", own, now=now),
        "moderate": site.tokens.make("moderate", waits, now=now),
        "unfollow": site.tokens.make("unfollow", await site.db.read(follows)),
    }


async def _tokens(service: Stage) -> dict[Purpose, str]:
    """A good one for each purpose."""
    now, site = service.clock.now(), service.site
    ada, invited = await service.house.person(ADA), await service.house.invitation(BEN)
    form = await service.house.form()
    owner = await site.db.write(site.owners.ensure, parse(OLGA))
    link_id = await site.db.write(site.owners.new_link, owner)
    ids: dict[Purpose, tuple[int, ...]] = {
        "confirm": invited,
        "block": invited,
        "download": (ada.id, form.magnets[0].id),
        "page-download": (ada.id, form.magnets[0].id),
        "preferences": (ada.id, ada.epoch),
        "sign-in": (link_id,),
        "invite": (link_id,),
    }
    tokens = {purpose: site.tokens.make(purpose, *some, now=now) for purpose, some in ids.items()}
    tokens["form"] = site.tokens.make("form", form.id, now=now - 10 * SECOND)
    tokens["unsubscribe"] = site.tokens.make("unsubscribe", ada.id)
    return tokens
