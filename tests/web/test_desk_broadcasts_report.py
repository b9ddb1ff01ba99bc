"""A broadcast's own page: how far it has come, what can be done about it, and who got it."""

import csv
import io
import re
from itertools import product

import pytest

from newsletter.broadcasts import numbers
from newsletter.cli.broadcast import _counts
from newsletter.clock import SECOND
from newsletter.web.admin.broadcasts_report import VERBS
from newsletter.web.kit import broadcasting
from tests.conftest import NOON
from tests.mail.conftest import eventually, run
from tests.web.broadcaster import Broadcaster, at_desk
from tests.web.conftest import Serve
from tests.web.stage import ADA, Stage


@pytest.fixture
async def desk(still: Stage) -> Broadcaster:
    return await at_desk(still)


def addresses(page: str) -> list[str]:
    return re.findall(r'<th role="rowheader" scope="row"><bdi>([^<]+)</bdi>', page.replace("<wbr>", ""))


async def test_how_far_it_has_come(desk: Broadcaster) -> None:
    id = await desk.on_its_way(6)
    await desk.settled("sent", 1, 2, 3)
    await desk.settled("failed", 4, reply="550 <b>No such person</b>")
    await desk.settled("in_doubt", 5)
    page = await desk.sees(f"/{id}?done=sent")
    assert "You have sent it off." in page
    assert "<strong>3</strong> of 6 sent" in page
    for kind, count in {"sent": 3, "queued": 1, "in_doubt": 1, "failed": 1}.items():
        assert f'people?state={kind}">{count}</a>' in page, kind
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page
    assert "data-moves" in page
    assert "no worker is running" in page
    listed = await desk.sees("")
    assert "<strong>3</strong> of 6 sent, 1 failed, 1 in doubt" in listed

    await desk.settled("sent", 6)
    await desk.stage.site.db.write(desk.stage.site.broadcasts.settle)
    over = await desk.sees(f"/{id}")
    assert "refresh" not in over
    assert "data-moves" not in over


async def test_before_anybody_is_listed(desk: Broadcaster) -> None:
    id = await desk.writes()
    await desk.sends(f"/{id}/send", action="now", version="1")
    page = await desk.sees(f"/{id}")
    assert "The list is being made." in page
    assert "0</strong> of 0" not in page
    assert "0</strong> of 0" not in await desk.sees("")
    await broadcasting.fill(desk.stage.site, id)
    assert "The list is being made." not in await desk.sees(f"/{id}")


async def test_what_is_sent_at_the_desk_arrives(service: Stage) -> None:
    """By a real worker and real SMTP."""
    desk = await at_desk(service)
    await service.joins(desk.web, ADA, name="Ada Lovelace")
    id = await desk.writes()
    await desk.sends(f"/{id}/send", action="now", version="1")
    letter = (await service.letters(ADA, 3))[-1]
    assert letter.subject == "On work, Ada"
    assert "Hello Ada, a" in letter.text
    await eventually(lambda: is_over(desk, id))
    page = await desk.sees(f"/{id}")
    assert "<strong>1</strong> of 1 sent" in page
    assert ADA in addresses(await desk.sees(f"/{id}/people?state=sent"))


async def is_over(desk: Broadcaster, id: int) -> bool:
    return (await desk.now(id)).state == "sent"


async def test_it_is_held_gone_on_with_and_ended_after_a_question(desk: Broadcaster) -> None:
    id = await desk.on_its_way(2)
    for verb, state in (("pause", "paused"), ("resume", "sending")):
        done = await desk.does(id, verb)
        assert (done.status_code, done.headers["Location"]) == (303, f"/admin/broadcasts/{id}?done={verb}")
        assert (await desk.now(id)).state == state
    assert "It is paused. Nobody else gets it until you go on." in await desk.sees(f"/{id}?done=pause")
    asked = await desk.does(id, "cancel")
    assert asked.status_code == 200
    assert "Cancel it for good?" in asked.text
    assert (await desk.now(id)).state == "sending"
    await desk.does(id, "cancel", sure="1")
    assert (await desk.now(id)).state == "cancelled"
    assert len(addresses(await desk.sees(f"/{id}/people?state=skipped"))) == 2


