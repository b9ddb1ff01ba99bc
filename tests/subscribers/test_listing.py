"""The desk's lists: the newest first, a page at a time, each along an index however many people there are."""

from collections.abc import Sequence

import msgspec
import pytest

from newsletter.storage import Database, Param, Tx
from newsletter.subscribers import segments
from newsletter.subscribers.store import counts, listing
from newsletter.subscribers.store.listing import NEWEST, Listed
from tests.conftest import ON_ONE

PEOPLE = 30


@pytest.fixture
async def many(db: Database) -> Database:
    """Numbered from 1; each third one is pending, each tenth one has the tag work."""
    rows: list[dict[str, Param]] = [
        {
            "id": n,
            "email": f"Reader{n:02}@example.org",
            "key": f"reader{n:02}@example.org",
            "name": f"Ünal {n}" if n % 2 else f"Ada_{n}",
            "status": "active" if n % 3 else "pending",
        }
        for n in range(1, PEOPLE + 1)
    ]

    async def fill(tx: Tx) -> None:
        await tx.many(
            """INSERT INTO subscribers (id, email, email_key, name, status, created_at)
               VALUES (:id, :email, :key, :name, :status, :id)""",
            rows,
        )
        await counts.add(tx, {("active", 0): 20, ("pending", 0): 10})
        await tx.run("INSERT INTO tags (id, name, title) VALUES (1, 'work', 'Work')")
        await tx.run(
            "INSERT INTO subscriber_tags (subscriber_id, tag_id) SELECT id, 1 FROM subscribers WHERE id % 10 = 0"
        )

    await db.write(fill)
    return db


def ids(people: Sequence[Listed]) -> list[int]:
    return [one.id for one in people]


async def all_pages(db: Database, text: str, most: int) -> list[list[int]]:
    pages, before = [], NEWEST
    while before:
        page = await db.read(listing.page, segments.parse(text), before, most)
        pages.append(ids(page.people))
        before = page.before
    return pages


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", range(1, 31)),
        ("status:pending", range(3, 31, 3)),
        ("tag:work", (10, 20, 30)),
        ("tag:work and status:pending", (30,)),
        ("tag:work or status:pending", sorted({*range(3, 31, 3), 10, 20})),
        ("not tag:work", [n for n in range(1, 31) if n % 10]),
        ("tag:nothing", ()),
    ],
)
async def test_pages_bring_everybody_once(many: Database, text: str, meant: Sequence[int]) -> None:
    for most in (1, 7, 100):
        pages = await all_pages(many, text, most)
        assert [n for page in pages for n in page] == sorted(meant, reverse=True)
        assert all(len(page) <= most for page in pages)
    assert await many.read(listing.counted, segments.parse(text)) == (len(meant), 0)


async def test_a_page_looks_only_so_far(many: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "LOOK", 8)
    page = await many.read(listing.page, segments.parse("not status:active"), NEWEST, 50)
    assert (ids(page.people), page.before, page.looked_on) == ([30, 27, 24], 23, 8)
    assert [n for some in await all_pages(many, "not status:active", 50) for n in some] == list(
        range(30, 0, -3)
    )
    assert await many.read(listing.counted, segments.parse("not status:active")) == (3, 8)
    assert await many.read(listing.counted, segments.parse("tag:work")) == (3, 0)
    assert await many.read(listing.counted, segments.parse("status:active")) == (20, 0)
    assert await many.read(listing.counted, segments.parse("")) == (30, 0)
    monkeypatch.setattr(listing, "TAG_COUNTED", 2)
    assert await many.read(listing.counted, segments.parse("tag:work")) == (2, 2)


async def test_along_a_tag_a_page_looks_at_fewer_and_the_first_at_the_fewest(
    many: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "FIRST_LOOKED_UP", 1)
    monkeypatch.setattr(listing, "LOOKED_UP", 2)
    segment = segments.parse("tag:work and not tag:none")
    first = await many.read(listing.page, segment, NEWEST, 50)
    assert (ids(first.people), first.before, first.looked_on) == ([30], 21, 1)
    assert await many.read(listing.counted, segment, first=first) == (1, 1)
    second = await many.read(listing.page, segment, first.before, 50)
    assert (ids(second.people), second.before, second.looked_on) == ([20, 10], 0, 0)
    assert await many.read(listing.counted, segment) == (2, 2)


