"""The thread element, further: what it takes over, one's own comment, its look on a small page."""

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.embedded import comments, conversation, held, is_known, status, thread, write
from tests.web.said import say
from tests.web.saying import kept
from tests.web.stage import Stage

LONG = f"{'Donaudampfschiff' * 12}\n\n```\n{'x = y + z; ' * 40}\n```\n\n`{'wide' * 60}`"


async def begun(page: Page, blog: str, *, ticked: bool) -> Locator:
    """Our form, in place of a plain one that was used before ours came."""
    plain = page.locator("newsletter-comments")
    with held() as (wait, free):
        await page.route("**/threads?*", wait)
        await page.goto(f"{blog}/")
        await plain.get_by_label("Comment").fill("Begun early.")
        await plain.get_by_role("checkbox").set_checked(ticked)
        free.set()
        form = page.locator("form.comment-form")
        await expect(form).to_be_visible()
    return form


@pytest.mark.parametrize(("ticked", "follow"), [(False, ""), (True, "replies")])
async def test_a_box_moves_over_only_where_it_is_ticked(
    page: Page, blog: str, ticked: bool, follow: str
) -> None:
    form = await begun(page, blog, ticked=ticked)
    await expect(form.get_by_label("Your comment")).to_have_value("Begun early.")
    await expect(form.get_by_label("Tell me by mail of")).to_have_value(follow)


async def test_the_longest_words_do_not_widen_the_page(page: Page, blog: str, service: Stage) -> None:
    await page.set_viewport_size({"width": 360, "height": 700})
    first = await say(service, LONG, url=f"{blog}/", name="Bartholomew" * 7)
    await say(service, LONG, url=f"{blog}/", parent_id=first)
    form = await conversation(page, blog, service)
    await form.get_by_label("Your comment").fill(LONG)
    await form.get_by_role("button", name="Preview").click()
    await expect(status(page).locator("pre")).to_be_visible()
    for layout in ("block", "grid", "flex"):
        await page.locator("newsletter-comments").evaluate(
            "(node, layout) => { node.parentNode.style.display = layout }", layout
        )
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), layout
    code = comments(page).first.locator("pre")
    assert await code.evaluate("(node) => node.scrollWidth > node.clientWidth")


async def test_links_are_high_enough_for_a_finger(page: Page, blog: str, service: Stage) -> None:
    await say(service, "x", url=f"{blog}/")
    await conversation(page, blog, service)
    for link in (
        comments(page).get_by_role("link", name="Reply"),
        comments(page).locator("a:has(time)"),
        thread(page).get_by_role("link", name="by feed"),
    ):
        box = await link.bounding_box()
        assert box is not None
        assert box["height"] >= 24


async def test_a_preview_says_that_it_is_one(page: Page, blog: str, service: Stage) -> None:
    form = await conversation(page, blog, service)
    await form.get_by_label("Your comment").fill("**Loud**")
    await form.get_by_role("button", name="Preview").click()
    await expect(status(page).get_by_role("heading")).to_have_text("Preview. Not sent yet.")
    await expect(status(page).locator("strong")).to_have_text("Loud")


async def test_who_edits_sees_only_what_can_be_changed(page: Page, blog: str, service: Stage) -> None:
    await is_known(service, blog)
    form = await conversation(page, blog, service)
    await write(form, "Wrogn.")
    text, others = form.get_by_label("Your comment"), ("Name", "Email", "Website", "Remember me")
    await expect(text).to_have_value("")
    await text.fill("A second one, begun.")

    await status(page).get_by_role("button", name="Edit").click()
    await expect(text).to_have_value("Wrogn.")
    await expect(text).to_be_focused()
    await expect(form.get_by_role("button", name="Send comment")).to_have_count(0)
    for label in (*others, "Tell me by mail of"):
        await expect(form.get_by_label(label)).to_be_hidden()
    await text.fill("Something else.")
    await form.get_by_role("button", name="Cancel").click()
    await expect(text).to_have_value("A second one, begun.")
    await expect(form.get_by_role("button", name="Cancel")).to_be_hidden()
    for label in others:
        await expect(form.get_by_label(label)).to_be_visible()

    await status(page).get_by_role("button", name="Edit").click()
    await text.fill("Right.")
    await form.get_by_role("button", name="Save").click()
    await expect(status(page)).to_contain_text("Your change is saved.")
    await expect(text).to_have_value("A second one, begun.")
    await form.get_by_role("button", name="Send comment").click()
    await expect(comments(page).last).to_contain_text("A second one, begun.")
    assert [c.raw for c in await kept(service)][1:] == ["Right.", "A second one, begun."]


async def test_a_waiting_comment_is_edited_and_the_form_goes_again(
    page: Page, blog: str, service: Stage
) -> None:
    form = await conversation(page, blog, service)
    await write(form, "Wrogn.")
    await expect(form).to_be_hidden()
    await status(page).get_by_role("button", name="Edit").click()
    await form.get_by_role("button", name="Cancel").click()
    await expect(form).to_be_hidden()
    await expect(status(page)).to_contain_text("Your comment is kept.")


async def test_deleting_is_asked_once(page: Page, blog: str, service: Stage) -> None:
    form = await conversation(page, blog, service)
    await write(form, "Stays.")
    await status(page).get_by_role("button", name="Delete").dblclick()
    await expect(status(page).get_by_role("button", name="Really delete?")).to_be_visible()
    assert [c.raw for c in await kept(service)] == ["Stays."]
    await status(page).get_by_role("button", name="Really delete?").press("Enter")
    await expect(status(page)).to_have_text("Your comment is deleted.")
    assert await kept(service) == []


async def test_a_page_without_a_count_keeps_its_words(page: Page, blog: str, service: Stage) -> None:
    await say(service, "One.", url=f"{blog}/")
    await page.add_init_script(
        """document.onreadystatechange = () => {
          if (document.readyState !== "interactive") return
          const link = document.createElement("a")
          link.dataset.newsletterCount = "https://elsewhere.example/"
          link.textContent = "Discuss"
          document.querySelector("article").append(link)
        }"""
    )
    await page.goto(f"{blog}/")
    await expect(page.locator(".byline a[data-newsletter-count]")).to_have_text("1 comment")
    await expect(page.locator("article > a[data-newsletter-count]")).to_have_text("Discuss")
