"""What is to say of a broadcast's audience, beside how many it is."""

from newsletter.broadcasts.checks import Finding
from newsletter.errors import BadInput
from newsletter.storage import Tx
from newsletter.subscribers import segments
from newsletter.words import gettext as _


async def doubts(tx: Tx, audience: str) -> list[Finding]:
    """A warning for each name in it that nothing has; or an error, where it can't be read at all."""
    try:
        segment = segments.parse(audience)
    except BadInput as error:
        return [Finding("error", f"{_('The audience can’t be read.')} {_(error.sentence)}")]
    return [Finding("warning", one) for one in await segments.unknown(tx, segment)]
