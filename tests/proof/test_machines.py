"""Two machines that answer and three that send, on one PostgreSQL, each a process of its own; nodes are killed, and cut
off from the database.

Nothing that was answered is lost, nobody gets anything twice but who is on the list of those in doubt, what is planned
happens once, all keep to one limit, and who signed in on one machine is known on the other.
"""

import asyncio
import itertools
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import httpx
import msgspec
import pytest

from newsletter.broadcasts import Draft
from newsletter.clock import HOUR, SECOND, now
from newsletter.errors import Unavailable
from newsletter.storage import Tx, migrate, open_database
from tests.bench._service import NO_LIMITS
from tests.cast import SETTINGS, House, build
from tests.cli.machine import OLGA, Machine
from tests.figures import Figure
from tests.mail.conftest import eventually, run
from tests.mail.mailing import people
from tests.mail.sink import Mail, Sink
from tests.proof.cluster import Cluster
from tests.proof.conftest import SIZE
from tests.proof.test_sequence import STEPS, begin, come

READERS = 250 * SIZE
OVERDUE = 30  # for their reminder
DAYS_LIMIT = 120  # mails, by all workers together
BLOWS = 9 * SIZE
TOGETHER = 10  # people who sign up on both machines in the same moment
CUT_OFF = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()"""
INVITED = """SELECT p.email, count(*) AS mails FROM subscribers p
             JOIN outbox o ON o.subscriber_id = p.id AND o.message = 'confirmation'
             WHERE o.state <> 'skipped' GROUP BY p.email"""
ENDED = ("sent", "in_doubt", "skipped")
LEFT = """SELECT (SELECT count(*) FROM outbox WHERE settled_at IS NULL)
               + (SELECT count(*) FROM broadcasts WHERE state <> 'sent')
               + (SELECT count(*) FROM subscriber_tags)
               - (SELECT count(*) FROM sequence_entries WHERE state = 'finished')"""


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    sink = Sink()
    await sink.open()
    sink.delay = 0.02
    yield sink
    await sink.close()


@pytest.fixture
async def house(empty_postgres_url: str) -> AsyncIterator[House]:
    await migrate(empty_postgres_url)
    db = await open_database(empty_postgres_url)
    yield await build(db, msgspec.structs.replace(SETTINGS, owner_email=OLGA))
    await db.close()


@pytest.fixture
def cluster(empty_postgres_url: str, tmp_path: Path, house: House, sink: Sink) -> Iterator[Cluster]:
    machine = Machine(tmp_path, empty_postgres_url, tmp_path / "compiled")
    machine.environment |= NO_LIMITS | {
        "NEWSLETTER_SMTP_URL": f"smtp://127.0.0.1:{sink.port}?tls=off", "NEWSLETTER_OWNER_EMAIL": OLGA,
        "NEWSLETTER_POSTAL_ADDRESS": "Olga, 1 Quay, Porto", "NEWSLETTER_SECRET_KEY": SETTINGS.secret_keys[0],
    }  # fmt: skip
    cluster = Cluster(machine)
    yield cluster
    cluster.kill(*cluster.nodes)


async def planned(house: House) -> None:
    """A broadcast whose hour has come, a sequence that people are to begin, and reminders that are due."""
    await people(house.db, READERS)
    await begin(house)
    await house.db.write(come, 100_000)
    for n in range(OVERDUE):
        await house.signs_up(f"late{n}@example.org")
    draft = Draft(subject="On the hour", body="It is time.")
    made = await house.db.write(house.site.broadcasts.new, draft)
    await house.db.write(house.site.broadcasts.schedule, made.id, now() + HOUR)
    await run(house.db, "UPDATE broadcasts SET send_at = created_at")
    await run(house.db, f"UPDATE signups SET at = at - {49 * HOUR}")
    await run(house.db, f"UPDATE mail_budgets SET last_at = last_at - {49 * HOUR}")


async def test_nothing_is_lost_and_nothing_happens_twice(
    house: House, cluster: Cluster, sink: Sink, figure: Figure
) -> None:
    await planned(house)
    cluster.machine.environment["NEWSLETTER_MAIL_PER_DAY"] = str(DAYS_LIMIT)
    for name in "axyzb":
        cluster.start(name)
        if name in cluster.ports:  # the first has compiled what the others need
            await eventually(partial(cluster.answers, name), 120)
    await signed_in_everywhere(cluster)
    twice = await both_at_once(house, cluster)
    await eventually(partial(reached, house, DAYS_LIMIT), 90)
    cluster.kill("x", "y", "z")
    over = max(0, len(sink.dotted) - DAYS_LIMIT)

    del cluster.machine.environment["NEWSLETTER_MAIL_PER_DAY"]
    for name in "xyz":
        cluster.start(name)
    answered: set[str] = set()
    ended = asyncio.Event()
    readers = [asyncio.create_task(keep_signing_up(cluster, n, answered, ended)) for n in range(4)]
    for n in range(BLOWS):
        await blow(house, cluster, answered, random.Random(n))
    ended.set()
    await asyncio.gather(*readers)
    await eventually(partial(at_rest, house), 120)

    wrong = await judge(house, sink.dotted, answered) | {
        "over_the_days_limit": over,
        "confirmed_twice": twice,
    }
    figure("machines_blows", BLOWS)
    figure("machines_mails", len(sink.dotted))
    figure("machines_sign_ups_answered", len(answered), f">= {BLOWS}", len(answered) >= BLOWS)
    figure("machines_resent_in_doubt", await house.count("SELECT COALESCE(sum(resends), 0) FROM outbox"))
    for what, count in wrong.items():
        figure(f"machines_{what}", count, "0", count == 0)
    assert not any(wrong.values()), wrong
    assert len(answered) >= BLOWS


async def signed_in_everywhere(cluster: Cluster) -> None:
    """By a link that is good for one of them, once; and signed out on the other one as well."""
    printed = (await asyncio.to_thread(cluster.machine.run, "sign-in-link", OLGA)).text
    (path,) = re.findall(r"(/admin/enter/\S+)", printed)
    a, b = (
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers={"Host": "localhost"}, timeout=30)
        for port in cluster.ports.values()
    )
    async with a, b:
        entered = await a.post(path)
        assert entered.status_code == 303, entered.text
        (name, value), *_ = entered.cookies.items()
        known = {"Cookie": f"{name}={value}"}
        assert (await b.post(path)).status_code != 303
        desks = [await each.get("/admin", headers=known) for each in (a, b)]
        assert [desk.status_code for desk in desks] == [200, 200]
        (csrf, *_) = re.findall(r'name="csrf" value="(\w+)"', desks[1].text)
        left = await b.post("/admin/sign-out", data={"csrf": csrf}, headers=known)
        assert left.status_code == 303, left.text
        assert (await a.get("/admin", headers=known)).status_code != 200


async def both_at_once(house: House, cluster: Cluster) -> int:
    """How many got more than one mail for it, or none."""
    emails = [f"both{n}@example.org" for n in range(TOGETHER)]
    for email in emails:
        assert all(await asyncio.gather(*(cluster.sign_up(name, email) for name in "abab")))
    mails = await invited(house)
    return sum(mails.get(email) != 1 for email in emails)


async def invited(house: House) -> dict[str, int]:
    """How many confirmation mails there are for each address, but those that its budget kept back."""

    async def look(tx: Tx) -> list[Invited]:
        return await tx.all(Invited, INVITED)

    return {one.email: one.mails for one in await house.db.read(look)}


async def keep_signing_up(cluster: Cluster, lane: int, answered: set[str], ended: asyncio.Event) -> None:
    """At one machine, and where it does not answer at the other."""
    for n in itertools.count():
        if ended.is_set():
            return
        email = f"new{lane}-{n}@example.org"
        for name in itertools.islice(itertools.cycle("ab"), n % 2, n % 2 + 2):
            if await cluster.sign_up(name, email):
                answered.add(email)
                break
        await asyncio.sleep(0.05)


async def blow(house: House, cluster: Cluster, answered: set[str], rng: random.Random) -> None:
    """One, while mail goes out and people sign up; then there is life again."""
    before = len(answered)
    await asyncio.sleep(rng.uniform(0, 0.2))
    name = rng.choice("abxyzxyz")
    if name in cluster.ports or rng.random() < 0.5:
        cluster.kill(name)
        cluster.start(name)
    else:
        await house.db.read(cut_off)
    await eventually(partial(life, answered, before), 100)


async def cut_off(tx: Tx) -> None:
    await tx.run(CUT_OFF)


async def life(answered: set[str], before: int) -> bool:
    return len(answered) > before


async def reached(house: House, count: int) -> bool:
    return await house.count("SELECT count(*) FROM outbox WHERE state = 'sent'") >= count


async def at_rest(house: House) -> bool:
    """Half a minute passes at once for who was killed."""
    with suppress(Unavailable):
        await run(house.db, f"DELETE FROM workers WHERE seen_at < {now() - 10 * SECOND}")
    return not await house.count(LEFT)


async def judge(house: House, mails: list[Mail], answered: set[str]) -> dict[str, int]:
    async def look(tx: Tx) -> list[Row]:
        return await tx.all(Row, "SELECT o.message_id, o.state, o.resends, o.message FROM outbox o")

    rows = {row.message_id: row for row in await house.db.read(look)}
    heads = [mail.content.partition(b"\r\n\r\n")[0].decode() for mail in mails]
    ids = Counter(re.findall(r"(?mi)^Message-ID: (\S+)", head)[0] for head in heads)
    subjects = [re.findall(r"(?m)^Subject: (.+?)\r?$", head)[0] for head in heads]
    same = Counter(zip((mail.recipient for mail in mails), subjects, strict=True))
    resent = sum(row.resends for row in rows.values())
    known = await invited(house)
    walkers = await house.count("SELECT count(*) FROM subscriber_tags")
    active = await house.count("SELECT count(*) FROM subscribers WHERE status = 'active'")
    return {
        "answered_and_lost": len(answered - known.keys()),
        "mails_lost": sum(
            row.state not in ENDED or (row.state == "sent" and id not in ids) for id, row in rows.items()
        ),
        "mails_unexpected": len(ids.keys() - rows.keys()),
        "twice_outside_the_list": sum(n > 1 + rows[id].resends for id, n in ids.items() if id in rows),
        "same_mail_by_two_rows": max(0, sum(n - 1 for n in same.values()) - resent),
        "broadcasts_not_once": abs(sum(subject == "On the hour" for _, subject in same) - active),
        "steps_not_once": abs(sum(subject in STEPS for _, subject in same) - walkers * len(STEPS)),
        "reminders_not_once": abs(sum(row.message == "reminder" for row in rows.values()) - OVERDUE),
    }  # fmt: skip


class Row(msgspec.Struct):
    message_id: str
    state: str
    resends: int
    message: str


class Invited(msgspec.Struct):
    email: str
    mails: int
