"""What a fresh database starts with, so that the embed snippet works at once: one form, one guide."""

import hashlib

from newsletter.ids import new_id
from newsletter.magnets import Magnets
from newsletter.paths import TEMPLATES
from newsletter.signups import store
from newsletter.signups.model import Field, Form
from newsletter.storage import Tx
from newsletter.words import gettext as _

GUIDE = TEMPLATES / "guides" / "structure-your-career.pdf"


async def seed(tx: Tx, magnets: Magnets, guide: bytes) -> bool:
    """Makes form `guide` and magnet `structure-your-career` where there is no form yet. True if it did.

    Raises BadInput when another process does the same at this moment.
    """
    if await store.any_form(tx):
        return False
    wording = _(
        "Yes, send me the free guide and the newsletter: now and then a letter on working on one’s career. "
        "I can leave at any time with one click in every mail."
    )
    magnet_id = await magnets.add(
        tx,
        "structure-your-career",
        "Structure your career",
        _(
            "Take stock of your skills, build a network outside the job, and make a plan for the next 90 days. "
            "With worksheets to fill in."
        ),
        "structure-your-career.pdf",
        guide,
    )
    form = _form(wording)
    await store.add_form(tx, form, hashlib.sha256(wording.encode()).hexdigest())
    await magnets.offer(tx, form.id, [magnet_id])
    return True


def _form(wording: str) -> Form:
    return Form(
        id=new_id(),
        slug="guide",
        title=_("Get the free guide"),
        intro=_(
            "“Structure your career”: a short guide with worksheets, for people who want to work on their career "
            "and not only at their job."
        ),
        button=_("Send me the guide"),
        thanks_url="",
        wording_id=new_id(),
        wording=wording,
        fields=(
            Field(
                "name",
                _("First name"),
                help=_("So that we can greet you. Optional."),
                autocomplete="given-name",
            ),
        ),
        tags=(),
        magnets=(),
    )
