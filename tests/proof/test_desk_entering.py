"""Who comes in, in a browser: people, sessions, the second step, the log by keyboard; and passkeys, by a device."""

import re
from typing import Literal

import pytest
from playwright.async_api import Browser, expect

from newsletter.owners import totp
from tests.browser.test_desk_broadcasts import signs_in
from tests.proof.test_desk_import import well
from tests.web.stage import Stage
from tests.web.test_desk_second_step import base32

PAGES = ("people", "sessions", "audit", "second-step", "passkeys", "code")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
async def test_every_page_is_accessible(
    browser: Browser, service: Stage, width: int, scheme: Literal["light", "dark"]
) -> None:
    context = await browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = await context.new_page()
    home = await signs_in(page, service)
    for name in PAGES:
        await page.goto(f"{home}/admin/{name}")
        await well(page, name)
    await page.goto(f"{home}/admin/second-step")
    await page.get_by_role("button", name="Set it up").press("Enter")
    await well(page, "setting it up")
    await page.get_by_role("button", name="Switch it on").press("Enter")
    await well(page, "a code that is none")
    await page.goto(f"{home}/admin/sign-in")
    await well(page, "signing in")
    await page.get_by_role("button", name="Sign in with a passkey").press("Enter")
    await well(page, "signing in by a passkey")
    await context.close()


async def test_people_sessions_and_the_log_by_keyboard_and_without_javascript(
    browser: Browser, service: Stage
) -> None:
    context = await browser.new_context(java_script_enabled=False)
    other = await browser.new_context()
    page = await context.new_page()
    await signs_in(page, service)
    await signs_in(await other.new_page(), service)
    await page.get_by_role("link", name="People", exact=True).press("Enter")
    await page.get_by_label("Their email").press_sequentially("emma@example.org")
    await page.get_by_label("Moderator").press("ArrowDown")
    await page.get_by_role("button", name="Mail an invitation").press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("on its way")
    await page.get_by_role("link", name="Change emma@example.org").press("Enter")
    await expect(page.get_by_label("Editor")).to_be_checked()
    await page.get_by_role("button", name="Remove …").press("Enter")
    await page.get_by_role("button", name="Remove", exact=True).press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("They can come in no more")
    await page.get_by_role("link", name="Your sign-ins").press("Enter")
    await page.get_by_role("button", name="Sign out everywhere else").press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("signed in here only")
    await page.get_by_role("link", name="People", exact=True).press("Enter")
    await page.get_by_role("link", name="Who did what").press("Enter")
    await page.get_by_label("About what").press("P")
    await page.get_by_role("button", name="Show").press("Enter")
    await expect(page.get_by_role("listitem")).to_have_count(2)
    await expect(page.get_by_text("Invited somebody to the desk")).to_be_visible()
    await context.close()
    await other.close()


async def test_a_code_by_keyboard(browser: Browser, service: Stage) -> None:
    context, other = await browser.new_context(), await browser.new_context()
    page = await context.new_page()
    home = await signs_in(page, service)
    await page.goto(f"{home}/admin/second-step")
    await page.get_by_role("button", name="Set it up").press("Enter")
    link = await page.get_by_role("link", name="Open the app on this device").get_attribute("href")
    secret = base32(link or "")
    await page.get_by_label("The code that it shows").fill(shown(service, secret))
    await page.keyboard.press("Enter")
    codes = page.get_by_role("listitem").get_by_text(re.compile(r"^[a-z2-9]{7}(-[a-z2-9]{7}){3}$"))
    await expect(codes).to_have_count(10)
    service.clock.forward(totp.PERIOD)
    late = await other.new_page()
    await late.goto(home + await service.sign_in_link())
    await late.get_by_role("button", name="Sign in").press("Enter")
    await expect(late.get_by_label("Code")).to_be_focused()
    await late.keyboard.type(shown(service, secret))
    await late.keyboard.press("Enter")
    await expect(late.get_by_role("heading", name="Today")).to_be_visible()
    await context.close()
    await other.close()


def shown(service: Stage, secret: bytes) -> str:
    return totp.code(secret, service.clock.now() // totp.PERIOD)


async def test_a_passkey_is_made_and_opens_the_desk(browser: Browser, service: Stage) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    troubles: list[str] = []
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    device = await context.new_cdp_session(page)
    await device.send("WebAuthn.enable")
    made = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": True, "automaticPresenceSimulation": True}  # fmt: skip
    await device.send("WebAuthn.addVirtualAuthenticator", {"options": made})
    home = await signs_in(page, service)
    await page.get_by_role("link", name="Your sign-ins").press("Enter")
    await page.get_by_role("link", name="Passkeys").press("Enter")
    for name, said in (
        ("My phone", "sign in with it from now on"),
        ("Again", "has a passkey for this desk already"),
    ):
        await page.get_by_label("Which device it is").fill(name)
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Make the passkey").press("Enter")
        await expect(page.get_by_text(said)).to_be_visible()
    await page.get_by_role("button", name="Sign out").press("Enter")
    for _ in range(2):  # its counter goes on
        await page.goto(f"{home}/admin/sign-in")
        await page.get_by_role("button", name="Sign in with a passkey").press("Enter")
        await page.get_by_role("button", name="Use my passkey").press("Enter")
        await expect(page.get_by_role("heading", name="Today")).to_be_visible()
    await page.goto(f"{home}/admin/passkeys")
    await page.get_by_role("button", name="Remove My phone").press("Enter")
    await page.get_by_role("button", name="Sign out").press("Enter")
    await page.goto(f"{home}/admin/sign-in")
    await page.get_by_role("button", name="Sign in with a passkey").press("Enter")
    await page.get_by_role("button", name="Use my passkey").press("Enter")
    await expect(page.get_by_text("This passkey opens nothing here")).to_be_visible()
    assert [said for said in troubles if "422" not in said] == [], "nothing breaks the pages' policy"
    await context.close()
