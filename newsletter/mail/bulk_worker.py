"""Sends what goes to many, over connections of its own: no broadcast stands in the way of a confirmation."""

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine
from typing import Any, cast

from newsletter import clock
from newsletter.clock import SECOND
from newsletter.errors import Unavailable
from newsletter.mail import bulk_domains, bulk_ledger, domains, limits
from newsletter.mail.books import Books
from newsletter.mail.bounces.sender import envelope_sender
from newsletter.mail.breaker import Verdict
from newsletter.mail.bulk import Frozen, thaw
from newsletter.mail.bulk_lane import Lane, Ready
from newsletter.mail.bulk_ledger import Job
from newsletter.mail.bulk_signing import Signing
from newsletter.mail.dkim import signer_of
from newsletter.mail.hand import Hand
from newsletter.mail.headers import MessageError
from newsletter.mail.ledger import settlement
from newsletter.mail.limits import Limits
from newsletter.mail.outbox import TOPIC
from newsletter.mail.pipeline import Parcel
from newsletter.mail.relay import Relay
from newsletter.mail.smtp import Outcome, RelayTrouble
from newsletter.settings import Settings
from newsletter.storage import Database
from newsletter.tokens import Tokens

MOST_PER_CONNECTION = 1_000
PER_LANE = 25
"""Rows reserved at once for each connection: few enough that a held broadcast stops soon."""

_CROWDED = 60.0  # seconds until a relay that takes no more connections is asked again
_AFTER_A_FAULT = 1.0  # seconds until lanes are opened again: what is wrong with us may be so for long
_MOMENT = 0.1
_SOON = 0.01
_KEPT = 16  # frozen messages in memory

_log = logging.getLogger(__name__)


