"""What was reserved and is given back, at the edges of the ledger: the day's limit has it again, and others may go."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from newsletter.clock import HOUR, MINUTE
from newsletter.errors import NotFound
from newsletter.mail import Mailings, Tally, bulk_domains, bulk_ledger, bulk_turns, dkim_keys
from newsletter.mail.books import Books
from newsletter.mail.breaker import Verdict
from newsletter.mail.bulk_ledger import Job, want
from newsletter.mail.bulk_signing import Signing
from newsletter.mail.dkim import Signer
from newsletter.mail.dkim_keys import Kind
from newsletter.mail.handover import Handover
from newsletter.mail.headers import MessageError
from newsletter.mail.ledger import release, settlement
from newsletter.mail.life import beat
from newsletter.mail.limits import Limits, give_back, meter
from newsletter.mail.relay import Relay
from newsletter.mail.smtp import Connection, RelayTrouble
from newsletter.providers import read_limits
from newsletter.settings import Settings
from newsletter.storage import Database, Tx, open_database
from newsletter.tokens import Tokens
from tests.conftest import NOON, ON_ONE, Clock
from tests.mail.conftest import QUICK, AtWork, delivery, eventually, rows
from tests.mail.mailing import content, people, sent_off, sent_off_to
from tests.mail.sink import CLOSE, Sink

DAILY = Limits(per_day=20)


async def spent(db: Database) -> int:
    return sum((await db.write(meter)).hours(NOON).values())


async def test_what_a_worker_gives_up_takes_nothing_off_the_day(db: Database, mailings: Mailings) -> None:
    mailing_id = await sent_off(db, mailings, 30)
    await db.write(beat, 1)
    jobs = await db.write(bulk_ledger.reserve, 1, 100, DAILY)
    assert len(jobs) == await spent(db) == 20
    await db.write(bulk_ledger.give_up, 1, jobs[:15], DAILY)
    assert await spent(db) == 5
    again = await db.write(bulk_ledger.reserve, 2, 100, DAILY)
    assert len(again) == 15
    assert {job.id for job in again} & {job.id for job in jobs[:15]}
    assert await db.read(mailings.tally, mailing_id) == Tally(queued=10, sending=20)


async def test_what_no_server_has_judged_takes_nothing_off_the_day(
    db: Database, mailings: Mailings, tokens: Tokens
) -> None:
    await sent_off(db, mailings, 5)
    await db.write(beat, 1)
    jobs = await db.write(bulk_ledger.reserve, 1, 100, DAILY)
    await db.write(bulk_turns.turn, 1, [], [want(tokens, job) for job in jobs], DAILY)
    done = [Verdict.of(release(job, "It hung up.", 0), job.mailing_id) for job in jobs[:2]]
    done.append(Verdict.of(settlement(jobs[2], "sent", "250 taken"), jobs[2].mailing_id, 250))
    await db.write(bulk_turns.turn, 1, done, [], DAILY)
    assert await spent(db) == 3
    found = Counter((row.state, row.settled_at) for row in await rows(db))
    assert found == {("queued", None): 2, ("sending", None): 2, ("sent", NOON): 1}


async def test_what_was_claimed_in_an_hour_that_nothing_is_known_of_is_not_counted_below_nought(
    db: Database, mailings: Mailings
) -> None:
    await sent_off(db, mailings, 5)
    await db.write(beat, 1)
    await db.write(bulk_ledger.reserve, 1, 100, DAILY)
    await db.write(give_back, NOON - 3 * HOUR)
    assert await spent(db) == 5


async def test_where_providers_have_limits_the_day_has_its_own(
    db: Database, mailings: Mailings, clock: Clock
) -> None:
    await sent_off_to(db, mailings, ["gmail.com"], 30)
    await db.write(beat, 1)
    limits = Limits(per_day=3, domains=read_limits(["gmail.com=0/1"]))
    counts = []
    for most in (100, 1, *[100] * 6):
        counts.append(len(await db.write(bulk_domains.reserve, 1, most, limits)))
        clock.forward(MINUTE)
    assert counts[:2] == [1, 1]  # the second is one of those that were put aside
    assert sum(counts) == await spent(db) == 3


async def test_of_what_there_is_none_nothing_is_said(db: Database, mailings: Mailings) -> None:
    async def fill(tx: Tx) -> None:
        await mailings.fill(tx, 7, [])

    asked: list[Any] = [fill, lambda tx: mailings.tags(tx, 7), lambda tx: mailings.find(tx, 7)]
    for ask in asked:
        with pytest.raises(NotFound, match="no such mailing"):
            await db.write(ask)


async def test_a_mailing_is_cancelled_once(db: Database, mailings: Mailings) -> None:
    mailing_id = await sent_off(db, mailings, 3)
    assert await db.write(mailings.tags, mailing_id) == set()
    assert await db.write(mailings.cancel, mailing_id)
    assert not await db.write(mailings.cancel, mailing_id)
    assert not await db.write(mailings.let_go, mailing_id)
    assert await db.read(mailings.tally, mailing_id) == Tally(skipped=3)


async def test_one_that_goes_on_from_another_has_heard_what_that_one_heard(
    db: Database, mailings: Mailings
) -> None:
    first = await sent_off(db, mailings, 1)

    async def heard(tx: Tx) -> None:
        await tx.run(
            "UPDATE mailings SET answered = 40, refused = 9, distrusted = 2 WHERE id = :id", id=first
        )

    async def counts(tx: Tx, id: int) -> list[int]:
        names = ("answered", "refused", "distrusted")
        return [await tx.value(f"SELECT {name} FROM mailings WHERE id = :id", id=id) for name in names]

    await db.write(heard)
    assert await db.read(counts, await db.write(mailings.start, content(), first)) == [40, 9, 2]
    assert await db.read(counts, await db.write(mailings.start, content())) == [0, 0, 0]


@ON_ONE
async def test_many_broadcasts_at_once_all_arrive(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink
) -> None:
    """More than a worker keeps in memory: each that it has let go of is read anew."""
    readers = await people(db, 2)
    many = [await db.write(mailings.start, content()) for _ in range(24)]
    for mailing_id in many:
        await db.write(mailings.fill, mailing_id, readers)

    async def through() -> bool:
        return len(sink.mails) == 48

    async with at_work():
        await eventually(through, 20)
    assert {(await db.read(mailings.tally, one)).left for one in many} == {0}


async def test_one_that_can_not_be_signed_ahead_is_left_to_whoever_asks_for_it() -> None:
    jobs = [Job(**(dict.fromkeys(Job.__struct_fields__, "") | numbers(n))) for n in range(25)]
    troubles: dict[int, Exception] = {3: MessageError("no"), 4: ValueError("no"), 5: KeyError("no")}

    def make(job: Job) -> bytes:
        if job.id in troubles:
            raise troubles[job.id]
        return f"message {job.id}".encode()

    signer: Any = SimpleNamespace(is_slow=True)  # all that it asks
    signing = Signing(signer)
    await signing.ahead(jobs, make)
    made = {job.id: signing.made(job.id) for job in jobs}
    assert made == {n: None if n in troubles else f"message {n}".encode() for n in range(25)}
    assert signing.made(1) is None  # once
    signing.close()


@pytest.mark.parametrize(
    ("kinds", "ahead"), [(["ed25519"], False), (["rsa"], True), (["ed25519", "rsa"], True)]
)
async def test_threads_sign_with_rsa_alone(tmp_path: Path, kinds: list[Kind], ahead: bool) -> None:
    for kind in kinds:
        dkim_keys.make(tmp_path / kind, kind)
    signing = Signing(Signer("example.com", [dkim_keys.load(kind, str(tmp_path / kind)) for kind in kinds]))
    job = Job(**(dict.fromkeys(Job.__struct_fields__, "") | numbers(1)))
    await signing.ahead([job], lambda _job: b"signed")
    assert signing.made(1) == (b"signed" if ahead else None)
    signing.close()


def numbers(n: int) -> dict[str, Any]:
    whole = {"mailing_id", "subscriber_id", "epoch", "created_at", "attempts", "resends", "claimed_at"}
    return {"id": n} | dict.fromkeys(whole, 0)


async def test_a_lane_that_has_gone_takes_nobody_along(
    db: Database, mailings: Mailings, settings: Settings, tokens: Tokens
) -> None:
    await sent_off(db, mailings, 2)
    await db.write(beat, 1)
    jobs = await db.write(bulk_ledger.reserve, 1, 100, Limits())
    books = Books(db, 1, settings, lambda _: None)
    lanes = [asyncio.create_task(books.turn([], [want(tokens, job)])) for job in jobs]
    await asyncio.sleep(0)
    lanes[0].cancel()
    assert jobs[1].id in await lanes[1]
    with pytest.raises(asyncio.CancelledError):
        await lanes[0]
    await books.close()


@pytest.fixture
async def lent(settings: Settings, sink: Sink) -> AsyncIterator[tuple[Relay, Connection]]:
    here = msgspec.structs.replace(settings, smtp_url=f"smtp://127.0.0.1:{sink.port}?tls=off")
    relay = Relay(here, QUICK)
    connection = await relay.lend()
    yield relay, connection
    connection.cut()
    await relay.close()


@ON_ONE
async def test_whatever_is_wrong_with_one_message_the_others_go_on(
    db: Database,
    settings: Settings,
    tokens: Tokens,
    lent: tuple[Relay, Connection],
    database_url: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    relay, connection = lent
    gone = await open_database(database_url)
    await gone.close()
    away = await Handover(gone, settings, tokens, relay).deliver(connection, delivery(attempts=2))
    assert (away.state, away.tried, away.words) == ("queued", 0, "The database was away.")

    handover = Handover(db, settings, tokens, relay)
    damaged = msgspec.structs.replace(delivery(), context=json.dumps([1, 2]))
    unmade = await handover.deliver(connection, damaged)
    assert unmade.state == "failed"
    assert unmade.words.startswith("It can't be made (")

    bouncing = msgspec.structs.replace(settings, bounce_domain="bounces.example.com")
    broken: Any = 1.5  # as a fault of our own would have it
    nameless = msgspec.structs.replace(delivery(), id=broken)
    doubt = await Handover(db, bouncing, tokens, relay).deliver(connection, nameless)
    assert doubt.words == "A fault in the worker (TypeError)."
    assert doubt.resent or doubt.state == "in_doubt"
    assert not connection.usable
    assert "ada@" not in caplog.text


@ON_ONE
async def test_each_answer_says_how_the_relay_is(
    db: Database, settings: Settings, tokens: Tokens, lent: tuple[Relay, Connection], sink: Sink
) -> None:
    relay, connection = lent
    handover = Handover(db, settings, tokens, relay)
    relay.had_trouble(RelayTrouble("It was away."))
    assert (await handover.deliver(connection, delivery())).state == "sent"
    assert not relay.troubled
    sink.plays({"dot": [CLOSE]})
    assert (await handover.deliver(connection, delivery(resends=1))).state == "in_doubt"
    assert relay.troubled


async def test_a_kept_connection_over_which_the_server_has_said_good_bye_is_not_used(
    lent: tuple[Relay, Connection], sink: Sink
) -> None:
    relay, connection = lent
    await relay.take_back(connection)
    await sink.close()  # which ends what it has open

    async def heard() -> bool:
        return not connection.usable

    await eventually(heard)
    await sink.open()
    fresh = await relay.lend()
    assert fresh is not connection
    assert fresh.usable
    fresh.cut()
