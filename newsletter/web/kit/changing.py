"""What an owner's hand changes of one subscriber, beside erasing them. One transaction each."""

from newsletter.addresses import parse
from newsletter.errors import BadInput, NotFound
from newsletter.ids import read_id
from newsletter.storage import Tx
from newsletter.subscribers import records
from newsletter.web.kit.site import Site
from newsletter.words import gettext as _

WARNED = ("complained", "not_me", "erased")
"""Reasons to be on the suppression list that were a person's own wish: who goes against it is asked first."""

LISTED = "This address is on the suppression list: it is mailed nothing. Take it off first."
NEVER_ASKED = "They never filled in a form here, so there is nothing that a mail could ask them to confirm."
TOO_OFTEN = (
    "Nothing was mailed: an address gets one such mail a day, and three in all until somebody confirms there. "
    "Their own button would say the same."
)
NOT_NOW = "Who is {} is mailed no such thing: they have to sign up again."


async def do(tx: Tx, site: Site, verb: str, id: int, values: dict[str, str]) -> bool:
    """False where its owner has to be asked first, and nothing was changed. Raises BadInput, NotFound."""
    person = await records.find(tx, id)
    match verb:
        case "rename":
            await records.change(tx, id, values.get("name", ""), None)
        case "keep":
            await _keep(tx, id, values.get("field", ""), values.get("value", ""))
        case "tag":
            await records.put_tag(tx, id, values.get("tag", ""))
        case "untag":
            await records.take_tag(tx, id, values.get("tag", ""))
        case "mail":
            await _mail(tx, site, person, values.get("guide", ""))
        case "unsubscribe":
            await site.subscribers.unsubscribe(tx, id, "desk")
        case "suppress":
            await site.subscribers.unsubscribe(tx, id, "desk")
            await site.post.suppress(tx, person.email.lower(), "owner")
        case _:
            return await _let_back(tx, site, person, sure=values.get("sure") == "1")
    return True


async def _keep(tx: Tx, id: int, name: str, value: str) -> None:
    """One field of their own; without a value it goes."""
    if not name:
        raise BadInput("Please look again.", {"field": "Please give the field a name."})
    await records.change(tx, id, None, {name: value or None})


async def _mail(tx: Tx, site: Site, person: records.Record, guide: str) -> None:
    """What they were mailed already, once more: the button to confirm, or one of their guides; as often as they
    themselves could ask for it."""
    if await site.suppressions.why(tx, person.email.lower()):
        raise BadInput(LISTED)
    before = await records.mails(tx, person.id)
    if person.status == "pending":
        signup_id = await records.newest_signup(tx, person.id)
        if signup_id is None:
            raise BadInput(NEVER_ASKED)
        known = await site.subscribers.find(tx, person.id)
        await site.signups.invite_again(tx, signup_id, known.epoch)
    elif person.status == "active":
        magnet_id = read_id(guide)
        if magnet_id not in [one.id for one in await records.guides(tx, person.id)]:
            raise NotFound("This guide is no longer offered to them.")
        await site.signups.fresh_link(tx, person.id, magnet_id)
    else:
        raise BadInput(_(NOT_NOW).format(_(person.status)))
    if await records.mails(tx, person.id) == before:
        raise BadInput(TOO_OFTEN)


async def _let_back(tx: Tx, site: Site, person: records.Record, *, sure: bool) -> bool:
    own_wish = any(one.reason in WARNED for one in await site.suppressions.why(tx, person.email.lower()))
    if (own_wish or person.status in ("complained", "blocked")) and not sure:
        return False
    await site.suppressions.remove(tx, parse(person.email))
    return True
