"""Segments of every shape, and people of every kind, each known twice: as rows, and as what a test says of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from random import Random
from typing import TypeVar, get_args

import msgspec
from hypothesis import strategies as st

from newsletter.storage import Tx
from newsletter.subscribers.model import STATUSES
from newsletter.subscribers.segments import Segment
from newsletter.subscribers.segments.model import (
    And,
    Answered,
    Comparison,
    Condition,
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

T = TypeVar("T")

TAGS = ("coaching", "two words", "and", 'o"\\x', "ünï")
FORMS = ("guide", "course")
MAGNETS = ("structure-your-career", "checklist")
BROADCASTS = {12: 901, 2**63 - 1: 902}  # and the mailing that each became
FIELDS = ("city", 'say "x"', "$.city", "0")
VALUES = ("Porto", "New York", "porto", "", 'a"b\\', "1")
DAYS = (date(2018, 11, 4), date(2011, 12, 30), date(2026, 1, 1), date(2026, 1, 15))
EDGES = tuple(  # midnight in UTC; where São Paulo skips it; where Apia skips a day
    int(datetime.fromisoformat(at + "Z").timestamp()) * 1000
    for at in (
        "2018-11-04T00:00",
        "2018-11-04T03:00",
        "2011-12-30T10:00",
        "2026-01-01T00:00",
        "2026-01-15T12:00",
    )
)


def nodes(conditions: st.SearchStrategy[Condition]) -> st.SearchStrategy[Node]:
    return st.recursive(
        conditions,
        lambda inner: (
            inner.map(Not)
            | st.lists(inner, min_size=2, max_size=4).map(lambda parts: And(tuple(parts)))
            | st.lists(inner, min_size=2, max_size=4).map(lambda parts: Or(tuple(parts)))
        ),
        max_leaves=8,
    )


def conditions(
    names: st.SearchStrategy[str],
    fields: st.SearchStrategy[str],
    values: st.SearchStrategy[str],
    days: st.SearchStrategy[date],
) -> st.SearchStrategy[Condition]:
    return st.one_of(
        st.sampled_from(STATUSES).map(Standing),
        names.map(Tagged),
        names.map(Through),
        names.map(Downloaded),
        (st.sampled_from([*BROADCASTS]) | st.integers(1, 2**63 - 1)).map(Received),
        st.builds(Answered, fields, values),
        st.builds(Joined, st.sampled_from(get_args(Comparison)), days),
    )


_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
ANY = nodes(
    conditions(
        _texts.filter(bool) | st.sampled_from(TAGS),
        _texts.filter(bool),
        _texts,
        st.dates(date(1970, 1, 1), date(2999, 12, 31)),
    )
).map(Segment) | st.just(Segment())
APT = nodes(  # those that some of the people are in
    conditions(
        st.sampled_from((*TAGS, *FORMS, *MAGNETS)),
        st.sampled_from(FIELDS),
        st.sampled_from(VALUES),
        st.builds(lambda day, by: day + timedelta(by), st.sampled_from(DAYS), st.integers(-1, 1)),
    )
).map(Segment)


@dataclass
class Person:
    id: int
    status: str
    created_at: int
    confirmed_at: int | None
    paused_until: int | None
    form: str
    tags: set[str] = field(default_factory=set)
    signups: set[tuple[str, bool]] = field(default_factory=set)  # form, whether confirmed
    downloads: set[tuple[str, bool]] = field(default_factory=set)  # guide, whether automatic
    outbox: set[tuple[int, str]] = field(default_factory=set)  # broadcast, state
    fields: dict[str, object] = field(default_factory=dict)


def people(now: int) -> list[Person]:
    """Sixty, always the same: of each status ten."""
    random = Random(5)
    cast = []
    for n in range(60):
        at = random.choice(EDGES) + random.choice((-1, 0, 1))
        cast.append(
            Person(
                n * 3 + 1,
                STATUSES[n % len(STATUSES)],
                at - random.choice((0, 1, 90_000_000)),
                random.choice((at, None)),
                random.choice((None, None, now - 1, now, now + 1)),
                random.choice(("", *FORMS)),
                set(some(random, TAGS)),
                set(some(random, [(form, confirmed) for form in FORMS for confirmed in (True, False)])),
                {(guide, random.random() < 0.5) for guide in some(random, MAGNETS)},
                {
                    (broadcast, random.choice(("sent", "failed", "queued")))
                    for broadcast in some(random, [*BROADCASTS])
                },
                {name: random.choice((*VALUES, True, 1, None)) for name in some(random, FIELDS)},
            )
        )
    return cast


def some(random: Random, of: Sequence[T]) -> list[T]:
    """Two at most. In their order, so that what is drawn for each is the same every time."""
    return random.sample(of, random.randint(0, 2))


async def insert(tx: Tx, cast: list[Person]) -> None:
    ids = count(1000)
    tags = {tag: next(ids) for tag in TAGS}
    forms = {form: next(ids) for form in FORMS}
    guides = {guide: next(ids) for guide in MAGNETS}
    for name, id in tags.items():
        await tx.run("INSERT INTO tags (id, name, title) VALUES (:id, :name, :name)", id=id, name=name)
    for name, id in forms.items():
        await tx.run(
            """INSERT INTO forms (id, slug, title, button, wording_id, created_at)
               VALUES (:id, :name, CAST(:name AS TEXT), 'Join', 1, 0)""",
            id=id,
            name=name,
        )
    await tx.run("INSERT INTO files (id, sha256, name, media_type, size) VALUES (1, '', 'a', 'b', 1)")
    for name, id in guides.items():
        await tx.run(
            "INSERT INTO magnets (id, slug, title, created_at) VALUES (:id, :name, :name, 0)",
            id=id,
            name=name,
        )
        await tx.run(
            """INSERT INTO magnet_versions (id, magnet_id, number, file_id, created_at)
               VALUES (:id, :id, 1, 1, 0)""",
            id=id,
        )
    for broadcast, mailing in BROADCASTS.items():
        await tx.run(
            """INSERT INTO broadcasts (id, slug, mailing_id, created_at, updated_at)
               VALUES (:id, :slug, :mailing, 0, 0)""",
            id=broadcast,
            slug=f"letter-{mailing}",
            mailing=mailing,
        )
    for person in reversed(cast):  # the order of ids is asked for, not met by chance
        await _insert_one(tx, person, forms)
        await _insert_acts(tx, person, tags, forms, guides, ids)


async def _insert_one(tx: Tx, person: Person, forms: dict[str, int]) -> None:
    await tx.run(
        """INSERT INTO subscribers (id, email, email_key, name, status, created_at, confirmed_at, paused_until,
               form_id, fields)
           VALUES (:id, :email, CAST(:email AS TEXT), :name, :status, :created, :confirmed, :paused, :form,
               :fields)""",
        id=person.id,
        email=f"p{person.id}@example.org",
        name=f"Reader {person.id}",
        status=person.status,
        created=person.created_at,
        confirmed=person.confirmed_at,
        paused=person.paused_until,
        form=forms.get(person.form),
        fields=msgspec.json.encode(person.fields).decode(),
    )


async def _insert_acts(
    tx: Tx,
    person: Person,
    tags: dict[str, int],
    forms: dict[str, int],
    guides: dict[str, int],
    ids: Iterator[int],
) -> None:
    for tag in person.tags:
        await tx.run(
            "INSERT INTO subscriber_tags (subscriber_id, tag_id) VALUES (:id, :tag)",
            id=person.id,
            tag=tags[tag],
        )
    for form, confirmed in person.signups:
        await tx.run(
            """INSERT INTO signups (id, subscriber_id, form_id, wording_id, at, confirmed_at)
               VALUES (:row, :id, :form, 1, 0, :confirmed)""",
            row=next(ids),
            id=person.id,
            form=forms[form],
            confirmed=1 if confirmed else None,
        )
    for guide, automatic in person.downloads:
        await tx.run(
            "INSERT INTO downloads (subscriber_id, version_id, at, automatic) VALUES (:id, :guide, 0, :automatic)",
            id=person.id,
            guide=guides[guide],
            automatic=automatic,
        )
    for broadcast, state in person.outbox:
        await tx.run(
            """INSERT INTO outbox (id, message, priority, subscriber_id, recipient, context, message_id, state,
                   not_before, created_at, mailing_id)
               VALUES (:row, '', 10, :id, '', '', '', :state, 0, 0, :mailing)""",
            row=next(ids),
            id=person.id,
            state=state,
            mailing=BROADCASTS[broadcast],
        )
