"""What tests do with the form element, and with what stands between it and the service."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.async_api import Locator, Page, Route, expect

from newsletter.addresses import parse
from newsletter.clock import MINUTE, SECOND
from newsletter.comments import Draft
from tests.web.saying import lets_all_speak, numbers
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


def address_of(service: Stage) -> str:
    return service.site.settings.public_url


async def conversation(page: Page, blog: str, service: Stage) -> Locator:
    """The form of the thread on the page, after the seconds that a person takes to fill it in."""
    await page.goto(f"{blog}/")
    form = page.locator("form.comment-form")
    await expect(form).to_be_visible()
    service.clock.forward(3 * SECOND)
    return form


def thread(page: Page) -> Locator:
    return page.locator("section.thread")


def comments(page: Page) -> Locator:
    return page.locator("li.comment")


def status(page: Page) -> Locator:
    """What the thread tells its reader."""
    return page.locator("newsletter-comments").get_by_role("status")


async def write(form: Locator, text: str, *, name: str = "Ada", email: str = ADA, follow: str = "") -> None:
    await form.locator("[name=comment]").fill(text)  # "Your comment", or "Your answer to" somebody
    await form.get_by_label("Name").fill(name)
    await form.get_by_label("Email").fill(email)
    await form.get_by_label("Tell me by mail of").select_option(follow)
    await form.get_by_role("button", name="Send comment").click()


async def is_known(service: Stage, blog: str) -> None:
    """Ada has commented once under the article and confirmed it; all may speak. A minute ago."""
    site = service.site
    await lets_all_speak(service)
    draft = Draft(url=f"{blog}/", name="Ada", address=parse(ADA), raw="First.")
    await site.db.write(site.comments.write, draft)
    await site.db.write(site.comments.confirm, *await numbers(service))
    service.clock.forward(MINUTE)
