"""The form element on somebody else's page, at the real service: what a reader types, and is told."""

import re
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, Request, expect

from newsletter.clock import SECOND
from newsletter.web.kit.text import ENCODED
from newsletter.web.public.forms import SENT
from tests.browser.embedded import FORM, answer, element, email, held, mailed, send
from tests.web.stage import ADA, BEN, Stage

PROOF = pytest.mark.parametrize("service", [{"proof_above": 0}], indirect=True)


def posted(page: Page) -> list[dict[str, Any]]:
    """What the page posts as JSON from now on."""
    values: list[dict[str, Any]] = []

    def note(request: Request) -> None:
        if request.method == "POST" and "json" in request.headers["content-type"]:
            values.append(dict(request.post_data_json or {}))

    page.on("request", note)
    return values


async def test_it_signs_up(page: Page, blog: str, service: Stage) -> None:
    form = await element(page, blog, service)
    assert [name for _, _, name in service.site.views] == ["seen"]
    values = posted(page)
    await form.get_by_role("textbox", name="First name").fill("Ada")
    await send(form)
    await expect(form.get_by_role("status")).to_have_text(SENT)
    await expect(form.get_by_role("status")).to_be_focused()
    await expect(email(form)).to_be_hidden()
    (sent,) = values
    assert sent.pop("token")
    assert sent == {"email": ADA, "name": "Ada", "leave_blank": ""}
    kept = f"SELECT count(*) FROM signups WHERE name = 'Ada' AND page = '{blog}'"
    assert await service.house.count(kept) == 1
    assert await mailed(service) == [ADA]


@pytest.mark.parametrize("service", [{"bare_signups_per_network": 1}], indirect=True)
async def test_it_is_known_for_our_own(page: Page, blog: str, service: Stage) -> None:
    """By its signed token: what comes without one has the tighter budget."""
    for address in (ADA, BEN):
        form = await element(page, blog, service)
        await send(form, address)
        await expect(form.get_by_role("status")).to_have_text(SENT)
    assert await mailed(service) == [ADA, BEN]


async def test_who_is_too_quick_presses_once_more(page: Page, blog: str, service: Stage) -> None:
    form = await element(page, blog, service)
    service.clock.forward(-2 * SECOND)
    await send(form)
    await expect(form.get_by_role("status")).to_contain_text("press the button once more")
    await expect(email(form)).to_have_value(ADA)
    service.clock.forward(2 * SECOND)
    await send(form)
    await expect(form.get_by_role("status")).to_have_text(SENT)


async def test_fields_are_labelled_marked_and_explained(page: Page, blog: str, service: Stage) -> None:
    form = await element(page, blog, service)
    assert await email(form).get_attribute("required")
    await expect(email(form)).to_have_attribute("autocomplete", "email")
    await expect(email(form)).to_have_accessible_description("We mail you a link to confirm.")
    await expect(form.get_by_text((await service.house.form()).wording)).to_be_visible()
    trap = form.locator("[name=leave_blank]")
    box = await trap.bounding_box()
    assert box is not None
    assert box["x"] < 0


async def test_errors_stand_beside_their_fields(page: Page, blog: str, service: Stage) -> None:
    form = await element(page, blog, service)
    name = form.get_by_role("textbox", name="First name")
    await name.fill("=?utf-8?q?Ada?=")
    await send(form, "ada@example")
    await expect(email(form)).to_be_focused()
    await expect(email(form)).to_have_value("ada@example")
    await expect(email(form)).to_have_attribute("aria-invalid", "true")
    await expect(email(form)).to_have_accessible_description(
        re.compile(r"This doesn.t look like an email address.* We mail you a link to confirm\.")
    )
    await expect(name).to_have_attribute("aria-invalid", "true")
    await expect(name).to_have_value("=?utf-8?q?Ada?=")
    await expect(form.get_by_role("status")).to_contain_text("Please look at the marked fields")

    await send(form)
    await expect(name).to_be_focused()
    await expect(name).to_have_accessible_description(re.compile(f"^{re.escape(ENCODED)}"))
    assert await email(form).get_attribute("aria-invalid") is None
    await expect(email(form)).to_have_accessible_description("We mail you a link to confirm.")
    assert await mailed(service) == []
    await name.fill("Ada")
    await send(form)
    await expect(form.get_by_role("status")).to_have_text(SENT)


