"""A sequence and its steps, from the first word to those who came before, by nobody who has a mouse."""

import re

from playwright.async_api import Locator

from newsletter.web.kit import sequencing
from tests.proof.keys import Keys, by_keyboard

LIST, ONE = "/admin/sequences", "/admin/sequences/{slug:str}"
NEW, STEP, PREVIEW = f"{ONE}/steps/new", f"{ONE}/steps/{{id:str}}", f"{ONE}/preview"
MAILS = """FROM outbox o JOIN sequence_mailings m ON m.mailing_id = o.mailing_id
    JOIN sequence_steps s ON s.id = m.step_id
    JOIN sequences q ON q.id = s.sequence_id WHERE q.slug = 'for-all'"""


async def made(keys: Keys, slug: str, *subjects: str) -> None:
    """By keyboard too, with a step for each subject."""
    await keys.begins_at(LIST)
    await keys.types(keys.page.get_by_label("Its name"), slug)
    await keys.presses(keys.button("Make this sequence"))
    for subject in subjects:
        await keys.follows(keys.page.get_by_role("link", name="Write a new step"))
        await keys.types(keys.page.get_by_label("Subject"), subject)
        await keys.types(text(keys), "Hello there.")
        await keys.presses(keys.button("Save"))


def text(keys: Keys) -> Locator:
    return keys.page.locator("textarea[name=body]")


async def order(keys: Keys, slug: str) -> list[str]:
    """Its steps, as they stand on its page."""
    await keys.begins_at(f"{LIST}/{slug}")
    return [said.partition(". ")[2] for said in await keys.page.locator(".letters h3").all_inner_texts()]


async def state(keys: Keys, slug: str) -> str | None:
    found = await keys.value("SELECT state FROM sequences WHERE slug = :slug", slug=slug)
    return None if found is None else str(found)


@by_keyboard(LIST)
@by_keyboard(NEW, "look", "save", "test")
@by_keyboard(STEP, "look", "save", "test")
@by_keyboard(PREVIEW)
async def test_its_steps(keys: Keys) -> None:
    await made(keys, "by-keyboard", "The box")
    await keys.follows(keys.page.get_by_role("link", name="Write a new step"))
    await keys.types(keys.page.get_by_label("How many"), "3")
    await keys.picks(keys.page.get_by_label("Of what"), "week")
    await keys.types(keys.page.get_by_label("Subject"), "The lid")
    await keys.types(text(keys), "Hello there.")
    await keys.presses(keys.button("Check it"), status=200)
    await keys.presses(keys.button("Save, and mail me a copy"))
    assert await order(keys, "by-keyboard") == ["The box", "The lid"]
    await keys.follows(keys.page.get_by_role("link", name="The lid"))
    assert await keys.page.get_by_label("Of what").input_value() == "week"
    await keys.types(keys.page.get_by_label("Subject"), "The key")
    await keys.previews(keys.button("Preview"))
    await keys.presses(keys.button("Check it"), status=200)
    await keys.presses(keys.button("Save, and mail me a copy"))
    await keys.types(keys.page.get_by_label("Preheader"), "A thought")
    await keys.presses(keys.button("Save"))
    assert await order(keys, "by-keyboard") == ["The box", "The key"]


@by_keyboard(ONE, "up-N", "down-N", "remove-N", "back-N")
async def test_their_order(keys: Keys) -> None:
    await made(keys, "in-order", "One", "Two")
    await keys.presses(keys.button(re.compile("^Earlier")))
    assert await order(keys, "in-order") == ["Two", "One"]
    await keys.presses(keys.button(re.compile("^Later")))
    assert await order(keys, "in-order") == ["One", "Two"]
    await keys.presses(keys.button(re.compile(r"^Remove\s*: One")))
    assert await order(keys, "in-order") == ["Two"]
    await keys.comes_to(keys.page.get_by_text("Removed steps"))
    await keys.page.keyboard.press("Enter")
    await keys.presses(keys.button(re.compile("^Put it back")))
    assert sorted(await order(keys, "in-order")) == ["One", "Two"]


@by_keyboard(ONE, "start", "on", "off", "test", "delete")
async def test_on_and_off(keys: Keys) -> None:
    await made(keys, "on-and-off", "One")
    await keys.chooses(keys.page.get_by_label("Somebody gets this tag"))
    await keys.types(keys.page.get_by_label("The tag"), "box")
    await keys.presses(keys.button("Start by this from now on"))
    assert await keys.value("SELECT start_value FROM sequences WHERE slug = 'on-and-off'") == "box"
    for button, stands in (("Turn it on, from now on", "on"), ("Turn it off", "off")):
        await keys.presses(keys.button(button))
        assert await state(keys, "on-and-off") == stands
    await keys.presses(keys.button("Mail me a copy of each"))
    await keys.is_told("goes to your own address")
    await keys.presses(keys.button("Delete this sequence"))
    assert await state(keys, "on-and-off") is None


@by_keyboard(ONE, "on", "on sure", "retry", "doubt")
async def test_for_those_who_came_before_and_what_went_wrong(keys: Keys) -> None:
    await made(keys, "for-all", "One")
    await keys.dates(keys.page.get_by_label("It also starts for whom"), "01012026")
    await keys.presses(keys.button("Turn it on for them too"), status=200)
    assert await state(keys, "for-all") == "off"  # which is asked first
    await keys.presses(keys.button("Turn it on for them too", keys.page.locator("form.notice")))
    assert await state(keys, "for-all") == "on"

    await sequencing.Rounds(keys.sights.here.site).once()
    mails = await keys.value(f"SELECT count(*) {MAILS}")
    assert mails == 2
    await keys.run(f"UPDATE outbox SET state = 'in_doubt', settled_at = 1 WHERE id IN (SELECT o.id {MAILS})")
    await keys.run(f"UPDATE outbox SET state = 'failed' WHERE id = (SELECT max(o.id) {MAILS})")
    await keys.begins_at(f"{LIST}/for-all")
    for button, said in (
        ("Send what failed once more", "What failed"),
        ("Send what is in doubt once more", "in doubt"),
    ):
        await keys.presses(keys.button(button))
        await keys.is_told(said)
