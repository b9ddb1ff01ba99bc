"""The export: whom it takes, what it says of them, and that it streams one snapshot."""

import csv
import io
import json
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import aclosing, closing
from pathlib import Path
from typing import Any

import pytest

from newsletter.clock import DAY, HOUR, iso
from newsletter.errors import BadInput
from newsletter.ids import new_id
from newsletter.storage import Database, Tx
from newsletter.subscribers import HEADER, Choice, count, export_csv, export_ndjson, imports, segments
from newsletter.subscribers.store import people
from tests.cast import House
from tests.conftest import NOON, Clock
from tests.subscribers.imports.test_taking_in import staged

ADA, BEN, CLEO = "ada@example.org", "ben@example.org", "cleo@example.org"


async def whole(pieces: AsyncIterator[tuple[int, bytes]]) -> bytes:
    return b"".join([piece async for _, piece in pieces])


async def rows(db: Database, choice: Choice = Choice()) -> list[dict[str, str]]:  # noqa: B008  it is frozen
    text = (await whole(export_csv(db, choice, raw=True))).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.fixture
async def cast(house: House, clock: Clock) -> House:
    """Ada is active and tagged, Ben pending since the next day, Cleo left on the third."""
    ada = await house.joins(ADA, "Ada Lovelace")
    await house.db.write(people.tag, ada.id, ["career", " came by bus"])
    clock.forward(DAY)
    await house.signs_up(BEN, "Ben")
    clock.forward(DAY)
    cleo = await house.joins(CLEO)
    await house.db.write(people.tag, cleo.id, ["career"])
    await house.db.write(house.site.subscribers.unsubscribe, cleo.id, "test")
    return house


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (Choice(), [ADA, BEN, CLEO]),
        (Choice(status="pending"), [BEN]),
        (Choice(tag="career"), [ADA, CLEO]),
        (Choice(tag="came by bus"), [ADA]),
        (Choice(tag="' OR 1=1 --"), []),
        (Choice(form="guide"), [ADA, BEN, CLEO]),
        (Choice(form="guide", status="pending"), [BEN]),
        (Choice(form="another"), []),
        (Choice(segment=segments.parse("tag:career and not status:active")), [CLEO]),
        (Choice(status="active", segment=segments.parse("tag:career or status:pending")), [ADA]),
        (Choice(since=NOON + DAY), [BEN, CLEO]),
        (Choice(since=NOON + DAY + 1), [CLEO]),
        (Choice(status="unsubscribed", tag="career", form="guide", since=NOON), [CLEO]),
        (Choice(status="active", since=NOON + DAY), []),
    ],
)
async def test_only_those_who_were_chosen(cast: House, choice: Choice, expected: list[str]) -> None:
    assert [row["email"] for row in await rows(cast.db, choice)] == expected
    assert await cast.db.read(count, choice) == len(expected)


async def test_each_column_says_what_it_is_called(cast: House) -> None:
    ada, ben, cleo = await rows(cast.db)
    form = await cast.form()

    assert ada == {
        "email": ADA,
        "name": "Ada Lovelace",
        "status": "active",
        "tags": "career,came by bus",
        "form": "guide",
        "signed_up": iso(NOON),
        "confirmed": iso(NOON),
        "unsubscribed": "",
        "fields": "{}",
        "consent_at": iso(NOON),
        "consent_requested": iso(NOON),
        "consent_wording": form.wording,
        "consent_wording_version": "1",
        "consent_message_id": (await cast.mails(ADA))[0].message_id,
        "consent_origin": "",
    }
    assert list(ada) == list(HEADER)
    assert {name for name, cell in ben.items() if cell} == {"email", "status", "form", "signed_up", "fields"}
    assert (cleo["tags"], cleo["unsubscribed"]) == ("career", iso(NOON + 2 * DAY))


