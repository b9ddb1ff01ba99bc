"""What the clock does for webhooks: sees what happened, sends what is due, tries again, gives up, switches off.

A webhook is in one worker's hands at a time, and its deliveries go one after the other, the longest waiting first. Who
waits behind a server that doesn't answer is left alone together with the one that was tried: a thousand deliveries cost
a server in trouble one try in a while. At least once: a worker that dies before it wrote down what came of a try leaves
it to be tried again, with the same `webhook-id`.
"""

import asyncio
import logging
import random
import ssl
from contextlib import suppress

from newsletter import clock
from newsletter.mail import Post, hold
from newsletter.settings import Settings
from newsletter.storage import ConstraintError, Database, Tx
from newsletter.tokens import Tokens
from newsletter.webhooks import payloads, signing
from newsletter.webhooks.actions import is_local
from newsletter.webhooks.model import DELAYS, KEPT, PATIENCE, Answer, Delivery, State, Webhook
from newsletter.webhooks.store import deliveries, facts, hooks
from newsletter.webhooks.wire import Resolve, Wire, resolve
from newsletter.words import gettext as _

LEASE = clock.MINUTE  # so long a worker that has died keeps a webhook from the others
REST = 5 * clock.MINUTE  # the longest that a webhook is left alone because of one delivery
LATE = clock.MINUTE  # so much later than the last that was seen something may be seen that happened before it
WHOLE_EVERY = 3600.0  # seconds until a whole day is looked at again: a clock may have been wrong
LOOKED_BACK = clock.DAY
AT_ONCE = 100  # deliveries to one webhook before others of it are looked for
SPREAD = 0.2  # of a delay: all that failed together shall not come back together

NOT_WANTED = "Its server answered 410: it wants nothing more."
FAILING = "It failed for three days: {}"

_log = logging.getLogger(__name__)


