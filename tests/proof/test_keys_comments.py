"""The queue of comments, a comment's own page and how they are judged, by nobody who has a mouse."""

import re

from playwright.async_api import Locator

from newsletter.addresses import parse
from newsletter.comments import Draft
from tests.proof.keys import Keys, by_keyboard

QUEUE, ONE = "/admin/comments", "/admin/comments/{id:str}"
BLOCKED = """SELECT count(*) FROM comments c JOIN commenters a ON a.id = c.commenter_id
             WHERE a.blocked = 1 AND c.id IN (:one, :two)"""


async def waits(keys: Keys, name: str) -> int:
    """A comment of somebody new."""
    site = keys.sights.here.site
    url, address = f"{site.settings.allowed_origins[0]}/on-keys", parse(f"{name.lower()}@example.net")
    draft = Draft(url=url, title="On keys", name=name, address=address, raw=f"I am {name}, and I agree.")
    made = await site.db.write(site.comments.write, draft)
    await site.db.write(site.comments.confirm, made.id, 1)
    assert await standing(keys, made.id) == "pending"
    return made.id


async def standing(keys: Keys, id: int) -> str | None:
    found = await keys.value("SELECT status FROM comments WHERE id = :id", id=id)
    return None if found is None else str(found)


def row(keys: Keys, id: int) -> Locator:
    return keys.page.locator(f"#row-{id}")


def of_all(keys: Keys) -> Locator:
    """Where the buttons are for all that is ticked."""
    return keys.page.locator(".acts.all")


@by_keyboard(QUEUE, "approve-N-N", "spam-N", "delete-N", "delete sure")
async def test_one_after_the_other(keys: Keys) -> None:
    good, bad, gone = [await waits(keys, name) for name in ("Ann", "Bob", "Cid")]
    await keys.begins_at(QUEUE)
    await keys.presses(keys.button("Approve", row(keys, good)))
    assert await standing(keys, good) == "approved"
    await keys.presses(keys.button("Spam", row(keys, bad)))
    assert await standing(keys, bad) == "spam"
    await keys.presses(keys.button("Delete", row(keys, gone)), status=200)
    assert await standing(keys, gone) == "pending"  # which is asked first
    await keys.presses(keys.button("Delete 1 comment"))
    assert await standing(keys, gone) is None


@by_keyboard(QUEUE, "approve", "spam", "delete", "delete sure", "block")
async def test_all_that_is_ticked(keys: Keys) -> None:
    ids = {name: [await waits(keys, f"{name}{n}") for n in (1, 2)] for name in ("Dan", "Eve", "Fay", "Gus")}
    await keys.begins_at(QUEUE)
    for name, button, status, comes_to in (
        ("Dan", "Approve", 303, "approved"),
        ("Eve", "Spam", 303, "spam"),
        ("Fay", "Delete", 200, "pending"),
        ("Gus", "Block authors", 303, "spam"),
    ):
        for id in ids[name]:
            await keys.ticks(row(keys, id).get_by_role("checkbox"))
        await keys.presses(keys.button(button, of_all(keys)), key="Space", status=status)
        assert [await standing(keys, id) for id in ids[name]] == [comes_to] * 2
        if button == "Delete":
            await keys.presses(keys.button("Delete 2 comments"))
            assert [await standing(keys, id) for id in ids[name]] == [None] * 2
    for name, authors in (("Eve", 0), ("Gus", 2)):
        assert await keys.value(BLOCKED, one=ids[name][0], two=ids[name][1]) == authors


@by_keyboard(QUEUE, "approve-N-N", "spam-N", "delete sure")
async def test_by_the_keys_of_the_queue(keys: Keys) -> None:
    """j goes down, x ticks, a, s and d do it to where she is, and r goes to its page."""
    gone, bad, good = [await waits(keys, name) for name in ("Hal", "Ida", "Joe")]  # the newest stands first
    await keys.begins_at(QUEUE)
    await keys.page.keyboard.press("j")
    await keys.by_shortcut("a", keys.button("Approve", row(keys, good)))
    assert await standing(keys, good) == "approved"
    await keys.by_shortcut("s", keys.button("Spam", row(keys, bad)))  # where the one before has left her
    assert await standing(keys, bad) == "spam"
    await keys.page.keyboard.press("x")
    async with keys.page.expect_event("load"):
        await keys.page.keyboard.press("d")
    await keys.presses(keys.button("Delete 1 comment"))
    assert await standing(keys, gone) is None
    last = await waits(keys, "Kim")
    await keys.begins_at(QUEUE)
    await keys.page.keyboard.press("j")
    async with keys.page.expect_event("load"):
        await keys.page.keyboard.press("r")
    assert keys.page.url.endswith(f"{QUEUE}/{last}")


@by_keyboard(ONE, "edit", "reply", "close", "open")
async def test_on_its_own_page(keys: Keys) -> None:
    id = await waits(keys, "Lea")
    await keys.begins_at(QUEUE)
    await keys.follows(row(keys, id).get_by_role("link", name=re.compile("Reply, edit")))
    await keys.types(keys.page.get_by_label("Its words"), "In *other* words.")
    await keys.presses(keys.button("Save"))
    await keys.types(keys.page.get_by_label("Your answer"), "I do, too.")
    await keys.presses(keys.button("Publish my answer"))
    assert await keys.value("SELECT raw FROM comments WHERE id = :id", id=id) == "In *other* words."
    assert await keys.value("SELECT raw FROM comments WHERE parent_id = :id", id=id) == "I do, too."
    assert await standing(keys, id) == "approved"  # by being answered
    for button, stands in (("Close it for comments", 1), ("Open it for comments", 0)):
        await keys.presses(keys.button(button))
        closed = "SELECT closed FROM threads JOIN comments c ON c.thread_id = threads.id WHERE c.id = :id"
        assert await keys.value(closed, id=id) == stands


@by_keyboard(ONE, "approve", "spam", "block", "delete")
async def test_the_four_acts_there(keys: Keys) -> None:
    for button, comes_to in (
        ("Approve", "approved"),
        ("Spam", "spam"),
        ("Block the author", "spam"),
        ("Delete", None),
    ):
        id = await waits(keys, button.split()[-1])
        await keys.begins_at(f"{QUEUE}/{id}")
        await keys.presses(keys.button(button))
        assert await standing(keys, id) == comes_to, button
        if comes_to:
            assert await keys.value(BLOCKED, one=id, two=id) == (button == "Block the author"), button


@by_keyboard("/admin/comments/settings")
async def test_how_they_are_judged(keys: Keys) -> None:
    await keys.begins_at(QUEUE)
    await keys.follows(keys.page.locator("main").get_by_role("link", name="Settings"))
    await keys.chooses(keys.page.get_by_label("Everybody: every comment"))
    await keys.types(keys.page.get_by_label("Links that pass"), "7")
    await keys.types(keys.page.get_by_label("Your own rules"), "hold word casino")
    await keys.presses(keys.button("Save"))
    await keys.is_told("Saved.")
    assert await keys.page.get_by_label("Everybody: every comment").is_checked()
    assert await keys.page.get_by_label("Links that pass").input_value() == "7"
    assert await keys.page.get_by_label("Your own rules").input_value() == "hold word casino"
