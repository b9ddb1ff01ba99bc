"""How sending stands, in numbers for whoever watches the service: each along an index, so that asking costs little."""

import msgspec

from newsletter.clock import DAY
from newsletter.mail import hold
from newsletter.mail.look import workers
from newsletter.storage import Tx

HOUR_MS = DAY // 24


class _Relay(msgspec.Struct):
    paused_until: int
    sent: str  # JSON: by the hour since 1970


async def gauges(tx: Tx) -> dict[str, float]:
    """By name; times in seconds. `oldest` is how long the first of what is due to single people has been due."""
    relay = await tx.one(_Relay, "SELECT paused_until, sent FROM send_limits WHERE name = 'relay'")
    by_hour = msgspec.json.decode(relay.sent, type=dict[str, int]) if relay else {}
    first = (tx.now - DAY) // HOUR_MS
    due = await tx.value(f"SELECT min(not_before) FROM outbox {_SINGLE}")  # noqa: S608  our own
    return {
        "single": await tx.value(f"SELECT count(*) FROM outbox {_SINGLE}"),  # noqa: S608  our own
        "many": await tx.value(_MANY),
        "oldest": max(0, tx.now - due) / 1000 if due is not None else 0,
        "failed": await tx.value(_FAILED, since=tx.now - DAY),
        "sent": sum(count for hour, count in by_hour.items() if int(hour) > first),
        "workers": await workers(tx),
        "held": await hold.held(tx) is not None,
        "paused": relay is not None and relay.paused_until > tx.now,
    }


_SINGLE = "WHERE mailing_id IS NULL AND state IN ('queued', 'deferred')"
_MANY = """
    SELECT count(*) FROM mailings m JOIN outbox o ON o.mailing_id = m.id AND o.state IN ('queued', 'deferred')
    WHERE m.state = 'open'
    """
_FAILED = "SELECT count(*) FROM outbox WHERE state = 'failed' AND settled_at >= :since"
