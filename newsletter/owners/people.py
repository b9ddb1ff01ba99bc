"""Who comes to the desk, and as what: invited by mail, given another role, sent away. There is always an owner."""

from newsletter.addresses import Address
from newsletter.clock import DAY
from newsletter.errors import BadInput, Conflict, NotFound
from newsletter.mail import Post
from newsletter.owners import people_store as store
from newsletter.owners.model import ROLES, Person
from newsletter.owners.store import add_link
from newsletter.storage import Tx
from newsletter.words import gettext as _

INVITATION_LIVES = 7 * DAY

GONE = "Nobody like this comes to the desk. They may have been removed."
HERE = "This person comes to the desk already. Open their page to give them another role."
LAST = "Somebody has to be the owner. Make another person one first; they have to have come in once."
NO_ROLE = "Choose one of these: %(roles)s."


async def everyone(tx: Tx) -> list[Person]:
    """Owners first, then by when they were asked."""
    found = await store.everyone(tx)
    return sorted(found, key=lambda one: (-ROLES.index(one.role), one.id))


async def find(tx: Tx, id: int) -> Person:
    """Raises NotFound."""
    found = await store.find(tx, id)
    if found is None:
        raise NotFound(GONE)
    return found


async def invite(tx: Tx, post: Post, address: Address, role: str) -> Person:
    """Mails a link that works once, for a week. Who has not come yet is mailed anew, and the older link dies.

    Raises BadInput, Conflict for who is here already.
    """
    if role not in ROLES:
        raise _no_role()
    await post.check_reach(tx, address.email)
    person = await store.add(tx, address, role)
    if person.joined_at is not None:
        raise Conflict(HERE)
    await store.end_links(tx, person.id)
    link = await add_link(tx, person.id, tx.now + INVITATION_LIVES, mailed=False)
    context = {
        "role": role,
        "days": INVITATION_LIVES // DAY,
        "links": {"join": ["/admin/join/", "invite", [link]]},
    }
    await post.enqueue(tx, "invitation", person.email, context=context)
    return person


def _no_role() -> BadInput:
    said = _(NO_ROLE) % {"roles": ", ".join(ROLES)}
    return BadInput(said, {"role": said})


async def change_role(tx: Tx, id: int, role: str) -> Person:
    """From their next request on. Raises BadInput, NotFound, Conflict where nobody would be the owner."""
    if role not in ROLES:
        raise _no_role()
    person = await _let_go(tx, id) if role != "owner" else await find(tx, id)
    await store.set_role(tx, id, role)
    return person


async def remove(tx: Tx, id: int) -> Person:
    """Their sessions and links end at once. Raises NotFound, Conflict where nobody would be the owner."""
    person = await _let_go(tx, id)
    await store.remove(tx, id)
    return person


async def _let_go(tx: Tx, id: int) -> Person:
    """Two owners who do this to each other at the same moment do it one after the other."""
    held = await store.hold_owners(tx)
    person = await find(tx, id)
    if held == [id]:
        raise Conflict(LAST)
    return person
