"""Each door that is open to everybody, asked by a page of somewhere else: it may read nothing, whoever is signed in."""

import pytest

from tests.web.door_rows import SHOWN, TAKEN
from tests.web.doors import Doors

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("lasting_url", ["sqlite"], indirect=True, scope="module"),
]
EVIL = "https://evil.example"
FOR_ALL = "/embed.js"
"""The same for everybody: a script that holds nothing of anybody's."""


async def test_it_may_read_nothing(doors: Doors) -> None:
    asks = {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"}
    first = {
        **asks,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    for template in sorted({*SHOWN, *TAKEN} - {FOR_ALL}):
        path, answers = doors.path(template), []
        answers.append(await doors.web.options(path, headers=first))
        if template in SHOWN:
            answers.append(await doors.web.get(path, headers=asks))
        if template in TAKEN and not template.startswith("/admin"):
            answers.append(await doors.web.post(path, data=doors.fields(template), headers=asks))
            answers.append(await doors.web.post(path, json=doors.fields(template), headers=asks))
        for answer in answers:
            assert answer.status_code < 500, template
            opens = ("access-control-allow-origin", "access-control-allow-credentials")
            assert not {*opens} & {*answer.headers}, (template, answer.request.method, answer.status_code)
