"""Whose row is written, once each, whoever interrupts, joins in, leaves or is erased meanwhile. On both engines."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from newsletter.broadcasts import Broadcast
from newsletter.broadcasts.actions import CHUNK
from newsletter.mail import Recipient, bulk_ledger, bulk_turns
from newsletter.mail.limits import UNLIMITED
from newsletter.subscribers import segments
from newsletter.web.kit import broadcasting
from newsletter.web.kit.people import erase
from tests.broadcasts.writing import LETTER, Desk
from tests.conftest import NOON
from tests.mail.conftest import run
from tests.mail.mailing import people

MANY = 2 * CHUNK + CHUNK // 4  # three chunks


async def whom(desk: Desk, one: Broadcast) -> list[int | None]:
    return [slip.subscriber_id for slip in await desk.slips(one)]


async def looks(desk: Desk, one: Broadcast) -> tuple[int, list[Recipient]]:
    return await desk.db.read(desk.site.broadcasts.next_of, one.id)


async def test_everybody_has_one_row_though_it_was_interrupted(desk: Desk) -> None:
    await people(desk.db, MANY)
    one = await desk.sends()
    assert await desk.does("fill", one, *await looks(desk, one))
    assert await whom(desk, one) == [*range(1, CHUNK + 1)]
    assert not (await desk.now(one)).filled
    await looks(desk, one)  # and then the process dies; another one goes on
    await desk.fills(one)
    assert await whom(desk, one) == [*range(1, MANY + 1)]
    assert (await desk.now(one)).filled
    assert await desk.db.read(desk.site.broadcasts.filling) == []


async def test_what_sqlite_has_in_its_log_goes_into_the_file_between_chunks(
    desk: Desk, database_url: str, tmp_path: Path
) -> None:
    """Else a COMMIT does it, now and then, and whoever signs up meanwhile waits for all of that."""
    if desk.db.engine == "postgres":
        return
    await people(desk.db, MANY)
    one = await desk.sends()
    await desk.fills(one)
    alone = tmp_path / "alone.db"  # the log stays behind
    shutil.copy(database_url.removeprefix("sqlite:///"), alone)
    with closing(sqlite3.connect(alone)) as raw:
        assert raw.execute("SELECT count(*) FROM outbox").fetchone() == (MANY,)


async def test_many_who_write_rows_at_once_write_each_once(desk: Desk) -> None:
    await people(desk.db, MANY)
    one = await desk.sends()
    await asyncio.gather(*(desk.fills(one) for _ in range(4)))
    assert await whom(desk, one) == [*range(1, MANY + 1)]


async def test_a_chunk_that_another_has_written_is_not_written_again(desk: Desk) -> None:
    await people(desk.db, MANY)
    one = await desk.sends()
    late = await looks(desk, one)
    assert await desk.does("fill", one, *late)
    await run(desk.db, "DELETE FROM outbox WHERE subscriber_id = 7")  # who would come again
    assert await desk.does("fill", one, *late)
    assert len(await desk.slips(one)) == CHUNK - 1


async def test_to_exactly_as_many_as_a_chunk_has_and_to_nobody(desk: Desk) -> None:
    for count in (0, CHUNK):
        await people(desk.db, count)
        one = await desk.sends()
        await desk.fills(one)
        assert len(await desk.slips(one)) == count
        assert (await desk.now(one)).filled


async def test_paused_ones_get_their_rows_and_cancelled_ones_no_more(desk: Desk) -> None:
    await people(desk.db, MANY)
    paused, cancelled = await desk.sends(), await desk.sends()
    await desk.does("fill", cancelled, *await looks(desk, cancelled))
    await desk.does("pause", paused)
    await desk.does("cancel", cancelled)
    for one in (paused, cancelled):
        await desk.fills(one)
    assert len(await desk.slips(paused)) == MANY
    assert len(await desk.slips(cancelled)) == CHUNK


async def test_a_draft_has_no_rows(desk: Desk) -> None:
    await people(desk.db, 3)
    one = await desk.writes()
    await desk.fills(one)
    assert await desk.count("SELECT count(*) FROM outbox") == 0


async def test_who_may_not_be_mailed_is_not_in_it(desk: Desk) -> None:
    await people(desk.db, 8)
    for id, status in enumerate(("pending", "unsubscribed", "bounced", "complained", "blocked"), 1):
        await run(desk.db, "UPDATE subscribers SET status = :status WHERE id = :id", status=status, id=id)
    await run(desk.db, "UPDATE subscribers SET paused_until = :at WHERE id = 6", at=NOON + 1)
    await run(desk.db, "UPDATE subscribers SET paused_until = :at WHERE id = 7", at=NOON)
    one = await desk.sends()
    await desk.fills(one)
    assert await whom(desk, one) == [7, 8]


async def test_a_segment_says_whom_and_so_does_an_earlier_broadcast(desk: Desk) -> None:
    await people(desk.db, 4)
    await run(desk.db, "INSERT INTO tags (id, name, title) VALUES (900, 'coaching', '')")
    for id in (2, 3):
        await run(desk.db, "INSERT INTO subscriber_tags (subscriber_id, tag_id) VALUES (:id, 900)", id=id)
    first = await desk.sends(audience="tag:coaching")
    await desk.fills(first)
    assert await whom(desk, first) == [2, 3]
    await run(desk.db, "UPDATE outbox SET state = 'sent' WHERE subscriber_id = 3")
    for audience, ids in ((f"received:{first.id}", [3]), (f"not received:{first.id}", [1, 2, 4])):
        other = await desk.sends(audience=audience)
        await desk.fills(other)
        assert await whom(desk, other) == ids
    assert await desk.db.read(segments.count, segments.parse(f"received:{first.mailing_id}")) == 0


async def test_what_it_says_of_a_person_is_from_when_their_row_was_written(desk: Desk) -> None:
    await people(desk.db, 2)
    await run(
        desk.db,
        "UPDATE subscribers SET name = :name, fields = :fields WHERE id = 1",
        name="Ada Byron",
        fields='{"city": "Porto", "age": 7, "secret": "x"}',
    )
    one = await desk.sends()
    await desk.fills(one)
    await run(desk.db, "UPDATE subscribers SET name = 'Eve', fields = '{}'")
    known, unknown = [msgspec.json.decode(slip.context) for slip in await desk.slips(one)]
    assert known == {"first_name": "Ada", "field.city": "Porto"}  # as much as it needs
    assert unknown == {}


async def test_an_erased_person_leaves_no_trace_in_a_broadcast(desk: Desk) -> None:
    await people(desk.db, 3)
    await run(desk.db, "UPDATE subscribers SET name = 'Mallory' WHERE id = 2")
    one = await desk.sends(body="{{ email }} {{ name }}")
    await desk.fills(one)
    assert "Mallory" in (await desk.slips(one))[1].context
    await desk.hands_over(one)
    await desk.db.write(erase, desk.site, 2)
    assert await whom(desk, one) == [1, 3]
    assert not [slip for slip in await desk.slips(one) if "reader2" in f"{slip.recipient}{slip.context}"]


async def test_a_copy_to_look_at_goes_with_the_person_whom_it_went_to(desk: Desk) -> None:
    await people(desk.db, 1)
    for to in ("Reader1@example.org", "olga@example.org"):
        await broadcasting.send_sample(desk.site, LETTER, to)
    await desk.db.write(erase, desk.site, 1)
    assert [mail.recipient for mail in await desk.mails()] == ["olga@example.org"]


async def test_who_is_erased_or_leaves_while_rows_are_written_gets_none(desk: Desk) -> None:
    """Else the address would come back with the row."""
    await people(desk.db, 4)
    one = await desk.sends()
    seen = await looks(desk, one)
    await desk.db.write(erase, desk.site, 2)
    await desk.db.write(desk.site.subscribers.unsubscribe, 3, "test")
    await desk.does("fill", one, *seen)
    assert await whom(desk, one) == [1, 4]


async def test_erasing_and_writing_rows_at_the_same_time_leave_no_row(desk: Desk) -> None:
    await people(desk.db, 60)
    one = await desk.sends()
    await asyncio.gather(desk.fills(one), *(desk.db.write(erase, desk.site, id) for id in range(1, 31)))
    assert await whom(desk, one) == [*range(31, 61)]


async def test_of_who_left_before_their_turn_the_row_keeps_that_and_no_more(desk: Desk) -> None:
    await people(desk.db, 1)
    one = await desk.sends(body="{{ email }}")
    await desk.fills(one)
    assert "reader1" in (await desk.slips(one))[0].context
    (job,) = await desk.db.write(bulk_ledger.reserve, 1, 10, UNLIMITED)
    await desk.db.write(desk.site.subscribers.unsubscribe, 1, "test")
    wants = [bulk_ledger.want(desk.site.tokens, job)]
    assert not await desk.db.write(bulk_turns.turn, 1, [], wants, UNLIMITED)
    (slip,) = await desk.slips(one)
    assert (slip.state, slip.recipient, slip.context) == ("skipped", "", "{}")
