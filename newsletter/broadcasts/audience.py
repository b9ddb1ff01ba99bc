"""What is to say of a broadcast's audience, beside how many it is."""

from newsletter.broadcasts.checks import Finding
from newsletter.errors import BadInput
from newsletter.storage import Tx
from newsletter.subscribers import segments


async def doubts(tx: Tx, audience: str) -> list[Finding]:
    """A warning for each name in it that nothing has. What can't be read at all is refused elsewhere."""
    try:
        segment = segments.parse(audience)
    except BadInput:
        return []
    return [Finding("warning", one) for one in await segments.unknown(tx, segment)]
