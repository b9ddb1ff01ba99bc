"""The form element on somebody else's page: in a real browser, under that page's strict policy."""

import gzip
import json
from base64 import b64decode
from typing import Any
from urllib.parse import parse_qs

import pytest
from altcha import v1 as altcha
from playwright.async_api import Browser, BrowserContext, Locator, Page, Request, expect

from newsletter.paths import TEMPLATES
from tests.browser.stand_in import StandIn

SCRIPT = TEMPLATES / "assets" / "embed.js"
SECRET = "a secret for challenges"


def refused(**errors: str) -> tuple[int, dict[str, Any]]:
    detail = "Please look at the marked fields; what you typed is still there."
    return 422, {
        "type": "about:blank",
        "title": "Bad input",
        "status": 422,
        "detail": detail,
        "errors": errors,
    }


async def element(page: Page, blog: str) -> Locator:
    await page.goto(f"{blog}/?form=script")
    form = page.locator("newsletter-form")
    await expect(form.get_by_role("textbox", name="First name")).to_be_visible()
    return form


def email(form: Locator) -> Locator:
    return form.get_by_role("textbox", name="Email (required)")


async def send(form: Locator, address: str = "ada@example.org") -> None:
    await email(form).fill(address)
    await form.get_by_role("button", name="Send me the guide").click()


async def test_it_signs_up(page: Page, blog: str, stand_in: StandIn) -> None:
    form = await element(page, blog)
    await form.get_by_role("textbox", name="First name").fill("Ada")
    await send(form)
    await expect(form.get_by_role("status")).to_have_text("Please check your inbox.")
    await expect(form.get_by_role("status")).to_be_focused()
    await expect(email(form)).to_be_hidden()
    assert stand_in.posted == [
        {"email": "ada@example.org", "name": "Ada", "leave_blank": "", "token": "signed-time"}
    ]


async def test_fields_are_labelled_marked_and_explained(page: Page, blog: str) -> None:
    form = await element(page, blog)
    assert await email(form).get_attribute("required")
    await expect(email(form)).to_have_attribute("autocomplete", "email")
    await expect(email(form)).to_have_accessible_description("We send you one mail to confirm.")
    await expect(form.get_by_text("Yes, send me the free guide and the newsletter.")).to_be_visible()
    trap = form.locator("[name=leave_blank]")
    box = await trap.bounding_box()
    assert box is not None
    assert box["x"] < 0


async def test_errors_stand_beside_their_fields(page: Page, blog: str, stand_in: StandIn) -> None:
    both, one = refused(email="This doesn’t look right.", name="Too long."), refused(name="Too long.")
    stand_in.replies = [both, one, (202, {"message": "Sent."})]
    form = await element(page, blog)
    name = form.get_by_role("textbox", name="First name")
    await name.fill("Ada")
    await send(form, "ada@example")
    await expect(email(form)).to_be_focused()
    await expect(email(form)).to_have_value("ada@example")
    await expect(email(form)).to_have_attribute("aria-invalid", "true")
    await expect(email(form)).to_have_accessible_description(
        "This doesn’t look right. We send you one mail to confirm."
    )
    await expect(name).to_have_value("Ada")
    await expect(form.get_by_role("status")).to_contain_text("Please look at the marked fields")

    await send(form)
    await expect(name).to_be_focused()
    assert await email(form).get_attribute("aria-invalid") is None
    await expect(email(form)).to_have_accessible_description("We send you one mail to confirm.")
    await send(form)
    await expect(form.get_by_role("status")).to_have_text("Sent.")


