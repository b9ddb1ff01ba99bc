"""The forms as the web needs them: found quickly, and able to judge what was filled in."""

import hashlib
from collections.abc import Mapping

import msgspec

from newsletter.addresses import Address, is_role, parse
from newsletter.clock import monotonic
from newsletter.errors import BadInput, NotFound, Refused
from newsletter.magnets import Magnets
from newsletter.signups import editing_store, store
from newsletter.signups.fields import answer
from newsletter.signups.mail_texts import Kind, digest
from newsletter.signups.model import Form
from newsletter.storage import Database, Tx
from newsletter.words import gettext as _

FRESH = 2.0  # seconds a form is kept in memory: an edit shows everywhere within that time
CLOSED = "This form is closed at the moment: nobody can sign up here now."
TAKEN = "There is a form of this name already."


class Forms:
    def __init__(self, db: Database, magnets: Magnets) -> None:
        self._db = db
        self._magnets = magnets
        self._kept: dict[str | int, tuple[float, Form]] = {}  # by slug and by id

    async def find(self, slug: str) -> Form:
        """Raises NotFound."""
        form = self.kept(slug) or await self._db.read(store.find_form, self._magnets, slug)
        if form is None:
            self._kept.pop(slug, None)
            raise NotFound("There is no such form here. Please check the address.")
        self.keep(form)
        return form

    def kept(self, which: str | int) -> Form | None:
        """The form of that slug or id, where it was read a moment ago."""
        since, form = self._kept.get(which, (0.0, None))
        return form if form and monotonic() - since < FRESH else None

    def keep(self, form: Form) -> None:
        """What was read in a transaction that is over; one that was kept already grows no younger."""
        if self.kept(form.id) is not form:
            self._kept[form.id] = self._kept[form.slug] = (monotonic(), form)

    async def tallies(self, tx: Tx) -> list[editing_store.Tally]:
        """All of them, with their numbers."""
        return await editing_store.tallies(tx)

    async def stored(self, tx: Tx, slug: str) -> Form:
        """As it is now, not as it is kept in memory. Raises NotFound."""
        form = await store.find_form(tx, self._magnets, slug)
        if form is None:
            raise NotFound("There is no such form here. Please check the address.")
        return form

    async def held(self, tx: Tx, slug: str) -> Form:
        """As `stored`; nobody else changes it until the transaction ends. Raises NotFound."""
        await editing_store.lock(tx, (await self.stored(tx, slug)).id)
        return await self.stored(tx, slug)

    async def make(self, tx: Tx, form: Form) -> None:
        """A new one, with the first version of its wording. Raises BadInput where the slug is taken."""
        if await self.is_taken(tx, form.slug):
            raise BadInput("Please look again.", {"slug": TAKEN})
        own = msgspec.structs.replace(form, fields=form.fields[1:])
        await store.add_form(tx, own, hashlib.sha256(form.wording.encode()).hexdigest())
        await self._magnets.offer(tx, form.id, [magnet.id for magnet in form.magnets])

    async def is_taken(self, tx: Tx, slug: str) -> bool:
        return await editing_store.is_taken(tx, slug)

    async def change(self, tx: Tx, form: Form) -> None:
        """All but its slug. Another wording is a new version; who agreed to the old one did so to that."""
        await editing_store.lock(tx, form.id)
        current = await self.stored(tx, form.slug)
        wording_id = current.wording_id
        if form.wording != current.wording:
            wording_id = await editing_store.add_wording(tx, form.id, form.wording)
        await editing_store.change(
            tx, msgspec.structs.replace(form, fields=form.fields[1:], wording_id=wording_id)
        )
        await editing_store.withdraw_magnets(tx, form.id)
        await self._magnets.offer(tx, form.id, [magnet.id for magnet in form.magnets])

    async def write_mails(self, tx: Tx, slug: str, texts: Mapping[Kind, Mapping[str, str]]) -> None:
        """The words of its mails: other ones are a new version, empty ones ours. Raises NotFound."""
        form = await self.held(tx, slug)
        for kind, parts in texts.items():
            current = form.confirmation if kind == "confirmation" else form.guide
            if not any(parts.values()):
                await editing_store.set_mail_text(tx, form.id, kind, None)
            elif current is None or current.sha256 != digest(parts):
                id = await editing_store.add_mail_text(tx, form.id, kind, parts)
                await editing_store.set_mail_text(tx, form.id, kind, id)

    async def mail_texts(self, tx: Tx, form_id: int) -> list[editing_store.Written]:
        """Every version of the words of its mails, the newest first."""
        return await editing_store.mail_texts(tx, form_id)

    def forget(self, form: Form) -> None:
        """After a change that is committed: the next reader gets the new one. Other nodes follow within FRESH."""
        self._kept.pop(form.slug, None)
        self._kept.pop(form.id, None)


def check(form: Form, values: Mapping[str, str], errors: Mapping[str, str]) -> tuple[Address, dict[str, str]]:
    """The address of a filled-in form, and what was answered beside it, without what was left empty.

    `errors` is what was wrong with its text already. Raises BadInput with every field's error at once, and
    Refused where the form is closed.
    """
    if form.closed:
        raise Refused(CLOSED)
    wrong = dict(errors)
    address = None
    try:
        address = parse(values.get("email", ""))
        if is_role(address.key):
            raise BadInput("Mail to this address reaches an office, not a reader. Please enter your own.")
    except BadInput as error:
        wrong.setdefault("email", error.sentence)
    answers = _answers(form, values, wrong)
    if wrong or address is None:
        raise BadInput("Please look at the marked fields; what you typed is still there.", wrong)
    return address, answers


def _answers(form: Form, values: Mapping[str, str], wrong: dict[str, str]) -> dict[str, str]:
    answers: dict[str, str] = {}
    for field in form.fields[1:]:
        text = values.get(field.name)
        if text and field.name not in wrong:
            try:
                answers[field.name] = answer(field, text)
            except BadInput as error:
                wrong[field.name] = error.sentence
        elif field.required and not text:
            wrong.setdefault(field.name, _("Please fill in: %(field)s.") % {"field": field.label})
    return answers
