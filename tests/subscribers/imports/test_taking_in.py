"""What an import leaves in the database, on both engines, and what it leaves alone."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from newsletter.addresses import parse
from newsletter.clock import DAY
from newsletter.errors import Conflict
from newsletter.mail.outbox import Reason
from newsletter.storage import Tx
from newsletter.subscribers import imports
from newsletter.subscribers.imports.actions import SUPPRESSED
from newsletter.subscribers.imports.run import FEWEST
from tests.cast import House
from tests.conftest import NOON, Clock
from tests.subscribers.imports.conftest import Written

ADA, BEN, CLEO, DORA = "ada@example.org", "ben@example.org", "cleo@example.org", "dora@example.org"
ORIGIN = "the form on my old page"


class Came(msgspec.Struct):
    tally: imports.Tally
    refused: list[imports.Refused]


def staged(path: Path, tags: Sequence[str] = ()) -> imports.Staged:
    table = imports.open_table(path)
    found = imports.Staged(table, imports.map_columns(table), tags, NOON)
    assert list(found.fill())
    return found


async def imported(house: House, path: Path, *tags: str, dry: bool = False) -> Came:
    importing = imports.Importing(house.site.tokens, house.site.post)
    with closing(staged(path, tags)) as people:
        steps = [step async for step in imports.take_in(house.db, importing, people, ORIGIN, dry=dry)]
        refused = [*people.refused.by_line(), *(one for step in steps for one in step.refused)]
        return Came(steps[-1].tally, sorted(refused, key=lambda one: one.line))


async def tags_of(house: House, email: str) -> list[str]:
    data = await house.db.read(house.site.subscribers.own_data, (await house.person(email)).id)
    return list(data["tags"])


async def test_new_people_come_with_all_they_had_and_how_they_agreed(house: House, written: Written) -> None:
    words = "email,name,joined,tags,town\nAda@Example.org,Ada,2024-01-02 03:04:05,vip,Porto\n"
    assert (await imported(house, written(words), "moved")).tally == imports.Tally({"active": 1})
    data = await house.db.read(house.site.subscribers.own_data, (await house.person(ADA)).id)
    assert (data["email"], data["name"], data["status"]) == ("Ada@example.org", "Ada", "active")
    assert data["signed_up"] == data["confirmed"] == "2024-01-02T03:04:05+00:00"
    assert data["tags"] == ["moved", "vip"]
    assert data["fields"] == {"town": "Porto"}
    (record,) = data["consent"]
    assert (record["kind"], record["at"]) == ("imported", "2026-01-15T12:00:00+00:00")
    assert record["detail"] == {"origin": ORIGIN, "status": "active"}
    assert record["requested"] == "2024-01-02T03:04:05+00:00"
    assert data["consent_chain_intact"]


async def test_who_left_there_never_becomes_active_here(house: House, written: Written) -> None:
    words = "email,status\nada@example.org,unsubscribed\nben@example.org,bounced\ncleo@example.org,spam\n"
    tally = (await imported(house, written(words))).tally
    assert tally.added == {"unsubscribed": 1, "bounced": 1, "complained": 1}
    for email, status in ((ADA, "unsubscribed"), (BEN, "bounced"), (CLEO, "complained")):
        person = await house.person(email)
        assert (person.status, person.confirmed_at, person.unsubscribed_at) == (status, None, NOON)


async def test_whose_mail_came_back_or_who_complained_there_is_suppressed_here(
    house: House, written: Written
) -> None:
    words = "email,status\nada@example.org,unsubscribed\nben@example.org,bounced\ncleo@example.org,spam\n"
    path = written(f"{words}dora@example.org,blocked\n")
    await imported(house, path)
    assert (await imported(house, path)).tally == imports.Tally(left=4)

    async def look(tx: Tx) -> list[str | None]:
        sql = "SELECT reason FROM suppressions WHERE key = :key"
        keys = [house.site.post.listed_as(email)[0] for email in (ADA, BEN, CLEO, DORA)]
        return [await tx.value(sql, key=key) for key in keys]

    assert await house.db.read(look) == [None, "bounced", "complained", "owner"]


async def test_what_stood_on_the_suppression_list_for_a_while_stands_there_for_good(
    house: House, written: Written, clock: Clock
) -> None:
    for email, until in ((BEN, clock.now() + 1), (CLEO, clock.now() + DAY)):
        await house.db.write(house.site.post.suppress, parse(email).key, "bounced", until)
    clock.forward(DAY + 1)
    await imported(house, written("email,status\nben@example.org,spam\ncleo@example.org,bounced\n"))
    clock.forward(365 * DAY)
    for email in (BEN, CLEO):
        assert await house.db.read(house.site.post.suppressed, parse(email).key), email


async def test_who_is_here_keeps_what_they_have(house: House, written: Written) -> None:
    await house.joins(ADA, "Ada")
    left = await house.joins(BEN, "Ben")
    await house.db.write(house.site.subscribers.unsubscribe, left.id, "test")
    words = "email,name,status,tags\nada@example.org,Other,bounced,vip\nben@example.org,Other,active,vip\n"
    assert (await imported(house, written(words))).tally == imports.Tally(here=1, left=1)
    ada, ben = await house.person(ADA), await house.person(BEN)
    assert (ada.status, ada.name, await tags_of(house, ADA)) == ("active", "Ada", ["vip"])
    assert (ben.status, ben.name, await tags_of(house, BEN)) == ("unsubscribed", "Ben", [])


async def test_who_waits_for_a_confirmation_becomes_what_the_file_says(
    house: House, written: Written
) -> None:
    await house.signs_up(ADA, "Ada")
    await house.signs_up(BEN)
    words = "email,name,status\nada@example.org,Other,\nben@example.org,Ben,unsubscribed\n"
    assert (await imported(house, written(words))).tally.added == {"active": 1, "unsubscribed": 1}
    assert (await house.person(ADA)).status == "active"
    assert (await house.person(BEN)).status == "unsubscribed"
    await house.confirms(ADA)
    data = await house.db.read(house.site.subscribers.own_data, (await house.person(ADA)).id)
    assert [record["kind"] for record in data["consent"]] == ["imported", "confirmed"]
    assert data["consent_chain_intact"]


@pytest.mark.parametrize("reason", SUPPRESSED)
async def test_who_is_suppressed_is_refused_with_the_reason(
    house: House, written: Written, reason: Reason
) -> None:
    await house.db.write(house.site.post.suppress, parse(ADA).key, reason)
    came = await imported(house, written(f"email\nben@example.org\n{ADA}\n"))
    assert came.tally == imports.Tally({"active": 1}, refused=1)
    assert came.refused == [imports.Refused(3, SUPPRESSED[reason])]
    assert await house.known(ADA) is None


async def test_whoever_was_erased_does_not_come_back_in_another_spelling(
    house: House, written: Written
) -> None:
    person = await house.joins("ada@gmail.com")
    await house.db.write(house.site.subscribers.erase, person.id)
    came = await imported(house, written("email\na.da+news@googlemail.com\n"))
    assert came.refused == [imports.Refused(2, SUPPRESSED["erased"])]


async def test_the_same_address_twice_is_once_and_the_stricter_row_holds(
    house: House, written: Written
) -> None:
    words = f"email,status\n{ADA},active\n{BEN},active\nADA@example.org,unsubscribed\n{ADA},active\n"
    came = await imported(house, written(words))
    assert came.tally == imports.Tally({"active": 1, "unsubscribed": 1}, refused=2)
    assert [(one.line, one.reason) for one in came.refused] == [
        (2, "The same address stands in line 4."),
        (5, "The same address stands in line 4."),
    ]
    assert (await house.person(ADA)).status == "unsubscribed"


async def test_nobody_is_mailed_and_no_sequence_starts(house: House, written: Written) -> None:
    await house.db.write(_sequence_by_tag)
    await imported(house, written(f"email,tags\n{ADA},vip\n{BEN},vip\n"), "moved")
    assert await house.mails() == []
    sequence = await house.db.read(house.site.sequences.find, "welcome")
    assert await house.db.read(house.site.sequences.comers, sequence, None) == []
    assert await house.db.read(house.site.sequences.waiting, sequence, 0) == 2  # its owner may want it


async def _sequence_by_tag(tx: Tx) -> None:
    await tx.run(
        """INSERT INTO sequences (id, slug, start, start_value, state, since, created_at)
           VALUES (1, 'welcome', 'tag', 'vip', 'on', 1, 1)"""
    )
    await tx.run(
        """INSERT INTO sequence_steps (id, sequence_id, slug, position, delay, subject, body)
           VALUES (1, 1, 'first', 1, 0, 'Hello', 'Hello')"""
    )


async def test_a_dry_run_says_the_same_and_leaves_nothing(house: House, written: Written) -> None:
    await house.joins(ADA)
    words = f"email,status,tags\n{ADA},,x\n{BEN},bounced,y\n{CLEO},,\n{CLEO},,\nnonsense,,\n{DORA},pending,\n"
    path = written(words)
    dry = await imported(house, path, dry=True)
    for table in ("imports", "import_refusals", "tags WHERE name IN ('x', 'y')"):
        assert await house.count(f"SELECT count(*) FROM {table}") == 0
    assert await house.count("SELECT count(*) FROM subscribers") == 1
    came = await imported(house, path)
    assert dry == came
    assert came.tally == imports.Tally({"active": 1, "bounced": 1}, here=1, refused=3)
    assert await house.count("SELECT count(*) FROM import_refusals") == 3


async def test_an_import_that_breaks_off_goes_on_where_it_was(house: House, written: Written) -> None:
    people = 3 * FEWEST
    words = "email\n" + "".join(f"p{n}@example.org\n" for n in range(people)) + "p3@example.org\n"
    path = written(words)
    importing = imports.Importing(house.site.tokens, house.site.post)
    for stop in (FEWEST, 2 * FEWEST):
        with closing(staged(path)) as read:
            steps = imports.take_in(house.db, importing, read, ORIGIN, dry=False)
            await anext(steps)  # where it stands
            assert (await anext(steps)).position == stop
            await steps.aclose()
        assert await house.count("SELECT position FROM imports") == stop
    came = await imported(house, path)
    assert came.tally == imports.Tally({"active": people}, refused=1)
    assert await house.count("SELECT count(*) FROM imports WHERE state = 'done'") == 1
    for table in ("subscribers", "consent_records"):
        assert await house.count(f"SELECT count(*) FROM {table}") == people
    assert await house.count("SELECT line FROM import_refusals") == people + 2
    assert (await imported(house, path)).tally == imports.Tally(here=people, refused=1)


async def test_two_at_once_do_nothing_twice(house: House, written: Written) -> None:
    path = written(f"email\n{ADA}\n{BEN}\n")
    importing = imports.Importing(house.site.tokens, house.site.post)
    with closing(staged(path)) as people:
        steps = imports.take_in(house.db, importing, people, ORIGIN, dry=False)
        await anext(steps)
        await imported(house, path)
        with pytest.raises(Conflict, match="right now"):
            await anext(steps)
    assert await house.count("SELECT count(*) FROM consent_records") == 2
