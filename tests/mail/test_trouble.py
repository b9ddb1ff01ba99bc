"""What providers took and what came back, by provider, with the one thing to do about it."""

import pytest

from newsletter.clock import DAY, HOUR
from newsletter.mail import trouble
from newsletter.mail.trouble import Taken
from newsletter.storage import Database
from tests.conftest import Clock
from tests.mail.conftest import run

SENT = """
    INSERT INTO outbox (id, message, priority, recipient, context, message_id, state, not_before, created_at,
                        settled_at)
    VALUES (:id, 'broadcast', 10, :to, '{}', 'x', :state, 0, :at, :at)
    """
BACK = "INSERT INTO bounces (outbox_id, kind, sent_at, at) VALUES (:id, :kind, :at, :at)"


async def test_each_provider_s_mail_is_counted(db: Database, clock: Clock) -> None:
    number = 0

    async def sent(to: str, *kinds: str, state: str = "sent", ago: int = HOUR) -> None:
        nonlocal number
        number, at = number + 1, clock.now() - ago
        await run(db, SENT, id=number, to=to, state=state, at=at)
        for kind in kinds:
            await run(db, BACK, id=number, kind=kind, at=at)

    for kind in ("policy", "policy", "policy", "hard"):
        await sent("a@Outlook.com", kind, state="failed")
    await sent("a@hotmail.de", "soft")
    await sent("a@gmail.com", "soft", "complaint")
    for to in ("a@googlemail.com", "b@example.org", "c@example.org", "d@example.net"):
        await sent(to)
    await sent("", state="skipped")
    await sent("a@gmail.com", "hard", ago=31 * DAY)
    await sent("a@example.org", state="queued")
    found = await db.read(trouble.report)
    assert found.troubled == [
        Taken("outlook.com", accepted=1, soft=1, hard=1, policy=3),
        Taken("gmail.com", accepted=2, soft=1, complaint=1),
    ]
    assert (found.others, found.accepted) == (2, 3)
    assert [one.verdict for one in found.troubled] == ["policy", "few"]


@pytest.mark.parametrize(
    ("taken", "verdict"),
    [
        (Taken("x", 1_000, policy=2), "few"),
        (Taken("x", 1_000, policy=3, complaint=9), "policy"),
        (Taken("x", 2_000, complaint=2), "complaints"),
        (Taken("x", 3_000, complaint=2), "few"),
        (Taken("x", 3, complaint=1), "few"),
        (Taken("x", 98, hard=2), "hard"),
        (Taken("x", 99, hard=2), "few"),
        (Taken("x", 1_000, hard=2), "few"),
        (Taken("x", 40, soft=2), "soft"),
        (Taken("x", 1, soft=1), "few"),
    ],
)
def test_the_worst_is_said_and_one_of_a_handful_is_no_sign(taken: Taken, verdict: str) -> None:
    assert taken.verdict == verdict
    assert taken.to_do.endswith(".")
