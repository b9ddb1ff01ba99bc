"""A real Chromium for everything in this folder, in one event loop for the whole session."""

import os
import shutil
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from newsletter.demo import Blog, Inbox
from newsletter.web.server import Server
from tests.conftest import Clock
from tests.ports import free_ports
from tests.web.conftest import set_clock
from tests.web.stage import Stage, serving

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
    in_a_browser(item for item in items if item.path.is_relative_to(HERE))


def in_a_browser(items: Iterable[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.browser)
        item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


def chromium() -> str:
    for name in ("chromium-headless-shell", "/usr/bin/chromium", "chromium", "chromium-browser"):
        if found := shutil.which(name):
            return found
    reason = "Chromium is not installed (Debian: apt-get install chromium-headless-shell)."
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
async def service(
    request: pytest.FixtureRequest,
    sqlite_url: str,
    tmp_path: Path,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Stage]:
    """The real one, with other settings where a test's parameter says so. Its clock stands still until it is moved."""
    set_clock(monkeypatch, clock)
    port, blog_port = free_ports(2)
    origins = {
        "public_url": f"http://localhost:{port}",
        "allowed_origins": (f"http://localhost:{blog_port}",),
    }
    changes = {**origins, **getattr(request, "param", {})}
    async with serving(sqlite_url, tmp_path, clock, worker=False, port=port, **changes) as running:
        yield running


@pytest.fixture
def inbox(service: Stage) -> Inbox:
    return service.inbox


@pytest_asyncio.fixture(loop_scope="session")
async def blog(service: Stage) -> AsyncIterator[str]:
    """The demonstration's blog, another origin than the service's, with its strict policy."""
    settings = service.site.settings
    (origin,) = settings.allowed_origins
    page = Blog(settings.public_url, "Wilma Harrow", service.inbox)
    async with Server(page, port=int(origin.rpartition(":")[2]), drain=0):
        yield origin
