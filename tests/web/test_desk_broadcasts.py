"""Writing a broadcast at the desk, and sending it off: nothing typed is lost, and nothing goes twice."""

import asyncio
import re
from collections.abc import AsyncIterator
from html import unescape

import pytest

from newsletter.clock import MINUTE
from tests.web.broadcaster import LETTER, Broadcaster, at_desk, subscribed, tagged
from tests.web.conftest import Serve
from tests.web.stage import OLGA, Stage


@pytest.fixture
async def desk(still: Stage) -> Broadcaster:
    return await at_desk(still)


@pytest.fixture
async def lisbon(serve: Serve) -> AsyncIterator[Broadcaster]:
    """Where it is noon, on 15 January 2026, in winter as in London."""
    async with serve(worker=False, time_zone="Europe/Lisbon") as stage:
        yield await at_desk(stage)


async def test_a_draft_is_written_kept_and_changed(desk: Broadcaster) -> None:
    assert "Nothing yet." in await desk.sees("")
    await subscribed(desk.stage, 2)
    assert "2 people at the moment." in await desk.sees("/new")
    id = await desk.writes(archive="yes")
    page = await desk.sees(f"/{id}?done=saved")
    assert "Saved." in page
    assert all(value in unescape(page) for value in LETTER.values())
    assert (await desk.now(id)).archive

    changed = {**LETTER, "subject": "On <b>leisure</b>", "audience": "tag:a"}
    saved = await desk.sends(f"/{id}", action="save", version="1", **changed)
    assert (saved.status_code, saved.headers["Location"]) == (303, f"/admin/broadcasts/{id}?done=saved")
    now = await desk.now(id)
    assert (now.subject, now.audience, now.archive) == ("On <b>leisure</b>", "tag:a", False)
    assert now.slug == "on-b-leisure-b"  # it goes with the subject until it is sent
    listed = await desk.sees("")
    assert "On &lt;b&gt;leisure&lt;/b&gt;" in listed
    assert "<b>leisure" not in listed
    assert "draft" in listed.lower()


async def test_who_would_send_it_to_nobody_is_shown_the_way_to_readers(desk: Broadcaster) -> None:
    """One press spends a letter: it is sent, and can only be copied."""
    nobody = "At the moment nobody would get it."
    id, narrow = await desk.writes(), await desk.writes(audience="tag:none")
    page = await desk.sees(f"/{id}/send")
    assert nobody in page
    assert 'href="/admin/import"' in page
    await subscribed(desk.stage, 1)
    assert nobody not in await desk.sees(f"/{id}/send")
    page = await desk.sees(f"/{narrow}/send")
    assert nobody in page
    assert f'<a href="/admin/broadcasts/{narrow}">Change who gets it</a>' in page


async def test_its_address_in_the_archive_goes_with_its_subject(desk: Broadcaster) -> None:
    first, second = await desk.writes(subject=""), await desk.writes()
    assert [(await desk.now(id)).slug for id in (first, second)] == ["broadcast", "on-work"]
    await desk.sends(f"/{first}", action="save", version="1", **LETTER)
    assert (await desk.now(first)).slug == "on-work-2"
    await desk.sends(f"/{first}", action="save", version="2", **(LETTER | {"subject": "On work!"}))
    assert (await desk.now(first)).slug == "on-work-2"


async def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(desk: Broadcaster) -> None:
    wrong = {**LETTER, "audience": "tags:x and", "sender": "Ada", "subject": "a\u202eb"}
    refused = await desk.sends("/new", action="save", **wrong)
    assert refused.status_code == 422
    page = unescape(refused.text)
    for name, sentence in {
        "audience": "Column 1: tags: is no condition.",
        "sender": "The sender can’t be used.",
        "subject": "invisible characters",
    }.items():
        assert re.search(rf'id="{name}-error".*{re.escape(sentence)}', page), (name, sentence)
    assert 'value="tags:x and"' in page
    assert LETTER["body"] in page
    assert await desk.all() == []


