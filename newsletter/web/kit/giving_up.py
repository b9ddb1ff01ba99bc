"""Mailboxes that take nothing of late are mailed no more for a while, once their owner knows how many they are."""

from newsletter.errors import BadInput
from newsletter.web.kit.site import Site

MOST = 10_000
"""Who is counted, and given up with one press."""

GONE = "They are not those that were asked about any more. Please look again."


async def give_up(site: Site, sure: str) -> int:
    """How many are mailed nothing for 90 days; `sure` is how many they are, as their owner has read.

    Raises BadInput.
    """
    if sure != str(len(await site.db.read(site.returns.wavering, MOST))):
        raise BadInput(GONE)
    total = 0
    while total < int(sure) and (some := await site.db.write(site.returns.give_up)):
        total += some
    return total
