"""The audit log: added to and never changed, read by who and about what, a page at a time; it names nobody."""

import re

import pytest

from newsletter.clock import MINUTE
from newsletter.errors import BadInput
from newsletter.owners import audit
from tests.cast import House
from tests.conftest import Clock
from tests.house.source import ROOT

OLGA = audit.Actor("desk", 1)
SHOP = audit.Actor("api", 2, "nl_shop")


async def test_it_is_read_by_who_and_about_what(house: House) -> None:
    await house.db.write(audit.record, OLGA, audit.Deed("forms", "forms/{slug}", "guide"))
    await house.db.write(audit.record, SHOP, audit.Deed("imports", "POST imports"))
    await house.db.write(audit.record, audit.Actor("terminal"), audit.Deed("erase", "erase"))
    for asked, verbs in (
        (audit.Asked(), ["erase", "POST imports", "forms/{slug}"]),
        (audit.Asked(way="api"), ["POST imports"]),
        (audit.Asked(way="desk", actor_id=1), ["forms/{slug}"]),
        (audit.Asked(way="desk", actor_id=2), []),
        (audit.Asked(area="import"), ["POST imports"]),
        (audit.Asked(area="subscribers", way="terminal"), ["erase"]),
    ):
        found, onward = await house.db.read(audit.page, asked)
        assert ([one.verb for one in found], onward) == (verbs, None), asked
    with pytest.raises(BadInput):
        await house.db.read(audit.page, audit.Asked(way="elsewhere"))


async def test_a_page_at_a_time_and_each_row_once(house: House) -> None:
    for n in range(audit.PAGE + 3):
        await house.db.write(audit.record, OLGA, audit.Deed("forms", "forms/{slug}", str(n)))
    first, onward = await house.db.read(audit.page, audit.Asked(area="forms"))
    await house.db.write(audit.record, OLGA, audit.Deed("forms", "forms/{slug}", "meanwhile"))
    rest, end = await house.db.read(audit.page, audit.Asked(area="forms", before=onward))
    assert [int(one.object) for one in first + rest] == list(reversed(range(audit.PAGE + 3)))
    assert end is None


async def test_what_a_page_saves_by_itself_is_one_row_in_a_while(house: House, clock: Clock) -> None:
    deed = audit.Deed("broadcasts", "broadcasts/{id}", "7", "save")
    for _ in range(3):
        await house.db.write(audit.record, OLGA, deed, once_within=10 * MINUTE)
        clock.forward(2 * MINUTE)
    assert await house.count("SELECT count(*) FROM audit") == 1
    await house.db.write(audit.record, audit.Actor("desk", 3), deed, once_within=10 * MINUTE)
    clock.forward(10 * MINUTE)
    await house.db.write(audit.record, OLGA, deed, once_within=10 * MINUTE)
    assert await house.count("SELECT count(*) FROM audit") == 3


async def test_an_address_that_comes_along_by_mistake_is_left_out(house: House) -> None:
    deed = audit.Deed("suppressions", "suppressions/lift", "ada@example.org", "x" * 200)
    await house.db.write(audit.record, OLGA, deed)
    ((one,), _) = await house.db.read(audit.page, audit.Asked())
    assert (one.verb, one.object, one.detail) == ("suppressions/lift", "", "")


def test_nothing_of_ours_changes_or_deletes_a_row() -> None:
    written = [path.read_text("utf-8") for path in (ROOT / "newsletter").rglob("*.py")]
    assert any("INSERT INTO audit " in text for text in written)
    for text in written:
        assert not re.search(r"(UPDATE|DELETE FROM|INTO)\s+audit\b(?! \(id, at)", text)
