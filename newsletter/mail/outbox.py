"""The ledger of everything that leaves: a message is promised here, in the transaction that causes it.

One row is one message to one person. It is queued, claimed by a worker (`sending`, committed before a byte
goes out) and settled by what the server said; `newsletter.mail.ledger` holds the worker's side.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from newsletter import ids
from newsletter.addresses import canonical
from newsletter.clock import DAY
from newsletter.mail import reach
from newsletter.settings import Settings
from newsletter.storage import Tx
from newsletter.tokens import Tokens

TOPIC = "outbox"
TRANSACTIONAL = 0
BUDGET_EVERY = DAY

FOR_THE_MAILBOX = ("not_me", "erased")
"""Wishes of a person, who is meant in every spelling; a bounce speaks of one address."""

Reason = Literal["not_me", "erased", "bounced", "complained", "owner"]


class Enqueued(msgspec.Struct, frozen=True):
    id: int
    message_id: str  # with its angle brackets


class Post:
    """Promises messages and keeps the list of those who must never get one."""

    def __init__(self, settings: Settings, tokens: Tokens) -> None:
        self._tokens = tokens
        self._settings = settings

    @property
    def _domain(self) -> str:
        return self._settings.from_email.rpartition("@")[2]

    async def enqueue(
        self,
        tx: Tx,
        message: str,
        to: str,
        *,
        context: Mapping[str, Any],
        subscriber_id: int | None = None,
        skip: str = "",
        after: int = 0,
    ) -> Enqueued:
        """Promise `message` (a folder of templates/email/) to the address `to`, `after` ms from now. One INSERT.

        `context` is plain values for the templates. Links are named by purpose and ids, so that no live token
        lies in the table: ``"links": {"confirm": ["/confirm/", "confirm", [signup_id, epoch]]}``, and in lists
        ``{"title": …, "link": ["/downloads/", "download", [subscriber_id, magnet_id]]}``.
        With `skip` the row is born `skipped` for that reason, at the same cost and without the address.
        """
        row_id = ids.new_id()
        message_id = f"<{self._tokens.fingerprint('message-id', str(row_id))[:32]}@{self._domain}>"
        await tx.put(
            """
            INSERT INTO outbox (id, message, priority, subscriber_id, recipient, context, message_id, state,
                                not_before, created_at, settled_at, reply)
            VALUES (:id, :message, :priority, :subscriber_id, :recipient, :context, :message_id, :state,
                    :not_before, :now, :settled_at, :reply)
            """,
            id=row_id,
            message=message,
            priority=TRANSACTIONAL,
            subscriber_id=subscriber_id,
            recipient="" if skip else to,
            context=msgspec.json.encode(context).decode(),
            message_id=message_id,
            state="skipped" if skip else "queued",
            not_before=tx.now + after,
            now=tx.now,
            settled_at=tx.now if skip else None,
            reply=skip,
        )
        tx.wake(TOPIC)
        return Enqueued(row_id, message_id)

    async def reaches(self, tx: Tx, email: str) -> bool:
        """Whether the relay takes mail to this address: one beyond ASCII before the @ it may not."""
        return await reach.reaches(tx, email)

    async def check_reach(self, tx: Tx, email: str) -> None:
        """As `reaches`. Raises BadInput."""
        await reach.check(tx, email)

    async def take_budget(self, tx: Tx, email_key: str, *, cap: int, forgotten: int | None = None) -> bool:
        """Whether a mail that nobody confirmed may go to this mailbox now: one in 24 h, `cap` in all.

        With `forgotten` (ms) it counts anew once the last one is that old. One more than a day ahead was noted by a
        clock that was wrong, and locks nobody out.
        All spellings of one mailbox share the budget. Taking and asking are one statement.
        """
        sent = await tx.value(
            """
            INSERT INTO mail_budgets (key, sent, last_at) VALUES (:key, 1, :now)
            ON CONFLICT (key) DO UPDATE SET last_at = excluded.last_at,
              sent = CASE WHEN mail_budgets.last_at <= :forgotten THEN 1 ELSE mail_budgets.sent + 1 END
            WHERE (mail_budgets.sent < :cap OR mail_budgets.last_at <= :forgotten)
              AND (mail_budgets.last_at <= :since OR mail_budgets.last_at > :ahead)
            RETURNING sent
            """,
            key=self._budget_key(email_key),
            now=tx.now,
            cap=cap,
            since=tx.now - BUDGET_EVERY,
            ahead=tx.now + BUDGET_EVERY,
            forgotten=-1 if forgotten is None else tx.now - forgotten,
        )
        return sent is not None

    async def clear_budget(self, tx: Tx, email_key: str) -> None:
        """The owner of the mailbox confirmed: they may be mailed again."""
        await tx.put("DELETE FROM mail_budgets WHERE key = :key", key=self._budget_key(email_key))

    async def suppress(self, tx: Tx, email_key: str, reason: Reason, expires_at: int | None = None) -> None:
        """Never mail this address again, or not before `expires_at` (ms). The longer of two wishes holds."""
        await tx.run(
            """
            INSERT INTO suppressions (key, reason, created_at, expires_at)
            VALUES (:key, :reason, :now, :expires_at)
            ON CONFLICT (key) DO UPDATE SET reason = excluded.reason, expires_at = excluded.expires_at
            WHERE excluded.expires_at IS NULL OR excluded.expires_at > suppressions.expires_at
            """,
            key=suppression_keys(self._tokens, email_key)[reason in FOR_THE_MAILBOX],
            reason=reason,
            now=tx.now,
            expires_at=expires_at,
        )

    def listed_as(self, email_key: str) -> tuple[str, str]:
        """The keys under which the address, or its mailbox, would stand on the list."""
        return suppression_keys(self._tokens, email_key)

    async def suppressed(self, tx: Tx, email_key: str) -> str | None:
        """The key under which the address, or its mailbox, stands on the list."""
        exact, mailbox = self.listed_as(email_key)
        found: str | None = await tx.value(
            """
            SELECT key FROM suppressions
            WHERE key IN (:exact, :mailbox) AND (expires_at IS NULL OR expires_at > :now) LIMIT 1
            """,
            exact=exact,
            mailbox=mailbox,
            now=tx.now,
        )
        return found

    async def forget(self, tx: Tx, subscriber_id: int) -> None:
        """Erase what the ledger knows of one person; what waits for them is not sent."""
        await tx.run("DELETE FROM outbox WHERE subscriber_id = :id", id=subscriber_id)

    async def withdraw(self, tx: Tx, id: int) -> bool:
        """What a message would say is gone: it is not sent where it still waits (True), else its words are dropped."""
        if await tx.run("DELETE FROM outbox WHERE id = :id AND state IN ('queued', 'deferred')", id=id):
            return True
        await tx.run("UPDATE outbox SET context = '{}' WHERE id = :id AND state <> 'sending'", id=id)
        return False

    async def forget_address(self, tx: Tx, email: str) -> None:
        """As `forget`, for somebody who is no subscriber."""
        await tx.run("DELETE FROM outbox WHERE recipient = :email AND subscriber_id IS NULL", email=email)

    def _budget_key(self, email_key: str) -> str:
        return self._tokens.fingerprint("budget", canonical(email_key))


def suppression_keys(tokens: Tokens, email_key: str) -> tuple[str, str]:
    """The address as it is spelled, and the mailbox that it reaches."""
    exact = tokens.fingerprint("suppression", email_key)
    mailbox = canonical(email_key)
    return exact, exact if mailbox == email_key else tokens.fingerprint("suppression", mailbox)


async def prune(tx: Tx, before: int) -> int:
    """Drop what was settled before `before` (ms), but not who got what was written to many. Returns how many."""
    return await tx.run(
        """DELETE FROM outbox WHERE settled_at < :before AND (mailing_id IS NULL OR subscriber_id IS NULL)""",
        before=before,
    )
