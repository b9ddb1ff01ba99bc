"""The rows of webhooks."""

from newsletter.ids import new_id
from newsletter.storage import Tx
from newsletter.webhooks.model import Webhook

_FOUND = """SELECT id, url, events, state, why, secret, overlap_until, since, noted_to, held_until, failing_since,
                   created_at FROM webhooks"""


async def add(tx: Tx, url: str, events: str) -> int:
    id = new_id()
    await tx.run(
        """INSERT INTO webhooks (id, url, events, since, noted_to, created_at)
           VALUES (:id, :url, :events, :now, :now, :now)""",
        id=id,
        url=url,
        events=events,
        now=tx.now,
    )
    return id


async def find(tx: Tx, id: int, *, held: bool = False) -> Webhook | None:
    lock = "FOR UPDATE" if held and tx.engine == "postgres" else ""
    return await tx.one(Webhook, f"{_FOUND} WHERE id = :id {lock}", id=id)


async def everyone(tx: Tx) -> list[Webhook]:
    return await tx.all(Webhook, f"{_FOUND} ORDER BY id")


async def rewrite(tx: Tx, hook: Webhook) -> None:
    """All that its owner may change."""
    await tx.run(
        """UPDATE webhooks SET url = :url, events = :events, state = :state, why = :why, secret = :secret,
               overlap_until = :overlap, since = :since, noted_to = :noted, held_until = :held,
               failing_since = :failing WHERE id = :id""",
        id=hook.id,
        url=hook.url,
        events=hook.events,
        state=hook.state,
        why=hook.why,
        secret=hook.secret,
        overlap=hook.overlap_until,
        since=hook.since,
        noted=hook.noted_to,
        held=hook.held_until,
        failing=hook.failing_since,
    )


async def remove(tx: Tx, id: int) -> None:
    await tx.run("DELETE FROM webhooks WHERE id = :id", id=id)


async def noted(tx: Tx, id: int, to: int) -> None:
    """What happened up to then (ms) has its deliveries."""
    await tx.run("UPDATE webhooks SET noted_to = :to WHERE id = :id AND noted_to < :to", id=id, to=to)


async def hold(tx: Tx, id: int, until: int) -> bool:
    """Whether it is this worker's until then (ms)."""
    return (
        await tx.run(
            "UPDATE webhooks SET held_until = :until WHERE id = :id AND state = 'on' AND held_until <= :now",
            id=id,
            until=until,
            now=tx.now,
        )
        == 1
    )


async def hold_on(tx: Tx, id: int, until: int) -> None:
    """It stays this worker's, or is left alone, until then (ms)."""
    await tx.run("UPDATE webhooks SET held_until = :until WHERE id = :id", id=id, until=until)


async def fails(tx: Tx, id: int) -> None:
    await tx.run(
        "UPDATE webhooks SET failing_since = coalesce(failing_since, :now) WHERE id = :id", id=id, now=tx.now
    )


async def works(tx: Tx, id: int) -> None:
    await tx.run(
        "UPDATE webhooks SET failing_since = NULL WHERE id = :id AND failing_since IS NOT NULL", id=id
    )


async def switch_off(tx: Tx, id: int, why: str) -> bool:
    """Whether it was on."""
    sql = "UPDATE webhooks SET state = 'off', why = :why, held_until = 0 WHERE id = :id AND state = 'on'"
    return await tx.run(sql, id=id, why=why) == 1