async def test_a_probable_slip_is_put_right_by_a_button(page: Page, blog: str, service: Stage) -> None:
    form = await element(page, blog, service)
    await send(form, "ada@gmial.com")
    await expect(form.get_by_role("status")).to_contain_text(SENT)
    await expect(form.get_by_role("status")).to_contain_text("Did you mean gmail.com?")
    await form.get_by_role("button", name="Send it to ada@gmail.com").click()
    await expect(form.get_by_role("status")).to_have_text(SENT)
    assert await mailed(service) == ["ada@gmial.com", "ada@gmail.com"]


@PROOF
async def test_a_challenge_is_solved(page: Page, blog: str, service: Stage) -> None:
    form = await element(page, blog, service)
    values = posted(page)
    await page.evaluate(
        """() => {
          window.said = []
          const status = document.querySelector("newsletter-form").shadowRoot.querySelector("[role=status]")
          new MutationObserver(() => said.push(status.textContent)).observe(status, {childList: true})
        }"""
    )
    await send(form)
    await expect(form.get_by_role("status")).to_have_text(SENT, timeout=30_000)
    said = " ".join(await page.evaluate("said"))
    progress = [int(percent) for percent in re.findall(r"Keeping robots out: (\d+) %", said)]
    assert progress[0] == 0
    assert progress == sorted(progress)
    first, second = values
    assert first == {name: value for name, value in second.items() if name != "altcha"}
    assert await mailed(service) == [ADA]


@PROOF
async def test_without_crypto_it_goes_the_plain_way(page: Page, blog: str, service: Stage) -> None:
    """As on a page without https, where browsers give scripts no hashing."""
    await page.add_init_script("Object.defineProperty(crypto, 'subtle', {value: undefined})")
    form = await element(page, blog, service)
    await send(form)
    await page.wait_for_url("**/forms/guide/sent")
    assert await mailed(service) == [ADA]


async def test_a_dead_network_is_told_and_keeps_everything(
    context: BrowserContext, page: Page, blog: str, service: Stage
) -> None:
    form = await element(page, blog, service)
    await context.set_offline(offline=True)
    await send(form)
    await expect(form.get_by_role("status")).to_contain_text("We can’t reach localhost")
    await expect(email(form)).to_have_value(ADA)
    await context.set_offline(offline=False)
    await form.get_by_role("button", name="Send me the guide").click()
    await expect(form.get_by_role("status")).to_have_text(SENT)
    assert await mailed(service) == [ADA]


@pytest.mark.parametrize("service", [{"signups_per_network": 1}], indirect=True)
async def test_what_has_no_reason_is_told_and_what_has_one(page: Page, blog: str, service: Stage) -> None:
    form = await element(page, blog, service)
    await page.route(FORM, lambda route: answer(route, 500), times=1)
    await send(form)
    await expect(form.get_by_role("status")).to_have_text("That did not work. Please try again.")
    await send(form)
    await expect(form.get_by_role("status")).to_have_text(SENT)

    again = await element(page, blog, service)
    await send(again, BEN)
    await expect(again.get_by_role("status")).to_contain_text("Too many sign-ups from here for now.")
    await expect(email(again)).to_have_value(BEN)
    assert await mailed(service) == [ADA]


async def test_it_sends_once_however_often_it_is_pressed(page: Page, blog: str, service: Stage) -> None:
    form = await element(page, blog, service)
    values = posted(page)
    with held() as (wait, free):
        await page.route(FORM, wait)
        await send(form)
        button = form.get_by_role("button", name="Send me the guide")
        await expect(button).to_have_attribute("aria-disabled", "true")
        await expect(form.get_by_role("status")).to_have_text("Sending…")
        await button.dispatch_event("click")
        await email(form).press("Enter")
        free.set()
        await expect(form.get_by_role("status")).to_have_text(SENT)
    assert len(values) == 1
    assert await service.house.count("SELECT count(*) FROM signups") == 1
