"""A step goes out in many small mailings; what servers say of them counts together."""

import pytest

from newsletter.clock import HOUR
from newsletter.mail import bulk_ledger, bulk_turns
from newsletter.mail.breaker import ENOUGH, Verdict
from newsletter.mail.ledger import Settlement
from newsletter.mail.life import beat
from newsletter.mail.limits import UNLIMITED
from tests.mail.conftest import OLGA, run
from tests.sequences.walking import Path

TAKEN, NOBODY, DISTRUST = "250 taken", "550 5.1.1 nobody of that name", "550 5.7.1 we do not trust you"


async def goes_out(path: Path, *said: str) -> None:
    """To as many new people at once, of whom their servers say this. Hours later the clock has gone round."""
    count = len(await path.entries())
    for n in range(len(said)):
        await path.joins(f"reader{count + n}@example.org")
    await path.goes_round(arrives=False)
    await path.db.write(beat, 1)
    jobs = await path.db.write(bulk_ledger.reserve, 1, len(said), UNLIMITED)
    done = [
        Verdict.of(
            Settlement(job.id, "sent" if one == TAKEN else "failed", one), job.mailing_id, int(one[:3])
        )
        for job, one in zip(jobs, said, strict=True)
    ]
    await path.db.write(bulk_turns.turn, 1, done, [], UNLIMITED)
    path.clock.forward(2 * HOUR)
    await path.goes_round()


async def state(path: Path) -> tuple[str, str]:
    one = await path.db.read(path.site.sequences.find, "welcome")
    return one.state, one.why


async def test_three_that_distrust_us_in_a_row_turn_it_off_though_hours_lie_between(path: Path) -> None:
    await path.begins(("box", 0))
    for said in (DISTRUST, DISTRUST, TAKEN, DISTRUST, DISTRUST):
        await goes_out(path, said)
        assert await state(path) == ("on", "")
    await goes_out(path, DISTRUST)
    why = "3 servers in a row refused it by policy: they distrust the sender, not the reader."
    assert await state(path) == ("off", why)
    assert [mail.message for mail in await path.mails(OLGA)].count("sequence_held") == 1

    await path.turns_on()
    for _ in range(2):
        await goes_out(path, DISTRUST)
        assert await state(path) == ("on", "")  # counted anew, once its owner has seen to it


async def test_too_many_addresses_that_are_none_of_the_first_two_hundred_turn_it_off(path: Path) -> None:
    await path.begins(("box", 0))
    for _ in range(10):
        await goes_out(path, TAKEN, NOBODY, TAKEN)
        assert await state(path) == ("on", "")
    await goes_out(path, NOBODY)
    assert await state(path) == ("off", "11 of the first 31 addresses were refused for good.")


@pytest.mark.parametrize("before", [ENOUGH - 1, ENOUGH])
async def test_after_the_first_two_hundred_it_goes_on(path: Path, before: int) -> None:
    await path.begins(("box", 0))
    await goes_out(path, TAKEN)
    await run(path.db, "UPDATE mailings SET answered = :before", before=before)
    await goes_out(path, *[NOBODY] * 11)
    assert (await state(path))[0] == ("on" if before == ENOUGH else "off")


async def test_steps_count_each_for_itself(path: Path) -> None:
    await path.begins(("box", 0), ("talk", 0))
    await goes_out(path, DISTRUST)
    await path.arrives()
    await goes_out(path, DISTRUST)
    counts = await path.count("SELECT max(distrusted) FROM mailings")
    assert counts == 2
    assert await path.count("SELECT min(distrusted) FROM mailings") == 0