class Rounds:
    def __init__(
        self, db: Database, tokens: Tokens, settings: Settings, post: Post,
        trusts: ssl.SSLContext | None = None, resolve: Resolve = resolve,
    ) -> None:  # fmt: skip
        """`trusts` and `resolve`: whose certificates are believed and where names lead, else the system's."""
        self._db = db
        self._tokens = tokens
        self._settings = settings
        self._post = post
        self._trusts = trusts
        self._resolve = resolve
        self._wire: Wire | None = None
        self._whole_at = 0.0
        self._sending: dict[int, asyncio.Task[None]] = {}

    async def once(self) -> None:
        """Looks, and begins to send: a slow server keeps nobody waiting but itself."""
        on = [one for one in await self._db.read(hooks.everyone) if one.state == "on"]
        if not on:
            return
        whole = clock.monotonic() >= self._whole_at
        for hook in on:
            await self._note(hook, LOOKED_BACK if whole else LATE)
        if whole:
            await self._db.write(_forget_old)
            self._whole_at = clock.monotonic() + WHOLE_EVERY
        if await self._db.read(hold.held) is not None:
            return
        for hook in on:
            if hook.id not in self._sending and hook.held_until <= clock.now():
                self._begin(hook.id)

    def _begin(self, id: int) -> None:
        def ended(task: asyncio.Task[None]) -> None:
            self._sending.pop(id, None)
            error = None if task.cancelled() else task.exception()
            if error is not None:
                _log.error("Sending to a webhook failed: %s. It is tried again.", type(error).__name__)

        task = asyncio.create_task(self._send(id), name=f"webhook {id}")
        self._sending[id] = task
        task.add_done_callback(ended)

    async def idle(self) -> None:
        """Returns once nothing is being sent. Raises what a sending raised."""
        await asyncio.gather(*self._sending.values())

    async def stop(self) -> None:
        """What is on the wire is broken off, and tried again one day."""
        tasks = [*self._sending.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _note(self, hook: Webhook, back: int) -> None:
        began = clock.now()
        since, newest = max(hook.since, hook.noted_to - back), 0
        for event in hook.chosen:
            while found := await self._db.read(facts.news, hook.id, event, since):
                newest = max(newest, found[-1].at)
                with suppress(ConstraintError):  # somebody was erased, or the webhook deleted, meanwhile
                    await self._db.write(deliveries.add, hook.id, event, found)
        to = began if back > LATE else min(newest, began)
        if to > hook.noted_to:
            await self._db.write(hooks.noted, hook.id, to)

    async def _send(self, id: int) -> None:
        if await self._db.read(_due, id) is None or not await self._db.write(_take, id):
            return
        until: int | None = 0
        try:
            for _ in range(AT_ONCE):
                until = await self._next(id)
                if until != 0:
                    break
        finally:
            await self._db.write(hooks.hold_on, id, until or 0)

    async def _next(self, id: int) -> int | None:
        """Sends one. Until when (ms) the webhook is to be left alone, 0 to go on, None where nothing is due."""
        read = await self._db.read(_due, id)
        if read is None:
            return None
        hook, delivery, body = read
        if body is None:
            await self._db.write(deliveries.drop, delivery.id)
            return 0
        began = clock.now()
        headers = signing.headers(self._tokens, hook, delivery.id, body, began)
        answer = await (await self._get_wire()).post(hook.url, headers, body)
        return await self._db.write(self._settle, delivery, answer, began)

    async def _get_wire(self) -> Wire:
        if self._wire is None:
            trusts = self._trusts
            if trusts is None:
                trusts = await asyncio.to_thread(ssl.create_default_context)  # it reads all roots
            self._wire = Wire(is_local(self._settings), trusts, self._resolve)
        return self._wire

    async def _settle(self, tx: Tx, delivery: Delivery, answer: Answer, began: int) -> int:
        """As `_next`."""
        state, delay = after(delivery.attempts, answer)
        await deliveries.settle(tx, delivery.id, state, tx.now + delay, answer, began, delivery.attempts)
        id = delivery.webhook_id
        if answer.is_well:
            await hooks.works(tx, id)
            await hooks.hold_on(tx, id, tx.now + LEASE)
            return 0
        await hooks.fails(tx, id)
        hook = await hooks.find(tx, id)
        if hook is None:
            return 0
        if answer.is_gone:
            await self._switch_off(tx, hook, NOT_WANTED)
        elif hook.failing_since is not None and hook.failing_since < tx.now - PATIENCE:
            await self._switch_off(tx, hook, _(FAILING).format(_said(answer)))
        elif answer.is_in_trouble:
            return tx.now + min(delay or REST, REST)
        return 0

    async def _switch_off(self, tx: Tx, hook: Webhook, why: str) -> None:
        """And its owner hears it, once."""
        if not await hooks.switch_off(tx, hook.id, why):
            return
        _log.warning("A webhook is off. %s", why)
        if self._settings.owner_email:
            context = {"url": hook.url, "why": why}
            await self._post.enqueue(tx, "webhook_off", self._settings.owner_email, context=context)


def after(attempts: int, answer: Answer) -> tuple[State, int]:
    """What becomes of a delivery that was tried `attempts` times before, and the wait (ms) for its next try."""
    if answer.is_well:
        return "sent", 0
    if answer.is_gone or attempts >= len(DELAYS):
        return "failed", 0
    delay = DELAYS[attempts]
    return "queued", delay + int(delay * SPREAD * random.random())  # noqa: S311  no secret


def _said(answer: Answer) -> str:
    return _("it answered {}.").format(answer.status) if answer.status else answer.words


async def _take(tx: Tx, id: int) -> bool:
    return await hooks.hold(tx, id, tx.now + LEASE)


async def _due(tx: Tx, id: int) -> tuple[Webhook, Delivery, bytes | None] | None:
    """What is to be sent to whom, in one snapshot."""
    hook = await hooks.find(tx, id)
    delivery = await deliveries.due(tx, id)
    if hook is None or hook.state == "off" or delivery is None:
        return None
    return hook, delivery, await payloads.body(tx, delivery)


async def _forget_old(tx: Tx) -> None:
    await deliveries.forget(tx, tx.now - KEPT)
