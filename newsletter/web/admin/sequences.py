"""The desk's list of sequences, and how one begins."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.response import Redirect

from newsletter.errors import BadInput
from newsletter.magnets import all_magnets
from newsletter.owners import Session
from newsletter.sequences import Sequence, Start, edits, read_start
from newsletter.signups import all_forms
from newsletter.storage import Tx
from newsletter.web.admin.door import form_key, own_fields, refresh, session_of
from newsletter.web.kit.site import Site, site_of
from newsletter.words import gettext as _
from newsletter.words import marked

START = {"start": 10, "form": 60, "tag": 200, "guide": 60}
"""What starts one, as its form has it, each with its longest text."""

DONE = {
    "made": "It is made, and off. Write its first step.",
    "deleted": "The sequence is deleted.",
    "saved": marked("Saved."),
    "tested": "Saved. One copy goes to your own address.",
    "all-tested": "One copy of each step goes to your own address.",
    "start": "Saved. From now on it starts by this.",
    "on": "It is on.",
    "off": "It is off: it starts for nobody and sends nothing. Everybody keeps their place.",
    "moved": "The order is another one now.",
    "removed": "The step is removed. Nobody comes to it any more; it can be put back below.",
    "back": "The step is back in its place.",
    "retry": "What failed goes out once more.",
    "doubt": "What was in doubt goes out once more.",
    "nothing": "There is nothing of it to send once more.",
}
"""What the last press did, by its name in the address of the page that follows."""


class Choices(msgspec.Struct, frozen=True):
    """What may start one: the forms (slug, title), the guides (slug, title), and tags that there are."""

    forms: list[tuple[str, str]]
    guides: list[tuple[str, str]]
    tags: list[str]


def notice(request: Request[Any, Any, Any]) -> str:
    return DONE.get(request.query_params.get("done", ""), "")


def to(slug: str, done: str = "") -> Redirect:
    """The page of a sequence, after a POST."""
    said = f"?done={done}" if done else ""
    return Redirect(f"/admin/sequences/{slug}{said}", status_code=303, headers={"Cache-Control": "no-store"})


def started_by(one: Sequence, choices: Choices) -> str:
    """As its owner reads it."""
    match one.start:
        case "tag":
            return _("It starts when somebody gets the tag “%(tag)s”.") % {"tag": one.start_value}
        case "downloaded":
            title = dict(choices.guides).get(one.start_value, one.start_value)
            return _("It starts when somebody downloads “%(title)s”.") % {"title": title}
    if not one.start_value:
        return _("It starts when somebody confirms.")
    title = dict(choices.forms).get(one.start_value, one.start_value)
    return _("It starts when somebody confirms who signed up by “%(title)s”.") % {"title": title}


def start_typed(values: dict[str, str]) -> tuple[Start, str]:
    """Raises BadInput beside the field."""
    kind = values.get("start", "")
    named = {
        "confirmed": "confirmed",
        "form": f"confirmed:{values.get('form', '')}",
        "tag": f"tag:{values.get('tag', '')}",
        "downloaded": f"downloaded:{values.get('guide', '')}",
    }
    if kind not in named:
        raise BadInput("Please look again.", {"start": "Please choose what starts it."})
    try:
        return read_start(named[kind])
    except BadInput:
        field = {"downloaded": "guide"}.get(kind, kind)
        raise BadInput("Please look again.", {field: "Please say which one."}) from None


def start_values(one: Sequence) -> dict[str, str]:
    """As its form has it."""
    kind = "form" if one.start == "confirmed" and one.start_value else one.start
    field = {"downloaded": "guide"}.get(kind, kind)
    return {"start": kind, **({field: one.start_value} if one.start_value else {})}


async def choices_of(tx: Tx) -> Choices:
    return Choices(
        [(one.slug, one.title) for one in await all_forms(tx)],
        [(one.slug, one.title) for one in await all_magnets(tx)],
        await edits.tag_names(tx),
    )


@get("/admin/sequences")
async def index(request: Request[Any, Any, Any]) -> Response[str]:
    site = site_of(request)
    session = await session_of(request)
    page = await _page(site, session, {}, {}, done=notice(request))
    await refresh(request, session, page)
    return page


async def _page(
    site: Site, session: Session, values: dict[str, str], errors: dict[str, str], *, done: str = ""
) -> Response[str]:
    choices = await site.db.read(choices_of)
    counted = await site.db.read(edits.tallies)
    return site.pages.page(
        "admin/sequences.html",
        422 if errors else 200,
        rows=[
            (one, started_by(one, choices), counted.get(one.id, {}))
            for one in await site.db.read(site.sequences.all)
        ],
        choices=choices,
        values=values,
        errors=errors,
        longest={"slug": 60, **START},
        done=done,
        csrf=form_key(site, session),
    )


@post("/admin/sequences")
async def make(request: Request[Any, Any, Any]) -> Response[Any]:
    """Raises SignedOut, BadInput."""
    site = site_of(request)
    sent = await own_fields(request, {"slug": 60, **START})
    errors = dict(sent.errors)
    if not errors:
        try:
            start = start_typed(sent.values)
            made = await site.db.write(edits.begin, site.sequences, sent.values.get("slug", ""), *start)
            return to(made.slug, "made")
        except BadInput as error:
            errors = dict(error.fields or {"start": error.sentence})
    return await _page(site, sent.session, sent.values, errors)


ROUTES = [index, make]
