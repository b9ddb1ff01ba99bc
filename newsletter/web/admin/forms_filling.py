"""What an owner fills in about a form, made the form that it would be."""

from typing import Any

import msgspec
from litestar import Request

from newsletter.errors import BadInput, NotFound, SettingsError
from newsletter.magnets import Magnet, all_magnets
from newsletter.signups import Field, Form
from newsletter.subscribers import tag_name
from newsletter.web.admin import forms_fields
from newsletter.web.admin.door import Sent, own_fields, session_of
from newsletter.web.kit import colours
from newsletter.web.kit.policy import known_target, read_sites, sites_of
from newsletter.web.kit.site import Site, site_of
from newsletter.words import gettext as _

LONGEST = {
    "slug": 60,
    "title": 120,
    "intro": 600,
    "button": 60,
    "wording": 1000,
    "tags": 300,
    "thanks_url": 500,
    "allowed_origins": 2_000,
    "accent": 20,
    "background": 20,
    "closed": 1,
    **forms_fields.LONGEST,
}
LOOKS = {"look": 5, "scheme": 5, "at": 3, "do": 10}
"""Beside the form itself: as a page or in a frame, in which colours; and which button it was."""

NEEDED = {
    "title": "Please give the form a title.",
    "button": "Please write what stands on the button.",
    "wording": "Please write what readers agree to.",
}
MOST_TAGS = 10
_TEXTS = ("title", "intro", "button", "thanks_url", "wording", "accent", "background")


def blank() -> Form:
    """One that is to be made, in our own words."""
    email = Field("email", _("Email"), required=True, type="email")
    name = Field(
        "name", _("First name"), help=_("So that we can greet you. Optional."), autocomplete="given-name"
    )
    return Form(
        id=0,
        slug="",
        title="",
        intro="",
        button=_("Sign up"),
        thanks_url="",
        wording_id=0,
        wording=_("Yes, send me the newsletter. I can leave at any time with one click in every mail."),
        fields=(email, name),
        tags=(),
        magnets=(),
    )


async def sent_by(request: Request[Any, Any, Any]) -> tuple[Sent, list[Magnet], Form]:
    """What was sent, what there is to give, and the form as it is kept: of the name sent along, or a new one.

    Raises SignedOut, BadInput.
    """
    await session_of(request)  # before anything is read for who is nobody
    site = site_of(request)
    magnets = await site.db.read(all_magnets)
    allowed = LONGEST | LOOKS | {f"magnet-{magnet.slug}": 1 for magnet in magnets}
    sent = await own_fields(request, allowed, multiline=("intro", "wording", *forms_fields.MULTILINE))
    try:
        return sent, magnets, await site.db.read(site.forms.stored, sent.values.get("slug", ""))
    except NotFound:
        return sent, magnets, blank()


def filled(site: Site, form: Form, sent: Sent, magnets: list[Magnet]) -> Form:
    """`form` as it was filled in; what is wrong joins `sent.errors`."""
    values, tell = sent.values, sent.errors.setdefault
    for name, sentence in NEEDED.items():
        if not values.get(name):
            tell(name, sentence)
    form = msgspec.structs.replace(form, allowed_origins=_origins(sent))
    thanks = values.get("thanks_url", "")
    if thanks and not known_target(thanks, sites_of(form, site.settings)):
        tell("thanks_url", "Please give the full address of a page on one of the sites listed here, or none.")
    accent, background = _colours(sent)
    return msgspec.structs.replace(
        form,
        title=values.get("title", ""),
        intro=values.get("intro", ""),
        button=values.get("button", ""),
        wording=values.get("wording", ""),
        thanks_url=thanks,
        fields=forms_fields.fields_of(form, values, tell),
        tags=_tags(sent),
        magnets=tuple(magnet for magnet in magnets if values.get(f"magnet-{magnet.slug}")),
        closed=bool(values.get("closed")),
        accent=accent,
        background=background,
    )


def _colours(sent: Sent) -> tuple[str, str]:
    """Ours where one is no colour; both are shown in a preview even where they can't be read well."""
    found = {"accent": "", "background": ""}
    for name in found:
        try:
            found[name] = colours.read(sent.values.get(name, ""))
        except BadInput as error:
            sent.errors.setdefault(name, error.sentence)
    for name, sentence in colours.faults(**found).items():
        sent.errors.setdefault(name, sentence)
    return found["accent"], found["background"]


def _origins(sent: Sent) -> tuple[str, ...]:
    try:
        return read_sites(sent.values.get("allowed_origins", ""))
    except SettingsError as error:
        sent.errors.setdefault("allowed_origins", error.sentence)
        return ()


def _tags(sent: Sent) -> tuple[str, ...]:
    named = [tag for tag in sent.values.get("tags", "").split(",") if tag.strip()]
    if len(named) > MOST_TAGS:
        sent.errors.setdefault("tags", _("Please give at most %(most)d tags.") % {"most": MOST_TAGS})
    try:
        return tuple(dict.fromkeys(tag_name(tag) for tag in named))
    except BadInput as error:
        sent.errors.setdefault("tags", error.sentence)
        return ()


def values_of(form: Form) -> dict[str, str]:
    values = {name: str(getattr(form, name)) for name in ("slug", *_TEXTS)}
    values |= {"tags": ", ".join(form.tags), "allowed_origins": ", ".join(form.allowed_origins)}
    values |= {"closed": "1"} if form.closed else {}
    return values | forms_fields.values_of(form) | {f"magnet-{one.slug}": "1" for one in form.magnets}