@pytest.mark.parametrize("first", [1, 3, 5, 8])
async def test_a_page_looks_at_a_few_first_and_then_on(
    many: Database, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    """Wherever it takes a breath, nobody is left out or shown twice."""
    monkeypatch.setattr(listing, "COUNTED", first)
    monkeypatch.setattr(listing, "LOOK", 7)
    for text, meant in (
        ("not status:active", range(30, 0, -3)),
        ("not tag:work", [n for n in range(30, 0, -1) if n % 10]),
    ):
        for most in (1, 2, 50):
            pages = await all_pages(many, text, most)
            assert [n for page in pages for n in page] == list(meant)
    page = await many.read(listing.page, segments.parse("not status:active"), NEWEST, 50)
    assert (ids(page.people), page.before, page.looked_on) == ([30, 27, 24], 24, 7)


@pytest.mark.parametrize("text", ["tag:all and tag:work", "status:active and tag:all and tag:work"])
async def test_who_has_a_rare_tag_is_found_along_it(
    many: Database, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    async def tag_all(tx: Tx) -> None:
        await tx.run("INSERT INTO tags (id, name, title) VALUES (2, 'all', 'All')")
        await tx.run("INSERT INTO subscriber_tags (subscriber_id, tag_id) SELECT id, 2 FROM subscribers")

    await many.write(tag_all)
    monkeypatch.setattr(listing, "COUNTED", 5)
    monkeypatch.setattr(listing, "LOOK", 6)
    page = await many.read(listing.page, segments.parse(text), NEWEST, 50)
    assert (ids(page.people), page.before) == ([20, 10] if "active" in text else [30, 20, 10], 0)


async def test_a_count_beside_a_full_page_looks_at_fewer(
    many: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "COUNTED", 12)
    segment = segments.parse("not status:active")
    first = await many.read(listing.page, segment, NEWEST, 2)
    assert await many.read(listing.counted, segment, first=first) == (4, 12)
    assert await many.read(listing.counted, segment) == (10, 0)
    first = await many.read(listing.page, segment, NEWEST, 6)
    assert await many.read(listing.counted, segment, first=first) == (6, 16)  # it has looked at more itself


@pytest.mark.parametrize("look", [8, 10_000])
@pytest.mark.parametrize(
    "text", ["", "status:pending", "tag:work", "not status:active", "tag:work and not tag:rest"]
)
async def test_a_count_beside_the_first_page_is_the_same(
    many: Database, monkeypatch: pytest.MonkeyPatch, text: str, look: int
) -> None:
    monkeypatch.setattr(listing, "LOOK", look)
    segment = segments.parse(text)
    alone = await many.read(listing.counted, segment)
    for most in (1, 3, 50):
        first = await many.read(listing.page, segment, NEWEST, most)
        assert await many.read(listing.counted, segment, first=first) == alone


@pytest.mark.parametrize(
    ("text", "count", "first"),
    [
        ("reader0", 9, 1),
        ("READER2", 10, 20),
        ("reader07@example.org", 1, 7),
        ("ada_1", 5, 10),
        ("ADA_", 15, 10),
        ("Ün", 15, 1),
        ("ada%", 0, 0),
        ("nobody", 0, 0),
        ("a\U0010ffff", 0, 0),
    ],
)
async def test_people_are_found_by_how_they_begin(many: Database, text: str, count: int, first: int) -> None:
    found = await many.read(listing.found, text, 50)
    assert len(found) == count
    assert (found[0].id if found else 0) == first
    assert len(await many.read(listing.found, text, 3)) == min(count, 3)


async def test_their_tags_come_along(many: Database) -> None:
    assert await many.read(listing.tags_of, [9, 10, 20]) == {10: ["work"], 20: ["work"]}


class _Step(msgspec.Struct):
    id: int
    parent: int
    notused: int
    detail: str


@ON_ONE
@pytest.mark.parametrize(
    "text", ["", "status:pending", "tag:work", "tag:work and status:pending", "not tag:work"]
)
async def test_nothing_is_sorted_and_nobody_is_looked_at_in_vain(db: Database, text: str) -> None:
    seen: list[str] = []

    class Watched:
        """A transaction that tells how each statement would be done."""

        def __init__(self, tx: Tx) -> None:
            self.engine, self.now, self._tx = tx.engine, tx.now, tx

        async def all(self, type: type[msgspec.Struct], sql: str, /, **params: Param) -> list[msgspec.Struct]:
            seen.extend(
                step.detail for step in await self._tx.all(_Step, f"EXPLAIN QUERY PLAN {sql}", **params)
            )
            return await self._tx.all(type, sql, **params)

        async def value(self, sql: str, /, **params: Param) -> object:
            seen.extend(
                step.detail for step in await self._tx.all(_Step, f"EXPLAIN QUERY PLAN {sql}", **params)
            )
            return await self._tx.value(sql, **params)

    async def look(tx: Tx) -> None:
        watched: Tx = Watched(tx)  # type: ignore[assignment]  # as much of it as is used
        await listing.page(watched, segments.parse(text), NEWEST, 50)
        await listing.found(watched, "ada", 50)

    await db.read(look)
    assert seen
    assert not [step for step in seen if "TEMP B-TREE" in step or step.startswith("SCAN")], seen
