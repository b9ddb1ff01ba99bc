"""The links at the foot of a broadcast, as a real worker mails them, are followed."""

import re

from newsletter.broadcasts import Draft
from newsletter.web.kit import broadcasting
from tests.web.stage import ADA, URL, Stage, link

LETTER = Draft(subject="On work", body="Hello")


async def test_who_follows_its_links_leaves_by_page_or_one_click(service: Stage) -> None:
    web = await service.visitor()
    await service.member(web, ADA)
    before = len(await service.house.mails(ADA))
    one = await service.house.db.write(service.house.site.broadcasts.new, LETTER)
    await broadcasting.send_off(service.house.site, one)
    letter = (await service.letters(ADA, before + 1))[-1]
    assert letter.subject == LETTER.subject

    assert (await web.get(link(letter, "/preferences/"))).status_code == 200
    leave = link(letter, "/u/")
    header = re.search(r"^List-Unsubscribe: <(.+)>\r?$", letter.source, re.MULTILINE)
    assert header is not None
    assert header[1] == f"{URL}{leave}"
    assert (await web.get(leave)).text.count("<button") == 1
    assert (await service.house.person(ADA)).status == "active"
    left = await web.post(leave, data={"List-Unsubscribe": "One-Click"})
    assert (left.status_code, (await service.house.person(ADA)).status) == (200, "unsubscribed")
    assert 'href="/forms/guide">Sign up again</a>' in left.text

    gone = await service.house.person(ADA)
    again = await web.get(leave)
    assert "<h1>You have left already</h1>" in again.text
    assert 'href="/forms/guide">Sign up again</a>' in again.text
    assert "<button" not in again.text
    assert await service.house.person(ADA) == gone
    assert (await web.post(leave)).text == left.text
