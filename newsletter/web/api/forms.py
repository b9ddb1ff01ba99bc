"""Signup forms for programs: listed, read, made, changed; closed rather than deleted, for people agreed to them."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from newsletter.errors import BadInput, SettingsError
from newsletter.ids import new_id
from newsletter.magnets import Magnet, all_magnets
from newsletter.signups import TAKEN, Field, Form, all_forms, faults, fitted
from newsletter.storage import Tx
from newsletter.subscribers import tag_name
from newsletter.web.api import form_shapes as shapes
from newsletter.web.api.asking import Call, Endpoint, Reply
from newsletter.web.api.reading import WRONG, given
from newsletter.web.kit import colours
from newsletter.web.kit.policy import known_target, read_sites, sites_of
from newsletter.web.kit.site import Site

PATH = "/forms"
ONE = f"{PATH}/{{slug}}"
ELSEWHERE = "This has to be a page on the service’s own origin or an allowed one."
RESERVED = "The desk uses this word itself."
_EMAIL = Field("email", "Email", required=True, type="email")


async def list_forms(call: Call) -> Reply:
    """All signup forms."""
    found = await call.site.db.read(all_forms)
    return Reply(shapes.Forms([shapes.FormName(one.slug, one.title) for one in found]))


async def get_form(call: Call) -> Reply:
    """One signup form, with its texts, fields and colours."""
    return Reply(shapes.form(await call.site.db.read(call.site.forms.stored, call.path["slug"])))


async def add_form(call: Call) -> Reply:
    """Makes a form, which is open at once where it isn't said to be closed."""
    new: shapes.NewForm = call.body
    await call.site.db.write(_add, call.site, new)
    return Reply(shapes.FormReceipt(new.slug), location=f"{PATH}/{new.slug}")


async def _add(tx: Tx, site: Site, new: shapes.NewForm) -> None:
    made, errors = await _filled(tx, site, _empty(new.slug), given(new))
    if errors:
        raise BadInput(WRONG, errors)
    await site.forms.make(tx, made)


def _empty(slug: str) -> Form:
    return Form(new_id(), slug, "", "", "", "", new_id(), "", (_EMAIL,), (), ())


async def _judge_new(call: Call, given: Mapping[str, Any]) -> dict[str, str]:
    return await call.site.db.read(_faults_of_new, call.site, given)


async def _faults_of_new(tx: Tx, site: Site, given: Mapping[str, Any]) -> dict[str, str]:
    slug = given.get("slug", "")
    errors = (await _filled(tx, site, _empty(slug), given))[1]
    if slug in ("new", "preview"):
        errors["slug"] = RESERVED
    elif await site.forms.is_taken(tx, slug):
        errors["slug"] = TAKEN
    return errors


async def change_form(call: Call) -> Reply:
    """Changes a form. Another wording is a new version; who agreed to the old one did so to that."""
    changed = await call.site.db.write(_change, call)
    call.site.forms.forget(changed)
    return Reply(shapes.form(changed))


async def _change(tx: Tx, call: Call) -> Form:
    site = call.site
    before = await site.forms.held(tx, call.path["slug"])
    call.match(shapes.form(before))
    made, errors = await _filled(tx, site, before, given(call.body))
    if errors:
        raise BadInput(WRONG, errors)
    await site.forms.change(tx, made)
    return await site.forms.stored(tx, before.slug)


async def _judge_change(call: Call, given: Mapping[str, Any]) -> dict[str, str]:
    return await call.site.db.read(_faults, call, given)


async def _faults(tx: Tx, call: Call, given: Mapping[str, Any]) -> dict[str, str]:
    """Raises NotFound."""
    before = await call.site.forms.stored(tx, call.path["slug"])
    return (await _filled(tx, call.site, before, given))[1]


async def _filled(tx: Tx, site: Site, form: Form, given: Mapping[str, Any]) -> tuple[Form, dict[str, str]]:
    """`form` with what is given, and what is wrong with that, by the field."""
    wanted = {name: value for name, value in given.items() if name in _PLAIN}
    errors: dict[str, str] = {}
    if isinstance(fields := given.get("fields"), list):
        wanted["fields"] = (form.fields[0], *_fields(form, fields, errors))
    if isinstance(tags := given.get("tags"), list):
        wanted["tags"] = tuple(_tags(tags, errors))
    if isinstance(magnets := given.get("magnets"), list):
        wanted["magnets"] = tuple(_magnets(await all_magnets(tx), magnets, errors))
    if isinstance(origins := given.get("allowed_origins"), list):
        wanted["allowed_origins"] = _origins(origins, errors)
    made: Form = msgspec.structs.replace(form, **wanted)
    moved = given.keys() & {"thanks_url", "allowed_origins"}
    if made.thanks_url and moved and not known_target(made.thanks_url, sites_of(made, site.settings)):
        errors["thanks_url"] = ELSEWHERE
    return made, errors | colours.faults(made.accent, made.background)


_PLAIN = ("title", "wording", "intro", "button", "thanks_url", "closed", "accent", "background")


def _fields(form: Form, given: Iterable[shapes.FormField], errors: dict[str, str]) -> list[Field]:
    """What is wrong with one of them joins `errors`."""
    before = {field.name: field for field in form.fields}
    made: list[Field] = []
    said: list[str] = []
    for one in given:
        known = before.get(one.name) or Field(one.name, "", max_length=200)
        field = msgspec.structs.replace(
            known,
            label=one.label,
            required=one.required,
            help=one.help,
            type=one.type,
            options=tuple(dict.fromkeys(one.options)),
            autocomplete="given-name" if one.name == "name" else known.autocomplete,
        )
        wrong = faults(field, made)
        said += [f"{one.name}, {part}: {sentence}" for part, sentence in wrong.items()]
        made += [] if wrong else [fitted(field)]
    if said:
        errors["fields"] = " ".join(said)
    return made


def _origins(given: Iterable[str], errors: dict[str, str]) -> tuple[str, ...]:
    try:
        return read_sites(" ".join(given))
    except SettingsError as error:
        errors["allowed_origins"] = error.sentence
        return ()


def _tags(given: Iterable[str], errors: dict[str, str]) -> list[str]:
    try:
        return list(dict.fromkeys(tag_name(tag) for tag in given))
    except BadInput as error:
        errors["tags"] = error.sentence
        return []


def _magnets(known: list[Magnet], given: Iterable[str], errors: dict[str, str]) -> list[Magnet]:
    by_slug = {magnet.slug: magnet for magnet in known}
    unknown = [f"There is no lead magnet {slug[:60]!r}." for slug in given if slug not in by_slug]
    if unknown:
        errors["magnets"] = " ".join(unknown)
    return [by_slug[slug] for slug in dict.fromkeys(given) if slug in by_slug]


ENDPOINTS = (
    Endpoint("GET", PATH, "forms:read", list_forms, gives=shapes.Forms),
    Endpoint(
        "POST", PATH, "forms:write", add_form, 201, shapes.NewForm, gives=shapes.FormReceipt, judges=_judge_new,
    ),
    Endpoint("GET", ONE, "forms:read", get_form, gives=shapes.Form, single=True),
    Endpoint(
        "PATCH", ONE, "forms:write", change_form, 200, shapes.FormChange, gives=shapes.Form, single=True, matches=True,
        judges=_judge_change,
    ),
)  # fmt: skip
