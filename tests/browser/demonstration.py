"""`newsletter demo` as a process of its own, as a person starts it."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Page

from tests.ports import free_ports

SECONDS_TO_START = 60


@dataclass
class Demonstration:
    service: str
    blog: str
    desk: str  # the owner's one-time link
    folder: Path

    async def opens_newest_mail(self, page: Page, subject: str) -> None:
        """Waits until a mail with that subject is the newest in the inbox, and opens it."""
        newest = page.locator("main a[href^='/inbox/']").first
        for _ in range(100):
            await page.goto(f"{self.blog}/inbox")
            if await newest.count() and re.search(subject, await newest.inner_text()):
                await newest.click()
                await page.wait_for_url("**/inbox/*", wait_until="networkidle")
                return
            await page.wait_for_timeout(100)
        raise AssertionError(f"No mail came with the subject {subject!r}.")


@asynccontextmanager
async def demonstration(folder: Path) -> AsyncIterator[Demonstration]:
    service, blog = free_ports(2)
    command = [sys.executable, "-m", "newsletter", "demo", "--port", str(service), "--blog-port", str(blog)]
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(SECONDS_TO_START):
            said = ""
            while "works once" not in said:
                line = await process.stdout.readline()
                assert line, f"The demonstration ended early, saying: {said}"
                said += line.decode()
        desk = re.search(r"http://\S+/admin/enter/\S+", said)
        assert desk, said
        yield Demonstration(
            f"http://localhost:{service}", f"http://localhost:{blog}", desk[0], folder / "demo-data"
        )
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
