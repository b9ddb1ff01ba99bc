"""A broadcast from its first word to the last mail, and the archive, by nobody who has a mouse."""

import re

from playwright.async_api import Browser, Locator

from newsletter.broadcasts import Draft
from tests.browser.sights import Sights
from tests.proof.keys import Keys, at_the_desk, by_keyboard

LIST, NEW, ONE = "/admin/broadcasts", "/admin/broadcasts/new", "/admin/broadcasts/{id:str}"
DO, SEND, ARCHIVE = f"{ONE}/do", f"{ONE}/send", "/admin/archive"


async def state(keys: Keys, path: str) -> str | None:
    """Of a broadcast, by the address of its page; of its mailing once it is sent off."""
    sql = """SELECT coalesce(m.state, b.state) FROM broadcasts b LEFT JOIN mailings m ON m.id = b.mailing_id
             WHERE b.id = :id"""
    found = await keys.value(sql, id=number(path))
    return None if found is None else str(found)


def number(path: str) -> int:
    (found,) = re.findall(r"/broadcasts/(\d+)", path)
    return int(found)


async def drafted(keys: Keys, subject: str) -> str:
    """The address of a draft's page."""
    site = keys.sights.here.site
    draft = Draft(subject=subject, body=f"{subject}: hello there.", archive=True)
    return f"{LIST}/{(await site.db.write(site.broadcasts.new, draft)).id}"


def text(keys: Keys) -> Locator:
    return keys.page.locator("textarea[name=body]")


@by_keyboard(NEW, "look", "save", "test", "next")
async def test_a_new_one_without_a_script(browser: Browser, desk: Sights) -> None:
    """With it each of them is a draft before a button is pressed."""
    async with at_the_desk(browser, desk, script=False) as keys:
        for button, status, leads_to in (
            ("Check it", 200, "new"),
            ("Save", 303, r"\d+\?done=saved"),
            ("Save, and mail me a copy", 303, r"\d+\?done=tested"),
            ("Save, and go on to sending", 303, r"\d+/send"),
        ):
            await keys.begins_at(LIST)
            await keys.follows(keys.page.get_by_role("link", name="Write a new one"))
            await keys.types(keys.page.get_by_label("Subject"), f"On {button}")
            await keys.types(text(keys), "Hello there.")
            await keys.ticks(keys.page.get_by_label("Show it in the public archive"))
            await keys.presses(keys.button(button), status=status)
            assert re.search(f"/broadcasts/{leads_to}$", keys.page.url), keys.page.url
            made = await keys.value("SELECT count(*) FROM broadcasts WHERE subject = :it", it=f"On {button}")
            assert made == (button != "Check it")
        mailed = "SELECT count(*) FROM outbox WHERE recipient = 'olga@example.org' AND mailing_id IS NOT NULL"
        assert await keys.value(mailed) == 1
        keys.holds(test_a_new_one_without_a_script)


@by_keyboard("/admin/broadcasts/preview")
@by_keyboard(ONE, "look", "save", "test", "next")
@by_keyboard(SEND, "later", "now")
@by_keyboard(DO, "unschedule")
async def test_a_draft_until_it_is_sent(keys: Keys) -> None:
    home = await drafted(keys, "On keys")
    await keys.begins_at(home)
    await keys.types(text(keys), "Hello, *reader*.")
    await keys.chooses(keys.page.get_by_label("Text", exact=True).last)
    await keys.previews(keys.button("Preview"))
    await keys.presses(keys.button("Check it"), status=200)
    await keys.presses(keys.button("Save"))
    body = "SELECT body FROM broadcasts WHERE id = :id"
    assert await keys.value(body, id=number(home)) == "Hello, *reader*."
    await keys.presses(keys.button("Save, and mail me a copy"))
    await keys.is_told("One copy goes to your own address.")
    await keys.presses(keys.button("Save, and go on to sending"))
    await keys.dates(keys.page.get_by_label("Day and time"), "12012027", "0900AM")
    await keys.presses(keys.button("Send it then"))
    assert await state(keys, home) == "scheduled"
    await keys.presses(keys.button("Don’t send it then"))
    assert await state(keys, home) == "draft"
    await keys.presses(keys.button("Save, and go on to sending"))
    await keys.presses(keys.button(re.compile("^Send it to .+ now$")))
    assert await state(keys, home) == "open"


@by_keyboard(
    DO, "copy", "delete", "delete sure", "pause", "resume", "retry", "doubt", "cancel", "cancel sure"
)
async def test_what_becomes_of_one(keys: Keys) -> None:
    home = await drafted(keys, "On what becomes of one")
    await keys.begins_at(home)
    await keys.presses(keys.button("Duplicate as new"))
    copy = keys.page.url
    assert number(copy) != number(home)
    await keys.presses(keys.button("Delete this draft"), status=200)
    await keys.presses(keys.button("Delete it"))
    assert await state(keys, copy) is None
    (sending,) = [one.path for one in keys.sights.every if one.name == "desk.broadcast.sending"]
    await keys.begins_at(sending)
    for button, stands in (("Pause", "held"), ("Go on", "open")):
        await keys.presses(keys.button(button))
        assert await state(keys, sending) == stands
    failed = """SELECT count(*) FROM outbox o JOIN broadcasts b ON b.mailing_id = o.mailing_id
                WHERE b.id = :id AND o.state = :state"""
    for button, before in (
        ("Send what failed once more", "failed"),
        ("Send it to them once more", "in_doubt"),
    ):
        assert await keys.value(failed, id=number(sending), state=before)
        await keys.presses(keys.button(button))
        assert not await keys.value(failed, id=number(sending), state=before)
    await keys.presses(keys.button("Cancel"), status=200)
    await keys.presses(keys.button("Cancel it"))
    assert await state(keys, sending) == "cancelled"


@by_keyboard(f"GET {ONE}/people")
async def test_who_got_it(keys: Keys) -> None:
    (sent,) = [one.path for one in keys.sights.every if one.name == "desk.broadcast.sent"]
    await keys.begins_at(sent)
    await keys.follows(keys.page.get_by_role("link", name="Who got it"))
    await keys.types(keys.page.get_by_label("Part of an address"), "reader-1")
    await keys.asks(keys.button("Search"))
    rows = keys.page.locator("tbody tr")
    assert await rows.count()
    assert await rows.count() == await rows.filter(has_text="reader-1").count()


@by_keyboard(ARCHIVE, "hide-N", "show-N", "slug-N", "about")
async def test_the_archive(keys: Keys) -> None:
    await keys.begins_at(LIST)
    await keys.follows(keys.page.get_by_role("link", name="Archive", exact=True))
    letter = keys.page.locator("li.letter").filter(has_text="On guides")
    public = "SELECT archive FROM broadcasts WHERE subject = 'On guides'"
    await keys.presses(keys.button(re.compile("^Show it no more"), letter))
    assert await keys.value(public) == 0
    await keys.presses(keys.button(re.compile("^Make it public"), letter))
    assert await keys.value(public) == 1
    await keys.comes_to(letter.locator("summary"))
    await keys.page.keyboard.press("Space")
    await keys.types(letter.get_by_label(re.compile("/archive/…$")), "guides-by-keyboard")
    await keys.presses(keys.button(re.compile("^Save"), letter))
    assert await keys.value("SELECT count(*) FROM broadcasts WHERE slug = 'guides-by-keyboard'") == 1
    about = keys.page.get_by_label("In a sentence or two")
    await keys.types(about, "Letters on work.")
    await keys.presses(keys.button("Save"))
    await keys.is_told("Saved.")
    assert (await about.input_value()).strip() == "Letters on work."
