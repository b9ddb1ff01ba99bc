"""Who is in a segment: the databases' answer is the one that its words give, and costs one walk by id."""

import asyncio
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.storage import Database, Engine, Tx, open_database, placeholders
from newsletter.subscribers import segments
from newsletter.subscribers.segments import Segment
from newsletter.subscribers.segments.model import (
    And,
    Answered,
    Downloaded,
    Joined,
    Node,
    Not,
    Or,
    Received,
    Standing,
    Tagged,
    Through,
)
from newsletter.subscribers.segments.store import compiled, page
from newsletter.subscribers.segments.words import spelled
from tests.conftest import NOON, Clock
from tests.subscribers.segment_samples import APT, TAGS, Person, insert, people

ZONES = [UTC, *map(ZoneInfo, ("America/Sao_Paulo", "Pacific/Apia", "Asia/Kathmandu"))]


def is_in(person: Person, node: Node, zone: tzinfo) -> bool:
    """What the words say, of one person."""
    match node:
        case Not(of):
            return not is_in(person, of, zone)
        case And(parts):
            return all(is_in(person, part, zone) for part in parts)
        case Or(parts):
            return any(is_in(person, part, zone) for part in parts)
        case Standing(status):
            return person.status == status
        case Tagged(tag):
            return tag in person.tags
        case Through(form):
            return person.form == form or (form, True) in person.signups
        case Downloaded(magnet):
            return (magnet, False) in person.downloads
        case Received(mailing_id):
            return (mailing_id, "sent") in person.outbox
        case Answered(name, value):
            answer = person.fields.get(name, "")
            return (answer if isinstance(answer, str) else "") == value
        case Joined(comparison, day):
            since = person.created_at if person.confirmed_at is None else person.confirmed_at
            on = datetime.fromtimestamp(since / 1000, zone).date()
            return {"<": on < day, "<=": on <= day, "=": on == day, ">=": on >= day, ">": on > day}[
                comparison
            ]


async def whole(tx: Tx, segment: Segment, zone: tzinfo, *, mailable: bool) -> list[int]:
    """By pages of seven; and the count says the same."""
    found: list[int] = []
    while (
        len(
            ids := await segments.ids_after(
                tx, segment, found[-1] if found else 0, 7, mailable=mailable, zone=zone
            )
        )
        == 7
    ):
        found += ids
    found += ids
    assert await segments.count(tx, segment, mailable=mailable, zone=zone) == len(found)
    return found


def test_the_rows_are_those_that_the_words_mean(database_url: str, clock: Clock) -> None:
    cast = people(NOON)
    with asyncio.Runner() as runner:
        db = runner.run(open_database(database_url, clock=clock))
        runner.run(db.write(insert, cast))

        @settings(max_examples=150)
        @given(APT, st.sampled_from(ZONES))
        def agrees(segment: Segment, zone: tzinfo) -> None:
            assert segment.condition
            told = [person for person in cast if is_in(person, segment.condition, zone)]
            may = [
                p for p in told if p.status == "active" and (p.paused_until is None or p.paused_until <= NOON)
            ]
            assert runner.run(db.read(whole, segment, zone, mailable=False)) == [p.id for p in told]
            assert runner.run(db.read(whole, segment, zone, mailable=True)) == [p.id for p in may]

        try:
            agrees()
        finally:
            runner.run(db.close())


async def test_who_may_be_mailed_comes_with_what_a_message_says_of_them(db: Database) -> None:
    cast = people(NOON)
    await db.write(insert, cast)
    told = [p for p in cast if p.status == "active" and (p.paused_until or 0) <= NOON and p.tags]
    segment = segments.parse(" or ".join(f"tag:{spelled(tag)}" for tag in TAGS))
    after = told[0].id
    found = await db.read(segments.people_after, segment, after, len(told) - 2)
    assert [(one.id, one.email) for one in found] == [(p.id, f"p{p.id}@example.org") for p in told[1:-1]]
    assert [msgspec.json.decode(one.fields) for one in found] == [p.fields for p in told[1:-1]]
    assert [one.name for one in found] == [f"Reader {p.id}" for p in told[1:-1]]


async def test_every_condition_is_true_of_some_and_false_of_some(db: Database) -> None:
    """Otherwise the databases would agree about nobody."""
    cast = people(NOON)
    await db.write(insert, cast)
    for text in EACH:
        assert 0 < await db.read(segments.count, segments.parse(text)) < len(cast), text
    assert await db.read(segments.count, Segment()) == len(cast)


