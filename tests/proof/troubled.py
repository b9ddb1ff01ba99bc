"""A service whose storage is in trouble while people come and a broadcast goes on: as one process, or as two."""

import asyncio
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from subprocess import Popen

from newsletter.mail import Mailings, Recipient
from newsletter.settings import Settings
from newsletter.storage import migrate, open_database
from tests.bench._service import NO_LIMITS
from tests.cli.machine import Machine
from tests.mail.conftest import eventually
from tests.mail.mailing import content, people
from tests.mail.sink import Sink
from tests.ports import free_ports
from tests.proof.small_server import SmallServer
from tests.proof.visitors import Visitors, message_id, rows_of
from tests.web.wire import ask, status

ROLES: dict[str, Sequence[Sequence[str]]] = {
    "one process": [["serve"]],
    "two processes": [["serve", "--no-worker"], ["worker"]],
}
READERS = 800  # of a broadcast
BETWEEN = 0.005  # seconds that the mail server takes for a message
CONNECTIONS = 4  # of the worker, for what goes to many; and as many for the rest
LEFT = "SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending', 'deferred')"


class Troubled:
    """`folder` is on the disk that has the trouble; `before` stands before each command, as `fiu-run` does.

    With a `server` everything is on that, and its disk has the trouble.
    """

    def __init__(
        self,
        folder: Path,
        home: Path,
        compiled: Path,
        roles: Sequence[Sequence[str]],
        server: SmallServer | None = None,
    ) -> None:
        self.file = folder / "newsletter.db"
        self.rows = server.rows if server else rows_of(self.file)
        self._server = server
        self.sink = Sink()
        self.processes: list[Popen[bytes]] = []
        self.before: Sequence[str] = ()
        self.module = "newsletter"
        self.found: dict[str, int] = {}  # what was wrong in the end
        (self.port,) = free_ports(1)
        self.machine = Machine(home, server.url if server else f"sqlite:///{self.file}", compiled)
        self.machine.environment |= NO_LIMITS
        self.visitors = Visitors(
            self.port, NO_LIMITS["NEWSLETTER_SECRET_KEY"], server.rows_if_any if server else self.rows
        )
        self._roles = roles
        self._mailings = Mailings(Settings(from_email="letters@example.com"))
        self._readers: list[Recipient] = []

    @property
    def log(self) -> Path:
        return self.machine.folder / "service.log"

    async def prepare(self) -> None:
        await self.sink.open()
        self.sink.delay = BETWEEN
        self.machine.environment["NEWSLETTER_SMTP_URL"] = f"smtp://127.0.0.1:{self.sink.port}?tls=off"
        await migrate(self.machine.url)
        db = await open_database(self.machine.url)
        self._readers = await people(db, READERS)
        await db.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            log = stack.enter_context(self.log.open("ab"))
            for words in self._roles:
                port = ["--port", str(self.port)] if words[0] == "serve" else []
                command = [*self.before, sys.executable, "-m", self.module, *words, *port]
                process = Popen(
                    command, cwd=self.machine.folder, env=self.machine.environment, stdout=log, stderr=log
                )
                stack.callback(_end, process)
                self.processes.append(process)
            await eventually(self.is_ready, 60)
            yield
        self.processes = []

    def all_live(self) -> None:
        assert all(process.poll() is None for process in self.processes), self.log.read_text()[-4000:]

    async def get(self, path: str) -> bytes:
        with suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            return await ask(
                self.port,
                f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n".encode(),
            )
        return b""

    async def is_ready(self) -> bool:
        self.all_live()
        return status(await self.get("/ready")) == 200

    async def busy(self) -> None:
        """There is a broadcast to send."""
        if self.rows(f"{LEFT} AND mailing_id IS NOT NULL")[0][0] < READERS // 2:
            db = await open_database(self.machine.url)
            mailing_id = await db.write(self._mailings.start, content())
            await db.write(self._mailings.fill, mailing_id, self._readers)
            await db.close()

    async def heard(self, seconds: float = 60) -> None:
        """Each kind of visitor has been answered well since, and mail has left."""
        before, mails = self.visitors.counts(), len(self.sink.dotted)

        async def more() -> bool:
            self.all_live()
            counts = self.visitors.counts()
            return all(counts[kind] > before[kind] for kind in before) and len(self.sink.dotted) > mails

        await eventually(more, seconds)

    def kill(self) -> None:
        for process in self.processes:
            process.kill()

    def half_a_minute_passes(self) -> None:
        """For workers that died."""
        self.rows("DELETE FROM workers WHERE id <> (SELECT id FROM workers ORDER BY seen_at DESC LIMIT 1)")

    async def comes_to_rest(self) -> None:
        async def nothing_left() -> bool:
            self.all_live()
            return not self.rows(LEFT)[0][0]

        await eventually(nothing_left, 180)

    def wrong(self) -> dict[str, int]:
        """In the words of the checker (Jepsen's total-queue): what goes in must come out."""
        taken = Counter(message_id(mail.content) for mail in self.sink.dotted)
        rows = {id: (state, resends) for id, state, resends in self.rows(_OUTBOX)}
        return {
            **{f"{kind}_lost": count for kind, count in self.visitors.lost().items()},
            "corrupt": self._corrupt(),
            "strange_answers": len(self.visitors.strange),
            "mails_lost": sum(
                state not in ("sent", "in_doubt") or (state == "sent" and id not in taken)
                for id, (state, _) in rows.items()
            ),
            "mails_unexpected": len(taken.keys() - rows.keys()),
            "twice_outside_the_list": sum(
                count > 1 + rows[id][1] for id, count in taken.items() if id in rows
            ),
        }

    def _corrupt(self) -> int:
        if self._server:
            return self._server.corrupt()
        return (self.rows("PRAGMA integrity_check") != [("ok",)]) + bool(
            self.rows("PRAGMA foreign_key_check")
        )

    def untold(self) -> int:
        """Mails that were taken, and neither their row nor a worker's journal says so."""
        told = {id for (id,) in self.rows(_TOLD)}
        return len({message_id(mail.content) for mail in self.sink.dotted} - told)

    def resent(self) -> int:
        return int(self.rows("SELECT COALESCE(sum(resends), 0) FROM outbox")[0][0])


_OUTBOX = "SELECT message_id, state, resends FROM outbox"
_TOLD = """
    SELECT message_id FROM outbox WHERE state IN ('sent', 'in_doubt') OR id IN (
      SELECT CAST(j.key AS INTEGER) FROM send_journal, json_each(send_journal.accepted) AS j)
    """


def _end(process: Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(60)
    finally:
        process.kill()
        process.wait()


def hold(file: Path) -> sqlite3.Connection:
    """Somebody else's lock: nobody else writes until it is closed."""
    other = sqlite3.connect(file, isolation_level=None, timeout=30)
    other.execute("BEGIN EXCLUSIVE")
    return other