async def test_checks_name_what_keeps_it_from_being_sent(desk: Broadcaster) -> None:
    body = "![](https://example.org/x.png) {{ nonsense }} [a](htp://b)"
    page = unescape((await desk.sends("/new", action="look", subject="", body=body)).text)
    for sentence in ("The subject is missing.", "no alternative text", "is no merge tag", "htp://b"):
        assert sentence in page, sentence
    assert await desk.all() == []
    await tagged(desk.stage, "work")
    misspelt = unescape((await desk.sends("/new", action="look", **(LETTER | {"audience": "tag:wrok"}))).text)
    assert "There is no tag “wrok”" in misspelt
    id = await desk.writes(body=body)
    assert "It can’t go as it is" in await desk.sees(f"/{id}/send")
    forced = await desk.sends(f"/{id}/send", action="now", version="1")
    assert forced.status_code == 422
    assert (await desk.now(id)).state == "draft"


async def test_who_saves_second_is_told_and_may_save_over_it(desk: Broadcaster) -> None:
    id = await desk.writes()
    first = await desk.sends(f"/{id}", action="save", version="1", **(LETTER | {"body": "First."}))
    assert first.status_code == 303
    late = await desk.sends(f"/{id}", action="save", version="1", **(LETTER | {"body": "Late."}))
    assert late.status_code == 409
    assert "changed this broadcast meanwhile" in late.text
    assert "Late.</textarea>" in late.text
    assert f'href="/admin/broadcasts/{id}/preview"' in late.text  # theirs
    assert (await desk.now(id)).body == "First."
    assert 'name="version" value="2"' in late.text
    await desk.sends(f"/{id}", action="save", version="2", **(LETTER | {"body": "Late."}))
    assert (await desk.now(id)).body == "Late."


async def test_a_copy_goes_to_who_asks_for_it(desk: Broadcaster) -> None:
    asked = await desk.sends("/new", action="test", **LETTER)
    assert asked.headers["Location"].endswith("?done=tested")
    assert [mail.recipient for mail in await desk.stage.house.mails() if mail.message == ""] == [OLGA]
    wrong = await desk.sends("/new", action="test", **(LETTER | {"body": ""}))
    assert wrong.status_code == 422
    assert "It is saved, but no copy was sent.</h2>" in wrong.text
    assert wrong.text.count("There is no text.") == 1  # in the list beside the text
    assert len(await desk.all()) == 2  # what was typed is saved nevertheless


async def test_sending_says_to_whom_and_pressed_at_once_it_goes_once(desk: Broadcaster) -> None:
    await subscribed(desk.stage, 3)
    await tagged(desk.stage, "work", 2, 3)
    id = await desk.writes(audience="tag:work")
    saved = await desk.sends(f"/{id}", action="next", version="1", **(LETTER | {"audience": "tag:work"}))
    assert saved.headers["Location"] == f"/admin/broadcasts/{id}/send"
    page = await desk.sees(f"/{id}/send")
    for words in ("On work, friend", "<code>tag:work</code>", "Send it to 2 people now", "not shown"):
        assert words in page, words
    assert (await desk.now(id)).state == "draft"  # a look sends nothing

    presses = [desk.sends(f"/{id}/send", action="now", version="2") for _ in range(4)]
    answers = await asyncio.gather(*presses)
    assert {answer.status_code for answer in answers} == {303}
    ends = sorted(answer.headers["Location"].partition("?")[2] for answer in answers)
    assert ends == ["done=already"] * 3 + ["done=sent"]
    assert [one.state for one in await desk.all()] == ["sending"]
    assert await desk.stage.house.count("SELECT count(*) FROM mailings") == 1
    typed = await desk.sends(f"/{id}", action="save", version="3", **LETTER)
    assert typed.status_code == 409
    assert "can’t be changed" in unescape(typed.text)


async def test_what_somebody_changed_meanwhile_is_not_sent_unseen(desk: Broadcaster) -> None:
    id = await desk.writes()
    await desk.sends(f"/{id}", action="save", version="1", **(LETTER | {"body": "Changed."}))
    for fields in ({"action": "now"}, {"action": "later", "at": "2026-02-01T09:00"}):
        refused = await desk.sends(f"/{id}/send", version="1", **fields)
        assert refused.status_code == 409
        assert (await desk.now(id)).state == "draft"


async def test_the_very_same_again_is_told(desk: Broadcaster) -> None:
    id = await desk.on_its_way()
    copied = await desk.does(id, "copy")
    copy = int(re.findall(r"/(\d+)\?done=copied", copied.headers["Location"])[0])
    assert "The very same was sent" in await desk.sees(f"/{copy}/send")
    assert "The very same was sent" not in await desk.sees(f"/{await desk.writes(body='New.')}/send")


