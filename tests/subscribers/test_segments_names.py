"""A name in a segment that nothing has is told, with the one that was meant. On both engines."""

from collections.abc import Iterable
from difflib import get_close_matches

import pytest

from newsletter.storage import Tx
from newsletter.subscribers import segments
from newsletter.subscribers.segments import names
from tests.cast import House
from tests.mail.conftest import run

KNOWN = ("coaching", "Two Words", "writers")


@pytest.fixture
async def known(house: House) -> House:
    """The seeded form `guide` and magnet `structure-your-career`, three tags, a broadcast that was sent and a draft."""
    for id, name in enumerate(KNOWN, 1):
        await run(house.db, "INSERT INTO tags (id, name, title) VALUES (:id, :name, :name)", id=id, name=name)
    for id, mailing in ((12, 7), (13, None)):
        await run(
            house.db,
            """INSERT INTO broadcasts (id, slug, mailing_id, created_at, updated_at)
               VALUES (:id, :slug, :mailing, 1, 1)""",
            id=id,
            slug=f"letter-{id}",
            mailing=mailing,
        )
    return house


TOLD = {
    "": [],
    "tag:coaching and form:guide and downloaded:structure-your-career and received:12": [],
    "status:active or joined > 2026-01-31 or field:city = coachign": [],
    "tag:coachign": ["There is no tag “coachign”. Did you mean coaching?"],
    "tag:Coaching": ["There is no tag “Coaching”. Did you mean coaching?"],
    'not (tag:writers or tag:"two words")': ['There is no tag “two words”. Did you mean "Two Words"?'],
    "tag:zebra and (tag:zebra or not tag:zebra)": ["There is no tag “zebra”."],
    "form:guides": ["There is no form “guides”. Did you mean guide?"],
    "downloaded:guide": ["There is no guide “guide”."],
    "downloaded:structure-your-carreer": [
        "There is no guide “structure-your-carreer”. Did you mean structure-your-career?"
    ],
    "received:13 or received:41": [
        "No broadcast that was sent has the number 13.",
        "No broadcast that was sent has the number 41.",
    ],
    f"tag:{'x' * 300}": [f"There is no tag “{'x' * 40}…”."],
}


async def test_what_nothing_is_called_is_told(known: House) -> None:
    async def told(tx: Tx) -> dict[str, list[str]]:
        return {text: await segments.unknown(tx, segments.parse(text)) for text in TOLD}

    assert await known.db.read(told) == TOLD


async def test_among_many_names_the_one_that_was_meant_is_found_by_comparing_few(
    known: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL the comparing holds up everybody."""
    compared: list[str] = []

    def watched(word: str, possibilities: Iterable[str], n: int, cutoff: float) -> list[str]:
        names = list(possibilities)
        compared.extend(names)
        return get_close_matches(word, names, n, cutoff)

    monkeypatch.setattr(names, "get_close_matches", watched)
    await run(
        known.db,
        """INSERT INTO tags (id, name, title)
           WITH RECURSIVE n (i) AS (SELECT 11 UNION ALL SELECT i + 1 FROM n WHERE i < 50010)
           SELECT i, CASE WHEN i % 2 = 0 THEN 'course-' || i ELSE i || '-training' END, '' FROM n""",
    )
    others = " and ".join(f"not tag:training-{n}" for n in range(20))
    for typed in ("coachign", "caoching", "oaching", "coachingg", "COACHING"):
        compared.clear()
        told = await known.db.read(segments.unknown, segments.parse(f"tag:{typed} and {others}"))
        assert told[0] == f"There is no tag “{typed}”. Did you mean coaching?"
        assert len(told) == 21
        assert 0 < len(compared) <= names.MOST_COMPARED
