"""Links that are counted: off unless switched on, the same in everybody's mail, and a number without a name."""

import re
from html import escape

import pytest

from newsletter.broadcasts import Broadcast, Draft, numbers
from newsletter.web.kit import broadcasting
from tests.web.broadcaster import at_desk
from tests.web.conftest import Serve
from tests.web.stage import ADA, BEN, OLGA, URL, Stage

TALK, BOOK = "https://example.org/talk?a=1&b=2", "https://example.org/book"
LETTER = Draft(
    subject="On work",
    body=f"""Read [the talk]({TALK}), [the book]({BOOK}), and [the talk again]({TALK}).

[Mine](https://example.org/for/{{{{ first_name | "you" }}}}), [by mail](mailto:olga@example.org), {BOOK}
""",
)


async def sent(stage: Stage) -> Broadcast:
    one = await stage.site.db.write(stage.site.broadcasts.new, LETTER)
    await broadcasting.send_off(stage.site, one)
    return one


async def clicks(stage: Stage, one: Broadcast) -> dict[str, int]:
    seen = await stage.site.db.read(numbers, stage.site.mailings, one.id)
    return {link.url: link.clicks for link in seen.clicks}


def hrefs(html: str) -> list[str]:
    return re.findall(r'<a href="([^"]+)"', html)


async def test_off_unless_it_is_switched_on(serve: Serve) -> None:
    async with serve() as stage:
        web = await stage.visitor()
        await stage.joins(web, ADA)
        one = await sent(stage)
        letter = (await stage.letters(ADA, 3))[-1]
        assert f"{URL}/l/" not in letter.html + letter.text
        assert TALK.replace("&", "&amp;") in hrefs(letter.html)
        assert await clicks(stage, one) == {}
        page = await (await at_desk(stage)).sees(f"/{one.id}")
        assert "clicks only where the settings say so" in page


async def test_the_links_are_everybodys_and_lead_where_they_led(serve: Serve) -> None:
    async with serve(clicks=True) as stage:
        web = await stage.visitor()
        await stage.joins(web, ADA)
        await stage.joins(web, BEN)
        one = await sent(stage)
        letters = [(await stage.letters(to, 3))[-1] for to in (ADA, BEN)]
        ours = [[href for href in hrefs(letter.html) if href.startswith(f"{URL}/l/")] for letter in letters]
        assert ours[0] == ours[1]
        talk, book, again, bare = ours[0]
        assert (talk, book) == (again, bare)
        assert talk != book
        for letter in letters:
            others = hrefs(letter.html)
            assert "mailto:olga@example.org" in others
            assert "https://example.org/for/you" in others
            assert f"{URL}/l/" not in letter.text
            assert TALK in letter.text

        for path, url in ((talk, TALK), (book, BOOK)):
            led = await web.get(path.removeprefix(URL))
            assert (led.status_code, led.headers["Location"]) == (303, url)
            assert led.headers["Cache-Control"] == "no-store"
            assert "Set-Cookie" not in led.headers
            assert (await web.head(path.removeprefix(URL))).headers["Location"] == url
        await web.get(talk.removeprefix(URL))
        assert await clicks(stage, one) == {TALK: 2, BOOK: 1}
        page = await (await at_desk(stage)).sees(f"/{one.id}")
        for url, count in ((TALK, 2), (BOOK, 1)):
            assert f"{count}: <bdi>{escape(url)}</bdi>" in page
        assert "NEWSLETTER_CLICKS" not in page
        rows = (await stage.dump())["broadcast_links"]
        assert {len(row) for row in rows} == {5}  # key, broadcast, position, address, number: nobody


async def test_a_copy_to_look_at_counts_nothing(serve: Serve) -> None:
    async with serve(clicks=True) as stage:
        await broadcasting.send_sample(stage.site, LETTER, OLGA)
        (letter,) = await stage.letters(OLGA, 1)
        assert f"{URL}/l/" not in letter.html


@pytest.mark.parametrize("key", ["nothing", "https:%2F%2Fevil.example", "..%2F..", "a" * 500])
async def test_what_was_never_sent_leads_nowhere(still: Stage, key: str) -> None:
    web = await still.visitor()
    found = await web.get(f"/l/{key}")
    assert found.status_code == 404
    assert "Location" not in found.headers


async def test_switched_off_again_they_still_lead_on(serve: Serve) -> None:
    async with serve(clicks=True, worker=False) as stage:
        one = await sent(stage)
        ((key, *_),) = [row for row in (await stage.dump())["broadcast_links"] if BOOK in row]
    async with serve(worker=False) as stage:
        web = await stage.visitor()
        assert (await web.get(f"/l/{key}")).headers["Location"] == BOOK
        assert await clicks(stage, one) == {TALK: 0, BOOK: 0}
