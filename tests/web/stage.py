"""The real service on a loopback socket, with real mail, and those who come to it."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec

from newsletter.addresses import parse
from newsletter.app import create_app
from newsletter.demo import Inbox, mail_server
from newsletter.demo.inbox import OpenLetter
from newsletter.settings import Settings
from newsletter.web.kit.site import Site
from newsletter.web.server import Server
from tests.cast import House
from tests.conftest import Clock
from tests.mail.conftest import eventually

HOST = "news.example.org"
URL = f"https://{HOST}"
BLOG = "https://blog.example.org"
ADA, BEN, CLEO = "ada@example.org", "ben@example.com", "cleo@example.org"
MALLORY, OLGA = "mallory@example.com", "olga@example.org"

SETTINGS = Settings(
    public_url=URL,
    from_name="Olga Writes",
    from_email="olga@letters.example.org",
    owner_email=OLGA,
    secret_keys=("test-key-" + "k" * 32,),
    postal_address="Olga, 1 Quay, Porto",
    signups_per_network=100_000,
    bare_signups_per_network=100_000,
    signups_total=1_000_000,
    proof_above=1_000_000,
    comments_per_network=100_000,
    comment_pause=0,
)
FIREFOX = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Sec-Fetch-Mode": "navigate",
}
PROGRAM = {"Accept": "application/json"}


class Loopback(httpx.AsyncHTTPTransport):
    """Every address is this service, as behind a proxy that ends TLS."""

    def __init__(self, port: int) -> None:
        super().__init__(verify=False)  # there is no TLS here, and reading all roots takes a while
        self._port = port

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        there = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        sent: dict[str, Any] = {"headers": request.headers, "extensions": request.extensions}
        return await super().handle_async_request(
            httpx.Request(request.method, there, stream=request.stream, **sent)
        )


@dataclass
class Stage:
    port: int
    site: Site
    inbox: Inbox
    clock: Clock
    routes: dict[str, set[str]]  # path template → methods
    opened: AsyncExitStack

    @property
    def house(self) -> House:
        return House(self.site, self.site.db)

    async def visitor(self, headers: Mapping[str, str] = FIREFOX) -> httpx.AsyncClient:
        """A browser of its own: no cookie yet, and where it is sent to is looked at, not followed."""
        client = httpx.AsyncClient(base_url=URL, transport=Loopback(self.port), headers=headers, timeout=30)
        return await self.opened.enter_async_context(client)

    async def letters(self, to: str, count: int) -> list[OpenLetter]:
        """What reached one address by real SMTP, oldest first, once there are `count` and all is settled."""
        found: list[OpenLetter] = []

        async def arrived() -> bool:
            opened = [self.inbox.open(letter.id) for letter in reversed(self.inbox.newest())]
            found[:] = [letter for letter in opened if letter and letter.to == to]
            return len(found) >= count

        await eventually(arrived)
        await self.settled()
        assert len(found) == count, [letter.subject for letter in found]
        return found

    async def settled(self) -> None:
        """Returns once the worker has nothing left to do."""

        async def done() -> bool:
            return not await self.house.count(UNSETTLED)

        await eventually(done)

    async def signs_up(self, web: httpx.AsyncClient, email: str, **fields: str) -> None:
        sent = await web.post("/forms/guide", data={"email": email, **fields})
        assert (sent.status_code, sent.headers["Location"]) == (303, "/forms/guide/sent"), sent.text

    async def invitation(self, email: str) -> str:
        """The path to confirm that was mailed last, where no worker mails it."""
        return f"/confirm/{self.site.tokens.make('confirm', *await self.house.invitation(email), now=self.clock.now())}"

    async def member(self, web: httpx.AsyncClient, email: str, **fields: str) -> str:
        """The page behind the button, for somebody whom no worker mails."""
        await self.signs_up(web, email, **fields)
        pressed = await web.post(await self.invitation(email))
        assert pressed.status_code == 200
        return pressed.text

    async def joins(self, web: httpx.AsyncClient, email: str, **fields: str) -> tuple[str, OpenLetter]:
        """From the form to the guide: the page behind the button, and the mail with the guide."""
        await self.signs_up(web, email, **fields)
        (invitation,) = await self.letters(email, 1)
        pressed = await web.post(link(invitation, "/confirm/"))
        assert pressed.status_code == 200
        return pressed.text, (await self.letters(email, 2))[1]

    async def sign_in_link(self) -> str:
        """The path that Olga's terminal would print."""
        owner = await self.site.db.write(self.site.owners.ensure, parse(OLGA))
        link_id = await self.site.db.write(self.site.owners.new_link, owner)
        return f"/admin/enter/{self.site.tokens.make('sign-in', link_id, now=self.clock.now())}"

    async def signs_in(self, web: httpx.AsyncClient) -> None:
        entered = await web.post(await self.sign_in_link())
        assert (entered.status_code, entered.headers["Location"]) == (303, "/admin")

    async def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table, but for counts of pages shown, which any look may raise, and hourly ones."""
        tables = TABLES[self.site.db.engine]
        names = [row[0] async for rows in self.site.db.stream(tables) for row in rows]
        assert "subscribers" in names
        return {name: await self._rows(name) for name in names if name not in COUNTS}

    async def _rows(self, table: str) -> list[tuple[Any, ...]]:
        rows = [tuple(row) async for some in self.site.db.stream(f"SELECT * FROM {table}") for row in some]
        return sorted(rows, key=repr)


COUNTS = ("form_views", "funnel_days", "funnels_kept")
UNSETTLED = "SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending', 'deferred')"
TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1",
    "postgres": "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
}


@asynccontextmanager
async def serving(
    database_url: str, folder: Path, clock: Clock, *, worker: bool = True, port: int = 0, **changes: Any
) -> AsyncIterator[Stage]:
    inbox = Inbox(folder / "inbox")
    async with mail_server(inbox) as smtp_port, AsyncExitStack() as opened:
        smtp_url = f"smtp://127.0.0.1:{smtp_port}?tls=off"
        changes = {"database_url": database_url, "smtp_url": smtp_url, **changes}
        edge = create_app(msgspec.structs.replace(SETTINGS, **changes), worker=worker)
        server = await opened.enter_async_context(Server(edge, port=port, drain=0))
        app: Any = edge._app
        late: Any = edge._desk
        desk = await late.app()
        routes = {route.path: set(route.methods) for route in (*app.routes, *desk.routes)}
        yield Stage(server.port, app.state["site"], inbox, clock, routes, opened)


def link(where: OpenLetter | str, start: str) -> str:
    """The path of the one link in a mail (in its text and its HTML) or on a page that starts like this."""
    text = where if isinstance(where, str) else where.text + where.html
    (path,) = set(re.findall(rf'(?:{URL}|")({start}[^\s"<>]+)', text))
    return str(path)
