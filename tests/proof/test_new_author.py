"""The first hour of an author who has never seen this, in a browser: from the printed link to a form on their own page,
a list from another tool, a comment, a broadcast and an export. No manual is open: but for the link that the terminal
prints and the author's own page, all goes by what the page before it shows, and by the links in mails.
"""

import csv
import io
from pathlib import Path
from urllib.parse import quote

from playwright.async_api import Browser, expect

from newsletter.signups import GUIDE
from tests.cli.machine import ADA, CLEO, OLGA
from tests.proof.author import Author, begun

BEN = "ben@example.com"
KIT = f"""first_name,email_address,state,created_at,tags
Ben,{BEN},active,2024-03-01 08:00:00,early
Cleo,{CLEO},cancelled,2023-05-01 08:00:00,
Nobody,nonsense,active,2024-01-01 08:00:00,
"""
ARTICLE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>On keeping a box</title>
<h1>On keeping a box</h1>
<p>A job is what you do this year. A career is what you keep of it.</p>
{form}
{comments}
</html>"""
SAID = "I kept such a box, too."


async def comes_in(olga: Author) -> None:
    """By the link that the terminal prints. Mail server, sender and postal address are named at the desk."""
    printed = olga.machine.run("sign-in-link", OLGA).text.strip()
    await olga.desk.goto(printed)
    await olga.presses("Sign in")
    await expect(olga.desk.get_by_role("heading", level=1)).to_have_text("Today")
    await olga.goes("Settings")
    for label, value in (
        ("The name that your mails are from", "Olga Writes"),
        ("The address that they are from", "letters@example.org"),
        ("Your postal address", "Olga, 1 Quay, Porto"),
    ):
        await olga.desk.get_by_label(label, exact=True).fill(value)
    await olga.presses("Save")
    await olga.is_told("Saved. It counts from now on.")
    await olga.goes("Your mail server: look, or name another one")
    await olga.desk.get_by_label("The server’s name").fill("127.0.0.1")
    await olga.desk.get_by_label("Its port").fill(str(olga.sink.port))
    await olga.desk.get_by_label("How it is spoken to").select_option("off")
    await olga.presses("Try it, and use it")
    await olga.is_told("All mail goes by this server from now on.")
    assert [mail.recipient for mail in olga.sink.mails] == [OLGA.encode()]


async def makes_a_form(olga: Author) -> None:
    """And puts it on her page, by the code that the desk shows; beside it stands that her site has to be named."""
    await olga.goes("Forms", "Make a new one")
    await olga.desk.get_by_label("Its name in addresses").fill("box")
    await olga.desk.get_by_label("Title", exact=True).fill("A guide to your box")
    await olga.desk.get_by_label("Structure your career").check()
    await olga.presses("Make this form")
    await olga.is_told("Saved.")
    await olga.goes("Name your sites")
    await olga.desk.get_by_label("Your sites", exact=True).fill(olga.origin)
    await olga.presses("Save")
    await olga.goes("Forms", "A guide to your box")
    form = await olga.desk.get_by_label("The same in place, without leaving the page").input_value()
    olga.file.write_text(ARTICLE.format(form=form, comments=""), "utf-8")
    await olga.goes("Check that a page of yours carries it")
    await olga.desk.get_by_label("The address of the page").fill(olga.page)
    await olga.presses("Check this page")
    await olga.is_told("Yes, it is there.")

    await olga.goes("Today")
    comments = await olga.desk.get_by_label("Comments", exact=True).input_value()
    for stands in ("https://example.org/this-article", quote("https://example.org/this-article", safe="")):
        assert stands in comments
        comments = comments.replace(stands, olga.page if ":" in stands else quote(olga.page, safe=""))
    olga.file.write_text(ARTICLE.format(form=form, comments=comments), "utf-8")


async def is_joined(olga: Author) -> None:
    """A reader signs up there, confirms by the mail, and has the guide."""
    page = await olga.context.new_page()
    await page.goto(olga.page)
    form = page.locator("newsletter-form")
    await expect(
        form.get_by_role("textbox", name="First name")
    ).to_be_visible()  # ours, in the plain one's place
    await form.get_by_role("textbox", name="First name").fill("Ada")
    await form.get_by_role("textbox", name="Email").press_sequentially(ADA, delay=160)  # as a person types
    await form.get_by_role("button", name="Sign up").click()
    await expect(form.get_by_role("status")).to_contain_text("inbox")
    landed = await olga.follows(await olga.mail(ADA, "Confirm to get your guide"), "Confirm and get my guide")
    await landed.get_by_role("button", name="Download my guide").click()
    async with landed.expect_download() as download:
        await landed.get_by_role("link", name="Download my guide").click()
    assert Path(await (await download.value).path()).read_bytes() == GUIDE.read_bytes()
    await olga.mail(ADA, "Here is your guide")


async def brings_a_list(olga: Author) -> None:
    """As Kit exports it. Who left there stays so, and what is no address is named with its line."""
    file = olga.machine.folder / "subscribers.csv"
    file.write_text(KIT, "utf-8")
    await olga.goes("Subscribers", "Bring subscribers from elsewhere")
    await olga.desk.get_by_label("The file").set_input_files(file)
    await olga.presses("Send it and look at its columns")
    await olga.desk.get_by_label("How these people agreed").fill(
        "The form on my old page, confirmed by mail."
    )
    await olga.presses("Look it over")
    await expect(olga.desk.get_by_role("heading", level=1)).to_have_text("What would happen", timeout=30_000)
    await expect(olga.desk.get_by_role("listitem").filter(has_text="Line 4")).to_be_visible()
    before = len(olga.sink.mails)
    await olga.presses("Take them in")
    await expect(olga.desk.get_by_text("Nobody was mailed.")).to_be_visible(timeout=30_000)
    assert len(olga.sink.mails) == before


async def lets_a_comment_in(olga: Author) -> None:
    """Written below her page, confirmed by its author's mail, and shown once she has approved it."""
    page = await olga.context.new_page()
    await page.goto(olga.page)
    form = page.locator("form.comment-form")
    await form.get_by_label("Your comment").press_sequentially(SAID, delay=110)
    await form.get_by_label("Name").fill("Ada")
    await form.get_by_label("Email").fill(ADA)
    await form.get_by_role("button", name="Send comment").click()
    await expect(page.locator("newsletter-comments").get_by_role("status")).to_contain_text(
        "Your comment is kept"
    )
    landed = await olga.follows(await olga.mail(ADA, "Confirm your comment"), "Confirm it")
    await landed.get_by_role("button", name="Confirm my comment").click()
    await olga.mail(OLGA, "1 comment waits for you")
    await page.reload()
    await expect(form).to_be_visible()
    await expect(page.locator("li.comment")).to_have_count(0)

    await olga.desk.get_by_role("navigation", name="Desk").get_by_role("link", name="Comments").click()
    await expect(olga.desk.locator(".words")).to_have_text(SAID)
    await olga.desk.locator("li.row").get_by_role("button", name="Approve").click()
    await olga.is_told("1 comment approved.")
    await page.reload()
    await expect(page.locator("li.comment")).to_contain_text(SAID)


