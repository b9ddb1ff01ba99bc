"""Every page there is, from the routes themselves, and the states of them that somebody comes to see.

A new page needs no line here: its row in tests/web/door_rows.py says how it is reached. Which templates none of all
this shows is asked at the end (`unseen`).
"""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Response

from newsletter.clock import DAY
from newsletter.paths import TEMPLATES
from newsletter.tokens import Purpose
from newsletter.web.kit.site import desk_cookie
from tests.browser.furnished import Here, Ids, furnish
from tests.conftest import Clock
from tests.ports import free_ports
from tests.web.conftest import set_clock
from tests.web.door_rows import SHOWN
from tests.web.doors import Doors, opened
from tests.web.stage import ADA, URL, serving

FIRST_COME = ("/admin/sign-in", "/admin/enter/", "/admin/join/")
"""Pages of the desk for who isn't in yet."""

_CSRF = re.compile(r'name="csrf" value="(\w+)"')
_SENDS = """([to, fields]) => {
  const form = document.createElement("form")
  Object.assign(form, { method: "post", action: to })
  for (const [name, value] of Object.entries(fields)) {
    const field = document.createElement("textarea")
    Object.assign(field, { name, value })
    form.append(field)
  }
  document.body.append(form)
  form.submit()
}"""


@dataclass(frozen=True)
class Sight:
    """A page: what lies at an address, or what comes back when something is sent there."""

    name: str
    path: str
    sends: Mapping[str, str] | None = None

    @property
    def at_the_desk(self) -> bool:
        first = self.path == "/admin/passkey" or self.path.startswith(FIRST_COME)
        return self.path.startswith("/admin") and not first


@dataclass
class Sights:
    """All of them, in one service in which much has happened."""

    here: Here
    doors: Doors
    every: list[Sight]

    @property
    def home(self) -> str:
        return self.here.site.settings.public_url

    async def owner(self, browser: Browser) -> BrowserContext:
        """A browser in which she is signed in."""
        context = await browser.new_context(reduced_motion="reduce")
        name = desk_cookie(self.here.site)
        await context.add_cookies([{"name": name, "value": self.doors.web.cookies[name], "url": self.home}])
        return context

    async def open(self, page: Page, sight: Sight) -> Response:
        """The page, with all that it brings."""
        if sight.sends is None:
            answer = await page.goto(self.home + sight.path)
        else:
            await page.goto(f"{self.home}/{'admin/sessions' if sight.at_the_desk else 'forms/guide'}")
            found = _CSRF.search(await page.content())
            fields = {**sight.sends, **({"csrf": found[1]} if found else {})}
            async with page.expect_navigation() as navigation:
                await page.evaluate(_SENDS, [sight.path, fields])
            answer = await navigation.value
        assert answer is not None
        await page.wait_for_load_state("load")
        return answer

    def unseen(self) -> set[str]:
        """Templates of pages that none of what was opened had in it."""
        cache = self.here.site.pages._env.cache
        assert cache is not None
        seen = {name for _, name in cache.keys()}  # noqa: SIM118  it is no dictionary
        pages = {
            f"{one.parent.name}/{one.name}"
            for part in ("public", "admin")
            for one in (TEMPLATES / part).glob("*.html")
        }
        return pages - seen


@asynccontextmanager
async def all_sights(folder: Path, database_url: str, language: str = "en") -> AsyncIterator[Sights]:
    """The service, furnished, and every page of it."""
    (port, blog) = free_ports(2)
    clock = Clock()
    set = {
        "public_url": f"http://localhost:{port}",
        "allowed_origins": (f"http://localhost:{blog}", URL),
        "language": language,
    }
    with pytest.MonkeyPatch.context() as patch:
        set_clock(patch, clock)
        async with serving(database_url, folder, clock, worker=False, port=port, **set) as stage:
            home = Here(**vars(stage))
            doors = await opened(home)
            ids = await furnish(home)
            every = [*await _from_routes(home, doors), *_of_readers(home, doors), *_of_the_desk(home, ids)]
            yield Sights(home, doors, every)


async def _from_routes(here: Here, doors: Doors) -> list[Sight]:
    """What is HTML, of all that can be got."""
    found = []
    for template in sorted(one for one, methods in here.routes.items() if "GET" in methods and one in SHOWN):
        path = doors.path(template)
        answer = await doors.web.get(path, headers={"Cookie": ""} if path.startswith(FIRST_COME) else None)
        if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"):
            name = re.sub(r"[{}:]|:?str", "", template).strip("/").replace("/", ".") or "home"
            found.append(Sight(name, path))
    return found


