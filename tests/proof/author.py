"""An author who begins: the service in an empty folder, a website of her own elsewhere, and two browsers, hers and a
reader's.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import DEVNULL, Popen
from threading import Thread
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.cli.machine import OLGA, Machine
from tests.mail.conftest import eventually
from tests.mail.sink import Sink
from tests.ports import free_ports
from tests.proof.test_kill import answers

OURS = ("NEWSLETTER_DATABASE_URL", "NEWSLETTER_SECRET_KEY")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_said: Any) -> None:
        pass


@contextmanager
def website(folder: Path) -> Iterator[str]:
    """The author's own, on another origin than the service; it knows nothing of it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder)) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@dataclass
class Author:
    """Olga's desk in one browser, and a reader's in another; her page is a file in a folder of her own."""

    machine: Machine
    sink: Sink
    context: BrowserContext
    desk: Page
    file: Path
    origin: str

    @property
    def page(self) -> str:
        return f"{self.origin}/{self.file.name}"

    async def goes(self, *links: str) -> None:
        """One link of the desk after the other."""
        for link in links:
            await self.desk.get_by_role("link", name=link, exact=True).first.click()

    async def presses(self, button: str) -> None:
        await self.desk.get_by_role("button", name=button, exact=True).click()

    async def is_told(self, words: str) -> None:
        await expect(self.desk.get_by_role("status").first).to_contain_text(words)

    async def mail(self, to: str, subject: str) -> EmailMessage:
        """The newest of them, as it came to the mail server."""
        found: list[EmailMessage] = []

        async def came() -> bool:
            mails = [mail.content for mail in self.sink.mails if mail.recipient == to.encode()]
            read = [message_from_bytes(content, policy=modern) for content in mails]
            found[:] = [mail for mail in read if subject in mail["Subject"]]
            return bool(found)

        await eventually(came, 30)
        return found[-1]

    async def follows(self, mail: EmailMessage, link: str) -> Page:
        """The page to which a link of a mail leads, opened as a mail program shows it."""
        page, body = await self.context.new_page(), mail.get_body(("html",))
        assert body is not None
        await page.set_content(body.get_content())
        await page.get_by_role("link", name=link).first.click()
        await page.wait_for_load_state()
        return page


@asynccontextmanager
async def begun(browser: Browser, folder: Path, compiled: Path) -> AsyncIterator[Author]:
    """In an empty folder, with `newsletter serve` and no settings but where readers reach it and whose it is."""
    (port,), sink, site = free_ports(1), Sink(), folder / "site"
    site.mkdir()
    machine = Machine(folder, "sqlite:///newsletter.db", compiled)
    machine.environment = {name: said for name, said in machine.environment.items() if name not in OURS}
    machine.environment |= {
        "NEWSLETTER_PUBLIC_URL": f"http://localhost:{port}",
        "NEWSLETTER_OWNER_EMAIL": OLGA,
    }
    await sink.open()
    command = machine.command("serve", "--port", str(port))
    contexts = [await browser.new_context() for _ in range(2)]
    for one in contexts:
        one.set_default_timeout(20_000)
    with (
        website(site) as origin,
        Popen(command, cwd=folder, env=machine.environment, stderr=DEVNULL) as process,
    ):
        try:

            async def up() -> bool:
                assert process.poll() is None
                return await answers(port)

            await eventually(up, 60)
            desk = await contexts[0].new_page()
            yield Author(machine, sink, contexts[1], desk, site / "box.html", origin)
        finally:
            process.terminate()
            for one in contexts:
                await one.close()
            await sink.close()
