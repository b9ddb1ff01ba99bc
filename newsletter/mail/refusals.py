"""Providers that refuse us by policy (RFC 3463 §3.8): no reader can help that, and each further mail makes it worse."""

import msgspec

from newsletter.clock import HOUR
from newsletter.mail.domains import slow_down
from newsletter.mail.limits import meter
from newsletter.providers import provider_of
from newsletter.storage import Tx

MOST = 3
"""So many messages within an hour, and it is left alone for one."""

PAUSE = HOUR
_LOOK_AT = 1_000


class _To(msgspec.Struct):
    recipient: str


async def distrusted(tx: Tx, recipient: str) -> str:
    """The provider of this address where it has just become one that refuses us, and is left alone; else ''.

    To be called with the refusal in the ledger. Who signs up is mailed all the same: only what goes to many waits.
    """
    provider = provider_of(recipient.rpartition("@")[2])
    found = await tx.all(_To, _REFUSED, since=tx.now - HOUR, most=_LOOK_AT)
    if sum(provider_of(one.recipient.rpartition("@")[2]) == provider for one in found) < MOST:
        return ""
    await meter(tx)  # held, as by who reserves: else each could wait for the other
    return provider if await slow_down(tx, provider, PAUSE) else ""


_REFUSED = """
    SELECT o.recipient FROM bounces b JOIN outbox o ON o.id = b.outbox_id
    WHERE b.at > :since AND b.subscriber_id IS NOT NULL AND b.kind = 'policy' ORDER BY b.at DESC LIMIT :most
    """