async def test_what_became_of_it_afterwards(desk: Broadcaster) -> None:
    id = await desk.on_its_way(2)
    await desk.settled("sent", 1)
    assert "left after it" not in await desk.sees(f"/{id}")
    site = desk.stage.site
    leaving = await desk.stage.visitor()
    for person in (1, 2):
        left = await leaving.post(f"/u/{site.tokens.make('unsubscribe', person)}")
        assert left.status_code == 200
    page = await desk.sees(f"/{id}")
    assert "<dt>left after it</dt><dd>1</dd>" in page
    assert re.search(r"Why some were skipped</summary>\s*<ul><li>1: ", page)


async def test_what_failed_or_is_in_doubt_goes_out_once_more(desk: Broadcaster) -> None:
    id = await desk.on_its_way(3)
    await desk.settled("failed", 1)
    await desk.settled("in_doubt", 2)
    await desk.settled("sent", 3)
    await desk.stage.site.db.write(desk.stage.site.broadcasts.settle)
    assert (await desk.now(id)).state == "sent"
    for verb, address in (("retry", "reader1@example.org"), ("doubt", "reader2@example.org")):
        assert (await desk.does(id, verb)).status_code == 303
        assert address in addresses(await desk.sees(f"/{id}/people?state=queued"))
        again = await desk.does(id, verb)
        assert again.headers["location"].endswith("?done=nothing"), "a second press says that it did nothing"
    assert (await desk.now(id)).state == "sending"


MAY = {  # each state, and what can be done in it
    "draft": {"copy", "delete"},
    "scheduled": {"copy", "delete", "unschedule"},
    "sending": {"pause", "cancel", "retry", "doubt", "copy"},
    "cancelled": {"copy"},
}


async def test_what_is_not_possible_is_a_sentence(desk: Broadcaster) -> None:
    for state, verb in product(MAY, VERBS):
        id = await desk.writes()
        if state == "scheduled":
            await desk.sends(f"/{id}/send", action="later", version="1", at="2026-02-01T09:00")
        elif state != "draft":
            await desk.sends(f"/{id}/send", action="now", version="1")
        if state == "cancelled":
            await desk.does(id, "cancel", sure="1")
        before = await desk.now(id)
        assert before.state == state
        answer = await desk.does(id, verb, sure="1")
        assert answer.status_code == (303 if verb in MAY[state] else 409), (state, verb)
        if verb not in MAY[state]:
            assert f'href="/admin/broadcasts/{id}"' in answer.text
            assert await desk.now(id) == before


async def test_a_draft_is_deleted_after_a_question(desk: Broadcaster) -> None:
    id = await desk.writes()
    assert "Delete this draft?" in (await desk.does(id, "delete")).text
    assert len(await desk.all()) == 1
    gone = await desk.does(id, "delete", sure="1")
    assert gone.headers["Location"] == "/admin/broadcasts?done=deleted"
    assert await desk.all() == []


async def test_who_got_it_comes_in_pages_by_state_and_by_address(desk: Broadcaster) -> None:
    id = await desk.on_its_way(120)
    await desk.settled("failed", *range(1, 61), reply="550 5.1.1 No such person")
    everybody = [f"reader{n}@example.org" for n in range(1, 121)]
    for query, expected in (
        ("", everybody),
        ("state=failed", everybody[:60]),
        ("state=queued", everybody[60:]),
        ("state=sent", []),
        ("search=READER11", ["reader11@example.org", *(f"reader11{n}@example.org" for n in range(10))]),
        ("search=reader11&state=failed", ["reader11@example.org"]),
        ("search=%25", []),
        ("search=reader_1%40", []),
    ):
        page, seen = await desk.sees(f"/{id}/people?{query}"), []
        while True:
            seen += addresses(page)
            following = re.search(r'/people\?([^"]+)" rel="next"', page)
            if following is None:
                break
            assert len(addresses(page)) == 50
            page = await desk.sees(f"/{id}/people?{following[1].replace('&amp;', '&')}")
        assert sorted(seen) == sorted(expected), query
    assert "550 5.1.1 No such person" in await desk.sees(f"/{id}/people?state=failed")
    assert (await desk.web.get(f"/admin/broadcasts/{id}/people?state=nobody")).status_code == 422


