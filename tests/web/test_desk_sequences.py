"""Sequences at the desk: made, written, put in order, turned on, and who is where in them."""

import re
from dataclasses import dataclass
from html import unescape

import httpx
import pytest

from newsletter.clock import DAY
from newsletter.sequences import Sequence, Step
from newsletter.web.kit import sequencing
from newsletter.words import speak
from tests.conftest import ON_ONE
from tests.mail.conftest import run
from tests.web.stage import ADA, BEN, OLGA, Stage
from tests.web.test_desk import csrf_on

pytestmark = ON_ONE
STEP = {"wait": "2", "unit": "day", "subject": "The box, at last", "body": "Hello {{ first_name | 'you' }}."}


@dataclass
class Desk:
    web: httpx.AsyncClient
    csrf: str
    stage: Stage

    async def sees(self, path: str = "/welcome", status: int = 200) -> str:
        answer = await self.web.get(f"/admin/sequences{path}")
        assert answer.status_code == status, answer.text
        return unescape(answer.text)

    async def press(self, path: str, status: int = 303, /, **fields: str) -> str:
        """Where it leads, or the page that says why not."""
        answer = await self.web.post(f"/admin/sequences{path}", data={"csrf": self.csrf, **fields})
        assert answer.status_code == status, answer.text
        return answer.headers["Location"] if status == 303 else unescape(answer.text)

    async def makes(self, start: str = "confirmed", *steps: str, **value: str) -> None:
        await self.press("", slug="welcome", start=start, **value)
        for subject in steps:
            await self.press("/welcome/steps/new", action="save", **(STEP | {"subject": subject}))

    async def now(self) -> Sequence:
        return await self.stage.site.db.read(self.stage.site.sequences.find, "welcome")

    async def steps(self) -> list[Step]:
        return await self.stage.site.db.read(self.stage.site.sequences.steps, (await self.now()).id)

    async def round(self) -> None:
        await sequencing.Rounds(self.stage.site).once()


@pytest.fixture
async def desk(still: Stage) -> Desk:
    web = await still.visitor()
    await still.signs_in(web)
    return Desk(web, csrf_on(await web.get("/admin/sequences")), still)


async def test_one_is_made_its_steps_written_and_changed(desk: Desk) -> None:
    assert "There is no sequence yet." in await desk.sees("")
    for wrong, field in (({"slug": "A b"}, "slug"), ({"start": "tag"}, "tag"), ({"start": "form"}, "form")):
        page = await desk.press("", 422, **({"slug": "welcome", "start": "confirmed"} | wrong))
        assert f'href="#field-{field}"' in page, wrong
    await desk.makes("form", form="guide")
    assert "There is a sequence of this name already." in await desk.press(
        "", 422, slug="welcome", start="confirmed"
    )
    assert (await desk.now()).started_by == "confirmed:guide"
    assert "who signed up by “" in await desk.sees("")
    assert (
        await desk.press("/welcome/steps/new", action="save", **STEP) == "/admin/sequences/welcome?done=saved"
    )
    (step,) = await desk.steps()
    assert (step.slug, step.delay, step.subject) == ("the-box-at-last", 2 * DAY, STEP["subject"])
    own = f"/welcome/steps/{step.id}"
    page = await desk.sees(own)
    assert all(f'value="{value}"' in page for value in ("2", "day", STEP["subject"]))
    await desk.press(own, action="save", version="1", **(STEP | {"wait": "0", "body": "Other."}))
    (step,) = await desk.steps()
    assert (step.slug, step.delay, step.body, step.revision) == ("the-box-at-last", 0, "Other.", 2)
    late = await desk.press(own, 409, action="save", version="1", **(STEP | {"body": "Late."}))
    assert "Late.</textarea>" in late
    assert 'name="version" value="2"' in late
    assert (await desk.steps())[0].body == "Other."
    await desk.sees("/welcome/steps/999", 404)
    await desk.sees("/none", 404)
    assert await desk.press("/welcome", action="delete") == "/admin/sequences?done=deleted"
    await desk.sees("/welcome", 404)


