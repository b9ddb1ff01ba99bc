"""The power is cut while people sign up, confirm and comment, and a broadcast is under way, again and again.

What had been answered is there, whole, and nobody gets a mail twice but who is on the list of those in doubt. Only
what was heard before the cut counts: of what the dying system still says, nobody knows whether anybody heard it.
"""

import asyncio
import itertools
import random
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from newsletter.clock import now
from newsletter.mail import Mailings
from newsletter.settings import Settings
from newsletter.storage import migrate, open_database
from newsletter.tokens import Tokens
from tests.bench._service import NO_LIMITS, free_port
from tests.cli.machine import Machine
from tests.figures import Figure
from tests.mail.conftest import eventually
from tests.mail.mailing import content, people
from tests.mail.sink import Sink
from tests.proof.conftest import SIZE
from tests.proof.power import Disk, disk
from tests.proof.visitors import CONNECTIONS, STORED, UNCONFIRMED, answer, message_id, post
from tests.web.wire import ask, status

PARTS = 3 * SIZE  # each with a service of its own
CUTS = 20  # of each
CONTROL_CUTS = 8
READERS = 1_500  # of a broadcast
LONGEST = 0.15  # seconds between the first answers of a round and the cut, chosen anew each time
BETWEEN = 0.01  # seconds that the mail server takes for a message

HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
LEFT = "SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending', 'deferred')"


