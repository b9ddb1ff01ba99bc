"""How an owner comes in and stays in: a mailed link, used once; a session, kept as a hash."""

import hashlib
import secrets

from newsletter.addresses import Address
from newsletter.clock import DAY, MINUTE
from newsletter.errors import NotFound
from newsletter.mail import Post
from newsletter.owners import audit, second_step_store, store
from newsletter.owners.model import Owner, Session
from newsletter.storage import Tx

LINK_LIVES = 15 * MINUTE
SESSION_LIVES = 14 * DAY
"""Without being used."""

CODE_WAITS = 10 * MINUTE
"""How long one may look for one's code."""

LONGEST_SESSION = 90 * DAY
"""However much it is used: then its owner signs in again."""

LONGEST_AGENT = 300  # of what a browser calls itself: its name comes last

USED = "This sign-in link was used already, or is too old. Please ask for a new one."


class Owners:
    def __init__(self, post: Post) -> None:
        self._post = post

    async def ensure(self, tx: Tx, address: Address) -> Owner:
        """The owner of this address, made one if need be. Only the terminal and the settings may do that."""
        await store.add(tx, address)
        owner = await store.find_by_key(tx, address.key)
        assert owner is not None
        return owner

    async def new_link(self, tx: Tx, owner: Owner) -> int:
        """The id of a fresh one-time link; whoever calls signs it with purpose `sign-in`."""
        return await store.add_link(tx, owner.id, tx.now + LINK_LIVES, mailed=False)

    async def mail_link(self, tx: Tx, address: Address) -> None:
        """Mails a one-time link if the address is an owner's; the answer doesn't say whether it is.

        While they have one that still works there is no second: a stranger can neither fill their inbox nor use
        up what they may ask for.
        """
        owner = await store.find_by_key(tx, address.key)
        if owner is None or await store.has_mailed_link(tx, owner.id):
            await self._post.enqueue(
                tx, "sign_in", "", context={}, skip="no owner" if owner is None else "budget"
            )
            return
        link = await store.add_link(tx, owner.id, tx.now + LINK_LIVES, mailed=True)
        context = {
            "minutes": LINK_LIVES // MINUTE,
            "links": {"sign_in": ["/admin/enter/", "sign-in", [link]]},
        }
        await self._post.enqueue(tx, "sign_in", owner.email, context=context)

    async def enter(self, tx: Tx, link_id: int, browser: str) -> str:
        """Uses the link up and returns the new session's secret, for the cookie only. Raises NotFound.

        Of who wants a second step it opens nothing before `let_in`.
        """
        owner_id = await store.use_link(tx, link_id)
        if owner_id is None:
            raise NotFound(USED)
        await store.joined(tx, owner_id)
        await store.sweep(tx)
        await audit.record(tx, audit.Actor("desk", owner_id), audit.Deed("sign-in", "link"))
        waits = await second_step_store.is_on(tx, owner_id)
        return await self._new_session(tx, owner_id, browser, waits=waits)

    async def _new_session(self, tx: Tx, owner_id: int, browser: str, *, waits: bool) -> str:
        secret = secrets.token_urlsafe(32)
        ends = tx.now + (CODE_WAITS if waits else SESSION_LIVES)
        await store.add_session(tx, owner_id, _hash(secret), browser[:LONGEST_AGENT], ends, waits=waits)
        return secret

    async def come_in(self, tx: Tx, owner_id: int, browser: str, how: str) -> str:
        """A new session, for who has shown all that is asked. Its secret, for the cookie only."""
        await store.sweep(tx)
        await audit.record(tx, audit.Actor("desk", owner_id), audit.Deed("sign-in", how))
        return await self._new_session(tx, owner_id, browser, waits=False)

    async def let_in(self, tx: Tx, session: Session, how: str) -> str:
        """The second step is done; a new secret, which is the first that opens the desk."""
        secret = secrets.token_urlsafe(32)
        await store.let_in(tx, session, _hash(secret), tx.now + SESSION_LIVES)
        await audit.record(tx, audit.Actor("desk", session.owner_id), audit.Deed("sign-in", how))
        return secret

    async def session(self, tx: Tx, secret: str) -> Session | None:
        return await store.session(tx, _hash(secret))

    async def sessions(self, tx: Tx, owner_id: int) -> list[Session]:
        return await store.sessions(tx, owner_id)

    async def rotate(self, tx: Tx, session: Session) -> str | None:
        """A new secret for the same session, once a day of use; a stolen old cookie dies.

        None where somebody else was quicker (two tabs): theirs counts.
        """
        secret = secrets.token_urlsafe(32)
        ends = min(tx.now + SESSION_LIVES, session.created_at + LONGEST_SESSION)
        return secret if await store.rotate(tx, session, _hash(secret), ends) else None

    async def leave(self, tx: Tx, session_id: int, owner_id: int) -> None:
        await store.end_session(tx, session_id, owner_id)

    async def leave_elsewhere(self, tx: Tx, session: Session) -> None:
        """Ends every other session of theirs."""
        await store.end_sessions(tx, session.owner_id, but=session.id)

    async def leave_everywhere(self, tx: Tx, owner_id: int) -> None:
        """Ends every session of theirs, also in the browser that got lost."""
        await store.end_sessions(tx, owner_id)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