async def test_a_probable_slip_is_put_right_by_a_button(page: Page, blog: str, stand_in: StandIn) -> None:
    stand_in.replies = [
        (202, {"message": "Check your inbox.", "hint": "gmail.com"}),
        (202, {"message": "Sent."}),
    ]
    form = await element(page, blog)
    await send(form, "ada@gmial.com")
    await expect(form.get_by_role("status")).to_contain_text("Check your inbox.")
    await expect(form.get_by_role("status")).to_contain_text("Did you mean gmail.com?")
    await form.get_by_role("button", name="Send it to ada@gmail.com").click()
    await expect(form.get_by_role("status")).to_have_text("Sent.")
    assert [values["email"] for values in stand_in.posted] == ["ada@gmial.com", "ada@gmail.com"]


async def test_a_challenge_is_solved(page: Page, blog: str, stand_in: StandIn) -> None:
    most = 30_000
    options = altcha.ChallengeOptions(hmac_key=SECRET, max_number=most, number=most - 7)
    challenge = altcha.create_challenge(options)
    problem = {"detail": "Please wait a moment.", "challenge": {**challenge.to_dict(), "maxnumber": most}}
    stand_in.replies = [(428, problem), (202, {"message": "Sent."})]
    form = await element(page, blog)
    await page.evaluate(
        """() => {
          window.said = []
          const status = document.querySelector("newsletter-form").shadowRoot.querySelector("[role=status]")
          new MutationObserver(() => said.push(status.textContent)).observe(status, {childList: true})
        }"""
    )
    await send(form)
    await expect(form.get_by_role("status")).to_have_text("Sent.", timeout=30_000)
    said = await page.evaluate("said")
    assert "Keeping robots out: 50 %" in said, said
    first, second = stand_in.posted
    assert first == {name: value for name, value in second.items() if name != "altcha"}
    assert altcha.verify_solution(second["altcha"], SECRET) == (True, None)
    assert json.loads(b64decode(second["altcha"]))["number"] == most - 7


async def test_without_crypto_it_goes_the_plain_way(page: Page, blog: str, stand_in: StandIn) -> None:
    """As on a page without https, where browsers give scripts no hashing."""
    await page.add_init_script("Object.defineProperty(crypto, 'subtle', {value: undefined})")
    stand_in.replies = [(428, {"detail": "Please wait.", "challenge": {}})]
    form = await element(page, blog)
    await send(form)
    await expect(page).to_have_title("Sent")
    assert parse_qs(stand_in.plain[0].decode())["email"] == ["ada@example.org"]


async def test_a_dead_network_is_told_and_keeps_everything(
    context: BrowserContext, page: Page, blog: str, stand_in: StandIn
) -> None:
    form = await element(page, blog)
    await context.set_offline(offline=True)
    await send(form)
    await expect(form.get_by_role("status")).to_contain_text("We can’t reach localhost")
    await expect(email(form)).to_have_value("ada@example.org")
    await context.set_offline(offline=False)
    await form.get_by_role("button", name="Send me the guide").click()
    await expect(form.get_by_role("status")).to_have_text("Please check your inbox.")
    assert len(stand_in.posted) == 1


async def test_what_has_no_reason_is_told_too(page: Page, blog: str, stand_in: StandIn) -> None:
    stand_in.replies = [(500, {}), (429, {"detail": "Too many sign-ups from here for now."})]
    form = await element(page, blog)
    await send(form)
    await expect(form.get_by_role("status")).to_have_text("That did not work. Please try again.")
    await send(form)
    await expect(form.get_by_role("status")).to_have_text("Too many sign-ups from here for now.")
    await expect(email(form)).to_have_value("ada@example.org")


async def test_it_sends_once_however_often_it_is_pressed(page: Page, blog: str, stand_in: StandIn) -> None:
    form = await element(page, blog)
    stand_in.open.clear()
    await send(form)
    button = form.get_by_role("button", name="Send me the guide")
    await expect(button).to_have_attribute("aria-disabled", "true")
    await expect(form.get_by_role("status")).to_have_text("Sending…")
    await button.dispatch_event("click")
    await email(form).press("Enter")
    stand_in.open.set()
    await expect(form.get_by_role("status")).to_have_text("Please check your inbox.")
    assert len(stand_in.posted) == 1


