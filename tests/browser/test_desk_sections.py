"""Every page of the desk, and every state of one, says in the navigation which section it belongs to."""

import re
from pathlib import Path

from tests.browser.sights import Sight, Sights, all_sights

SECTIONS = {  # by how the address begins: the longest row counts
    "/admin": "/admin",
    "/admin/archive": "/admin/broadcasts",
    "/admin/ask-again": "/admin/subscribers",
    "/admin/audit": "/admin/people",
    "/admin/broadcasts": "/admin/broadcasts",
    "/admin/comments": "/admin/comments",
    "/admin/doctor": "/admin/settings",
    "/admin/domains": "/admin/settings",
    "/admin/forms": "/admin/forms",
    "/admin/import": "/admin/subscribers",
    "/admin/magnets": "/admin/forms",
    "/admin/passkeys": "/admin/sessions",
    "/admin/people": "/admin/people",
    "/admin/second-step": "/admin/sessions",
    "/admin/sequences": "/admin/broadcasts",
    "/admin/sessions": "/admin/sessions",
    "/admin/settings": "/admin/settings",
    "/admin/subscribers": "/admin/subscribers",
    "/admin/suppressions": "/admin/subscribers",
    "/admin/tokens": "/admin/settings",
    "/admin/webhooks": "/admin/settings",
}
NOWHERE = {"/admin/nothing", "/admin/code"}
"""There is no such page, and who is asked for their code is not in yet."""

OF_MANY = (
    "broadcasts",
    "comments",
    "forms",
    "import",
    "people",
    "sequences",
    "subscribers",
    "tokens",
    "webhooks",
)
"""Each of them has a page, and one that is gone has a page that says so."""

FRAMED = re.compile(r"/preview\b")
"""What stands in a frame of another page."""

_NAV = re.compile(r'<nav class="account".*?</nav>', re.DOTALL)
_CURRENT = re.compile(r'<a href="([^"]+)" aria-current="page"')


def section(path: str) -> str | None:
    """None where no row is its own: a page that is new has to be in one."""
    first = "/".join(path.partition("?")[0].split("/")[:3])
    return SECTIONS.get(first)


async def marked(sights: Sights, sight: Sight) -> list[str]:
    if sight.sends is None:
        page = await sights.doors.web.get(sight.path)
    else:
        csrf = re.findall(r'name="csrf" value="(\w+)"', (await sights.doors.web.get("/admin/sessions")).text)
        page = await sights.doors.web.post(sight.path, data={**sight.sends, "csrf": csrf[0]})
        if page.is_redirect:
            page = await sights.doors.web.get(page.headers["Location"])
    return [one for nav in _NAV.findall(page.text) for one in _CURRENT.findall(nav)]


async def test_each_page_of_the_desk_marks_its_section(tmp_path: Path) -> None:
    async with all_sights(tmp_path, f"sqlite:///{tmp_path}/newsletter.db") as sights:
        desk = [one for one in sights.every if one.at_the_desk and not FRAMED.search(one.path)]
        gone = [Sight(f"gone.{path}", f"/admin/{path}/987654321") for path in OF_MANY]
        found = [(one, await marked(sights, one)) for one in [*desk, *gone]]
    assert len(desk) > 80
    wrong = {
        one.name: (one.path, marks)
        for one, marks in found
        if marks != ([] if one.path in NOWHERE else [section(one.path)])
    }
    assert wrong == {}
