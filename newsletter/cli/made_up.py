"""People who don't exist, for the demonstration: somebody to write to."""

import sys

import click

from newsletter.addresses import parse
from newsletter.signups import Form
from newsletter.storage import Tx
from newsletter.subscribers import Consent
from newsletter.web.kit.site import Site

NAMES = (
    "Ada",
    "Ben",
    "Cleo",
    "Dora",
    "Emil",
    "Fay",
    "Gus",
    "Hana",
    "Ivo",
    "June",
    "Kai",
    "Lena",
    "Milo",
    "Nora",
)
_CHUNK = 200
_DETAIL = '{"made_up":"for the demonstration"}'


async def make_up(site: Site, count: int) -> None:
    """`count` active subscribers, reader1@example.org and so on; who is there already stays as they are."""
    form = await site.forms.find("guide")
    hidden = not sys.stderr.isatty()
    with click.progressbar(
        length=count, label="Making subscribers up", file=sys.stderr, hidden=hidden
    ) as bar:
        for first in range(1, count + 1, _CHUNK):
            numbers = range(first, min(first + _CHUNK, count + 1))
            await site.db.write(_confirm, site, form, numbers)
            bar.update(len(numbers))


async def _confirm(tx: Tx, site: Site, form: Form, numbers: range) -> None:
    for number in numbers:
        person = await site.subscribers.admit(tx, parse(f"reader{number}@example.org"))
        if person and person.status == "pending":
            agreed = Consent(
                person.id, 0, "confirmed", 0, form_id=form.id, wording_id=form.wording_id, detail=_DETAIL
            )
            await site.subscribers.confirm(tx, person, agreed, NAMES[number % len(NAMES)], "{}", form.tags)
