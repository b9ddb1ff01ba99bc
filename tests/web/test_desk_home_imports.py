"""The desk's first page where an import brought many: they are one line, and nobody is said to have signed up."""

import re

import pytest

from newsletter.clock import MINUTE
from tests.mail.conftest import eventually
from tests.web.stage import ADA, BEN, Stage
from tests.web.test_desk_home import owner, shown
from tests.web.test_desk_import import ORIGIN, presses, sends

MAILCHIMP = "Email Address,First Name,MEMBER_RATING\n" + "".join(
    f"reader-{n}@x.example,R,2\n" for n in range(40)
)


async def test_an_import_is_one_line_and_no_sign_up(service: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.ids._last", 0)  # none was made later than this clock says
    web, visitor = await owner(service), await service.visitor()
    await service.member(visitor, ADA)
    service.clock.forward(MINUTE)
    path = (await sends(web, MAILCHIMP.encode())).headers["Location"]
    await presses(web, path, "check", c0="email", c1="name", c2="ignore", origin=ORIGIN)
    for said, then in (("What would happen", "start"), ("Taken in", "")):

        async def done(said: str = said) -> bool:
            return said in (await web.get(path)).text

        await eventually(done, 60)
        if then:
            await presses(web, path, then)
    service.clock.forward(MINUTE)
    await service.signs_up(visitor, BEN)
    page = " ".join((await shown(web)).replace("<wbr>", "").split())
    assert "2 signed up, 1 confirmed. 40 were imported." in page
    assert f'<a href="{path}">40 people imported from <bdi>Mailchimp</bdi></a>' in page
    table = page.partition('<table class="people"')[2].partition("</table>")[0]
    assert re.findall("<bdi>([^<]+@[^<]+)</bdi>", table) == [BEN, ADA]
    assert "Who was imported stands at the day" in page
