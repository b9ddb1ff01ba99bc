"""Sends what the outbox holds: claim, render, send, settle. One per process; any number share a database."""

import asyncio
import logging
import ssl
import traceback
from collections.abc import Coroutine
from typing import Any, cast

from newsletter import ids
from newsletter.clock import SECOND
from newsletter.errors import Unavailable
from newsletter.mail import ledger
from newsletter.mail.headers import MessageError
from newsletter.mail.ledger import Delivery, Settlement, release, settlement
from newsletter.mail.messages import Messages, attachments
from newsletter.mail.outbox import TOPIC
from newsletter.mail.relay import Relay
from newsletter.mail.smtp import Connection, Outcome, RelayTrouble, Timeouts
from newsletter.settings import Settings
from newsletter.storage import Database
from newsletter.tokens import Tokens

CONNECTIONS = 4
BEAT = 5.0
POLL = 0.5  # seconds: how late another process's message, or one whose pause is over, is seen
_AGAIN = 1.0  # seconds until a database that was away is asked again
_LAST_WORDS = 5.0

_log = logging.getLogger(__name__)


class Worker:
    """`run` until `stop`. Raises SettingsError when the relay's address or the sender can't be used."""

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
        beat: float = BEAT,
        poll: float = POLL,
    ) -> None:
        self._db = db
        self._tokens = tokens
        self._sender = settings.from_email
        self._messages = Messages(settings, tokens)
        self._relay = Relay(settings, timeouts or Timeouts(), tls_context)
        self._connections = connections
        self._silence = silence
        self._beat = beat
        self._poll = poll
        self._id = ids.new_id()
        self._lanes: set[asyncio.Task[None]] = set()
        self._connecting: set[asyncio.Task[None]] = set()  # lanes that hold no message yet
        self._nap: asyncio.Task[bool] | None = None
        self._running = self._stopping = self._stranded = False
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        self._running = True
        heart = asyncio.create_task(self._keep_beating())
        try:
            work = self._show_life
            while not self._stopping:
                if await self._survive(work()):
                    work = self._round
            while self._lanes:
                await asyncio.wait(self._lanes)
            await self._survive(self._db.write(ledger.leave, self._id))
        finally:
            tasks = {heart, *self._lanes}
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await self._relay.close()
            self._stopped.set()

    async def stop(self, timeout: float = 30) -> None:  # noqa: ASYNC109  a soft end, not a cancellation
        """Claim nothing more, let what is on the wire finish for `timeout` seconds, then cut it off."""
        self._stopping = True
        if not self._running:
            return
        for task in (self._nap, *self._connecting):
            if task:
                task.cancel()
        if await self._ended(timeout):
            return
        _log.warning("Stopping while the relay is slow: what it has not answered is in doubt.")
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

    async def _survive(self, work: Coroutine[Any, Any, object]) -> bool:
        """Nothing that goes wrong once may end the sending of mail. Whether it went well."""
        try:
            await work
        except Unavailable as error:
            if not self._stranded:
                _log.warning("The worker waits for its database: %s", error)
            self._stranded = True
        except Exception as error:  # noqa: BLE001  a fault of our own: told, and tried again
            _log.error("The worker stumbled: %s", _where(error))
        else:
            return True
        await asyncio.sleep(_AGAIN)
        return False

    async def _keep_beating(self) -> None:
        while True:
            await asyncio.sleep(self._beat)
            await self._survive(self._show_life())

    async def _show_life(self) -> None:
        doubts = await self._db.write(ledger.beat, self._id, self._silence)
        self._stranded = False
        if doubts:
            _log.warning("A worker died while it held %d messages; whether they arrived is in doubt.", doubts)

    async def _round(self) -> None:
        """Open as many lanes as there is work for, one at a time while the relay is in trouble; then wait."""
        room = (1 if self._relay.troubled else self._connections) - len(self._lanes)
        if room > 0 and not self._relay.ready_in:
            waiting = await self._db.read(ledger.due, self._connections)
            for _ in range(min(room, waiting - len(self._connecting))):
                self._open_lane()
        await self._rest()
        await self._relay.sweep()

    async def _rest(self) -> None:
        """Until something is enqueued, something may have become due, or the worker is to stop."""
        seconds = min(self._relay.ready_in or self._poll, self._poll)
        nap = self._nap = asyncio.create_task(self._db.wait(TOPIC, seconds))
        try:
            await asyncio.wait([nap])
        finally:
            nap.cancel()
        if not nap.cancelled():
            nap.result()

    def _open_lane(self) -> None:
        lane = cast("asyncio.Task[None]", asyncio.create_task(self._survive(self._lane())))
        for tasks in (self._lanes, self._connecting):
            tasks.add(lane)
            lane.add_done_callback(tasks.discard)

    async def _lane(self) -> None:
        """One connection at a time, one message at a time, until there is nothing more to do."""
        me = cast("asyncio.Task[None]", asyncio.current_task())
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
                    raise
                await asyncio.sleep(_AGAIN)  # what the server said must not be lost

    async def _deliver(self, connection: Connection, row: Delivery) -> Settlement:
        """Whatever is wrong with one message, the others go on."""
        try:
            message = self._messages.build(row, await self._db.read(attachments, row))
        except Unavailable:
            return release(row, "The database was away.", 10 * SECOND)
        except MessageError as error:
            _log.error("Message %d (%s) can't be made: %s", row.id, row.message, error)
            return settlement(row, "failed", str(error))
        except Exception as error:  # noqa: BLE001  a fault in a template's filter, say
            _log.error("Message %d (%s) can't be made: %s", row.id, row.message, _where(error))
            return settlement(row, "failed", f"It can't be made ({type(error).__name__}).")
        try:
            return await self._send(connection, row, message)
        except Exception as error:  # noqa: BLE001  we can't tell how far it came
            _log.error("Message %d is in doubt: %s", row.id, _where(error))
            connection.cut()
            return settlement(row, "in_doubt", f"A fault in the worker ({type(error).__name__}).")

    async def _send(self, connection: Connection, row: Delivery, message: bytes) -> Settlement:
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
            self._relay.had_trouble(RelayTrouble("The relay took a message and did not answer."))
            return
        self._relay.was_fine()
        if outcome.result != "sent":
            _log.info("Message %d is %s: the relay said %d.", row.id, outcome.result, outcome.code)


def _where(error: Exception) -> str:
    """What and where, without the exception's own words, which may hold an address."""
    return f"{type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__))}"
