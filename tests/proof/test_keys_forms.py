"""Forms with their mails and variants, guides, and the settings, by nobody who has a mouse."""

import asyncio
import re
from pathlib import Path
from typing import Any

import dns.resolver
import pytest

from newsletter.signups import GUIDE
from tests.doctor.conftest import Zone
from tests.pictures import png
from tests.proof.author import website
from tests.proof.keys import Keys, by_keyboard
from tests.web.relays import relay

LIST, NEW, ONE = "/admin/forms", "/admin/forms/new", "/admin/forms/{slug:str}"
MAILS, TEST, PAGE = f"{ONE}/mails", f"{ONE}/test", f"{ONE}/page"
GUIDES, SETTINGS = "/admin/magnets", "/admin/settings"
TITLE = "SELECT title FROM forms WHERE slug = 'keys'"


async def makes(keys: Keys, field: str) -> None:
    """One thing more that the form asks; Enter in a field saves, so the button is pressed."""
    await keys.presses(keys.button("Ask one thing more"), status=200)
    await keys.types(keys.page.get_by_label("What it asks", exact=True).last, field)


@by_keyboard(NEW, "", "add", "up-N", "remove-N")
@by_keyboard(ONE, "", "add", "up-N", "remove-N")
@by_keyboard("/admin/forms/preview")
async def test_a_form(keys: Keys) -> None:
    await keys.begins_at(LIST)
    await keys.follows(keys.page.get_by_role("link", name="Make a new one"))
    await keys.types(keys.page.get_by_label("Its name in addresses"), "keys")
    await keys.types(keys.page.get_by_label("Title", exact=True), "By keyboard")
    for button, field in (("Make this form", "Your town"), ("Save", "Your street")):
        await makes(keys, field)
        await keys.presses(keys.button(re.compile(r"^Move it up\s*: field 2")), status=200)
        await makes(keys, "Your trade")
        await keys.presses(keys.button(re.compile("^Ask this no more")).last, status=200)
        await keys.ticks(keys.page.get_by_label("Structure your career"))
        await keys.previews(keys.button("Preview"))
        await keys.presses(keys.button(button))
        await keys.is_told("Saved.")
    assert await keys.value(TITLE) == "By keyboard"
    await keys.types(keys.page.get_by_label("Title", exact=True), "By keys")
    async with keys.page.expect_event("load"):
        await keys.page.keyboard.press("Enter")  # the first button of the form is one to save
    assert await keys.value(TITLE) == "By keys"


@by_keyboard(MAILS, "", "ours-confirmation", "ours-guide")
@by_keyboard(f"{MAILS}/preview")
async def test_the_words_of_its_mails(keys: Keys) -> None:
    await keys.begins_at(f"{LIST}/course")
    await keys.follows(keys.page.get_by_role("link", name="The words of its mails"))
    for n in (0, 1):
        await keys.types(keys.page.get_by_label("Subject").nth(n), "By keyboard")
    await keys.types(keys.page.get_by_label("Above the button"), "Dear reader,\n\none more press.")
    await keys.previews(keys.button("Preview"))
    await keys.presses(keys.button("Save"))
    await keys.is_told("Saved.")
    for kind in ("asks to confirm", "with the guide"):
        await keys.presses(
            keys.button(re.compile(f"^Back to our own words: the mail .*{kind}|^Back.*{kind}"))
        )
    assert await keys.page.get_by_role("button", name="Back to our own words").count() == 0


@by_keyboard(TEST, "begin", "choose-a", "choose-b")
async def test_two_variants(keys: Keys) -> None:
    title = "SELECT title FROM forms WHERE slug = 'course'"
    before = await keys.value(title)
    for button, stands in (
        ("End the test, and keep A", before),
        ("End the test, and keep B", "Another title"),
    ):
        await keys.begins_at(f"{LIST}/course")
        await keys.follows(keys.page.get_by_role("link", name="Try two variants of its texts"))
        await keys.types(keys.page.get_by_label("Title of B"), "Another title")
        await keys.presses(keys.button("Begin the test"))
        await keys.presses(keys.button(button))
        assert await keys.value(title) == stands


@by_keyboard(PAGE)
async def test_whether_a_page_has_it(keys: Keys, tmp_path: Path) -> None:
    with website(tmp_path) as origin:
        (tmp_path / "box.html").write_text("<!doctype html><title>Box</title>", "utf-8")
        await keys.begins_at(f"{LIST}/closed")
        await keys.types(keys.page.get_by_label("Sites of its own"), origin)
        await keys.presses(keys.page.get_by_role("button", name="Save", exact=True).last)
        await keys.follows(keys.page.get_by_role("link", name="Check that a page of yours carries it"))
        await keys.types(keys.page.get_by_label("The address of the page"), f"{origin}/box.html")
        await keys.presses(keys.button("Check this page"), status=200)
        await keys.is_told("No, readers can’t sign up from there.")


