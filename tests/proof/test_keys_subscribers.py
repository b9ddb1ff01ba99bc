"""Subscribers, one and many, from elsewhere and mailed no more, by nobody who has a mouse."""

import json
import re
from pathlib import Path

from playwright.async_api import expect

from newsletter.clock import DAY
from newsletter.web.kit import broadcasting, changing_many, importing
from tests.proof.keys import Keys, by_keyboard
from tests.web.stage import ADA, BEN

LIST, ONE = "/admin/subscribers", "/admin/subscribers/{id:str}"
MANY, CHANGE = "/admin/subscribers/many", "/admin/subscribers/many/{id:str}"
LISTED, AGAIN, DOMAINS = "/admin/suppressions", "/admin/ask-again", "/admin/domains"
IMPORT, FILE = "/admin/import", "/admin/import/{id:str}"
PEOPLE = "Email,Called,Town\nada@x.example,Ada,Porto\nnonsense,,\n"


async def goes_to(keys: Keys, email: str) -> int:
    """By the field that finds her, and the link to her page."""
    await keys.begins_at(LIST)
    await keys.types(keys.page.get_by_label("Address or name begins with"), email)
    await expect(keys.page.locator("tbody tr")).to_have_count(1)
    await keys.follows(keys.page.get_by_role("link", name=email))
    return int(keys.page.url.rpartition("/")[2])


@by_keyboard("GET /admin/export")
@by_keyboard(f"GET {LIST}")
@by_keyboard("GET /admin/audit")
async def test_what_is_looked_for(keys: Keys) -> None:
    await keys.begins_at("/admin")
    await keys.picks(keys.page.get_by_label("Who", exact=True), "pending")
    await keys.picks(keys.page.get_by_label("As", exact=True), "ndjson")
    lines = (await keys.downloads(keys.button("Export"))).splitlines()
    assert lines
    assert {json.loads(line)["status"] for line in lines} == {"pending"}
    await keys.begins_at(LIST)
    await keys.types(keys.page.get_by_label("Address or name begins with"), ADA)
    await keys.asks(keys.button("Find"))
    await expect(keys.page.locator("tbody tr")).to_have_count(1)
    await keys.types(keys.page.get_by_label("Only who is in this segment"), "tag:coaching")
    await keys.asks(keys.button("Show"))
    await expect(keys.page.locator("tbody tr")).to_have_count(1)
    await keys.begins_at("/admin/audit")
    before = await keys.page.locator(".timeline li").count()
    await keys.picks(keys.page.get_by_label("About what"), "export")
    await keys.asks(keys.button("Show"))
    assert 0 < await keys.page.locator(".timeline li").count() <= before


@by_keyboard(
    ONE,
    "rename",
    "keep",
    "tag",
    "untag",
    "mail guide",
    "unsubscribe",
    "suppress",
    "unsuppress",
    "erase",
    "erase sure",
)
async def test_one_of_them(keys: Keys) -> None:
    id = await goes_to(keys, ADA)
    await keys.types(keys.page.get_by_label("Name", exact=True), "Countess")
    await keys.presses(keys.page.get_by_role("button", name="Save", exact=True).first)
    assert await keys.value("SELECT name FROM subscribers WHERE id = :id", id=id) == "Countess"
    await keys.types(keys.page.get_by_label("Another field"), "town")
    await keys.types(keys.page.get_by_label("Its value"), "Porto")
    await keys.presses(keys.button("Add it"))
    assert "Porto" in str(await keys.value("SELECT fields FROM subscribers WHERE id = :id", id=id))
    await keys.types(keys.page.get_by_label("Another tag"), "keys")
    await keys.presses(keys.button("Give it"))
    tagged = """SELECT count(*) FROM subscriber_tags s JOIN tags t ON t.id = s.tag_id
                WHERE s.subscriber_id = :id AND t.name = 'keys'"""
    assert await keys.value(tagged, id=id) == 1
    await keys.presses(keys.button("Take off keys"))
    assert await keys.value(tagged, id=id) == 0
    await keys.presses(keys.button(re.compile("^Mail “.+” again$")).first)
    await keys.is_told("on its way to them")
    await keys.presses(keys.button("Unsubscribe"))
    assert await keys.value("SELECT status FROM subscribers WHERE id = :id", id=id) == "unsubscribed"
    for button, words in (
        ("Never mail this address", "is on the suppression"),
        ("Let it be mailed again", "is off the"),
    ):
        await keys.presses(keys.button(button))
        await keys.is_told(words)
    await keys.presses(keys.button("Erase …"), status=200)
    await keys.presses(keys.button("Erase them"))
    assert await keys.value("SELECT count(*) FROM subscribers WHERE id = :id", id=id) == 0


