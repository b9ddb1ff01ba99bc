"""The queue's one-letter keys can be turned off (WCAG 2.2, 2.1.4), and never act where one types or asks for something
else: who speaks to their computer, or presses beside the key that they meant, approves nothing by it.
"""

from urllib.parse import urlsplit

from playwright.async_api import Browser, Locator, expect

from tests.browser.sights import Sights
from tests.proof.keys import Keys, at_the_desk
from tests.proof.test_keys_comments import QUEUE, row, waits

LETTERS = "jkxasdr?"


def switch(keys: Keys) -> Locator:
    return keys.page.get_by_label("Keys of one letter")


async def told_of(keys: Keys) -> None:
    """Where the keys are listed."""
    listed = keys.page.locator(".keys")
    if not await listed.evaluate("one => one.open"):
        await keys.comes_to(listed.locator("summary"))
        await keys.page.keyboard.press("Enter")


async def nothing_comes_of(keys: Keys, id: int, *pressed: str) -> None:
    """Of keys that are pressed where she is on a comment: `held` counts what was not left to the browser."""
    await keys.page.evaluate("""() => { window.held = 0; window.left = false
      addEventListener("keydown", event => { window.held += event.defaultPrevented })
      addEventListener("submit", event => { event.preventDefault(); window.left = true })
      addEventListener("click", event => { window.left ||= Boolean(event.target.closest("a")) }) }""")
    for key in pressed:
        await keys.page.keyboard.press(key)
    assert await keys.page.evaluate("[window.held, window.left]") == [0, False], pressed
    assert not await row(keys, id).get_by_role("checkbox").is_checked()
    assert urlsplit(keys.page.url).path == QUEUE


async def test_they_are_turned_off_where_they_are_told_of_and_stay_so(keys: Keys) -> None:
    id = await waits(keys, "Mia")
    await keys.begins_at(QUEUE)
    await keys.page.keyboard.press("?")
    await expect(switch(keys)).to_be_checked()
    await keys.ticks(switch(keys))
    await row(keys, id).focus()
    await nothing_comes_of(keys, id, *LETTERS)
    await keys.begins_at(QUEUE)  # and from then on, on every page in this browser
    await row(keys, id).focus()
    await nothing_comes_of(keys, id, *LETTERS)
    await told_of(keys)
    await expect(switch(keys)).not_to_be_checked()
    await keys.ticks(switch(keys))
    await row(keys, id).focus()
    await keys.page.keyboard.press("x")
    await expect(row(keys, id).get_by_role("checkbox")).to_be_checked()


async def test_a_page_that_is_open_already_obeys(keys: Keys) -> None:
    id = await waits(keys, "Nan")
    await keys.begins_at(QUEUE)
    other = Keys(await keys.page.context.new_page(), keys.sights)
    await other.begins_at(QUEUE)
    await told_of(other)
    await other.ticks(switch(other))
    await expect(switch(keys)).not_to_be_checked()
    await row(keys, id).focus()
    await nothing_comes_of(keys, id, *LETTERS)
    await other.ticks(switch(other))
    await other.page.close()


async def test_with_another_key_held_or_while_a_dialog_is_open_they_are_none(keys: Keys) -> None:
    id = await waits(keys, "Oda")
    await keys.begins_at(QUEUE)
    await row(keys, id).focus()
    held = [f"{other}+{key}" for other in ("Control", "Alt", "Meta", "Shift") for key in "xs"]
    await nothing_comes_of(keys, id, *held)
    alone = "one => one.dispatchEvent(new KeyboardEvent('keydown', %s))"
    told = "{ key: 'x', modifierAltGraph: true, bubbles: true, cancelable: true }"  # the browser's keyboard has none
    assert await row(keys, id).evaluate(alone % told)
    await keys.page.evaluate("document.body.appendChild(document.createElement('dialog')).showModal()")
    await nothing_comes_of(keys, id, *LETTERS)


async def test_who_types_writes_letters(keys: Keys) -> None:
    """Whatever the field: the queue has none of these now, and its keys are to stay away from one that comes."""
    id = await waits(keys, "Pia")
    for field in ("<input>", "<input type=search>", "<textarea></textarea>", "<p contenteditable></p>"):
        await keys.begins_at(QUEUE)
        await row(keys, id).evaluate("(one, html) => one.insertAdjacentHTML('beforeend', html)", field)
        typed = row(keys, id).locator(":scope > :last-child")
        await typed.focus()
        await nothing_comes_of(keys, id, *LETTERS)
        assert await typed.evaluate("one => one.value ?? one.textContent") == LETTERS, field


async def test_a_browser_that_keeps_nothing_turns_them_off_for_the_page(
    browser: Browser, desk: Sights
) -> None:
    async with at_the_desk(browser, desk) as keys:
        await keys.page.add_init_script(
            "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError') } })"
        )
        id = await waits(keys, "Quy")
        await keys.begins_at(QUEUE)
        await keys.page.keyboard.press("?")
        await keys.ticks(switch(keys))
        await row(keys, id).focus()
        await nothing_comes_of(keys, id, *LETTERS)


async def test_without_javascript_there_are_no_keys_to_be_told_of(browser: Browser, desk: Sights) -> None:
    async with at_the_desk(browser, desk, script=False) as keys:
        await keys.begins_at(QUEUE)
        await expect(keys.page.locator(".keys")).to_be_hidden()
