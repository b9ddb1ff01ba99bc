"""What servers say of a mailing holds it as soon as it is too much, and not before; of others it says nothing."""

import pytest

from newsletter.mail import Mailings
from newsletter.mail.breaker import ENOUGH, FIRST, Verdict, heed
from newsletter.storage import Database
from tests.mail.conftest import run
from tests.mail.mailing import content

TAKEN, NOBODY, DISTRUST = "250 taken", "550 5.1.1 nobody of that name", "550 5.7.1 we do not trust you"


async def started(db: Database, mailings: Mailings, count: int = 1) -> list[int]:
    return [await db.write(mailings.start, content()) for _ in range(count)]


async def servers_say(db: Database, mailing_id: int, *said: str) -> None:
    """In one commit."""
    await db.write(
        heed,
        [
            Verdict(n, "sent" if one == TAKEN else "failed", one, mailing_id=mailing_id, code=int(one[:3]))
            for n, one in enumerate(said)
        ],
    )


async def state(db: Database, mailings: Mailings, mailing_id: int) -> tuple[str, str]:
    found = await db.read(mailings.find, mailing_id)
    return found.state, found.why


async def test_three_in_a_row_that_distrust_us_are_too_many(db: Database, mailings: Mailings) -> None:
    (one,) = await started(db, mailings)
    for said in ([DISTRUST, DISTRUST, TAKEN], [DISTRUST], [DISTRUST, NOBODY, DISTRUST], [DISTRUST]):
        await servers_say(db, one, *said)
        assert await state(db, mailings, one) == ("open", "")
    await servers_say(db, one, DISTRUST)
    why = "3 servers in a row refused it by policy: they distrust the sender, not the reader."
    assert await state(db, mailings, one) == ("held", why)


async def test_eleven_addresses_that_are_none_are_too_many(db: Database, mailings: Mailings) -> None:
    (one,) = await started(db, mailings)
    await servers_say(db, one, *[NOBODY] * 10, *[DISTRUST] * 2, TAKEN)
    assert await state(db, mailings, one) == ("open", "")
    await servers_say(db, one, NOBODY)
    why = "11 of the first 14 addresses were refused for good."
    assert await state(db, mailings, one) == ("held", why)


@pytest.mark.parametrize(("taken", "then"), [(ENOUGH - 1, "held"), (ENOUGH, "open")])
async def test_enough_that_were_taken_outweigh_all_that_are_refused(
    db: Database, mailings: Mailings, taken: int, then: str
) -> None:
    assert FIRST == 200
    (one,) = await started(db, mailings)
    await servers_say(db, one, *[TAKEN] * taken)
    await servers_say(db, one, *[NOBODY] * 11)
    assert (await state(db, mailings, one))[0] == then


async def test_what_can_change_nothing_is_not_written(db: Database, mailings: Mailings) -> None:
    (one,) = await started(db, mailings)
    await servers_say(db, one, *[TAKEN] * ENOUGH)
    for said, distrusted in (([TAKEN] * 9, 0), ([DISTRUST], 1), ([TAKEN], 0)):
        await servers_say(db, one, *said)
        assert await run(db, "UPDATE mailings SET why = '' WHERE distrusted = :n", n=distrusted) == 1
    assert await run(db, "UPDATE mailings SET why = '' WHERE answered = :n", n=ENOUGH + 2) == 1


async def test_neither_another_mailing_nor_one_that_is_over_is_held(db: Database, mailings: Mailings) -> None:
    one, other = await started(db, mailings, 2)
    assert await db.write(mailings.cancel, one)
    await servers_say(db, one, *[DISTRUST] * 3)
    assert await state(db, mailings, one) == ("cancelled", "")
    await servers_say(db, other, DISTRUST, DISTRUST)
    assert await run(db, "UPDATE mailings SET why = '' WHERE answered = 0 AND id = :id", id=one) == 1
    assert await state(db, mailings, other) == ("open", "")


async def test_who_said_nothing_refused_nothing(db: Database, mailings: Mailings) -> None:
    (one,) = await started(db, mailings)
    await db.write(heed, [Verdict(n, "failed", "no answer", mailing_id=one) for n in range(20)])
    assert await run(db, "UPDATE mailings SET why = '' WHERE answered = 0 AND refused = 0") == 1
