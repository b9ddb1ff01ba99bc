"""From a submitted form to a confirmed subscriber. Each verb is one transaction."""

from collections.abc import Sequence

import msgspec

from newsletter.addresses import Address
from newsletter.clock import DAY, HOUR
from newsletter.errors import BadInput, NotFound, Refused
from newsletter.magnets import Magnet, Magnets
from newsletter.mail import Post
from newsletter.settings import Settings
from newsletter.signups import store
from newsletter.signups.forms import CLOSED, Forms
from newsletter.signups.mail_texts import guide_words, invitation
from newsletter.signups.model import Form, Signup
from newsletter.storage import Tx
from newsletter.subscribers import Consent, NotMe, Subscriber, Subscribers

UNCONFIRMED_MAILS = 3
"""Confirmations an address is ever sent while nobody there confirms (promise 5)."""

GUIDE_MAILS = 1_000_000
"""Somebody who confirmed may ask for fresh links, once a day, for as long as they like: they hold one of ours."""

FORGOTTEN = 30 * DAY
"""Anybody can type an active reader's address into the form: it mails them as often as a new one, until they
were left alone for so long."""

OLD_LINK = "This link belongs to an earlier sign-up. Please sign up again; it takes a minute."


class Submission(msgspec.Struct):
    """What a form brought, cleaned and checked: an address and the form's own fields."""

    address: Address
    fields: dict[str, str]
    page: str = ""  # origin of the page that carried the form
    ip: str = ""  # only when the owner switched it on
    variant: str = ""  # of the form's texts, as its own hidden field has it
    proof: tuple[str, int] | None = None  # nonce and expiry (ms) of a proof of work that was checked


class Confirmed(msgspec.Struct):
    person: Subscriber
    form: Form
    fresh: bool  # False when the link had been used before