async def writes_to_all(olga: Author) -> None:
    """Seen in its preview, and sent to those who are active: who left elsewhere gets none."""
    await olga.goes("Broadcasts", "Write a new one")
    await olga.desk.get_by_label("Subject").fill("On boxes")
    await olga.desk.locator("textarea[name=body]").fill('Hello {{ first_name | "there" }}, keep a *box*.')
    preview = olga.desk.frame_locator("iframe:not(.coming)")
    await expect(preview.get_by_role("heading", name="On boxes")).to_be_visible()
    await expect(preview.get_by_text("keep a box")).to_be_visible()
    await olga.presses("Save, and go on to sending")
    await olga.presses("Send it to 2 people now")
    await expect(olga.desk.locator(".state.sent")).to_be_visible(timeout=30_000)
    await expect(olga.desk.locator(".reached")).to_have_text("2 of 2 sent.")
    for email, name in ((ADA, "Ada"), (BEN, "Ben")):
        mail = await olga.mail(email, "On boxes")
        body = mail.get_body(("plain",))
        assert body is not None
        assert f"Hello {name}, keep a" in body.get_content()
        assert "1 Quay, Porto" in body.get_content()
        assert mail["From"] == "Olga Writes <letters@example.org>"
    assert CLEO.encode() not in [mail.recipient for mail in olga.sink.mails]


async def takes_all_out(olga: Author) -> None:
    await olga.goes("Today")
    async with olga.desk.expect_download() as download:
        await olga.presses("Export")
    text = Path(await (await download.value).path()).read_text("utf-8-sig")
    rows = {row["email"]: row for row in csv.DictReader(io.StringIO(text))}
    assert {email: (row["name"], row["status"], row["form"]) for email, row in rows.items()} == {
        ADA: ("Ada", "active", "box"),
        BEN: ("Ben", "active", ""),
        CLEO: ("Cleo", "unsubscribed", ""),
    }
    assert rows[ADA]["consent_message_id"]
    assert rows[BEN]["tags"] == "early"
    await olga.goes("Subscribers", BEN)
    await expect(
        olga.desk.get_by_text("The form on my old page").first
    ).to_be_visible()  # how he agreed is kept


async def test_from_the_printed_link_to_an_export(browser: Browser, tmp_path: Path, compiled: Path) -> None:
    async with begun(browser, tmp_path, compiled) as olga:
        await comes_in(olga)
        await makes_a_form(olga)
        await is_joined(olga)
        await brings_a_list(olga)
        await lets_a_comment_in(olga)
        await writes_to_all(olga)
        await takes_all_out(olga)
        assert await olga.context.cookies() == []
