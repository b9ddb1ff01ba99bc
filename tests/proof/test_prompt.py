"""A message is with the relay within a second of the transaction that promised it, on an idle system."""

import time

import pytest

from newsletter.mail import Post, workers
from newsletter.mail.worker import POLL
from newsletter.storage import Database, open_database
from tests.conftest import Clock
from tests.figures import Figure
from tests.mail.conftest import CONTEXTS, AtWork, eventually
from tests.mail.sink import Sink
from tests.proof.conftest import SIZE

pytestmark = pytest.mark.alone

TRIES = 20 * SIZE
CONFIRM = CONTEXTS["confirmation"]


async def slowest(asking: Database, working: Database, post: Post, sink: Sink) -> float:
    """Seconds from a commit of `asking` to the mail on the wire, the worst of all tries."""

    async def at_rest() -> bool:
        return await working.read(workers) == 1

    await eventually(at_rest)
    worst = 0.0
    for number in range(TRIES):
        await asking.write(post.enqueue, "confirmation", f"ada+{number}@example.org", context=CONFIRM)
        asked = time.monotonic()

        async def taken(number: int = number) -> bool:
            return len(sink.mails) > number

        await eventually(taken)
        worst = max(worst, sink.mails[number].at - asked)
    return worst


async def test_of_the_same_process(
    db: Database,
    post: Post,
    at_work: AtWork,
    sink: Sink,
    figure: Figure,
) -> None:
    async with at_work(poll=POLL):
        worst = await slowest(db, db, post, sink)

    figure(f"prompt_{db.engine}_worst_s", worst, "< 1", worst < 1)
    assert worst < 1


async def test_of_another_process_that_wakes_nobody(
    db: Database,
    database_url: str,
    clock: Clock,
    post: Post,
    at_work: AtWork,
    sink: Sink,
    figure: Figure,
) -> None:
    other = await open_database(database_url, clock=clock)
    async with at_work(poll=POLL):
        worst = await slowest(other, db, post, sink)
    await other.close()

    figure(f"prompt_{db.engine}_other_process_worst_s", worst, "< 1", worst < 1)
    assert worst < 1
