"""Sends what the outbox holds: claim, render, send, settle. One per process; any number share a database."""

import asyncio
import logging
import ssl
from collections.abc import Coroutine
from typing import Any, cast

import msgspec

from newsletter import ids
from newsletter.clock import SECOND
from newsletter.errors import Unavailable
from newsletter.mail import ledger
from newsletter.mail.ledger import Delivery, Settlement, release, settlement
from newsletter.mail.messages import Attachment, MessageError, Messages
from newsletter.mail.outbox import TOPIC
from newsletter.mail.relay import Relay
from newsletter.mail.smtp import Connection, Outcome, RelayTrouble, Timeouts
from newsletter.settings import Settings
from newsletter.storage import Database, Tx, files
from newsletter.tokens import Tokens

CONNECTIONS = 4
_POLL = 0.5  # seconds: how late another process's message, or one whose pause is over, is seen
_BEAT = 5.0
_AGAIN = 1.0  # seconds until a database that was away is asked again
_LAST_WORDS = 5.0

_log = logging.getLogger(__name__)


class Worker:
    """`run` until `stop`. Raises SettingsError when the relay's address can't be used."""

    def __init__(
        self,
        db: Database,
        settings: Settings,
        tokens: Tokens,
        *,
        connections: int = CONNECTIONS,
        timeouts: Timeouts | None = None,
        tls_context: ssl.SSLContext | None = None,
        silence: int = ledger.SILENCE,
        beat: float = _BEAT,
    ) -> None:
        self._db = db
        self._tokens = tokens
        self._sender = settings.from_email
        self._messages = Messages(settings, tokens)
        self._relay = Relay(settings, timeouts or Timeouts(), tls_context)
        self._connections = connections
        self._silence = silence
        self._beat = beat
        self._id = ids.new_id()
        self._tasks: set[asyncio.Task[None]] = set()
        self._lanes: set[asyncio.Task[None]] = set()
        self._connecting: set[asyncio.Task[None]] = set()  # lanes that hold no message yet
        self._failure: BaseException | None = None
        self._running = self._stopping = False
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        self._running = True
        try:
            while not await self._show_life():
                await asyncio.sleep(_AGAIN)
            self._start(self._keep_beating())
            while not self._stopping:
                await self._open_lanes()
                await self._db.wait(TOPIC, _POLL)
                await self._relay.sweep()
                if self._failure:
                    raise self._failure
            while self._lanes:
                await asyncio.wait(self._lanes)
            await self._leave()
        finally:
            for task in self._tasks:
                task.cancel()
            await self._relay.close()
            self._stopped.set()

    async def stop(self, timeout: float = 30) -> None:  # noqa: ASYNC109  the drain ends softly, not by cancelling
        """Claim nothing more, let what is on the wire finish for `timeout` seconds, then cut it off."""
        self._stopping = True
        if not self._running:
            return
        for lane in self._connecting:
            lane.cancel()
        if not await self._ended(timeout):
            _log.warning("Stopping with messages on the wire; those are in doubt.")
            self._relay.cut()
            if not await self._ended(_LAST_WORDS):
                for lane in self._lanes:
                    lane.cancel()
                await self._stopped.wait()

    async def _ended(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._stopped.wait()
        except TimeoutError:
            return False
        return True

    async def _show_life(self) -> bool:
        try:
            doubts = await self._db.write(ledger.beat, self._id, self._silence)
        except Unavailable:
            return False
        if doubts:
            _log.warning("A worker died while it held %d messages; whether they arrived is in doubt.", doubts)
        return True

    async def _keep_beating(self) -> None:
        while True:
            await asyncio.sleep(self._beat)
            await self._show_life()

    async def _leave(self) -> None:
        try:
            await self._db.write(ledger.leave, self._id)
        except Unavailable:
            _log.warning("Stopped without a word to the database, which is away.")

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        for tasks in (self._tasks, self._lanes, self._connecting):
            tasks.discard(task)
        if not task.cancelled() and task.exception():
            self._failure = task.exception()

    async def _open_lanes(self) -> None:
        """As many as there is work for; one at a time while the relay is in trouble."""
        room = (1 if self._relay.troubled else self._connections) - len(self._lanes)
        if room <= 0 or not self._relay.ready:
            return
        try:
            waiting = await self._db.read(ledger.due, self._connections)
        except Unavailable:
            return
        for _ in range(min(room, waiting - len(self._connecting))):
            lane = self._start(self._lane())
            self._lanes.add(lane)
            self._connecting.add(lane)

    async def _lane(self) -> None:
        """One connection at a time, one message at a time, until there is nothing more to do."""
        me = cast(asyncio.Task[None], asyncio.current_task())
        more = True
        while more and not self._stopping:
            self._connecting.add(me)
            try:
                connection = await self._relay.lend()
            except RelayTrouble:
                return
            self._connecting.discard(me)
            try:
                more = await self._use(connection)
            finally:
                await self._relay.take_back(connection)

    async def _use(self, connection: Connection) -> bool:
        """Send over it until the work or the connection is at its end. Whether there may be more work."""
        rows = await self._turn(None, 1)
        while rows:
            done = await self._deliver(connection, rows[0])
            go_on = connection.usable and not self._stopping
            rows = await self._turn(done, int(go_on))
        return not connection.usable

    async def _turn(self, done: Settlement | None, limit: int) -> list[Delivery]:
        while True:
            try:
                return await self._db.write(ledger.turn, self._tokens, self._id, done, limit)
            except Unavailable:
                if done is None:
                    return []
                await asyncio.sleep(_AGAIN)  # what the server said must not be lost

    async def _deliver(self, connection: Connection, row: Delivery) -> Settlement:
        try:
            message = self._messages.build(row, await self._attachments(row))
        except Unavailable:
            return release(row, "The database was away.", 10 * SECOND)
        except Exception as error:  # noqa: BLE001  whatever is wrong with one message, the others go on
            words = str(error) if isinstance(error, MessageError) else type(error).__name__
            _log.error("Message %d (%s) can't be rendered: %s", row.id, row.message, words)  # noqa: TRY400  no values
            return settlement(row, "failed", f"It can't be rendered: {words}")
        try:
            outcome = await connection.send(self._sender, row.recipient, message)
        except RelayTrouble as trouble:
            # A kept connection may end at any time; only a fresh one tells of the relay.
            pause = 0 if connection.carried else self._relay.had_trouble(trouble)
            return release(row, str(trouble), int(pause * SECOND))
        self._heed(row, outcome)
        return settlement(row, outcome.result, outcome.words)

    def _heed(self, row: Delivery, outcome: Outcome) -> None:
        if outcome.result == "in_doubt":
            _log.warning("Message %d is in doubt: %s", row.id, outcome.words)
            self._relay.had_trouble(RelayTrouble("The relay took a message without a word."))
            return
        self._relay.was_fine()
        if outcome.result != "sent":
            _log.info("Message %d was %s with %d.", row.id, outcome.result, outcome.code)

    async def _attachments(self, row: Delivery) -> list[Attachment]:
        wanted = msgspec.json.decode(row.context, type=_Wanted).file_ids
        return await self._db.read(_files, wanted) if wanted else []


class _Wanted(msgspec.Struct):
    file_ids: list[int] = []


async def _files(tx: Tx, file_ids: list[int]) -> list[Attachment]:
    found: list[Attachment] = []
    for file_id in file_ids:
        file = await files.find(tx, file_id)
        if file is None:
            raise MessageError(f"There is no file {file_id} to attach.")
        found.append(Attachment(file.name, file.media_type, await files.whole(tx, file_id)))
    return found
