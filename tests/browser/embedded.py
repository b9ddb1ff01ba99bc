"""What tests do with the form element, and with what stands between it and the service."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.async_api import Locator, Page, Route, expect

from newsletter.clock import SECOND
from tests.web.stage import ADA, Stage

FORM = "**/forms/guide"


async def element(page: Page, blog: str, service: Stage) -> Locator:
    """Our form on the page, after the seconds that a person takes to fill it in."""
    await page.goto(f"{blog}/?form=script")
    form = page.locator("newsletter-form")
    await expect(form.get_by_role("textbox", name="First name")).to_be_visible()
    service.clock.forward(3 * SECOND)
    return form


def email(form: Locator) -> Locator:
    return form.get_by_role("textbox", name="Email (required)")


async def send(form: Locator, address: str = ADA) -> None:
    await email(form).fill(address)
    await form.get_by_role("button", name="Send me the guide").click()


async def mailed(service: Stage) -> list[str]:
    return [mail.recipient for mail in await service.house.mails()]


async def answer(route: Route, status: int) -> None:
    """What the service itself never says: something between it and the reader does."""
    await route.fulfill(status=status, json={}, headers={"Access-Control-Allow-Origin": "*"})


@contextmanager
def held() -> Iterator[tuple[Any, asyncio.Event]]:
    """A route's handler that lets nothing through until the event is set."""
    free = asyncio.Event()

    async def wait(route: Route) -> None:
        await free.wait()
        await route.continue_()

    try:
        yield wait, free
    finally:
        free.set()
