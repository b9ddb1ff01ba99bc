"""The form element and the page around it: under that page's strict policy, and where scripts fail."""

import gzip

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Request, expect

from newsletter.paths import TEMPLATES
from newsletter.web.kit.embedding import script as put_together
from newsletter.web.public.forms import SENT
from tests.browser.embedded import FORM, answer, element, email, held, mailed, send
from tests.web.stage import ADA, Stage


async def test_what_was_begun_in_the_plain_form_moves_over(page: Page, blog: str) -> None:
    form = page.locator("newsletter-form")
    with held() as (wait, free):
        await page.route(FORM, wait)
        await page.goto(f"{blog}/?form=script")
        await form.get_by_label("Email").press_sequentially("ada@")
        free.set()
        await expect(form.get_by_role("textbox", name="First name")).to_be_visible()
    await expect(email(form)).to_have_value("ada@")
    await expect(email(form)).to_be_focused()


@pytest.mark.parametrize("status", [404, 503])
async def test_the_plain_form_stays_when_ours_cannot_be_had(
    page: Page, blog: str, service: Stage, status: int
) -> None:
    await page.route(FORM, lambda route: answer(route, status), times=1)
    async with page.expect_response(FORM) as response:
        await page.goto(f"{blog}/?form=script")
    assert (await response.value).status == status
    await page.locator(".signup").get_by_label("Email").fill(ADA)
    await page.get_by_role("button", name="Send me the guide").click()
    await page.wait_for_url("**/forms/guide/sent")
    assert await mailed(service) == [ADA]


async def test_the_plain_form_works_without_javascript(browser: Browser, blog: str, service: Stage) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{blog}/?form=script")
    await page.locator(".signup").get_by_label("Email").fill(ADA)
    await page.get_by_role("button", name="Send me the guide").click()
    await page.wait_for_url("**/forms/guide/sent")
    assert await mailed(service) == [ADA]
    await context.close()


async def test_it_leaves_nothing_behind_and_asks_nobody_else(
    context: BrowserContext, page: Page, blog: str, service: Stage
) -> None:
    asked: list[Request] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request))
    page.on("console", lambda message: said.append(message.text))  # a broken policy is told here
    page.on("pageerror", lambda error: said.append(str(error)))
    form = await element(page, blog, service)
    await send(form)
    await expect(form.get_by_role("status")).to_have_text(SENT)
    assert said == []
    assert all(request.url.startswith((blog, service.site.settings.public_url)) for request in asked)
    assert await context.cookies() == []
    assert await page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert await page.evaluate("indexedDB.databases().then((all) => all.length)") == 0


async def test_the_snippet_may_stand_on_a_page_twice(page: Page, blog: str, service: Stage) -> None:
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    form = await element(page, blog, service)
    await page.add_script_tag(url=f"{service.site.settings.public_url}/embed.js")
    await page.evaluate(
        "document.querySelector('.signup').append(document.querySelector('newsletter-form').cloneNode())"
    )
    second = page.locator("newsletter-form").nth(1)
    await expect(second.get_by_role("textbox", name="First name")).to_be_visible()
    await expect(form.first.get_by_role("textbox", name="First name")).to_be_visible()
    assert broken == []


async def test_a_frame_is_as_high_as_it_says(page: Page, blog: str) -> None:
    await page.goto(f"{blog}/?form=iframe#guide")
    frame = page.locator("iframe")
    await expect(frame).not_to_have_attribute("height", "480")  # the snippet's
    inside = page.frame_locator("iframe").locator("body")
    height = str(await inside.evaluate("(body) => Math.ceil(body.getBoundingClientRect().height)"))
    await expect(frame).to_have_attribute("height", height)
    await page.evaluate("postMessage({newsletter: 'height', height: 9999}, '*')")  # not from a frame of ours
    await expect(frame).to_have_attribute("height", height)


async def test_it_takes_the_pages_type_and_colours(page: Page, blog: str, service: Stage) -> None:
    form = await element(page, blog, service)
    look = "(node) => { const of = getComputedStyle(node); return [of.fontFamily, of.color] }"
    around = await page.locator(".signup").evaluate(look)
    assert await email(form).evaluate(look) == around
    accent = "(node) => getComputedStyle(node).backgroundColor"
    assert await form.get_by_role("button").evaluate(accent) == "rgb(156, 61, 23)"


async def test_old_browsers_are_dressed_by_a_style_element(page: Page, blog: str, service: Stage) -> None:
    await page.add_init_script("delete CSSStyleSheet.prototype.replaceSync")
    form = await element(page, blog, service)
    assert await form.evaluate("(node) => node.shadowRoot.querySelectorAll('style').length") == 1
    await send(form)
    await expect(form.get_by_role("status")).to_have_text(SENT)


async def test_it_is_small_and_evaluates_nothing() -> None:
    script = put_together(TEMPLATES).decode()
    assert len(gzip.compress(script.encode(), 9)) <= 5_000
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "eval(",
        "Function(",
        "document.write",
        "cookie",
    ):
        assert word not in script