async def test_who_was_imported_has_how_they_agreed(house: House, tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    path.write_text("email\nzoe@example.org\n", "utf-8")
    importing = imports.Importing(house.site.tokens, house.site.post)
    with closing(staged(path)) as people_:
        async for _ in imports.take_in(house.db, importing, people_, "=A form on paper", dry=False):
            pass
    await house.joins(ADA)
    zoe, ada = await rows(house.db)
    assert (zoe["consent_origin"], zoe["consent_wording"]) == ("=A form on paper", "")
    assert (ada["consent_origin"], zoe["consent_at"]) == ("", iso(NOON))
    sheet = (await whole(export_csv(house.db, Choice()))).decode("utf-8-sig")
    assert next(csv.DictReader(io.StringIO(sheet, newline="")))["consent_origin"] == "'=A form on paper"
    first = (await whole(export_ndjson(house.db, Choice()))).splitlines()[0]
    assert json.loads(first)["consent_origin"] == "=A form on paper"


@pytest.mark.parametrize("name", ["", " ", "a,b", "a\nb", "a\tb", "a\0"])
async def test_no_tag_has_a_name_that_an_export_could_not_tell_from_two(house: House, name: str) -> None:
    ada = await house.joins(ADA)
    with pytest.raises(BadInput, match="one line without a comma"):
        await house.db.write(people.tag, ada.id, ["career", name])
    assert (await rows(house.db))[0]["tags"] == ""


async def test_consent_is_the_newest_that_was_given(house: House, clock: Clock) -> None:
    ada = await house.joins(ADA)
    clock.forward(DAY)
    await house.db.write(house.site.subscribers.unsubscribe, ada.id, "test")
    first = (await rows(house.db))[0]
    assert (first["consent_at"], first["unsubscribed"]) == (iso(NOON), iso(NOON + DAY))

    clock.forward(DAY)
    await house.signs_up(ADA)
    clock.forward(HOUR)
    await house.confirms(ADA)
    (again,) = await rows(house.db)
    requested = NOON + 2 * DAY
    assert (again["consent_requested"], again["consent_at"]) == (iso(requested), iso(requested + HOUR))
    assert again["consent_message_id"] == (await house.mails(ADA))[-2].message_id
    assert (again["confirmed"], again["unsubscribed"]) == (iso(NOON), "")


async def test_for_spreadsheets_and_to_the_letter(house: House) -> None:
    nasty = '=HYPERLINK("https://example.com";"x"),\r\n+1\u2028é'
    await house.joins(ADA)
    await renames(house.db, ADA, nasty)
    raw = await whole(export_csv(house.db, Choice(), raw=True))
    sheet = await whole(export_csv(house.db, Choice()))

    assert not raw.startswith(b"\xef\xbb\xbf")
    assert sheet.startswith(b"\xef\xbb\xbf")
    assert raw.endswith(b"\r\n")
    assert (await rows(house.db))[0]["name"] == nasty
    (row,) = csv.DictReader(io.StringIO(sheet.decode("utf-8-sig"), newline=""))
    assert row["name"].startswith("'=")
    assert row["email"] == ADA


async def test_json_lines_hold_the_same_with_its_types(cast: House) -> None:
    await renames(cast.db, BEN, 'Ben "=1" \n\u2028 ☂')
    text = (await whole(export_ndjson(cast.db, Choice()))).decode()
    ada, ben, cleo = [json.loads(line) for line in text.removesuffix("\n").split("\n")]

    plain = await rows(cast.db)
    assert [one["email"] for one in (ada, ben, cleo)] == [row["email"] for row in plain]
    assert (ada["tags"], ada["fields"], ada["consent_wording_version"]) == (["career", "came by bus"], {}, 1)
    assert ben["name"] == 'Ben "=1" \n\u2028 ☂'
    assert ben["tags"] == []
    assert ben["confirmed"] is ben["consent_at"] is ben["consent_wording_version"] is None
    assert cleo["unsubscribed"] == plain[2]["unsubscribed"]


async def renames(db: Database, email: str, name: str) -> None:
    async def rename(tx: Tx) -> None:
        await tx.run("UPDATE subscribers SET name = :name WHERE email_key = :key", name=name, key=email)

    await db.write(rename)


async def crowd(db: Database, size: int, first: int = 0) -> None:
    people: list[dict[str, Any]] = [
        {"id": new_id(), "email": f"reader{n}@example.org", "at": n} for n in range(first, first + size)
    ]

    async def add(tx: Tx) -> None:
        await tx.many(
            """INSERT INTO subscribers (id, email, email_key, status, name, created_at)
               VALUES (:id, :email, :email, 'active', 'before', :at)""",
            people,
        )

    await db.write(add)


async def test_what_is_written_meanwhile_does_not_show(db: Database) -> None:
    await crowd(db, 6_000)

    async def upset(tx: Tx) -> None:
        await tx.run("UPDATE subscribers SET name = 'after'")
        await tx.run("DELETE FROM subscribers WHERE created_at > 5000")

    pieces = export_csv(db, Choice(), raw=True)
    text = (await anext(pieces))[1] + (await anext(pieces))[1]
    await db.write(upset)
    text += await whole(pieces)

    exported = list(csv.DictReader(io.StringIO(text.decode())))
    assert [row["email"] for row in exported] == [f"reader{n}@example.org" for n in range(6_000)]
    assert {row["name"] for row in exported} == {"before"}
    assert {row["name"] for row in await rows(db)} == {"after"}


async def test_memory_does_not_grow_with_the_subscribers(db: Database) -> None:
    async def peak() -> tuple[int, int]:
        """Bytes allocated at most by an export, and what it gave."""
        size = 0
        tracemalloc.start()
        async for _, piece in export_csv(db, Choice()):
            size += len(piece)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used, size

    await crowd(db, 4_000)
    few, small = await peak()
    await crowd(db, 12_000, first=4_000)
    many, large = await peak()
    assert large > 3.9 * small
    assert many < 1.3 * few


async def test_an_export_that_nobody_takes_further_holds_nothing_up(db: Database) -> None:
    """More of them than PostgreSQL has connections for us."""
    await crowd(db, 3_000)
    for _ in range(12):
        async with aclosing(export_ndjson(db, Choice())) as pieces:
            assert (await anext(pieces))[0] > 0
    await renames(db, "reader1@example.org", "after")
    assert [row["name"] for row in await rows(db)][1] == "after"