@by_keyboard(GUIDES, "", "magnet")
@by_keyboard(f"{GUIDES}/{{slug:str}}/tell")
async def test_a_guide(keys: Keys, tmp_path: Path) -> None:
    file = tmp_path / "guide.pdf"
    file.write_bytes(GUIDE.read_bytes() + b"\n%\n")
    await keys.begins_at(LIST)
    await keys.follows(keys.page.get_by_role("link", name="Guides"))
    new = keys.page.get_by_role("region", name="A new guide")
    await keys.types(new.get_by_label("Title"), "By keyboard")
    await keys.types(new.get_by_label("Its short name"), "by-keyboard")
    await keys.sends_file(new.get_by_label("The file"), file)
    await keys.presses(keys.button("Make this guide"))
    assert await keys.value("SELECT count(*) FROM magnets WHERE slug = 'by-keyboard'") == 1
    old = keys.page.get_by_role("region", name="Structure your career")
    await keys.comes_to(old.locator("summary"))
    await keys.page.keyboard.press("Enter")
    await keys.types(old.get_by_label("What is new"), "A chapter")
    await keys.sends_file(old.get_by_label("The file"), file)
    await keys.presses(keys.button("Make it the newest version", old))
    await keys.follows(
        keys.page.get_by_role("link", name=re.compile("^Tell those who have an older version"))
    )
    await keys.types(keys.page.get_by_label("What is new in it"), "A chapter more.")
    await keys.presses(keys.button(re.compile("^Mail th")))
    await keys.is_told("told of version 2")


@by_keyboard(SETTINGS)
@by_keyboard(f"{SETTINGS}/logo")
@by_keyboard(f"{SETTINGS}/logo/remove")
@by_keyboard(f"{SETTINGS}/test")
async def test_settings(keys: Keys, tmp_path: Path) -> None:
    await keys.begins_at("/admin")
    await keys.follows(keys.page.get_by_role("link", name="Settings", exact=True))
    await keys.types(keys.page.get_by_label("Your postal address"), "Olga, 2 Quay, Porto")
    await keys.picks(keys.page.get_by_label("What may have arrived of a broadcast"), "ask")
    await keys.ticks(keys.page.get_by_label("Count how often links are followed"))
    await keys.presses(keys.page.get_by_role("button", name="Save", exact=True))
    await keys.is_told("Saved.")
    settings = keys.sights.here.site.settings
    assert (settings.postal_address, settings.in_doubt, settings.clicks) == (
        "Olga, 2 Quay, Porto",
        "ask",
        True,
    )
    await keys.sends_file(
        keys.page.get_by_label("A picture for the top of mails"), Path(png(tmp_path / "a.png", 9, 9))
    )
    await keys.presses(keys.button("Use this picture"))
    assert keys.sights.here.site.settings.logo
    await keys.presses(keys.button("Remove the picture"))
    assert not keys.sights.here.site.settings.logo
    await keys.presses(keys.button("Send me a test mail"))
    await keys.is_told("The test mail waits")


@by_keyboard(f"{SETTINGS}/relay")
@by_keyboard(f"{SETTINGS}/relay/forget")
async def test_the_mail_server(keys: Keys) -> None:
    async with relay(("olga", "geheim")) as box:
        await keys.begins_at(f"{SETTINGS}/relay")
        for label, value in (("The server’s name", "127.0.0.1"), ("Its port", str(box.port))):
            await keys.types(keys.page.get_by_label(label), value)
        await keys.picks(keys.page.get_by_label("How it is spoken to"), "off")
        await keys.types(keys.page.get_by_label("Your name there"), "olga")
        await keys.types(keys.page.get_by_label("Your password there"), "geheim")
        await keys.presses(keys.button("Try it, and use it"))
        await keys.is_told("All mail goes by this server")
        await keys.presses(keys.button("Forget this server"))
        assert keys.page.url.endswith("/relay")


@by_keyboard("/admin/doctor")
async def test_whether_mail_arrives(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a name server of the test's own, and of no other."""
    loop = asyncio.get_running_loop()
    transport, zone = await loop.create_datagram_endpoint(Zone, local_addr=("127.0.0.1", 0))

    def ours(self: Any, _path: str) -> None:
        self.nameservers, self.port = ["127.0.0.1"], zone.port

    monkeypatch.setattr(dns.resolver.BaseResolver, "read_resolv_conf", ours)
    keys.page.set_default_timeout(60_000)
    await keys.begins_at("/admin/doctor")
    await keys.presses(keys.button("Look now"), status=200)
    await keys.is_told("wrong")
    transport.close()