async def test_checks_and_preview_are_those_of_broadcasts(desk: Desk) -> None:
    await desk.makes()
    wrong = await desk.press(
        "/welcome/steps/new", 422, action="save", **(STEP | {"wait": "x", "sender": "Ada"})
    )
    assert all(f'href="#field-{name}"' in wrong for name in ("wait", "sender"))
    looked = await desk.press("/welcome/steps/new", 200, action="look", **(STEP | {"body": "{{ nick }}"}))
    assert "is no merge tag" in looked
    assert await desk.steps() == []
    shown = await desk.web.post("/admin/sequences/welcome/preview", data={"csrf": desk.csrf, **STEP})
    assert "Hello you." in unescape(shown.text)
    assert shown.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


async def test_a_copy_goes_to_who_asks(desk: Desk) -> None:
    await desk.makes("confirmed", "One")
    sent = await desk.press("/welcome/steps/new", action="test", **STEP)
    assert sent.endswith("?done=tested")
    assert await desk.press("/welcome", action="test") == "/admin/sequences/welcome?done=all-tested"
    mails = [mail.recipient for mail in await desk.stage.house.mails() if mail.message == ""]
    assert mails == [OLGA] * 3
    wrong = await desk.press("/welcome/steps/new", 422, action="test", **(STEP | {"body": ""}))
    assert "It is saved, but no copy was sent." in wrong
    assert len(await desk.steps()) == 3


async def test_steps_are_put_in_order_removed_and_put_back(desk: Desk) -> None:
    await desk.makes("confirmed", "One", "Two", "Three")
    one, two, three = await desk.steps()

    async def order() -> list[str]:
        return [step.subject for step in await desk.steps()]

    await desk.press("/welcome", action=f"up-{three.id}")
    assert await order() == ["One", "Three", "Two"]
    await desk.press("/welcome", action=f"down-{one.id}")
    await desk.press("/welcome", action=f"up-{three.id}")
    assert await order() == ["Three", "One", "Two"]
    await desk.press("/welcome", action=f"remove-{one.id}")
    assert await order() == ["Three", "Two"]
    await desk.sees(f"/welcome/steps/{one.id}", 404)
    assert f'value="back-{one.id}"' in await desk.sees()
    await desk.press("/welcome", action=f"back-{one.id}")
    assert await order() == ["Three", "One", "Two"]
    for left in (one, two):
        await desk.press("/welcome", action=f"remove-{left.id}")
    await desk.press("/welcome", action="on")
    assert "keeps one step at least" in await desk.press("/welcome", 409, action=f"remove-{three.id}")
    await desk.press("/welcome", 422, action="dance")
    await desk.press("/welcome", 422, action="dance-1")


async def test_only_what_can_be_sent_is_on(desk: Desk) -> None:
    await desk.makes()
    assert "It has no steps yet" in await desk.press("/welcome", 422, action="on")
    await desk.press("/welcome/steps/new", action="save", **(STEP | {"body": "{{ nick }}"}))
    assert "is no merge tag" in await desk.press("/welcome", 422, action="on")
    (step,) = await desk.steps()
    await desk.press(f"/welcome/steps/{step.id}", action="save", version="1", **STEP)
    await desk.press("/welcome", action="on")
    wrong = await desk.press(
        f"/welcome/steps/{step.id}", 422, action="save", version="2", **(STEP | {"body": "{{ nick }}"})
    )
    assert "The sequence is on" in wrong
    assert (await desk.steps())[0].body == STEP["body"]
    assert (await desk.now()).state == "on"
    await desk.press("/welcome", action="off")
    assert (await desk.now()).state == "off"


async def test_what_starts_it_is_changed(desk: Desk) -> None:
    await desk.makes("confirmed", "One")
    for start, value, said in (
        ("tag", {"tag": "work"}, "gets the tag “work”"),
        ("downloaded", {"guide": "structure-your-career"}, "downloads “"),
    ):
        await desk.press("/welcome", action="start", start=start, **value)
        assert said in await desk.sees()
    assert "no form called “none”" in await desk.press(
        "/welcome", 422, action="start", start="form", form="none"
    )
    assert (await desk.now()).started_by == "downloaded:structure-your-career"