class Scene:
    """A service on a disk that loses its power, people who ask it for things, and a mail server elsewhere."""

    def __init__(self, disk: Disk, machine: Machine, sink: Sink, module: str) -> None:
        self.disk, self.machine, self.sink = disk, machine, sink
        self.answered: dict[str, set[str]] = {kind: set() for kind in CONNECTIONS}
        self.lost: dict[str, set[str]] = {kind: set() for kind in CONNECTIONS}
        self.corrupt = 0
        self.wrong: dict[str, int] = {}
        self.doubted = 0
        self._module = module
        self._numbers = itertools.count()
        self._tokens = Tokens((machine.environment["NEWSLETTER_SECRET_KEY"],))
        self._mailings = Mailings(Settings(from_email="letters@example.com"))

    async def prepare(self) -> None:
        await migrate(self.machine.url)
        db = await open_database(self.machine.url)
        self._readers = await people(db, READERS)
        await db.close()

    async def is_cut_off(self) -> None:
        """One round: it starts, people come, and the power goes."""
        async with self._running() as (port, process):
            self._look()
            await self._busy()
            connections = [
                asyncio.create_task(self._asks(port, kind, requests))
                for kind, requests in self._requests().items()
                for _ in range(CONNECTIONS[kind])
            ]
            await self._heard(connections)
            await asyncio.sleep(random.uniform(0, LONGEST))
            whole = len(self.sink.dotted)
            heard = {kind: set(keys) for kind, keys in self.answered.items()}
            self.disk.cut()
            process.kill()
            await asyncio.gather(*connections)
        await self.sink.close()
        del self.sink.dotted[whole:]
        self.answered = heard
        self.disk.unmount()
        self.disk.mount()
        await self.sink.open()

    async def comes_to_rest(self) -> None:
        async with self._running():
            self._look()

            async def nothing_left() -> bool:
                self._half_a_minute_passes()
                return not self._rows(LEFT)[0][0]

            await eventually(nothing_left, 120)
            self._look()
        self._judge()

    def _judge(self) -> None:
        """What went wrong."""
        taken = Counter(message_id(mail.content) for mail in self.sink.dotted)
        rows = {id: (state, resends) for id, state, resends in self._rows(_OUTBOX)}
        self.doubted = sum(resends for _, resends in rows.values())
        self.wrong = {
            **{f"{kind}_lost": len(keys) for kind, keys in self.lost.items()},
            "corrupt": self.corrupt,
            "mails_lost": sum(
                state not in ("sent", "in_doubt") or (state == "sent" and id not in taken)
                for id, (state, _) in rows.items()
            ),
            "mails_unexpected": len(taken.keys() - rows.keys()),
            "twice_outside_the_list": sum(
                count > 1 + rows[id][1] for id, count in taken.items() if id in rows
            ),
        }

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[tuple[int, Popen[bytes]]]:
        port, log = free_port(), self.machine.folder / "serve.log"
        command = [sys.executable, "-m", self._module, "serve", "--port", str(port)]
        with (
            log.open("wb") as errors,
            Popen(command, cwd=self.machine.folder, env=self.machine.environment, stderr=errors) as process,
        ):

            async def answers() -> bool:
                assert process.poll() is None, log.read_text()
                with suppress(ConnectionError):
                    return status(await ask(port, HEALTH)) == 200
                return False

            try:
                await eventually(answers, 60)
                yield port, process
            finally:
                process.kill()

    def _look(self) -> None:
        self.corrupt += self._rows("PRAGMA integrity_check") != [("ok",)]
        self.corrupt += bool(self._rows("PRAGMA foreign_key_check"))
        for kind, keys in self.answered.items():
            self.lost[kind] |= keys - {str(key) for (key,) in self._rows(STORED[kind])}

    async def _busy(self) -> None:
        """There is a broadcast to send, and what the last service had on the wire may be looked at."""
        self._half_a_minute_passes()
        if self._rows(f"{LEFT} AND mailing_id IS NOT NULL")[0][0] < READERS // 2:
            db = await open_database(self.machine.url)
            mailing_id = await db.write(self._mailings.start, content())
            await db.write(self._mailings.fill, mailing_id, self._readers)
            await db.close()

    def _half_a_minute_passes(self) -> None:
        """For workers that died."""
        self._rows("DELETE FROM workers WHERE id <> (SELECT id FROM workers ORDER BY seen_at DESC LIMIT 1)")

    def _requests(self) -> dict[str, Iterator[tuple[str, bytes]]]:
        return {
            "sign-up": self._sign_ups(),
            "confirmation": self._confirmations(self._rows(UNCONFIRMED)),
            "comment": self._comments(),
        }

    def _sign_ups(self) -> Iterator[tuple[str, bytes]]:
        for n in self._numbers:
            email = f"new{n}@example.org"
            yield email, post("/forms/guide", f"email={email.replace('@', '%40')}&name=Ada")

    def _confirmations(self, waiting: list[tuple[int, int]]) -> Iterator[tuple[str, bytes]]:
        for id, epoch in waiting:
            yield str(id), post(f"/confirm/{self._tokens.make('confirm', id, epoch, now=now())}", "")

    def _comments(self) -> Iterator[tuple[str, bytes]]:
        for n in self._numbers:
            page = f"url=https%3A%2F%2Fblog.example.org%2Fpage-{n % 20}&title=On+work"
            body = f"{page}&name=Ada&website=&email=said{n}%40example.org&comment=I+agree+with+{n}."
            yield f"I agree with {n}.", post("/comments", body)

    async def _asks(self, port: int, kind: str, requests: Iterator[tuple[str, bytes]]) -> None:
        """One after the other on one connection, until it breaks."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with closing(writer):
                for key, request in requests:
                    writer.write(request)
                    head, _ = await answer(reader)
                    if status(head) == 503:  # it says that the disk is gone
                        return
                    assert status(head) in (200, 303), head
                    self.answered[kind].add(key)

    async def _heard(self, connections: list[asyncio.Task[None]]) -> None:
        """Everybody who asks has been answered, and a mail of this round has arrived."""
        before = {kind: len(keys) for kind, keys in self.answered.items()}
        mails = len(self.sink.dotted)

        async def heard() -> bool:
            some = {kind: len(keys) - before[kind] for kind, keys in self.answered.items()}
            for one in connections:
                if one.done():
                    one.result()
            return some["sign-up"] > 5 and some["comment"] > 2 and len(self.sink.dotted) > mails

        await eventually(heard, 30)

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.disk.folder / "newsletter.db", timeout=30)) as raw, raw:
            raw.execute("PRAGMA wal_autocheckpoint = 0")  # that is the service's
            return raw.execute(sql).fetchall()


_OUTBOX = "SELECT message_id, state, resends FROM outbox"


async def cut_off(folder: Path, cuts: int, module: str) -> Scene:
    with disk(folder / "disk") as made:
        sink = Sink()
        await sink.open()
        sink.delay = BETWEEN
        machine = Machine(folder, f"sqlite:///{made.folder}/newsletter.db", folder / "compiled")
        machine.environment |= NO_LIMITS | {"NEWSLETTER_SMTP_URL": f"smtp://127.0.0.1:{sink.port}?tls=off"}
        scene = Scene(made, machine, sink, module)
        await scene.prepare()
        for _ in range(cuts):
            await scene.is_cut_off()
        await scene.comes_to_rest()
        await sink.close()
    return scene


@pytest.mark.parametrize("part", range(PARTS))
async def test_nothing_that_was_answered_is_lost(tmp_path: Path, figure: Figure, part: int) -> None:
    scene = await cut_off(tmp_path, CUTS, "newsletter")
    figure("power_cuts", CUTS)
    for kind, keys in scene.answered.items():
        figure(f"power_cut_{kind}s_answered", len(keys), f">= {CUTS}", len(keys) >= CUTS)
    figure("power_cut_mails", len(scene.sink.dotted))
    figure("power_cut_resent_in_doubt", scene.doubted, "> 0", scene.doubted > 0)
    for what, count in scene.wrong.items():
        figure(f"power_cut_{what}", count, "0", count == 0)
    assert not any(scene.wrong.values()), scene.wrong
    assert min(len(keys) for keys in scene.answered.values()) >= CUTS
    assert scene.doubted, "no cut ever struck in the midst of a message: it proves little"


async def test_without_a_sync_for_each_commit_it_would_be(tmp_path: Path, figure: Figure) -> None:
    """Else the proof above proves nothing."""
    scene = await cut_off(tmp_path, CONTROL_CUTS, "tests.proof.unsynced")
    lost = sum(len(keys) for keys in scene.lost.values())
    twice = scene.wrong["twice_outside_the_list"] + scene.wrong["mails_unexpected"]
    figure("power_cut_control_answered_and_lost", lost, "> 0", lost > 0)
    figure("power_cut_control_mails_it_knows_nothing_of", twice, "> 0", twice > 0)
    assert lost
    assert twice
