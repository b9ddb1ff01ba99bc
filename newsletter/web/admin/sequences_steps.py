"""The page on which one step of a sequence is written, with its checks and its preview."""

from asyncio import to_thread
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from newsletter.errors import BadInput, Conflict, NotFound
from newsletter.ids import read_id
from newsletter.owners import Session
from newsletter.sequences import Sequence, Step, Words, edits, read_delay, split_delay
from newsletter.web.admin.broadcasts_fields import Looked
from newsletter.web.admin.broadcasts_preview import HOLDER, LONGEST_VERSION, LOOKS, said, shown
from newsletter.web.admin.door import form_key, own_fields, refresh, session_of
from newsletter.web.admin.sequences import notice, to
from newsletter.web.kit import broadcasting, sequencing
from newsletter.web.kit.site import Site, site_of
from newsletter.words import gettext as _
from newsletter.words import marked

FIELDS = {"wait": 6, "unit": 6, "subject": 300, "preheader": 300, "sender": 320, "body": 100_000}
"""Each field with its longest text, in characters."""

UNITS = {"minute": marked("minutes"), "hour": marked("hours"), "day": marked("days"), "week": marked("weeks")}
VERBS = ("save", "look", "test")
NOT_ON = "The sequence is on, so a step that can’t go as it is is not kept. Turn it off first, or see to what is named."
CONFLICT = 409


class Typed(msgspec.Struct):
    session: Session
    values: dict[str, str]
    errors: dict[str, str]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What the page is about. `step`: None for one that is to be made; `revision`: what of it the owner has seen."""

    sequence: Sequence
    step: Step | None = None
    revision: int = 0
    done: str = ""
    kept: bool = False
    trouble: str = ""
    status: int = 200


@get("/admin/sequences/{slug:str}/steps/new")
async def begin(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    """Raises SignedOut, NotFound."""
    site = site_of(request)
    session = await session_of(request)
    sequence = await site.db.read(site.sequences.find, slug)
    steps = await site.db.read(site.sequences.steps, sequence.id)
    values = {"wait": "2" if steps else "0", "unit": "day"}
    looked, _ = await _look(site, _words({**values, "body": ""}, 0))
    blank = Looked(looked.letter, [], None)
    page = _written(site, Typed(session, values, {}), blank, Page(sequence=sequence, done=notice(request)))
    await refresh(request, session, page)
    return page


@get("/admin/sequences/{slug:str}/steps/{id:str}")
async def edit(request: Request[Any, Any, Any], slug: FromPath[str], id: FromPath[str]) -> Response[str]:
    """Raises SignedOut, NotFound."""
    site = site_of(request)
    session = await session_of(request)
    sequence, step = await site.db.read(edits.step, site.sequences, slug, read_number(id))
    looked, errors = await _look(site, step)
    about = Page(sequence=sequence, step=step, revision=step.revision, done=notice(request), kept=True)
    page = _written(site, Typed(session, values_of(step), errors), looked, about)
    await refresh(request, session, page)
    return page


def read_number(text: str) -> int:
    """Raises NotFound for what is no step's number."""
    id = read_id(text)
    if id is None:
        raise NotFound(edits.NO_STEP)
    return id


def values_of(step: Step) -> dict[str, str]:
    """As its form has it."""
    wait, unit = split_delay(step.delay)
    delay = {"wait": str(wait), "unit": unit} if step.delay else {"wait": "0", "unit": "day"}
    return {**delay, **{name: getattr(step, name) for name in ("subject", "preheader", "sender", "body")}}


def _written(site: Site, typed: Typed, looked: Looked, about: Page) -> Response[str]:
    """The page with what was typed, whatever is wrong with it."""
    step = about.step
    home = f"/admin/sequences/{about.sequence.slug}"
    return site.pages.page(
        "admin/sequence_step.html",
        about.status,
        HOLDER,
        about=about,
        one=about.sequence,
        step=step,
        home=home,
        own=f"{home}/steps/{step.id if step else 'new'}",
        title=(step.subject or step.slug) if step else _("A new step"),
        values={name: typed.values.get(name, "") for name in (*FIELDS, *LOOKS)},
        errors=typed.errors,
        longest=FIELDS,
        units=UNITS,
        looked=looked,
        conflict=about.status == CONFLICT,
        sender=site.settings.from_email,
        done=about.done,
        csrf=form_key(site, typed.session),
    )


