"""Sends what the outbox holds: claim, render, send, settle. One per process; any number share a database."""

import asyncio
import logging
import ssl
from collections.abc import Coroutine
from typing import Any, cast

from newsletter import ids
from newsletter.clock import SECOND, iso
from newsletter.errors import Unavailable
from newsletter.mail import domains, ledger, life, limits, reach
from newsletter.mail.bulk_worker import BulkWorker
from newsletter.mail.claims import Delivery, due
from newsletter.mail.hand import Hand
from newsletter.mail.handover import Handover, where
from newsletter.mail.ledger import Settlement
from newsletter.mail.limits import Limits
from newsletter.mail.outbox import TOPIC
from newsletter.mail.relay import Relay
from newsletter.mail.smtp import Connection, RelayTrouble, Timeouts
from newsletter.settings import Settings
from newsletter.storage import Database
from newsletter.tokens import Tokens

CONNECTIONS = 4
BEAT = 5.0
POLL = 0.5  # seconds: how late another process's message, or one whose pause is over, is seen
_AGAIN = 1.0  # seconds until a database that was away is asked again
_LAST_WORDS = 5.0
_HEARD = 0.1  # seconds in which a cancelled task has noticed

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
        silence: int = life.SILENCE,
        beat: float = BEAT,
        poll: float = POLL,
        asks: bool = False,
    ) -> None:
        """With `asks` a relay that nobody has asked yet what it offers is asked before there is any mail."""
        self._db = db
        self._tokens = tokens
        self._relay = Relay(settings, timeouts or Timeouts(), tls_context)
        self._handover = Handover(db, settings, tokens, self._relay)
        self._settings = settings
        self._domains = settings.domain_limits  # as last begun with
        self._connections = connections
        self._silence = silence
        self._beat = beat
        self._poll = poll
        self._asks = asks
        self._id = ids.new_id()
        self._hand = Hand()
        self._bulk = BulkWorker(db, settings, tokens, self._relay, self._id, self._hand)
        self._domain = ""  # whose mail this is, as last begun with
        self._lanes: set[asyncio.Task[None]] = set()
        self._connecting: set[asyncio.Task[None]] = set()  # lanes that hold no message yet
        self._nap: asyncio.Task[bool] | None = None
        self._running = self._stopping = self._stranded = False
        self._full_until = 0  # as last told
        self._beyond_ascii: bool | None = None  # as last written down
        self._alive = asyncio.Event()
        self._stopped = asyncio.Event()

    @property
    def _limits(self) -> Limits:
        """As the owner has them now."""
        return limits.limits_of(self._settings)

    @property
    def _ask(self) -> bool:
        return self._settings.in_doubt == "ask"

    async def run(self) -> None:
        self._running = True
        heart = asyncio.create_task(self._keep_beating())
        bulk = asyncio.create_task(self._send_bulk())
        try:
            work = self._show_life
            while not self._stopping:
                if await self._survive(work()):
                    work = self._round
            await self._finish()
            await bulk
            await self._survive(self._db.write(life.leave, self._id))
        finally:
            tasks = {heart, bulk, *self._lanes}
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await self._bulk.close()
            await self._relay.close()
            self._stopped.set()

    async def _send_bulk(self) -> None:
        """Beside the others, from when this worker is known to be alive."""
        await self._alive.wait()
        while not self._stopping:
            await self._survive(self._bulk.round(self._poll))
        await self._bulk.finish()

    async def _finish(self) -> None:
        """What is on the wire may end; who holds no message yet need not.

        They are told until they hear: asyncio.wait_for, which connects for us, drops a cancellation that comes in
        the same turn as its result (Python 3.11).
        """
        while self._lanes:
            for lane in self._connecting:
                lane.cancel()
            await asyncio.wait(self._lanes, timeout=_HEARD if self._connecting else None)

    async def stop(self, timeout: float = 30) -> None:  # noqa: ASYNC109  a soft end, not a cancellation
        """Claim nothing more, let what is on the wire finish for `timeout` seconds, then cut it off."""
        self._stopping = True
        self._alive.set()
        self._bulk.stop()
        if not self._running:
            return
        if self._nap:
            self._nap.cancel()
        if await self._ended(timeout):
            return
        _log.warning("Stopping while the relay is slow: what it has not answered is in doubt.")
        self._relay.cut()
        if not await self._ended(_LAST_WORDS):
            for lane in self._lanes:
                lane.cancel()
            await self._bulk.close()
            await self._stopped.wait()

    async def _ended(self, seconds: float) -> bool:
        ended = asyncio.create_task(self._stopped.wait())
        await asyncio.wait([ended], timeout=seconds)
        return not ended.cancel()

    async def _survive(self, work: Coroutine[Any, Any, object]) -> bool:
        """Nothing that goes wrong once may end the sending of mail. Whether it went well."""
        try:
            await work
        except Unavailable as error:
            if not self._stranded:
                _log.warning("The worker waits for its database: %s", error)
            self._stranded = True
        except Exception as error:  # noqa: BLE001  a fault of our own: told, and tried again
            _log.error("The worker stumbled: %s", where(error))
        else:
            return True
        await asyncio.sleep(_AGAIN)
        return False

    async def _keep_beating(self) -> None:
        while True:
            await asyncio.sleep(self._beat)
            await self._survive(self._show_life())

    async def _show_life(self) -> None:
        if (domain := self._settings.from_email.rpartition("@")[2].lower()) != self._domain:
            await self._db.write(limits.sends_from, domain)
            self._domain = domain
        if not self._alive.is_set():
            await self._db.write(domains.begin, self._domains)
            if self._asks and not await self._db.read(reach.is_known):
                await self._relay.ask()
        if self._settings.domain_limits != self._domains:
            await self._db.write(domains.begin, self._settings.domain_limits)
            self._domains = self._settings.domain_limits
        doubts = await self._db.write(life.beat, self._id, self._silence, ask=self._ask)
        self._stranded = False
        self._alive.set()
        if doubts:
            _log.warning("A worker died while it held %d messages; whether they arrived is in doubt.", doubts)
        if await self._db.read(life.was_ahead):
            while await self._db.write(life.set_right):
                pass
        if strays := self._hand.strays(await self._db.read(life.held, self._id)):
            _log.warning(
                "The database was lost over %d messages; whether they arrived is in doubt.", len(strays)
            )
            await self._db.write(life.doubt, self._id, strays, ask=self._ask)

    async def _round(self) -> None:
        """Open as many lanes as there is work for, one at a time while the relay is in trouble; then wait."""
        seconds = self._poll
        await self._share()
        if len(self._lanes) < self._connections:
            tellings = self._relay.tellings
            seen = await self._db.read(due, self._limits, self._connections)
            self._relay.heed(seen.meter, seen.now, tellings)
            self._relay.urgent &= seen.ready > 0
            self._tell(seen.full_until)
            for _ in range(min(self._room(), seen.ready - len(self._connecting))):
                self._open_lane()
            seconds = seen.wait / SECOND or seconds
        await self._rest(min(self._relay.ready_in or seconds, seconds, self._poll))
        await self._relay.sweep()

    def _room(self) -> int:
        if self._relay.ready_in or self._stopping:
            return 0
        return (1 if self._relay.troubled else self._connections) - len(self._lanes)

    def _tell(self, full_until: int) -> None:
        """The owner is told once that mail waits for the day's limit."""
        if full_until in (0, self._full_until):
            return
        self._full_until = full_until
        sentence = "The limit of %d mails a day is reached; what is queued goes on at %s."
        _log.warning(sentence, self._limits.per_day, iso(full_until))

    async def _rest(self, seconds: float) -> None:
        """Until something is enqueued, something may have become due, or the worker is to stop."""
        if self._stopping:  # while it looked for work: nobody would wake it
            return
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
                self._relay.urgent = True
                self._connecting.discard(me)
                await self._share()
                return
            self._relay.urgent = False
            self._connecting.discard(me)
            try:
                more = await self._use(connection)
            finally:
                await self._relay.take_back(connection)

    async def _use(self, connection: Connection) -> bool:
        """Send over it until the work or the connection is at its end. Whether there may be more work."""
        rows = await self._turn(None, int(not self._stopping))
        while rows:
            try:
                done = await self._handover.deliver(connection, rows[0])
                go_on = self._relay.goes_on(connection) and not self._stopping
                more = await self._turn(done, int(go_on))
            finally:
                self._hand.drop(rows[0].id)
            rows = more
        return not connection.usable

    async def _turn(self, done: Settlement | None, limit: int) -> list[Delivery]:
        while True:
            try:
                await self._share()
                with self._hand.turning():
                    rows = await self._db.write(
                        ledger.turn, self._tokens, self._id, done, limit, self._limits
                    )
                    self._hand.take(row.id for row in rows)
                return rows
            except Unavailable:
                if done is None:
                    raise
                await asyncio.sleep(_AGAIN)  # what the server said must not be lost

    async def _share(self) -> None:
        """What was learned of the relay is there for the other workers, and after a restart."""
        if pause := self._relay.news:
            self._relay.told(pause, await self._db.write(limits.pause, pause.seconds, pause.left))
        offered = self._relay.beyond_ascii
        if offered is not None and offered is not self._beyond_ascii:
            await self._db.write(reach.learn, offered=offered)
            self._beyond_ascii = offered