class Signups:
    def __init__(
        self, settings: Settings, post: Post, subscribers: Subscribers, magnets: Magnets, forms: Forms
    ) -> None:
        self._settings = settings
        self._post = post
        self._subscribers = subscribers
        self._magnets = magnets
        self._forms = forms

    async def sign_up(self, tx: Tx, form: Form, submission: Submission) -> None:
        """Keeps the request and the one mail that it causes.

        Whatever the address's standing, the same statements run and nothing is returned, so that neither
        answer nor time tells whether it is known (promise 6). Raises BadInput for a proof shown twice, and
        Refused where the form is closed.
        """
        if form.closed:
            raise Refused(CLOSED)
        if submission.proof:
            await self.spend(tx, *submission.proof)
        person = await self._subscribers.admit(tx, submission.address)
        signup = _new(form, submission)
        if person is None:
            signup.name, signup.fields = "", "{}"
            await self._post.take_budget(tx, submission.address.key, cap=UNCONFIRMED_MAILS)
            context = invitation(self._settings, form, signup.id, 1)
            await self._post.enqueue(tx, "confirmation", "", context=context, skip="suppressed")
            await store.add(tx, signup, None)
            return
        await self._answer(tx, form, person, signup)
        await store.add(tx, signup, person.id)

    async def spend(self, tx: Tx, nonce: str, expires_at: int) -> None:
        """A proof of work opens one form once. Raises BadInput for one that was shown before."""
        if not await store.spend_proof(tx, nonce, expires_at):
            raise BadInput("This form was sent already. Please send it once more.")

    async def ask_along(self, tx: Tx, form: Form, submission: Submission) -> tuple[int, int] | None:
        """Keeps a request whose confirmation another mail of the caller's asks for: its id and the person's epoch.

        None, and nothing is kept, where the address must not be mailed, or needs no confirming.
        """
        person = await self._subscribers.admit(tx, submission.address)
        if person is None or person.status == "active" or Subscribers.is_mute(person):
            return None
        signup = _new(form, submission)
        await store.add(tx, signup, person.id)
        return signup.id, person.epoch

    async def asked_by(self, tx: Tx, signup_id: int, message_id: str) -> None:
        """Which mail asked for it, for the proof of consent; with its angle brackets."""
        await store.set_message_id(tx, signup_id, message_id)

    async def _answer(self, tx: Tx, form: Form, person: Subscriber, signup: Signup) -> None:
        joined = person.status == "active"
        allowed = await self._post.take_budget(
            tx, person.email_key, cap=UNCONFIRMED_MAILS, forgotten=FORGOTTEN if joined else None
        )
        skip = person.status if Subscribers.is_mute(person) else "" if allowed else "budget"
        if joined:
            context = self._magnets.context(person, form.magnets)
        else:
            context = invitation(self._settings, form, signup.id, person.epoch)
        message = "already" if joined else "confirmation"
        sent = await self._post.enqueue(
            tx, message, person.email, subscriber_id=person.id, context=context, skip=skip
        )
        signup.message_id = "" if skip else sent.message_id
        if form.confirmation and signup.message_id and not joined:
            signup.mail_text_id = form.confirmation.id

    async def invited(self, tx: Tx, signup_id: int, epoch: int) -> Form:
        """The form behind a confirmation link, with the words that the press of the button agrees to.

        Raises NotFound.
        """
        signup, form, _ = await self._open(tx, signup_id, epoch)
        wording = await store.wording(tx, signup.wording_id)
        return msgspec.structs.replace(form, wording_id=signup.wording_id, wording=wording)

    async def confirm(self, tx: Tx, signup_id: int, epoch: int) -> Confirmed:
        """They pressed the button: active from now on, consent recorded, the guide on its way. Idempotent.

        Raises NotFound.
        """
        person = await self._whose(tx, signup_id, epoch, held=True)
        first = await store.mark_confirmed(tx, signup_id)
        signup, form = await self._asked(tx, signup_id, first)
        fresh = first is not None
        if fresh and person.status == "active":
            fresh = not await self._subscribers.agreed(tx, person.id, signup.form_id, signup.wording_id)
        if fresh:
            agreed = await self._consent(tx, signup, form)
            await self._subscribers.confirm(tx, person, agreed, signup.name, signup.fields, form.tags)
            context = self._magnets.context(person, form.magnets)
            context |= guide_words(self._settings, form, person, signup.name, signup.fields)
            await self._post.enqueue(tx, "guide", person.email, subscriber_id=person.id, context=context)
        return Confirmed(person, form, fresh)

    async def _open(
        self, tx: Tx, signup_id: int, epoch: int, *, held: bool = False
    ) -> tuple[Signup, Form, Subscriber]:
        """What a confirmation link stands for. Raises NotFound."""
        person = await self._whose(tx, signup_id, epoch, held=held)
        signup, form = await self._asked(tx, signup_id)
        return signup, form, person

    async def _whose(self, tx: Tx, signup_id: int, epoch: int, *, held: bool) -> Subscriber:
        """A link from before they left, or said that it wasn't them, opens nothing. Raises NotFound.

        With `held` nobody else changes the person until the transaction ends.
        """
        person = await self._subscribers.of_signup(tx, signup_id, held=held)
        if person is None or person.epoch != epoch or person.status in ("blocked", "complained"):
            raise NotFound(OLD_LINK)
        return person

    async def _asked(self, tx: Tx, signup_id: int, signup: Signup | None = None) -> tuple[Signup, Form]:
        """The sign-up, read where it isn't at hand, and its form. Raises NotFound."""
        signup = signup or await store.find(tx, signup_id)
        if signup is None:
            raise NotFound(OLD_LINK)
        form = self._forms.kept(signup.form_id) or await store.form_by_id(tx, self._magnets, signup.form_id)
        if form is None:
            raise NotFound(OLD_LINK)
        return signup, form

    @staticmethod
    async def _consent(tx: Tx, signup: Signup, form: Form) -> Consent:
        known = {"page": signup.page, "ip": signup.ip}
        if text := await store.mail_text(tx, signup.mail_text_id):
            known["confirmation"] = f"version {text.number}, SHA-256 {text.sha256}"
        if form.guide:
            known["guide"] = f"version {form.guide.number}, SHA-256 {form.guide.sha256}"
        detail = {key: value for key, value in known.items() if value}
        return Consent(
            signup.subscriber_id,
            0,
            "confirmed",
            0,
            requested_at=signup.at,
            form_id=signup.form_id,
            wording_id=signup.wording_id,
            message_id=signup.message_id,
            detail=msgspec.json.encode(detail).decode(),
        )

    async def invite_again(self, tx: Tx, signup_id: int, epoch: int) -> None:
        """A fresh confirmation link to the stored address, within its budget; nothing for who needs none."""
        try:
            signup, form, person = await self._open(tx, signup_id, epoch, held=True)
        except NotFound:
            return
        if person.status == "active" or Subscribers.is_mute(person):
            return
        if await self._post.take_budget(tx, person.email_key, cap=UNCONFIRMED_MAILS):
            sent = await self._post.enqueue(
                tx,
                "confirmation",
                person.email,
                subscriber_id=person.id,
                context=invitation(self._settings, form, signup.id, epoch),
            )
            await store.set_message_id(tx, signup.id, sent.message_id, form.confirmation)

    async def block(self, tx: Tx, signup_id: int, epoch: int) -> NotMe:
        """“This wasn’t me.” Idempotent. A mail to the address led here: its reader may know how it stands.

        Of somebody who is forgotten the sign-up stays for a while, without the address: pressed again, the
        button says the same.
        """
        signup = await store.find(tx, signup_id)
        done = await self._subscribers.block(tx, signup.subscriber_id, epoch) if signup else NotMe("gone")
        if signup and done.traces:
            bare = Signup(
                signup.id, 0, signup.form_id, signup.wording_id, signup.at, "", "", "{}", "", "", None
            )
            await store.add(tx, bare, None)
        if done.standing == "gone" and await store.is_nobodys(tx, signup_id):
            return NotMe("blocked")
        return done

    async def fresh_link(self, tx: Tx, subscriber_id: int, magnet_id: int) -> None:
        """Mails a new download link to the stored address, at most once a day. Raises NotFound."""
        person = await self._subscribers.find(tx, subscriber_id)
        given = await self._magnets.open(tx, magnet_id)
        await self._mail_fresh(tx, person, [given.magnet])

    async def _mail_fresh(self, tx: Tx, person: Subscriber, magnets: Sequence[Magnet]) -> None:
        if person.status in ("active", "unsubscribed") and await self._post.take_budget(
            tx, person.email_key, cap=GUIDE_MAILS
        ):
            await self._magnets.deliver(tx, person, magnets, "fresh_link")

    async def fresh_preferences(self, tx: Tx, subscriber_id: int, epoch: int) -> None:
        """Mails a new link to their preferences to the stored address, at most once a day; else nothing."""
        try:
            person = await self._subscribers.hold(tx, subscriber_id, epoch)
        except NotFound:
            return
        if Subscribers.is_mute(person):
            return
        if await self._post.take_budget(tx, person.email_key, cap=GUIDE_MAILS):
            context = self._magnets.context(person, ())
            await self._post.enqueue(
                tx, "preferences", person.email, subscriber_id=person.id, context=context
            )

    async def remind(self, tx: Tx, most: int = 200) -> int:
        """One reminder to each pending person whose link nobody used; returns how many rows were handled."""
        hours = self._settings.reminder_hours
        if not hours:
            return 0
        after = tx.now - self._settings.pending_days * DAY
        due = await store.claim_reminders(tx, after, tx.now - hours * HOUR, most)
        for one in due:
            form = await store.form_by_id(tx, self._magnets, one.form_id)
            if form and await self._post.take_budget(tx, one.email_key, cap=UNCONFIRMED_MAILS):
                sent = await self._post.enqueue(
                    tx,
                    "reminder",
                    one.email,
                    subscriber_id=one.subscriber_id,
                    context=invitation(self._settings, form, one.id, one.epoch) | {"asked_at": one.at},
                )
                await store.set_message_id(tx, one.id, sent.message_id)
        return len(due)

    async def purge(self, tx: Tx) -> tuple[str, ...]:
        """Forgets who never confirmed, and proofs of work that expired; returns what `db.scrub` is for."""
        await store.forget_proofs(tx)
        await store.forget_refused(tx, tx.now - self._settings.pending_days * DAY)
        return await self._subscribers.purge_pending(
            tx, self._settings.pending_days, self._settings.confirmation_days
        )


def _new(form: Form, submission: Submission) -> Signup:
    fields = {name: value for name, value in submission.fields.items() if name not in ("email", "name")}
    return store.new_signup(
        form, submission.page, submission.fields.get("name", ""), fields, submission.ip, submission.variant
    )