@post("/admin/sequences/{slug:str}/preview", status_code=200)
async def preview(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    """What was typed, which is kept nowhere. Raises SignedOut, BadInput, NotFound."""
    site = site_of(request)
    typed = await _read(request)
    await site.db.read(site.sequences.find, slug)
    if typed.errors:
        return said(site, [f"{name}: {_(sentence)}" for name, sentence in typed.errors.items()], 422)
    draft = sequencing.as_draft(_words(typed.values, 0))
    try:
        letter = await to_thread(site.letters.letter, draft)
    except BadInput as error:
        return said(site, [_(error.sentence)], 422)
    return shown(site, letter, typed.session.email, typed.values)


@post("/admin/sequences/{slug:str}/steps/new")
async def make(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    """Raises SignedOut, BadInput, NotFound."""
    return await _take(request, slug, None)


@post("/admin/sequences/{slug:str}/steps/{id:str}")
async def change(request: Request[Any, Any, Any], slug: FromPath[str], id: FromPath[str]) -> Response[Any]:
    """Raises SignedOut, BadInput, NotFound."""
    return await _take(request, slug, read_number(id))


async def _take(request: Request[Any, Any, Any], slug: str, id: int | None) -> Response[Any]:
    site = site_of(request)
    typed = await _read(request)
    verb, version = typed.values.pop("action", ""), typed.values.pop("version", "")
    step: Step | None = None
    if id is None:
        sequence = await site.db.read(site.sequences.find, slug)
    else:
        sequence, step = await site.db.read(edits.step, site.sequences, slug, id)
    delay = _delay(typed)
    words = _words(typed.values, delay)
    looked, errors = await _look(site, words)
    typed.errors = errors | typed.errors
    if not typed.errors and (verb not in VERBS or (step and not version.isdecimal())):
        raise BadInput("Please use one of the buttons. Nothing was changed.")
    about = Page(sequence=sequence, step=step, revision=int(version) if version.isdecimal() else 0)
    if typed.errors or verb == "look":
        return _written(site, typed, looked, _with(about, status=422 if typed.errors else 200))
    if sequence.state == "on" and looked.wrong():
        return _written(site, typed, looked, _with(about, trouble=NOT_ON, status=422))
    try:
        if step is None:
            kept = await site.db.write(edits.add_step, site.sequences, slug, words)
        else:
            kept = await site.db.write(
                edits.change_step, site.sequences, slug, step.id, about.revision, words
            )
    except Conflict as error:
        _, now = await site.db.read(edits.step, site.sequences, slug, id or 0)
        again = _with(about, step=now, revision=now.revision, trouble=error.sentence, status=CONFLICT)
        return _written(site, typed, looked, again)
    return await _go_on(site, typed, looked, _with(about, step=kept, revision=kept.revision), verb)


def _with(about: Page, **changes: Any) -> Page:
    return msgspec.structs.replace(about, **changes)


async def _go_on(site: Site, typed: Typed, looked: Looked, about: Page, verb: str) -> Response[Any]:
    """What comes after saving."""
    slug, step = about.sequence.slug, about.step
    if verb != "test" or step is None:
        return to(slug, "saved")
    try:
        await broadcasting.send_sample(site, sequencing.as_draft(step), typed.session.email)
    except BadInput as error:
        trouble = _("It is saved, but no copy was sent.")
        if not looked.wrong():  # else all of it is named beside the text
            trouble += f" {_(error.sentence)}"
        return _written(site, typed, looked, _with(about, trouble=trouble, status=422))
    there = f"/admin/sequences/{slug}/steps/{step.id}?done=tested"
    return Redirect(there, status_code=303, headers={"Cache-Control": "no-store"})


async def _read(request: Request[Any, Any, Any]) -> Typed:
    """Raises SignedOut, BadInput."""
    allowed = {**FIELDS, **LOOKS, "action": 10, "version": LONGEST_VERSION}
    sent = await own_fields(request, allowed, multiline=("body",))
    return Typed(sent.session, sent.values, sent.errors)


def _delay(typed: Typed) -> int:
    """In ms; 0 where it can't be read, which is named beside its field then."""
    wait, unit = typed.values.get("wait", ""), typed.values.get("unit", "")
    try:
        return 0 if wait == "0" and unit in UNITS else read_delay(f"{wait} {unit}")
    except BadInput:
        typed.errors.setdefault("wait", "Please give a whole number; a year is the most.")
        return 0


def _words(values: dict[str, str], delay: int) -> Words:
    """Its name is what it was, or made of its subject: not typed here."""
    return Words(
        slug="",
        delay=delay,
        subject=values.get("subject", ""),
        preheader=values.get("preheader", ""),
        body=values.get("body", ""),
        sender=values.get("sender", ""),
    )


async def _look(site: Site, words: Words | Step) -> tuple[Looked, dict[str, str]]:
    """What is to say about it, and of a field that can't be kept why not."""
    try:
        letter, findings = await to_thread(broadcasting.looked_over, site, sequencing.as_draft(words))
    except BadInput as error:
        return Looked(None, [], None), {"sender": error.sentence}
    return Looked(letter, findings, None), {}


ROUTES = [begin, edit, preview, make, change]
