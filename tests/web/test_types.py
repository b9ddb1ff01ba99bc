"""What every answer says of itself is what it is, and each page of the desk has the way out."""

import re

from tests.conftest import ON_ONE
from tests.web.door_rows import SHOWN
from tests.web.doors import opened
from tests.web.stage import Stage
from tests.web.test_privacy import every_answer

BEGINS = {  # of each type, what its bytes begin with
    "text/html; charset=utf-8": rb"\s*<",
    "text/css; charset=utf-8": rb"\s*[@:.*/a-z\[]",
    "text/javascript; charset=utf-8": rb"",
    "text/plain; charset=utf-8": rb"",
    "text/csv; charset=utf-8": rb"",
    "application/atom+xml; charset=utf-8": rb"<\?xml",
    "application/json": rb"[\[{]",
    "application/problem+json": rb"\{",
    "application/pdf": rb"%PDF-",
    "image/png": rb"\x89PNG",
    "image/svg+xml; charset=utf-8": rb"<svg",
}

ON_THE_WAY_IN = {"/admin/sign-in", "/admin/code", "/admin/enter/{token:str}", "/admin/join/{token:str}"}


@ON_ONE
async def test_each_has_its_type(still: Stage) -> None:
    doors = await opened(still)
    seen = set()
    for name, answer in (await every_answer(doors)).items():
        if answer.content:
            kind = answer.headers["Content-Type"]
            assert re.match(BEGINS[kind], answer.content), (name, kind, answer.content[:40])
            seen.add(kind)
    assert len(seen) > 6


@ON_ONE
async def test_each_page_of_the_desk_has_the_way_out(still: Stage) -> None:
    doors = await opened(still)
    without = set()
    for template in sorted(one for one in SHOWN if one.startswith("/admin")):
        answer = await doors.web.get(doors.path(template))
        policy = answer.headers.get("Content-Security-Policy", "")
        if answer.headers["Content-Type"].startswith("text/html") and not policy.startswith("sandbox"):
            without |= {template} if 'action="/admin/sign-out"' not in answer.text else set()
    assert without == ON_THE_WAY_IN
