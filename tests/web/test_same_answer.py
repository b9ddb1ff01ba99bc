"""Promise 6: no answer tells a stranger whether an address is known. Its time: tests/proof/test_same_time.py."""

import pytest

from tests.web.doors import Doors
from tests.web.standings import KINDS, UNKNOWN, URLENCODED, address, post, settle_in, sign_ups
from tests.web.wire import ask

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_to_the_byte(doors: Doors) -> None:
    await doors.service.site.db.write(settle_in, doors.service.site.post, range(4))
    for way in range(4):
        answers = {
            kind: await ask(doors.service.port, sign_ups(address(kind, way), doors.tokens["form"])[way])
            for kind in KINDS
        }
        assert answers[UNKNOWN].split(b" ", 2)[1] in (b"303", b"202")
        assert set(answers.values()) == {answers[UNKNOWN]}


async def test_signing_in_says_nothing_either(doors: Doors) -> None:
    asked = [
        post("/admin/sign-in", URLENCODED, f"email={name}@example.org") for name in ("olga", "mallory", "ada")
    ]
    assert len({await ask(doors.service.port, each) for each in asked}) == 1