@by_keyboard(ONE, "mail", "unsuppress", "unsuppress sure")
async def test_one_who_waits_and_one_who_complained(keys: Keys) -> None:
    id = await goes_to(keys, BEN)
    await keys.run("UPDATE signups SET at = at - 172800000 WHERE subscriber_id = :id", id=id)
    keys.sights.here.clock.forward(2 * DAY)
    await keys.begins_at(f"{LIST}/{id}")
    await keys.presses(keys.button("Mail the confirmation again"))
    await keys.is_told("on its way to them")
    complained = "SELECT id FROM subscribers WHERE status = 'complained' LIMIT 1"
    id = await keys.value(complained)
    await keys.begins_at(f"{LIST}/{id}")
    await keys.presses(keys.button("Let it be mailed again …"), status=200)
    await keys.presses(keys.button("They asked me to"))
    await keys.is_told("off the suppression list")


@by_keyboard(MANY, "tag", "untag", "erase")
@by_keyboard(CHANGE, "start", "stop", "undo")
async def test_many_at_once(keys: Keys) -> None:
    tagged = "SELECT count(*) FROM subscriber_tags s JOIN tags t ON t.id = s.tag_id WHERE t.name = 'spring'"
    site = keys.sights.here.site
    await _asks(keys, "Give the tag …")
    await keys.presses(keys.button("Give them the tag"))
    await keys.presses(keys.button("Stop"))
    assert await keys.value(tagged) == 0
    await keys.presses(keys.button("Go on"))
    await changing_many.keep_going(site)
    assert (many := await keys.value(tagged)) > 50
    await keys.page.reload()
    await keys.presses(keys.button("Undo it"))
    await changing_many.keep_going(site)
    assert await keys.value(tagged) == 0
    await _asks(keys, "Take the tag off …")
    await keys.presses(keys.button("Take the tag off"))
    await changing_many.keep_going(site)
    await keys.begins_at(LIST)
    for box in (await keys.page.locator("input.tick").all())[:2]:
        await keys.ticks(box)
    before = await keys.value("SELECT count(*) FROM subscribers")
    await keys.presses(keys.button("Erase …"))
    await keys.presses(keys.button("Erase them for good"))
    await changing_many.keep_going(site)
    assert await keys.value("SELECT count(*) FROM subscribers") == before - 2 >= many - 2


async def _asks(keys: Keys, button: str) -> None:
    await keys.begins_at(LIST)
    await keys.picks(keys.page.get_by_label("Whom"), "all")
    await keys.types(keys.page.get_by_label("Tag", exact=True), "spring")
    await keys.presses(keys.button(button))


@by_keyboard(f"GET {LISTED}")
@by_keyboard(LISTED)
@by_keyboard(f"{LISTED}/lift")
@by_keyboard(f"{LISTED}/import")
@by_keyboard(f"{LISTED}/file")
async def test_who_is_mailed_nothing(keys: Keys, tmp_path: Path) -> None:
    listed = "SELECT count(*) FROM suppressions"
    before = await keys.value(listed)
    await keys.begins_at(LISTED)
    for button, count in (("Put it on the list", before + 1), ("Take it off the list", before)):
        await keys.types(keys.page.get_by_label("Email address"), "dora@keys.example")
        await keys.asks(keys.button("Look it up"))
        await keys.presses(keys.button(button))
        assert await keys.value(listed) == count
    await keys.types(keys.page.get_by_label("Addresses, one a line"), "a@keys.example\nb@keys.example")
    await keys.presses(keys.button("Put them on the list"), status=200)
    assert await keys.value(listed) == before + 2
    file = tmp_path / "list.txt"
    file.write_text("c@keys.example\n", "utf-8")
    await keys.begins_at(LISTED)
    await keys.sends_file(keys.page.get_by_label("A file"), file)
    await keys.presses(keys.button("Put those in the file on the list"), status=200)
    assert await keys.value(listed) == before + 3