async def test_it_waits_for_a_time_of_the_owners_clock(lisbon: Broadcaster) -> None:
    id = await lisbon.writes()
    set_ = await lisbon.sends(f"/{id}/send", action="later", version="1", at="2026-07-20T09:00")
    assert set_.status_code == 303
    again = await lisbon.sends(f"/{id}/send", action="later", version="1", at="2026-07-20T09:00")
    assert again.status_code == 303
    one = await lisbon.now(id)
    assert (one.state, one.send_at) == ("scheduled", 1_784_534_400_000)  # 08:00 UTC
    assert "It goes out on 20 July 2026, 09:00 WEST" in await lisbon.sees(f"/{id}")
    moved = await lisbon.sends(f"/{id}/send", action="later", version=str(one.version), at="2026-07-21T09:00")
    assert moved.status_code == 303
    assert (await lisbon.now(id)).send_at == 1_784_620_800_000
    await lisbon.does(id, "unschedule")
    assert (await lisbon.now(id)).state == "draft"


TIMES = {
    "2026-01-15T11:59": "That time is over.",
    "2026-03-29T01:30": "Clocks skip 01:30 on that day. The same moment is 02:30 WEST",
    "2026-03-29": "Give the day and the time",
    "tomorrow": "Give the day and the time",
    "": "Give the day and the time",
}


async def test_a_time_that_is_none_is_named_beside_its_field(lisbon: Broadcaster) -> None:
    id = await lisbon.writes()
    for at, sentence in TIMES.items():
        refused = await lisbon.sends(f"/{id}/send", action="later", version="1", at=at)
        assert refused.status_code == 422
        assert sentence in refused.text
        assert 'aria-describedby="at-error at-help"' in refused.text
        assert (await lisbon.now(id)).state == "draft"
    far = await lisbon.sends(f"/{id}/send", action="later", version="1", at="9999-12-31T23:59")
    assert far.status_code == 303


async def test_of_a_time_that_comes_twice_the_owner_chooses_one(lisbon: Broadcaster) -> None:
    id = await lisbon.writes()
    typed = {"action": "later", "version": "1", "at": "2026-10-25T01:30"}
    asked = await lisbon.sends(f"/{id}/send", **typed)
    assert asked.status_code == 200
    assert "Clocks show this time twice" in asked.text
    assert re.findall(r'name="offset" value="([^"]+)"', asked.text) == ["+0100", "+0000"]
    assert (await lisbon.now(id)).state == "draft"
    await lisbon.sends(f"/{id}/send", offset="+0000", **typed)
    assert (await lisbon.now(id)).send_at == 1_792_891_800_000  # 01:30 UTC, the second one


async def test_a_long_text_is_taken_whole_and_a_longer_one_refused(desk: Broadcaster) -> None:
    id = await desk.writes(body="Ü" * 100_000)
    assert len((await desk.now(id)).body) == 100_000
    refused = await desk.sends("/new", action="save", **(LETTER | {"body": "x" * 100_001}))
    assert refused.status_code == 422
    assert "100000 characters at most" in refused.text


async def test_numbers_of_nothing(desk: Broadcaster) -> None:
    for path in ("/1", "/x", "/99999999999999999999", "/1/send", "/1/people", "/1/people.csv", "/1/preview"):
        assert (await desk.web.get(f"/admin/broadcasts{path}")).status_code == 404, path
    for path in ("/1/do", "/x/do"):
        assert (await desk.sends(path, action="copy")).status_code == 404
    assert (await desk.sends("/1/send", action="now", version="1")).status_code == 404
    assert (await desk.sends("/1", action="save", version="1", **LETTER)).status_code == 404


async def test_drafts_come_in_pages(desk: Broadcaster) -> None:
    ids = [await desk.writes(subject=f"Number {n}") for n in range(21)]
    desk.stage.clock.forward(MINUTE)
    first = await desk.sees("")
    older = re.findall(r'href="/admin/broadcasts(\?before=\d+)"', first)
    second = await desk.sees(older[0])
    seen = [int(id) for id in re.findall(r'<a href="/admin/broadcasts/(\d+)"', first + second)]
    assert seen == ids[::-1]


async def test_a_misspelt_name_is_told_where_people_are_counted(desk: Broadcaster) -> None:
    id = await desk.writes(audience="not form:giude")
    for page in (f"/{id}", f"/{id}/send"):
        assert "There is no form “giude”. Did you mean guide?" in unescape(await desk.sees(page))
