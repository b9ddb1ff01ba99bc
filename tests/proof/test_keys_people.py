"""Who comes to the desk and by what: people, sessions, codes, passkeys, and programs, by nobody who has a mouse."""

import re
from contextlib import AsyncExitStack

from playwright.async_api import Browser

from newsletter.owners import totp
from tests.browser.sights import Sights
from tests.proof.keys import Keys, at_the_desk, by_keyboard
from tests.web.test_desk_people import path_of
from tests.web.test_desk_second_step import base32

SESSIONS, STEP, PASSKEYS = "/admin/sessions", "/admin/second-step", "/admin/passkeys"
PEOPLE, PERSON = "/admin/people", "/admin/people/{id:str}"
TOKENS, HOOKS, HOOK = "/admin/tokens", "/admin/webhooks", "/admin/webhooks/{id:str}"
DEVICE = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


async def apart(browser: Browser, desk: Sights, until: AsyncExitStack, *, comes_in: bool = True) -> Keys:
    """A browser in which nobody was before; `comes_in`: and in which Olga is, by a link of its own."""
    keys = await until.enter_async_context(at_the_desk(browser, desk))
    await keys.page.context.clear_cookies()
    if comes_in:
        await keys.begins_at(await desk.here.sign_in_link())
        await keys.presses(keys.button("Sign in"))
    return keys


