"""A real Chromium for everything in this folder, in one event loop for the whole session."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from newsletter.demo import Blog, Inbox
from newsletter.web.server import Server
from tests.browser.stand_in import StandIn

HERE = Path(__file__).parent
QUIET = [
    "--no-sandbox",  # containers have no namespaces to build one from
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


def chromium() -> str:
    for name in ("/usr/bin/chromium", "chromium", "chromium-browser"):
        if found := shutil.which(name):
            return found
    reason = "Chromium is not installed (Debian: apt-get install chromium)."
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A fresh profile: no cookie, no cache. Whatever takes 10 seconds is not going to happen."""
    context = await browser.new_context()
    context.set_default_timeout(10_000)
    yield context
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext) -> Page:
    return await context.new_page()


@pytest_asyncio.fixture(loop_scope="session")
async def stand_in() -> AsyncIterator[StandIn]:
    service = StandIn()
    yield service
    service.open.set()  # let go of what a failed test still holds


@pytest_asyncio.fixture(loop_scope="session")
async def service(stand_in: StandIn) -> AsyncIterator[str]:
    """The stand-in's origin."""
    async with Server(stand_in, port=0, drain=0) as server:
        yield f"http://localhost:{server.port}"


@pytest_asyncio.fixture(loop_scope="session")
async def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path / "inbox")


@pytest_asyncio.fixture(loop_scope="session")
async def blog(service: str, inbox: Inbox) -> AsyncIterator[str]:
    """The demonstration's blog, another origin than the service's, with its strict policy."""
    async with Server(Blog(service, "Wilma Harrow", inbox), port=0, drain=0) as server:
        yield f"http://localhost:{server.port}"
