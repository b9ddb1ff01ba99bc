"""A broadcast in numbers of people, from rows that are there anyway: nobody is watched for them."""

import msgspec

from newsletter.broadcasts import store
from newsletter.errors import NotFound
from newsletter.mail import HeldBack, Mailings, Tally, held_back
from newsletter.mail.responses import responses, skips
from newsletter.storage import Tx
from newsletter.words import ngettext, number


class Numbers(msgspec.Struct, frozen=True):
    """Of a draft all are 0. Who was erased is in none of them."""

    tally: Tally = Tally()
    skips: dict[str, int] = {}
    """Why people were skipped: a sentence, and how many; the most first."""

    held_back: list[HeldBack] = []
    """Who waits for their provider's limit, or because it asked for fewer; each reads as a sentence."""

    why: str = ""
    """Why it is held, where the circuit breaker holds it."""

    paused: bool = False
    """The relay was in trouble, and nothing leaves until it is asked again."""

    ramped: int = 0
    """So many mails the ramp-up lets go today, and the rest another day; 0: it keeps nothing of it back."""

    unsubscribed: int = 0
    """They left by a link, and this was the last that they had got."""

    clicks: list[store.Clicked] = []
    """How often each link was followed, by people and by machines that look at links; empty where it isn't counted."""

    bounced: int = 0
    complained: int = 0

    @property
    def waits(self) -> list[str]:
        """Who has to wait, and for what: sentences."""
        said = [str(one) for one in self.held_back]
        if self.ramped:
            ramped = ngettext(
                "The ramp-up lets 1 mail go today; the rest goes on tomorrow by itself.",
                "The ramp-up lets %(n)s mails go today; the rest goes on tomorrow by itself.",
                self.ramped,
            )
            said.insert(0, ramped % {"n": number(self.ramped)})
        if self.paused:
            said.insert(0, "Your mail server takes nothing at the moment. It is asked again by itself.")
        return said


async def numbers(tx: Tx, mailings: Mailings, broadcast_id: int) -> Numbers:
    """Counts its rows: a fraction of a second for a million. Ask in a read. Raises NotFound."""
    broadcast = await store.find(tx, broadcast_id)
    if broadcast is None:
        raise NotFound("There is no such broadcast.")
    if broadcast.mailing_id is None:
        return Numbers()
    tally = await mailings.tally(tx, broadcast.mailing_id)
    return Numbers(
        tally=tally,
        why=(await mailings.find(tx, broadcast.mailing_id)).why,
        paused=broadcast.state == "sending" and tally.left > 0 and await mailings.paused(tx),
        ramped=await mailings.ramped(tx, tally.left) if broadcast.state == "sending" else 0,
        skips=await skips(tx, broadcast.mailing_id),
        held_back=await held_back(tx, broadcast.mailing_id),
        clicks=await store.clicked(tx, broadcast_id),
        **await responses(tx, broadcast.mailing_id),
    )