async def test_who_came_before_begins_once_their_number_was_seen(desk: Desk) -> None:
    await desk.stage.house.joins(ADA)
    desk.stage.clock.forward(DAY)
    await desk.makes("confirmed", "One")
    for day in ("soon", "2200-01-01"):
        assert 'href="#field-since"' in await desk.press("/welcome", 422, action="on", since=day)
    assert "One person did what starts it" in await desk.press(
        "/welcome", 200, action="on", since="2026-01-01"
    )
    assert (await desk.now()).state == "off"
    await desk.press("/welcome", action="on", since="2026-01-01", sure="1")
    await desk.round()
    assert ADA in await desk.sees("/welcome/people")


async def test_who_is_where_and_what_became_of_it(desk: Desk) -> None:
    await desk.makes("confirmed", "One", "Two")
    one, two = await desk.steps()
    await desk.press("/welcome", action="on")
    ada, ben = [await desk.stage.house.joins(email) for email in (ADA, BEN)]
    await desk.round()
    assert "2 people wait for the first step." in await desk.sees()
    await desk.stage.site.db.write(desk.stage.site.subscribers.unsubscribe, ben.id, "test")
    desk.stage.clock.forward(3 * DAY)
    await desk.round()
    await run(
        desk.stage.site.db, "UPDATE outbox SET state = 'failed', settled_at = 1 WHERE mailing_id IS NOT NULL"
    )
    page = await desk.sees()
    assert "One person got it, and waits for the next." in page
    assert "1 failed" in page
    everybody = await desk.sees("/welcome/people")
    assert f'href="/admin/subscribers/{ada.id}"' in everybody
    at_one = await desk.sees(f"/welcome/people?at={one.id}")
    assert (ADA in at_one, BEN in at_one) == (True, False)
    gone = await desk.sees("/welcome/people?at=0&state=stopped")
    assert (ADA in gone, BEN in gone) == (False, True)
    assert "(unsubscribed)" in gone
    assert "Nobody." in await desk.sees(f"/welcome/people?at={two.id}&state=finished")
    for wrong in ("at=x", "at=0&state=lost"):
        await desk.sees(f"/welcome/people?{wrong}", 422)
    assert (await desk.press("/welcome", action="retry")).endswith("?done=retry")
    assert (await desk.press("/welcome", action="doubt")).endswith("?done=nothing")
    assert "stays on record" in await desk.press("/welcome", 409, action="delete")
    listed = re.sub(r"\s+", " ", await desk.sees(""))
    assert "<dt>On the way</dt><dd>1</dd>" in listed


async def test_long_lists_go_on_page_after_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.web.admin.sequences_people.PER_PAGE", 2)
    await desk.makes("confirmed", "One")
    await desk.press("/welcome", action="on")
    people = {f"reader{n}@example.org" for n in range(5)}
    for email in people:
        await desk.stage.house.joins(email)
        desk.stage.clock.forward(1)
    await desk.round()
    for query in ("", "?at=0&state=running"):
        seen: list[str] = []
        path: str | None = f"/welcome/people{query}"
        while path:
            page = await desk.sees(path)
            seen += re.findall(r"<bdi>(reader\d@example.org)</bdi>", page)
            found = re.search(r'href="/admin/sequences(/welcome/people\?[^"]+)" rel="next"', page)
            path = found[1] if found else None
        assert sorted(seen) == sorted(people), query


async def test_a_choice_of_nothing_says_of_what(desk: Desk) -> None:
    speak("de")
    try:
        page = await desk.sees("")
    finally:
        speak("en")
    assert page.count('<option value="">kein Formular</option>') == 1
    assert page.count('<option value="">kein Leitfaden</option>') == 1
    assert "Es gibt noch keine Serie." in page