def _of_readers(here: Here, doors: Doors) -> list[Sight]:
    site, now = here.site, here.clock.now()
    url = f"{site.settings.allowed_origins[0]}/on-work"
    kinds: tuple[Purpose, ...] = ("confirm", "download", "preferences")
    old = {name: _older(here, doors, name, now - 800 * DAY) for name in kinds}
    return [
        Sight("nothing", "/nothing"),
        Sight("form.faults", "/forms/guide", {"email": "nobody"}),
        Sight("form.embed.faults", "/forms/guide/embed", {"email": "nobody"}),
        Sight("form.closed", "/forms/closed"),
        Sight("form.course", "/forms/course"),
        Sight("form.course.faults", "/forms/course", {"email": "a@b.example", "own_number": "x", "own_date": "x"}),
        Sight("confirm.forged", "/confirm/forged"),
        Sight("confirm.old", f"/confirm/{old['confirm']}"),
        Sight("confirm.again", f"/confirm/{old['confirm']}/again", {}),
        Sight("downloads.old", f"/downloads/{old['download']}"),
        Sight("downloads.fresh", f"/downloads/{old['download']}/fresh", {}),
        Sight("preferences.old", f"/preferences/{old['preferences']}"),
        Sight("preferences.saved", doors.path("/preferences/{token:str}"), {"name": "Ada", "pause": "1"}),
        Sight("thread", f"/threads/page?{urlencode({'url': url})}"),
        Sight("thread.embed", f"/threads/embed?{urlencode({'url': url})}"),
        Sight("thread.elsewhere", f"/threads/page?{urlencode({'url': 'https://stranger.example/'})}"),
        Sight("comment.faults", "/comments", {"url": url, "email": "nobody", "comment": ""}),
        Sight("comment.confirmed", doors.path("/comments/confirm/{token:str}"), {}),
        Sight("comment.moderated", doors.path("/comments/moderate/{token:str}"), {"action": "approve"}),
        Sight("follow.left", doors.path("/f/{token:str}"), {}),
        Sight("confirmed", doors.path("/confirm/{token:str}"), {}),
        Sight("block.done", doors.path("/block/{token:str}"), {}),
        Sight("left", doors.path("/u/{token:str}"), {}),
        Sight("sign-in.asked", "/admin/sign-in", {"email": ADA}),
        Sight("sign-in.wrong", "/admin/sign-in", {"email": "nobody"}),
        Sight("sign-in.passkey", "/admin/passkey", {}),
        Sight("enter.forged", "/admin/enter/forged"),
    ]  # fmt: skip


def _older(here: Here, doors: Doors, name: Purpose, at: int) -> str:
    """A link that was good once."""
    tokens = here.site.tokens
    *ids, _ = tokens.read(name, doors.tokens[name])
    return tokens.make(name, *ids, now=at)


def _of_the_desk(here: Here, ids: Ids) -> list[Sight]:
    """What the rows of its doors don't come to."""
    letters = [
        Sight(f"desk.broadcast.{state}", f"/admin/broadcasts/{id}") for state, id in ids.broadcasts.items()
    ]
    files = [Sight(f"desk.import.{state}", f"/admin/import/{id}") for state, id in ids.imports.items()]
    sent, draft = ids.broadcasts["sending"], ids.broadcasts["draft"]
    return [
        *letters,
        *files,
        Sight("desk.nothing", "/admin/nothing"),
        Sight("desk.broadcast.check", f"/admin/broadcasts/{draft}/send"),
        Sight("desk.broadcast.people", f"/admin/broadcasts/{sent}/people"),
        Sight("desk.broadcast.ask", f"/admin/broadcasts/{sent}/do", {"action": "cancel"}),
        Sight("desk.broadcast.refused", f"/admin/broadcasts/{draft}/do", {"action": "resume"}),
        Sight("desk.broadcast.text", f"/admin/broadcasts/{draft}/preview?look=text"),
        Sight(
            "desk.broadcast.conflict", f"/admin/broadcasts/{draft}",
            {"action": "save", "subject": "B", "body": "B", "version": "77"},
        ),
        Sight("desk.broadcasts.faults", "/admin/broadcasts/new", {"audience": "tag", "body": "{{ x }}"}),
        Sight("desk.subscribers.pending", "/admin/subscribers?status=pending"),
        Sight("desk.subscribers.none", "/admin/subscribers?search=zzz"),
        Sight("desk.subscribers.fault", "/admin/subscribers?where=tag"),
        Sight("desk.subscriber", f"/admin/subscribers/{ids.person}"),
        Sight("desk.subscriber.erase", f"/admin/subscribers/{ids.person}", {"action": "erase"}),
        Sight("desk.subscriber.fault", f"/admin/subscribers/{ids.person}", {"action": "tag", "tag": "a,b"}),
        Sight("desk.suppressions.one", f"/admin/suppressions?{urlencode({'email': ADA})}"),
        Sight("desk.suppressions.fault", "/admin/suppressions", {"email": "nobody"}),
        Sight("desk.suppressions.read", "/admin/suppressions/import", {"lines": "x@example.org\nnonsense"}),
        Sight("desk.form.faults", "/admin/forms/new", {"slug": "No", "f0-label": "City", "f0-type": "choice"}),
        Sight("desk.form.course", "/admin/forms/course"),
        Sight("desk.token", "/admin/tokens", {"name": "Shop", "days": "30", "forms:read": "1"}),
        Sight("desk.token.faults", "/admin/tokens", {"name": "", "days": "x"}),
        Sight("desk.webhook", f"/admin/webhooks/{ids.webhook}"),
        Sight("desk.webhook.made", "/admin/webhooks", {"url": "https://a.example/x", "comment.published": "1"}),
        Sight("desk.webhook.faults", "/admin/webhooks", {"url": "nowhere"}),
        Sight("desk.webhook.delete", f"/admin/webhooks/{ids.webhook}", {"action": "delete"}),
        Sight("desk.comments.approved", "/admin/comments?show=newest"),
        Sight("desk.comments.spam", "/admin/comments?show=spam"),
        Sight("desk.comments.delete", "/admin/comments", {"action": f"delete-{ids.comment}"}),
        Sight("desk.comment", f"/admin/comments/{ids.comment}"),
        Sight("desk.comment.fault", f"/admin/comments/{ids.comment}", {"action": "reply", "comment": "", "read": "0"}),
        Sight("desk.comments.settings.faults", "/admin/comments/settings", {"policy": "x", "depth": "9", "rules": "x"}),
        Sight("desk.settings.faults", "/admin/settings", {"time_zone": "Lisbon", "mail_per_day": "x"}),
        Sight("desk.relay.faults", "/admin/settings/relay", {"host": "no host", "port": "x", "password": "x"}),
        Sight("desk.second-step.begun", "/admin/second-step", {"action": "begin"}),
        Sight("desk.people.fault", "/admin/people", {"email": "nobody", "role": "editor"}),
    ]  # fmt: skip
