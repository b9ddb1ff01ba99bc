"""Isso's own script, as it is published, on a page of another origin, with our service as its host."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Locator, Page, Request, expect

from newsletter.web.server import Server
from tests.browser.isso_blog import ARTICLE, IssoBlog, published
from tests.web.said import stands
from tests.web.saying import confirmation, kept, lets_all_speak, pages
from tests.web.stage import ADA, Stage

NEWEST = "0.14.0"
VERSIONS = ("0.13.0", NEWEST)


@pytest.fixture(scope="session")
def scripts() -> dict[str, str]:
    """Those that some test asked for."""
    return {}


@pytest_asyncio.fixture(loop_scope="session")
async def isso(
    request: pytest.FixtureRequest,
    service: Stage,
    scripts: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[str]:
    """The blog's origin."""
    version = getattr(request, "param", NEWEST)
    if version not in scripts:
        scripts[version] = published(version, tmp_path_factory.mktemp("isso"))
    settings = service.site.settings
    (origin,) = settings.allowed_origins
    blog: Any = IssoBlog(settings.public_url, scripts[version])
    async with Server(blog, port=int(origin.rpartition(":")[2]), drain=0):
        yield origin


@pytest_asyncio.fixture(loop_scope="session")
async def faults(page: Page) -> list[str]:
    """What breaks in the page, or is refused to it; what it leaves behind is not asked for any more."""
    said: list[str] = []

    def note(request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":
            said.append(f"{request.method} {request.url}: {request.failure}")

    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("requestfailed", note)
    page.on(
        "response",
        lambda answer: said.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None,
    )
    return said


def comments(page: Page) -> Locator:
    return page.locator(".isso-comment[id]")


async def write(place: Locator, text: str, *, follow: bool = False) -> None:
    await place.locator("textarea").fill(text)
    await place.locator("[name=author]").fill("Ada")
    await place.locator("[name=email]").fill(ADA)
    if follow:
        await place.locator("[name=notification]").check()
    await place.locator("[type=submit]").click()


def form(page: Page) -> Locator:
    return page.locator("#isso-thread > .isso-postbox")


async def known(service: Stage, page: Page, isso: str) -> None:
    """Ada has confirmed a comment before, and all may speak."""
    await lets_all_speak(service)
    await page.goto(isso + ARTICLE)
    await write(form(page), "The first.")
    await expect(comments(page)).to_have_count(1)
    await press(service, page)
    await page.goto(isso + ARTICLE)


async def press(service: Stage, page: Page) -> None:
    """The button behind the mailed link."""
    await page.goto(service.site.settings.public_url + await confirmation(service))
    await page.get_by_role("button", name="Confirm my comment").click()
    await expect(page.get_by_role("button", name="Confirm my comment")).to_have_count(0)


@pytest.mark.parametrize("isso", VERSIONS, indirect=True)
async def test_a_comment_waits_is_confirmed_let_stand_and_counted(
    page: Page, isso: str, service: Stage, faults: list[str]
) -> None:
    await page.goto(isso + ARTICLE)
    await expect(page.locator(".isso-thread-heading")).to_have_text("No Comments Yet")
    await write(form(page), "I *agree*.", follow=True)
    own = comments(page)
    await expect(own.locator(".isso-note")).to_have_text("Comment in queue for moderation.")
    await expect(own.locator(".isso-text em")).to_have_text("agree")
    (comment,) = await kept(service)
    assert (comment.status, comment.follow) == ("unverified", "replies")
    assert await pages(service) == [f"{isso}{ARTICLE.rstrip('/')}"]

    await press(service, page)
    assert [one.status for one in await kept(service)] == ["pending"]
    await page.goto(isso + ARTICLE)
    await expect(page.locator(".isso-thread-heading")).to_have_text("No Comments Yet")

    await service.site.db.write(service.site.moderation.approve, comment.id)
    await page.goto(isso + ARTICLE)
    await expect(page.locator(".isso-thread-heading")).to_have_text("One Comment")
    await expect(page.locator(f"#isso-{comment.id} .isso-author")).to_have_text("Ada")
    await expect(page.locator(".isso-upvote")).to_have_count(0)

    await page.goto(isso)
    await expect(page.locator("#work")).to_have_text("One Comment")
    await expect(page.locator("#rest")).to_have_text("0 Comments")
    assert faults == []


async def test_ones_own_comment_is_changed_and_taken_back_without_a_cookie_of_ours(
    browser: Browser, context: BrowserContext, page: Page, isso: str, service: Stage, faults: list[str]
) -> None:
    await known(service, page, isso)
    set_by_us: list[str] = []
    page.on("response", lambda answer: set_by_us.extend(n for n in answer.headers if n == "set-cookie"))
    await write(form(page), "Frist!")
    own = comments(page).nth(1)
    await own.get_by_text("Edit", exact=True).click()
    await expect(own.locator(".isso-text-wrapper textarea")).to_have_value("Frist!")
    await own.locator(".isso-text-wrapper textarea").fill("**First!**")
    await own.get_by_text("Save", exact=True).click()
    await expect(own.locator(".isso-text strong")).to_have_text("First!")
    assert [one.raw for one in await kept(service)] == ["The first.", "**First!**"]

    other = await (await browser.new_context()).new_page()
    await other.goto(isso + ARTICLE)
    await expect(comments(other).nth(1).locator("strong")).to_have_text("First!")
    for control in ("Edit", "Delete"):
        await expect(comments(other).get_by_text(control, exact=True)).to_have_count(0)
    await other.context.close()

    await own.get_by_text("Delete", exact=True).click()
    await own.get_by_text("Confirm", exact=True).click()
    await expect(comments(page)).to_have_count(1)
    assert [one.raw for one in await kept(service)] == ["The first."]
    cookies = await context.cookies()
    assert {(one["name"][:5], one["value"]) for one in cookies} == {("isso-", "1")}  # the page's own script
    assert (set_by_us, faults) == ([], [])


async def test_answers_stand_below_what_they_answer_and_the_author_is_known(
    page: Page, isso: str, service: Stage, faults: list[str]
) -> None:
    await known(service, page, isso)
    (first,) = await kept(service)
    url = f"{isso}{ARTICLE.rstrip('/')}"
    answer = await service.site.db.write(
        stands, "Thank you.", url=url, parent_id=first.id, by_owner=1, name="Olga"
    )
    await page.goto(isso + ARTICLE)
    olga = page.locator(f"#isso-{first.id} > .isso-follow-up > #isso-{answer}")
    await expect(olga.locator(".isso-page-author-suffix")).to_have_text("Author")
    await olga.get_by_text("Reply", exact=True).click()
    await write(olga.locator(".isso-postbox"), "You are welcome.")
    below = page.locator(f"#isso-{first.id} > .isso-follow-up > .isso-comment")
    await expect(below).to_have_count(2)
    assert [one.parent_id for one in await kept(service)] == [None, first.id, first.id]
    await page.reload()
    await expect(below.nth(1).locator(".isso-text")).to_have_text("You are welcome.")
    await expect(page.locator(".isso-thread-heading")).to_have_text("3 Comments")
    assert faults == []


async def test_a_preview_and_what_is_hostile_run_nothing(
    page: Page, isso: str, service: Stage, faults: list[str]
) -> None:
    bad = "<img src=x onerror='window.taken=1'>"
    url = f"{isso}{ARTICLE.rstrip('/')}"
    site = "https://evil.example/'onmouseover='window.taken=1"
    await service.site.db.write(stands, bad, url=url, name=bad, website=site)
    await page.goto(isso + ARTICLE)
    shown = comments(page)
    await expect(shown.locator(".isso-author")).to_have_text(bad)
    await shown.locator(".isso-author").hover()
    await form(page).locator("textarea").fill(f"*So.* {bad}")
    await form(page).get_by_role("button", name="Preview").click()
    await expect(form(page).locator(".isso-preview em")).to_have_text("So.")
    assert await page.evaluate("window.taken") is None
    assert await page.locator("#isso-thread img").count() == 0
    assert faults == []