class BulkWorker:
    def __init__(
        self, db: Database, settings: Settings, tokens: Tokens, relay: Relay, worker: int, hand: Hand
    ) -> None:
        self._db = db
        self._tokens = tokens
        self._relay = relay
        self._worker = worker
        self._hand = hand
        self._settings = settings
        self._signing = Signing(signer_of(settings))
        self._books = Books(db, worker, settings, self.drop, lambda: len(self._lanes) - len(self._connecting))
        self._jobs: deque[Job] = deque()
        self._frozen: dict[int, Frozen] = {}
        self._lanes: set[asyncio.Task[None]] = set()
        self._connecting: set[asyncio.Task[None]] = set()  # lanes that hold no message yet
        self._hungry = asyncio.Event()
        self._nap: asyncio.Task[bool] | None = None
        self._served = 0  # the last mailing that had its turn
        self._fitting = 0  # connections that the relay took at once when it would take no more
        self._crowded_until = self._faulty_until = 0.0
        self._told_share = 0
        self._stopping = False

    @property
    def _limits(self) -> Limits:
        """As the owner has them now."""
        return limits.limits_of(self._settings)

    @property
    def asks(self) -> bool:
        return self._settings.in_doubt == "ask"

    @property
    def _connections(self) -> int:
        return self._settings.mail_connections

    async def round(self, poll: float) -> None:
        """Reserves what is due, opens as many lanes as there is work for, and waits for more of either."""
        if self._relay.ready_in:
            await self._give_back()
        if self._relay.ready_in or self._relay.urgent:
            seconds = min(self._relay.ready_in or _MOMENT, poll)
            await self._rest(asyncio.sleep(seconds, True), seconds)
            return
        if len(self._jobs) < self._connections * PER_LANE // 2:
            poll = min(await self._reserve() or poll, poll)
        for _ in range(min(self._most_lanes() - len(self._lanes), len(self._jobs))):
            self._open_lane()
        if self._stopping:  # while it looked for work: nobody would wake it
            return
        await self._rest(
            self._hungry.wait() if self._jobs or self._lanes else self._db.wait(TOPIC, poll), poll
        )

    def _most_lanes(self) -> int:
        if self._stopping or clock.monotonic() < self._faulty_until:
            return 0
        if self._relay.troubled:
            return 1
        return self._fitting if clock.monotonic() < self._crowded_until else self._connections

    async def _rest(self, sign: Coroutine[Any, Any, bool], poll: float) -> None:
        """Until lanes want more, or something is enqueued, or may have become due, or all is to stop."""
        nap = self._nap = asyncio.create_task(sign)
        self._hungry.clear()
        try:
            await asyncio.wait([nap], timeout=poll)
        finally:
            nap.cancel()

    async def _reserve(self) -> float:
        """Seconds until more may go, or may be looked at; 0: as soon as there is any.

        What breaks off half-way comes to nobody's hand, and is found to be astray.
        """
        by_provider = bool(self._settings.domain_limits) or await self._db.read(domains.any_waits)
        due, reserve = (
            (bulk_domains.is_due, bulk_domains.reserve)
            if by_provider
            else (bulk_ledger.is_due, bulk_ledger.reserve)
        )
        if not await self._db.read(due):
            return 0
        most = self._connections * PER_LANE
        seen = self._db.woken(bulk_domains.MORE)
        with self._hand.turning():
            jobs = await self._db.write(reserve, self._worker, most, self._limits, self._served)
            self._served = jobs[-1].mailing_id if jobs else 0
            for mailing_id in {job.mailing_id for job in jobs} - self._frozen.keys():
                jobs = await self._thaw(mailing_id, jobs)
            self._hand.take(job.id for job in jobs)
        try:
            await self._signing.ahead(jobs, self._message)
        finally:
            self._jobs.extend(jobs)
        if len(self._frozen) > _KEPT:
            wanted = {job.mailing_id for job in self._jobs}
            self._frozen = {id: frozen for id, frozen in self._frozen.items() if id in wanted}
        await self._tell_ramp(bool(jobs))
        if self._db.woken(bulk_domains.MORE) != seen:
            return _SOON
        if jobs or not self._limits.interval:
            return 0
        return await self._db.write(bulk_ledger.wait, self._limits) / SECOND

    async def _tell_ramp(self, going: bool) -> None:
        """The owner is told once a day that the rest waits for tomorrow."""
        if going or not self._limits.ramp_up:
            return
        share = await self._db.read(limits.ramped, self._limits, 1)
        if share and share != self._told_share:
            _log.warning(
                "The ramp-up lets %d mails go today; the rest of a broadcast goes on by itself.", share
            )
        self._told_share = share or self._told_share

    async def _thaw(self, mailing_id: int, jobs: list[Job]) -> list[Job]:
        """The jobs that can be done: without its own where it can't be read."""
        content = await self._db.read(bulk_ledger.content, mailing_id)
        try:
            self._frozen[mailing_id] = thaw(content, self._signing.signer)
        except MessageError as error:
            _log.error("Mailing %d is held: %s", mailing_id, error)
            its = [job for job in jobs if job.mailing_id == mailing_id]
            await self._db.write(
                bulk_ledger.set_aside, self._worker, mailing_id, its, self._limits, str(error)
            )
            return [job for job in jobs if job.mailing_id != mailing_id]
        return jobs

    def _open_lane(self) -> None:
        lane = asyncio.create_task(self._lane())
        for tasks in (self._lanes, self._connecting):
            tasks.add(lane)
        lane.add_done_callback(self._lane_ended)

    def _lane_ended(self, lane: asyncio.Task[None]) -> None:
        self._lanes.discard(lane)
        self._connecting.discard(lane)
        self._hungry.set()
        if not lane.cancelled() and (error := lane.exception()):
            _log.error("A lane ended by %s.", type(error).__name__)

    async def _lane(self) -> None:
        try:
            connection = await self._relay.lend()
        except RelayTrouble:  # the relay keeps its own time: `ready_in`
            if working := len(self._lanes) - len(self._connecting):
                self._fitting, self._crowded_until = working, clock.monotonic() + _CROWDED
            return
        self._connecting.discard(cast("asyncio.Task[None]", asyncio.current_task()))
        try:
            lane = Lane(self, self._books, connection, most=MOST_PER_CONNECTION)
            await lane.run(trouble=self._relay.had_trouble)
        finally:
            await self._relay.take_back(connection)

    def take(self) -> Ready | None:
        """The next that can be made; one that can't is failed, and the others go on."""
        while self._jobs and not self._stopping and not self._relay.urgent and not self._too_many:
            job = self._jobs.popleft()
            if len(self._jobs) < self._connections * PER_LANE // 2:
                self._hungry.set()
            try:
                body = self._signing.made(job.id) or self._message(job)
                sender = envelope_sender(self._settings, self._tokens, job.id)
                return Ready(job, Parcel(sender, job.recipient, body), bulk_ledger.want(self._tokens, job))
            except (MessageError, ValueError, KeyError) as error:
                self._spoil(job, str(error) if isinstance(error, MessageError) else type(error).__name__)
        return None

    @property
    def _too_many(self) -> bool:
        """Lanes, since the owner wants fewer now: some end, and no message with them."""
        return len(self._lanes) - len(self._connecting) > self._connections

    def _message(self, job: Job) -> bytes:
        frozen = self._frozen[job.mailing_id]
        links = self._links(job, has_preferences=frozen.has_preferences)
        return frozen.message(job.recipient, job.message_id, job.context, *links, signed_at=job.created_at)

    def _links(self, job: Job, *, has_preferences: bool) -> tuple[str, str]:
        """To leave, and to one's preferences where that is said: the same whenever it is made."""
        if job.subscriber_id is None:
            return self._settings.public_url, ""
        leave = self._tokens.make("unsubscribe", job.subscriber_id)
        leave = f"{self._settings.public_url}/u/{leave}"
        if not has_preferences:
            return leave, ""
        preferences = self._tokens.make("preferences", job.subscriber_id, job.epoch, now=job.created_at)
        return leave, f"{self._settings.public_url}/preferences/{preferences}"

    def _spoil(self, job: Job, why: str) -> None:
        _log.error("Message %d can't be made: %s", job.id, why)
        done = Verdict.of(settlement(job, "failed", f"It can't be made: {why}"), job.mailing_id)
        task = asyncio.ensure_future(self._books.turn([done], []))
        task.add_done_callback(lambda _: self.drop(job.id))

    def drop(self, id: int) -> None:
        self._hand.drop(id)
        if self._settings.domain_limits:  # its provider has room for another
            self._hungry.set()

    def heard(self, outcome: Outcome) -> None:
        if outcome.result == "in_doubt":
            self._relay.had_trouble(RelayTrouble("The relay took a message and did not answer."))
        else:
            self._relay.was_fine()

    def broke(self) -> None:
        self._faulty_until = clock.monotonic() + _AFTER_A_FAULT

    def stop(self) -> None:
        """Nothing more is begun."""
        self._stopping = True
        if self._nap:
            self._nap.cancel()

    async def finish(self) -> None:
        """What is on the wire may end; what was only reserved is free again."""
        while self._lanes:
            for lane in self._connecting:
                lane.cancel()
            await asyncio.wait(self._lanes, timeout=0.1 if self._connecting else None)
        try:
            await self._give_back()
        except Unavailable:
            _log.warning("Some reserved messages stay so until this worker is missed.")

    async def _give_back(self) -> None:
        """What is reserved and not begun is anybody's again."""
        jobs = list(self._jobs)
        self._jobs.clear()
        if not jobs:
            return
        self._signing.forget()
        try:
            await self._db.write(bulk_ledger.give_up, self._worker, jobs, self._limits)
        finally:
            for job in jobs:
                self._hand.drop(job.id)

    async def close(self) -> None:
        for lane in self._lanes:
            lane.cancel()
        if self._lanes:
            await asyncio.wait(self._lanes)
        await self._books.close()
        self._signing.close()