EACH = [
    "tag:coaching",
    "form:guide",
    "downloaded:structure-your-career",
    "received:12",
    "status:active",
    "field:city = Porto",
    'field:city = ""',
    r'field:"say \"x\"" = "a\"b\\"',
    "joined >= 2026-01-01",
    "joined = 2018-11-04",
]


ENGINES: list[Engine] = ["sqlite", "postgres"]


@pytest.mark.parametrize("value", ["' OR 1=1 --", "{0}", ":v0", "%", '"', "x; DROP TABLE tags"])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_value_is_a_parameter_and_never_a_text(engine: Engine, value: str) -> None:
    def of(value: str) -> Segment:
        return Segment(And((Tagged(value), Through(value), Downloaded(value), Not(Answered(value, value)))))

    sql, params = compiled(of(value), engine)
    assert sql == compiled(of("a"), engine)[0]
    assert [*params.values()] == [value] * 5


class _Step(msgspec.Struct):
    id: int
    parent: int
    notused: int
    detail: str


async def steps(tx: Tx, text: str, mailable: bool) -> list[str]:
    sql, params = page(segments.parse(text), "sqlite", mailable=mailable)
    more = {"now": NOON} if mailable else {}
    rows = await tx.all(_Step, f"EXPLAIN QUERY PLAN {sql}", after=50_000, limit=500, **params, **more)
    return [row.detail for row in rows]


MANY = """
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
    INSERT INTO subscribers (id, email, email_key, status, created_at)
    SELECT i, 'p' || i, 'p' || i, CASE WHEN i % 10 = 0 THEN 'pending' ELSE 'active' END, i FROM n
    """


async def test_a_chunk_of_100_000_people_reads_on_by_id(sqlite_url: str, clock: Clock) -> None:
    db = await open_database(sqlite_url, clock=clock)

    async def fill(tx: Tx) -> None:
        await tx.run(MANY)

    try:
        await db.write(fill)
        either = "status:active or status:pending or " + " or ".join(EACH)
        for text in (*EACH, either, " and ".join(EACH), "not tag:coaching", ""):
            plain, allowed = [await db.read(steps, text, mailable) for mailable in (False, True)]
            assert plain[0] == "SEARCH s USING INTEGER PRIMARY KEY (rowid>?)", plain
            assert allowed[0] == "SEARCH s USING INDEX subscribers_status (status=? AND id>?)", allowed
            for step in plain + allowed:
                assert not step.startswith("SCAN") or step.startswith("SCAN j VIRTUAL TABLE"), step
                assert "TEMP B-TREE" not in step, step
                assert "AUTOMATIC" not in step, step
        ids = await db.read(segments.ids_after, segments.parse(either), 50_000, 500)
        assert ids == [*range(50_001, 50_501)]
    finally:
        await db.close()


FEWER = (
    """INSERT INTO subscribers (id, email, email_key, status, created_at)
       SELECT i, 'p' || i, 'p' || i, CASE WHEN i % 10 = 0 THEN 'pending' ELSE 'active' END, i
       FROM generate_series(1000, 20000) AS g (i)""",
    "INSERT INTO subscriber_tags (subscriber_id, tag_id) SELECT i, 1000 FROM generate_series(1000, 20000, 2) AS g (i)",
    "ANALYZE",
)


@pytest.mark.postgres
async def test_postgresql_gathers_and_sorts_nobody_for_a_chunk(postgres_url: str) -> None:
    db = await open_database(postgres_url)
    await db.write(insert, people(NOON))
    await db.close()
    connection = await asyncpg.connect(postgres_url)
    try:
        for sql in FEWER:
            await connection.execute(sql)
        for text in (*EACH, "status:active or status:pending or " + " or ".join(EACH), ""):
            sql, params = page(segments.parse(text), "postgres")
            numbered, names = placeholders.compiled(sql)
            values = placeholders.bound(names, {**params, "after": 10_000, "limit": 500})
            plan = [row[0] for row in await connection.fetch(f"EXPLAIN {numbered}", *values)]
            assert any("using subscribers_pkey on subscribers s" in step for step in plan), plan
            assert not any("Sort" in step or "hashed" in step for step in plan), plan
    finally:
        await connection.close()
