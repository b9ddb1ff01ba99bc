"""Of machines on one PostgreSQL, one that answers and one that sends have clocks two days ahead of the others'.

Nobody is taken for dead, so nothing is sent twice; what is planned waits for its hour; a day's limit is one day's; and
a link of one machine is good on the other. All go by the clock of the database.
"""

import asyncio
import re
from collections import Counter
from functools import partial

import httpx

from newsletter.broadcasts import Draft
from newsletter.clock import DAY, HOUR, SECOND, now
from newsletter.mail.worker import BEAT
from tests.cast import House
from tests.figures import Figure
from tests.mail.conftest import eventually, run
from tests.mail.mailing import people
from tests.mail.sink import Mail, Sink
from tests.proof.cluster import Cluster
from tests.proof.test_machines import cluster, house, sink

__all__ = ["cluster", "house", "sink"]

APART = 2 * DAY // SECOND
READERS = 400
DAYS_LIMIT = 300
ADA = "new-on-a@example.org"


async def two_broadcasts(house: House) -> None:
    """One that is due, and one in an hour."""
    await people(house.db, READERS)
    for subject in ("Now", "In an hour"):
        made = await house.db.write(house.site.broadcasts.new, Draft(subject=subject, body="It is time."))
        await house.db.write(house.site.broadcasts.schedule, made.id, now() + HOUR)
    await run(house.db, "UPDATE broadcasts SET send_at = created_at WHERE subject = 'Now'")


async def test_two_days_apart(house: House, cluster: Cluster, sink: Sink, figure: Figure) -> None:
    cluster.machine.environment["NEWSLETTER_MAIL_PER_DAY"] = str(DAYS_LIMIT)
    for name, apart in {"a": APART, "x": APART, "b": 0, "y": 0, "z": 0}.items():
        cluster.start(name, apart)
        if name in cluster.ports:
            await eventually(partial(cluster.answers, name), 120)
    assert await cluster.sign_up("a", ADA)
    confirmed = await confirms(cluster, sink)
    sink.delay = 0.25  # all of them hold something while all of them are seen
    await two_broadcasts(house)
    beats = await looked_at(house, sink)
    sent = len(sink.dotted)
    early = sum(b"Subject: In an hour" in mail.content for mail in sink.dotted)
    resent = await house.count("SELECT COALESCE(sum(resends), 0) FROM outbox")
    twice = sum(count > 1 for count in Counter(message(mail) for mail in sink.dotted).values())
    cluster.kill(*cluster.nodes)

    figure("machines_clocks_apart_s", APART)
    figure("machines_clocks_mails", sent, f"<= {DAYS_LIMIT}", sent <= DAYS_LIMIT)
    figure("machines_clocks_workers_at_each_look", min(beats), "3", min(beats) == 3)
    figure("machines_clocks_taken_for_dead", resent + twice, "0", not resent + twice)
    figure("machines_clocks_before_their_hour", early, "0", not early)
    assert confirmed
    assert (min(beats), resent, twice, early) == (3, 0, 0, 0)
    assert sent == DAYS_LIMIT


async def confirms(cluster: Cluster, sink: Sink) -> bool:
    """By the link that the machine ahead had sent, on the other one."""

    async def mailed() -> bool:
        return any(ADA.encode() in mail.recipient for mail in sink.dotted)

    await eventually(mailed, 60)
    (mail,) = (mail for mail in sink.dotted if ADA.encode() in mail.recipient)
    text = mail.content.replace(b"=\r\n", b"").decode()
    path = re.findall(r"/confirm/[\w.~-]+", text)[0]
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{cluster.ports['b']}", headers={"Host": "localhost"}, timeout=30
    ) as b:
        return (await b.post(path)).status_code == 200


async def looked_at(house: House, sink: Sink) -> list[int]:
    """How many workers were alive, at each look from when all were until the day's limit and two beats more."""
    alive = partial(house.count, "SELECT count(*) FROM workers")

    async def all_alive() -> bool:
        return await alive() == 3

    await eventually(all_alive, 60)
    seen: list[int] = []

    async def full() -> bool:
        seen.append(await alive())
        return len(sink.dotted) >= DAYS_LIMIT

    await eventually(full, 90)
    for _ in range(8):  # each has beaten twice since, and would have gone over the limit
        await asyncio.sleep(BEAT / 4)
        seen.append(await alive())
    return seen


def message(mail: Mail) -> str:
    found: list[str] = re.findall(r"(?mi)^Message-ID: (\S+)", mail.content.decode())
    return found[0]