async def test_who_got_it_as_a_file(desk: Broadcaster) -> None:
    id = await desk.on_its_way(3)
    await desk.settled("failed", 2, reply='=HYPERLINK("http://mallory.example"), 550')
    answer = await desk.web.get(f"/admin/broadcasts/{id}/people.csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="on-work.csv"'
    assert "no-store" in answer.headers["Cache-Control"]
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0] == ["email", "state", "settled_at", "attempts", "resends", "reply"]
    assert [row[:2] for row in rows[1:]] == [
        ["reader1@example.org", "queued"],
        ["reader2@example.org", "failed"],
        ["reader3@example.org", "queued"],
    ]
    assert rows[2][2] == "2026-01-15T12:00:00+00:00"
    assert rows[2][5].startswith("'=HYPERLINK")
    failed = await desk.web.get(f"/admin/broadcasts/{id}/people.csv?state=failed&search=reader2")
    assert failed.content.count(b"\r\n") == 2


async def test_more_people_than_one_look_takes(desk: Broadcaster) -> None:
    id = await desk.on_its_way(1_001)
    content = (await desk.web.get(f"/admin/broadcasts/{id}/people.csv")).content
    assert len(set(re.findall(rb"reader\d+@", content))) == content.count(b"\r\n") - 1 == 1_001


async def test_what_was_sent_can_be_read_where_it_was_sent(desk: Broadcaster) -> None:
    id = await desk.on_its_way(1)
    assert "sandbox" in await desk.sees(f"/{id}")
    assert "Hello there, a <strong>" in await desk.sees(f"/{id}/preview")
    assert (await desk.web.get(f"/admin/broadcasts/{id}/send")).headers[
        "Location"
    ] == f"/admin/broadcasts/{id}"


async def test_the_desk_leads_there_and_out_from_every_page(desk: Broadcaster) -> None:
    id = await desk.on_its_way(1)
    paths = [
        "",
        "/comments",
        "/comments/settings",
        "/broadcasts",
        f"/broadcasts/{id}",
        f"/broadcasts/{id}/people",
    ]
    for path in paths:
        page = (await desk.web.get(f"/admin{path}")).text
        assert '<a href="/admin/broadcasts"' in page, path
        assert page.count('aria-current="page">') == 1 + page.count('class="tabs"'), path
        assert 'action="/admin/sign-out"' in page, path


async def test_what_the_ramp_up_keeps_for_tomorrow(serve: Serve) -> None:
    async with serve(worker=False, ramp_up=200) as stage:
        desk = await at_desk(stage)
        id = await desk.on_its_way(201)
        told = "The ramp-up lets 200 mails go today; the rest goes on tomorrow by itself."
        assert told in await desk.sees(f"/{id}")
        await desk.settled("failed", 1)
        assert told not in await desk.sees(f"/{id}")


async def test_who_waits_for_their_provider(desk: Broadcaster) -> None:
    """And why, on its page and for a terminal."""
    id = await desk.on_its_way(3)
    db = desk.stage.site.db
    await run(db, "UPDATE outbox SET provider = 'gmail.com' WHERE mailing_id IS NOT NULL")
    assert "3 wait for the limit of gmail.com." in await desk.sees(f"/{id}")
    seen = await db.read(numbers, desk.stage.site.mailings, id)
    assert [line.strip() for line in _counts(seen)] == ["3 queued", "3 wait for the limit of gmail.com."]
    await run(
        db,
        "INSERT INTO send_domains (name, slow_until) VALUES ('gmail.com', :until)",
        until=NOON + 90 * SECOND,
    )
    assert "gmail.com asks for fewer mails: 3 wait, at least for 2 minutes." in await desk.sees(f"/{id}")
    await desk.settled("sent", 1, 2, 3)
    assert "gmail.com" not in await desk.sees(f"/{id}")
