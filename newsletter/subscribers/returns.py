"""What follows when mail comes back: whose address is gone, or who calls it spam, is mailed no more.

Which message came back is known by the signed envelope sender that it had, or by its own row where a server refused it
while we spoke to it. Whom a mail names is never asked: anybody can write that.
"""

from contextlib import suppress
from importlib import import_module
from typing import Literal

from newsletter.addresses import parse
from newsletter.clock import DAY
from newsletter.errors import BadInput
from newsletter.mail import Post, refusals, suppression
from newsletter.mail.bounces import ledger
from newsletter.mail.bounces.ledger import Sent, Wavering
from newsletter.mail.bounces.model import Event, Report
from newsletter.mail.bounces.sender import row_of
from newsletter.mail.responses import note, skip_waiting
from newsletter.storage import Tx
from newsletter.subscribers.model import Subscriber
from newsletter.subscribers.store import people as store
from newsletter.tokens import Tokens

Effect = Literal["ignored", "noted", "suppressed"]

SOFT_TIMES = 4
SOFT_SPREAD = 15 * DAY
"""So many messages, the first and the last so far apart, with none between that arrived: the mailbox is deserted."""

SOFT_EXPIRY = 90 * DAY

_BATCH = 100


class Returns:
    def __init__(self, tokens: Tokens, post: Post, owner: str | None = None) -> None:
        """`owner`: whom it is told that a provider refuses us."""
        self._tokens = tokens
        self._post = post
        self._owner = owner

    async def take(self, tx: Tx, report: Report) -> Effect:
        """What came by mail. The same again, what is no bounce, and what isn't signed by us change nothing."""
        if report.kind in ("auto", "unknown"):
            return "ignored"
        for token in report.tokens:
            row_id = row_of(self._tokens, token)
            row = None if row_id is None else await ledger.sent(tx, row_id)
            if row:
                return await self._follow(tx, row, report)
        return "ignored"

    async def hear(self, tx: Tx, provider: str, event: Event) -> Effect:
        """What the provider that sends for us says of one message. The same again changes nothing."""
        key = self._tokens.fingerprint("bounce-event", f"{provider} {event.id}")
        if not await ledger.first(tx, key) or event.report.kind in ("auto", "unknown"):
            return "ignored"
        for token in event.report.tokens:
            row_id = row_of(self._tokens, token)
            if row_id is not None and (row := await ledger.sent(tx, row_id)):
                return await self._follow(tx, row, event.report)
        # Unlike a mail, it is from who it says: what it names can be believed.
        with suppress(BadInput):
            person = await store.find_by_key(tx, parse(event.recipient).key)
            if person and (row := await ledger.last(tx, person.id, event.message_id)):
                return await self._follow(tx, row, event.report)
        return "ignored"

    async def look(self, tx: Tx) -> int:
        """What servers refused for good while we spoke to them counts like mail. Returns how much was news."""
        await ledger.forget_events(tx)
        await suppression.forget_expired(tx)
        rows = await ledger.refused(tx, _BATCH)
        effects: list[Effect] = []
        for row in rows:
            # What understands a server's words is a part of our start that most starts do without.
            report: Report = import_module("newsletter.mail.bounces.report").of_words(row.reply)
            effects.append(await self._follow(tx, row, report))
        return len(rows) - effects.count("ignored")

    async def wavering(self, tx: Tx, most: int) -> list[Wavering]:
        """Active readers whose mailboxes take nothing of late, before they are deserted by the rule; by id."""
        return await ledger.wavering(tx, most)

    async def give_up(self, tx: Tx) -> int:
        """Some of those are mailed no more for 90 days, as if their mailboxes were deserted. Returns how many."""
        some = await ledger.wavering(tx, _BATCH)
        for one in some:
            person = await store.lock(tx, one.id)
            if person and person.status == "active":
                await self._post.suppress(tx, person.email_key, "bounced", tx.now + SOFT_EXPIRY)
                await self._part(tx, person, complained=False)
        return len(some)

    async def _follow(self, tx: Tx, row: Sent, report: Report) -> Effect:
        person = None if row.subscriber_id is None else await store.lock(tx, row.subscriber_id)
        if row.subscriber_id is not None and person is None:
            return "ignored"
        if not await ledger.note(tx, row, report):
            return "ignored"
        if row.mailing_id is not None and person and row.state != "failed":
            kind: Literal["bounced", "complained"] = "complained" if report.kind == "complaint" else "bounced"
            await note(tx, row.mailing_id, person.id, kind)
        return await self._judge(tx, row, person, report)

    async def _judge(self, tx: Tx, row: Sent, person: Subscriber | None, report: Report) -> Effect:
        key = row.recipient.lower()
        if report.kind == "complaint":
            await self._post.suppress(tx, key, "complained")
        elif report.kind == "hard":
            await self._post.suppress(tx, key, "bounced")
        elif report.kind == "soft" and person and await self._deserted(tx, person.id):
            await self._post.suppress(tx, key, "bounced", tx.now + SOFT_EXPIRY)
        else:
            if report.kind == "policy":
                await self._tell(tx, row, report)
            return "noted"
        if person and person.email_key == key:
            await self._part(tx, person, complained=report.kind == "complaint")
        return "suppressed"

    async def _tell(self, tx: Tx, row: Sent, report: Report) -> None:
        """It is us whom a server doesn't want, so no reader is hurt: their provider is left alone, and the owner hears
        of it, once a day for each."""
        provider = await refusals.distrusted(tx, row.recipient)
        if not provider or not self._owner:
            return
        told = self._tokens.fingerprint("provider-paused", f"{provider} {tx.now // DAY}")
        if await ledger.first(tx, told):
            context = {"provider": provider, "why": report.words}
            await self._post.enqueue(tx, "provider_paused", self._owner, context=context)

    async def _deserted(self, tx: Tx, subscriber_id: int) -> bool:
        soft = await ledger.softness(tx, subscriber_id)
        return soft.times >= SOFT_TIMES and soft.last - soft.first >= SOFT_SPREAD

    async def _part(self, tx: Tx, person: Subscriber, *, complained: bool) -> None:
        """What waits for them is skipped. Whoever never confirmed stays pending, and is forgotten in time; whoever has
        left already stays so, unless they complain."""
        await skip_waiting(tx, person.id)
        if person.status == "active" or (complained and person.status in ("unsubscribed", "bounced")):
            status: Literal["bounced", "complained"] = "complained" if complained else "bounced"
            await store.leave(tx, person.id, status, person.consent_head)