async def test_what_was_begun_in_the_plain_form_moves_over(page: Page, blog: str, stand_in: StandIn) -> None:
    stand_in.open.clear()
    await page.goto(f"{blog}/?form=script")
    await page.locator("newsletter-form").get_by_label("Email").press_sequentially("ada@")
    stand_in.open.set()
    form = page.locator("newsletter-form")
    await expect(form.get_by_role("textbox", name="First name")).to_be_visible()
    await expect(email(form)).to_have_value("ada@")
    await expect(email(form)).to_be_focused()


@pytest.mark.parametrize("status", [404, 503])
async def test_the_plain_form_stays_when_ours_cannot_be_had(
    page: Page, blog: str, stand_in: StandIn, status: int
) -> None:
    stand_in.form_status = status
    async with page.expect_response("**/forms/guide"):
        await page.goto(f"{blog}/?form=script")
    await page.get_by_label("Email").fill("ada@example.org")
    await page.get_by_role("button", name="Send me the guide").click()
    await expect(page).to_have_title("Sent")
    assert stand_in.plain == [b"email=ada%40example.org"]


async def test_the_plain_form_works_without_javascript(
    browser: Browser, blog: str, stand_in: StandIn
) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{blog}/?form=script")
    await page.get_by_label("Email").fill("ada@example.org")
    await page.get_by_role("button", name="Send me the guide").click()
    await page.wait_for_url("**/forms/guide")
    assert stand_in.plain == [b"email=ada%40example.org"]
    await context.close()


async def test_it_leaves_nothing_behind_and_asks_nobody_else(
    context: BrowserContext, page: Page, blog: str, service: str
) -> None:
    asked: list[Request] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request))
    page.on("console", lambda message: said.append(message.text))  # a broken policy is told here
    page.on("pageerror", lambda error: said.append(str(error)))
    form = await element(page, blog)
    await send(form)
    await expect(form.get_by_role("status")).to_have_text("Please check your inbox.")
    assert said == []
    assert all(request.url.startswith((blog, service)) for request in asked)
    assert await context.cookies() == []
    assert await page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert await page.evaluate("indexedDB.databases().then((all) => all.length)") == 0


async def test_the_snippet_may_stand_on_a_page_twice(page: Page, blog: str, service: str) -> None:
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    form = await element(page, blog)
    await page.add_script_tag(url=f"{service}/embed.js")
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
    await expect(frame).to_have_attribute("height", "333")
    await page.evaluate("postMessage({newsletter: 'height', height: 9999}, '*')")  # not from a frame of ours
    await expect(frame).to_have_attribute("height", "333")


async def test_it_takes_the_pages_type_and_colours(page: Page, blog: str) -> None:
    form = await element(page, blog)
    look = "(node) => { const of = getComputedStyle(node); return [of.fontFamily, of.color] }"
    around = await page.locator(".signup").evaluate(look)
    assert await email(form).evaluate(look) == around
    accent = "(node) => getComputedStyle(node).backgroundColor"
    assert await form.get_by_role("button").evaluate(accent) == "rgb(156, 61, 23)"


async def test_old_browsers_are_dressed_by_a_style_element(page: Page, blog: str) -> None:
    await page.add_init_script("delete CSSStyleSheet.prototype.replaceSync")
    form = await element(page, blog)
    assert await form.evaluate("(node) => node.shadowRoot.querySelectorAll('style').length") == 1
    await send(form)
    await expect(form.get_by_role("status")).to_have_text("Please check your inbox.")


async def test_it_is_small_and_evaluates_nothing() -> None:
    script = SCRIPT.read_text("utf-8")
    assert len(gzip.compress(script.encode(), 9)) <= 5 * 1024
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "eval(",
        "Function(",
        "document.write",
        "cookie",
        "localStorage",
    ):
        assert word not in script