@by_keyboard(f"GET {FILE}")
@by_keyboard(IMPORT)
@by_keyboard(FILE, "check", "again", "start", "delete")
async def test_from_elsewhere(keys: Keys, tmp_path: Path) -> None:
    file, site = tmp_path / "people.csv", keys.sights.here.site
    file.write_text(PEOPLE, "utf-8")
    await keys.run("DELETE FROM import_uploads WHERE state IN ('checking', 'importing')")  # they would go on
    await keys.begins_at(IMPORT)
    await keys.sends_file(keys.page.get_by_label("The file"), file)
    await keys.presses(keys.button("Send it and look at its columns"))
    await keys.picks(keys.page.get_by_label("It is read as"), "iso-8859-15")
    await keys.asks(keys.button("Read it so"))
    column = keys.page.locator("select").filter(has=keys.page.locator("option[value=name]")).nth(1)
    await keys.picks(column, "name")
    await keys.types(keys.page.get_by_label("How these people agreed"), "The form on my old page.")
    for button, comes_to in (
        ("Look it over", "checked"),
        ("Back to the columns", "uploaded"),
        ("Look it over", "checked"),
    ):
        await keys.presses(keys.button(button))
        await importing.keep_going(site)
        assert await keys.value("SELECT state FROM import_uploads ORDER BY id DESC LIMIT 1") == comes_to
        await keys.page.reload()
    await keys.presses(keys.button("Take them in"))
    await importing.keep_going(site)
    assert await keys.value("SELECT name FROM subscribers WHERE email = 'ada@x.example'") == "Ada"
    await keys.page.reload()
    before = await keys.value("SELECT count(*) FROM import_uploads")
    await keys.presses(keys.button("Forget this import"))
    assert await keys.value("SELECT count(*) FROM import_uploads") == before - 1


@by_keyboard(DOMAINS, "", "sure")
async def test_mailboxes_that_take_nothing(keys: Keys) -> None:
    await keys.begins_at(DOMAINS)
    before = await keys.value("SELECT count(*) FROM suppressions")
    await keys.presses(keys.button("Mail them no more for 90 days"), status=200)
    await keys.presses(keys.button("Yes, mail them no more"))
    assert await keys.value("SELECT count(*) FROM suppressions") > before


@by_keyboard(AGAIN, "write", "end", "leave", "leave sure")
async def test_whether_they_stay(keys: Keys) -> None:
    site = keys.sights.here.site
    await keys.begins_at(AGAIN)
    await keys.types(keys.page.get_by_label("Whom to ask"), "joined < 2030-01-01")
    await keys.presses(keys.button("Write the draft"))
    id = int(re.findall(r"/broadcasts/(\d+)", keys.page.url)[0])
    await broadcasting.send_off(site, await site.db.read(site.broadcasts.find, id))
    await broadcasting.fill(site, id)
    sent = """UPDATE outbox SET state = 'sent', settled_at = created_at
              WHERE mailing_id = (SELECT mailing_id FROM broadcasts WHERE id = :id)"""
    await keys.run(sent, id=id)
    await keys.run("UPDATE broadcasts SET sent_at = sent_at - :some WHERE id = :id", some=20 * DAY, id=id)
    active = "SELECT count(*) FROM subscribers WHERE status = 'active'"
    before = await keys.value(active)
    await keys.begins_at(AGAIN)
    await keys.presses(keys.button("Unsubscribe who did not answer"), status=200)
    assert await keys.value(active) == before
    await keys.presses(keys.button("Yes, unsubscribe them"))
    assert await keys.value(active) < before
    await keys.presses(keys.button("End the question"))
    await expect(keys.page.get_by_label("Whom to ask")).to_be_visible()