def code(keys: Keys, secret: bytes) -> str:
    return totp.code(secret, keys.sights.here.clock.now() // totp.PERIOD)


@by_keyboard(TOKENS)
@by_keyboard(f"{TOKENS}/{{slug:str}}")
async def test_a_token_for_a_program(keys: Keys) -> None:
    await keys.begins_at(TOKENS)
    await keys.types(keys.page.get_by_label("What it is for"), "By keyboard")
    await keys.ticks(keys.page.get_by_role("group", name="What it may do").get_by_role("checkbox").first)
    await keys.types(keys.page.get_by_label("Days until it ends"), "30")
    await keys.presses(keys.button("Make a token"), status=200)
    alive = "SELECT count(*) FROM api_tokens WHERE name = 'By keyboard'"
    assert await keys.value(alive) == 1
    await keys.follows(keys.page.get_by_role("link", name=re.compile("Revoke By keyboard")))
    await keys.presses(keys.button("Revoke it"))
    assert await keys.value(alive) == 0


@by_keyboard(HOOKS)
@by_keyboard(HOOK, "test", "resend-N", "off", "on", "rotate", "save", "delete", "delete sure")
async def test_a_webhook(keys: Keys) -> None:
    await keys.begins_at(HOOKS)
    await keys.types(keys.page.get_by_label("Address"), "https://keys.example/told")
    await keys.ticks(keys.page.get_by_label("Somebody confirmed"))
    await keys.presses(keys.button("Make a webhook"), status=200)
    id = await keys.value("SELECT id FROM webhooks WHERE url = 'https://keys.example/told'")
    await keys.begins_at(f"{HOOKS}/{id}")
    await keys.presses(keys.button("Send a test"))
    queued = "SELECT count(*) FROM webhook_deliveries WHERE webhook_id = :id AND state = 'queued'"
    assert await keys.value(queued, id=id) == 1
    await keys.run(
        "UPDATE webhook_deliveries SET state = 'failed', attempts = 3 WHERE webhook_id = :id", id=id
    )
    await keys.begins_at(f"{HOOKS}/{id}")
    await keys.presses(keys.button(re.compile("^Send again")))
    assert await keys.value(queued, id=id) == 1
    for button, stands in (("Switch it off", "off"), ("Switch it on", "on")):
        await keys.presses(keys.button(button))
        assert await keys.value("SELECT state FROM webhooks WHERE id = :id", id=id) == stands
    await keys.presses(keys.button(re.compile("^Make a new secret")), status=200)
    await keys.types(keys.page.get_by_label("Address"), "https://keys.example/elsewhere")
    await keys.presses(keys.button("Save"))
    assert (
        await keys.value("SELECT url FROM webhooks WHERE id = :id", id=id) == "https://keys.example/elsewhere"
    )
    await keys.presses(keys.button("Delete it …"), status=200)
    await keys.presses(keys.button("Delete it"))
    assert await keys.value("SELECT count(*) FROM webhooks WHERE id = :id", id=id) == 0


@by_keyboard("/admin/sign-in")
@by_keyboard("/admin/enter/{token:str}")
@by_keyboard(SESSIONS, "N", "others")
@by_keyboard("/admin/sign-out", "", "everywhere")
async def test_in_and_out(browser: Browser, desk: Sights) -> None:
    async with AsyncExitStack() as until:
        first = await apart(browser, desk, until, comes_in=False)
        await first.begins_at("/admin/sign-in")
        await first.types(first.page.get_by_label("Your email"), "olga@example.org")
        await first.presses(first.button("Mail me a sign-in link"), status=200)
        await first.begins_at(await desk.here.sign_in_link())
        await first.presses(first.button("Sign in"))
        for button in ("Sign out everywhere else", re.compile("^Sign out Chrome.+, since")):
            other = await apart(browser, desk, until)
            await first.begins_at(SESSIONS)
            await first.presses(first.button(button))
            await other.begins_at("/admin")
            assert other.page.url.endswith("/admin/sign-in")
        await first.presses(first.page.get_by_role("button", name="Sign out", exact=True))
        assert first.page.url.endswith("/admin/sign-in")
        last, other = [await apart(browser, desk, until) for _ in range(2)]
        await last.begins_at("/admin")
        await last.presses(last.page.get_by_role("button", name=re.compile("^Sign out everywhere")))
        await other.begins_at("/admin")
        assert other.page.url.endswith("/admin/sign-in")
        first.done |= last.done
        first.holds(test_in_and_out)


@by_keyboard(STEP, "begin", "confirm", "codes", "off")
@by_keyboard("/admin/code")
async def test_a_second_step(browser: Browser, desk: Sights) -> None:
    async with AsyncExitStack() as until:
        keys, late = await apart(browser, desk, until), await apart(browser, desk, until, comes_in=False)
        await keys.begins_at(SESSIONS)
        await keys.follows(keys.page.get_by_role("link", name="A second step when you sign in"))
        await keys.presses(keys.button("Set it up"), status=200)
        link = await keys.page.get_by_role("link", name="Open the app on this device").get_attribute("href")
        secret = base32(link or "")
        await keys.types(keys.page.get_by_label("The code that it shows"), code(keys, secret))
        await keys.presses(keys.button("Switch it on"), status=200)
        desk.here.clock.forward(totp.PERIOD)
        await late.begins_at(await desk.here.sign_in_link())
        await late.presses(late.button("Sign in"))
        await late.types(late.page.get_by_label("Code"), code(keys, secret))
        await late.presses(late.button("Sign in"))
        assert late.page.url.endswith("/admin")
        for button, status in (("Make ten new recovery codes", 200), ("Switch it off", 303)):
            desk.here.clock.forward(totp.PERIOD)
            await keys.begins_at(STEP)
            await keys.types(keys.page.get_by_label("A code from your app"), code(keys, secret))
            await keys.presses(keys.button(button), status=status)
        assert await keys.value("SELECT count(*) FROM authenticators") == 0
        keys.done |= late.done
        keys.holds(test_a_second_step)


@by_keyboard(PASSKEYS, "ask", "add", "N")
@by_keyboard("/admin/passkey")
@by_keyboard("/admin/passkey/enter")
async def test_a_passkey(browser: Browser, desk: Sights) -> None:
    async with AsyncExitStack() as until:
        keys = await apart(browser, desk, until)
        device = await keys.page.context.new_cdp_session(keys.page)
        await device.send("WebAuthn.enable")
        await device.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
        await keys.begins_at(SESSIONS)
        await keys.follows(keys.page.get_by_role("link", name="Passkeys"))
        await keys.types(keys.page.get_by_label("Which device it is"), "My phone")
        await keys.presses(keys.button("Add a passkey"), status=200)
        await keys.presses(keys.button("Make the passkey"))
        assert await keys.value("SELECT count(*) FROM passkeys") == 1
        await keys.presses(keys.page.get_by_role("button", name="Sign out", exact=True))
        await keys.presses(keys.button("Sign in with a passkey"), status=200)
        await keys.presses(keys.button("Use my passkey"))
        assert keys.page.url.endswith("/admin")
        await keys.begins_at(PASSKEYS)
        await keys.presses(keys.button("Remove My phone"))
        assert await keys.value("SELECT count(*) FROM passkeys") == 0
        keys.holds(test_a_passkey)


@by_keyboard(PEOPLE)
@by_keyboard(PERSON, "role", "again", "end", "forget", "remove", "remove sure")
@by_keyboard("/admin/join/{token:str}")
async def test_somebody_is_invited(browser: Browser, desk: Sights) -> None:
    email, who = "fred@example.org", "FROM owners WHERE email = :email"
    async with AsyncExitStack() as until:
        keys, theirs = await apart(browser, desk, until), await apart(browser, desk, until, comes_in=False)
        await keys.begins_at(PEOPLE)
        await keys.types(keys.page.get_by_label("Their email"), email)
        await keys.chooses(keys.page.get_by_label("Editor"))
        await keys.presses(keys.button("Mail an invitation"))
        await keys.follows(keys.page.get_by_role("link", name=f"Change {email}"))
        await keys.presses(keys.button("Mail the invitation again"))
        await theirs.begins_at(await path_of(desk.here, email))
        await theirs.presses(theirs.button("Sign in"))
        here = f"{PEOPLE}/{await keys.value(f'SELECT id {who}', email=email)}"
        await keys.begins_at(here)
        await keys.chooses(keys.page.get_by_label("Moderator"))
        await keys.presses(keys.button("Save"))
        assert await keys.value(f"SELECT role {who}", email=email) == "moderator"
        await keys.run(
            f"INSERT INTO authenticators (owner_id, salt, confirmed_at) SELECT id, 'x', 1 {who}", email=email
        )
        for button in ("Switch off their second step", "Sign them out everywhere"):
            await keys.begins_at(here)
            await keys.presses(keys.button(button))
        assert await keys.value("SELECT count(*) FROM authenticators") == 0
        await theirs.begins_at("/admin")
        assert theirs.page.url.endswith("/admin/sign-in")
        await keys.begins_at(here)
        await keys.presses(keys.button("Remove …"), status=200)
        await keys.presses(keys.button("Remove"))
        assert await keys.value(f"SELECT count(*) {who}", email=email) == 0
        keys.done |= theirs.done
        keys.holds(test_somebody_is_invited)
