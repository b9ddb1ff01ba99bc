"""The forms as the web needs them: found quickly, and able to judge what was filled in."""

from collections.abc import Mapping

from newsletter.addresses import Address, is_role, parse
from newsletter.clock import monotonic
from newsletter.errors import BadInput, NotFound
from newsletter.magnets import Magnets
from newsletter.signups import store
from newsletter.signups.model import Form
from newsletter.storage import Database

FRESH = 2.0  # seconds a form is kept in memory: an edit shows everywhere within that time


class Forms:
    def __init__(self, db: Database, magnets: Magnets) -> None:
        self._db = db
        self._magnets = magnets
        self._kept: dict[str, tuple[float, Form]] = {}

    async def find(self, slug: str) -> Form:
        """Raises NotFound."""
        kept = self._kept.get(slug)
        if kept is not None and monotonic() - kept[0] < FRESH:
            return kept[1]
        form = await self._db.read(store.find_form, self._magnets, slug)
        if form is None:
            self._kept.pop(slug, None)
            raise NotFound("There is no such form here. Please check the address.")
        self._kept[slug] = (monotonic(), form)
        return form


def check(form: Form, values: Mapping[str, str], errors: Mapping[str, str]) -> Address:
    """The address of a filled-in form; `errors` is what was wrong with its text already.

    Raises BadInput with every field's error at once.
    """
    wrong = dict(errors)
    address = None
    try:
        address = parse(values.get("email", ""))
        if is_role(address.key):
            raise BadInput("Mail to this address reaches an office, not a reader. Please enter your own.")
    except BadInput as error:
        wrong.setdefault("email", error.sentence)
    for field in form.fields[1:]:
        if field.required and not values.get(field.name):
            wrong.setdefault(field.name, f"Please fill in: {field.label}.")
    if wrong or address is None:
        raise BadInput("Please look at the marked fields; what you typed is still there.", wrong)
    return address
