"""The settings at the desk: what is set, where that comes from, what an owner sets here, and a mail that tries it."""

from importlib import import_module
from typing import Any, NamedTuple, get_type_hints
from urllib.parse import urlsplit

from litestar import Request, Response, get, post
from litestar.response import Redirect

from newsletter import providers
from newsletter.ids import read_id
from newsletter.owners import Session, settings_store
from newsletter.settings import PREFIX, Settings
from newsletter.storage import Tx
from newsletter.web.admin.door import form_key, own_fields, own_form, refresh, session_of
from newsletter.web.admin.settings_words import CHOICES, GROUPS, HINTS, TRIED, WORDS
from newsletter.web.kit import trial_mail
from newsletter.web.kit.logo import remove
from newsletter.web.kit.owner_settings import OWN, adopt, checked, sources
from newsletter.web.kit.site import Site, site_of
from newsletter.words import gettext as _
from newsletter.words import marked

_LONG = {
    "from_name": 100, "from_email": 254, "reply_to": 254, "allowed_origins": 2_000, "postal_address": 300,
    "domain_limits": 1_000,
}  # fmt: skip
NUMBERS = {name for name, kind in get_type_hints(Settings).items() if kind is int}
FIELDS = {name: _LONG.get(name, 60) for name in OWN if name not in ("logo", "smtp_url")}


class Shown(NamedTuple):
    name: str
    words: str
    value: str
    source: str  # "environment", "file", "desk", or "" for what it comes with
    variable: str


@get("/admin/settings")
async def show(request: Request[Any, Any, Any]) -> Response[str]:
    site = site_of(request)
    session = await session_of(request)
    tried = read_id(request.query_params.get("tried", ""))
    page = await page_of(site, session, saved="saved" in request.query_params, tried=tried)
    await refresh(request, session, page)
    return page


async def page_of(
    site: Site,
    session: Session,
    *,
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    saved: bool = False,
    tried: int | None = None,
) -> Response[str]:
    rows, given = await site.db.read(settings_store.everything), sources()
    now = {name: _text(site, name) for name in FIELDS}
    logo = site.letters.brand.logo
    return site.pages.page(
        "admin/settings.html",
        422 if errors else 200,
        groups={
            title: [_shown(site, name, words, rows, given) for name, words in some.items()]
            for title, some in GROUPS.items()
        },
        mine=[name for name in FIELDS if name not in given],
        choices=CHOICES,
        words=WORDS,
        hints=HINTS,
        numbers=NUMBERS,
        logo=logo.name if logo else "",
        takes_logo="logo" not in given,
        values=now if typed is None else now | typed,
        errors=errors or {},
        longest=FIELDS,
        saved=saved,
        tried=await site.db.read(_fate, tried) if tried else "",
        tried_id=tried or 0,
        csrf=form_key(site, session),
    )


def _shown(site: Site, name: str, words: str, rows: dict[str, str], given: dict[str, str]) -> Shown:
    source = given.get(name, "desk" if name in rows and name in OWN else "")
    value = _text(site, name)
    variable = PREFIX + ("from" if name in ("from_name", "from_email") else name).upper()
    return Shown(name, words, WORDS.get(name, {}).get(value, value), source, variable)


def _text(site: Site, name: str) -> str:
    """As its owner reads it; of an address that may hold a password, the place alone."""
    settings = site.settings
    if name == "from":
        return f"{settings.from_name} <{settings.from_email}>"
    value = getattr(settings, name)
    if name == "smtp_url":
        return str(urlsplit(value).netloc.rpartition("@")[2])
    if name == "logo":
        return value if value and not value.startswith("data:") else ""
    if isinstance(value, bool):
        return marked("yes") if value else marked("no")
    if isinstance(value, tuple):
        return ", ".join(_word(one) for one in value)
    return str(value if value is not None else "")


def _word(one: object) -> str:
    if isinstance(one, providers.DomainLimit):
        return f"{one.provider}={one.connections}/{one.per_minute}"
    return str(one).partition("=")[0]  # of a key its selector, not its file


@post("/admin/settings")
async def save(request: Request[Any, Any, Any]) -> Response[Any]:
    """Raises SignedOut, BadInput."""
    site = site_of(request)
    sent = await own_fields(request, FIELDS, multiline=("postal_address",))
    given = sources()
    values = dict.fromkeys(CHOICES, "no") | sent.values
    rows = {name: _row(name, value) for name, value in values.items() if name in FIELDS and name not in given}
    errors = checked(site.settings, rows) | sent.errors
    if errors:
        return await page_of(site, sent.session, typed=values, errors=errors)
    await site.db.write(_keep, rows)
    adopt(site.settings, rows, given)
    return Redirect("/admin/settings?saved=1", status_code=303, headers={"Cache-Control": "no-store"})


def _row(name: str, value: str) -> str:
    """As a setting is written."""
    if name in CHOICES:
        return "true" if value == "yes" else "false"
    return " ".join(value.split())


async def _keep(tx: Tx, rows: dict[str, str]) -> None:
    for name, value in rows.items():
        await settings_store.put(tx, name, value)


async def _as_it_comes(_: Request[Any, Any, Any]) -> None:
    """A picture goes to the disk piece by piece."""


@post("/admin/settings/logo", before_request=_as_it_comes)
async def take_logo(request: Request[Any, Any, Any]) -> Response[Any]:
    """Raises SignedOut, BadInput, Unavailable."""
    part = import_module("newsletter.web.admin.settings_logo")  # with what takes in files: no part of a start
    answer: Response[Any] = await part.take(request)
    return answer


@post("/admin/settings/logo/remove")
async def remove_logo(request: Request[Any, Any, Any]) -> Response[Any]:
    """Raises SignedOut, BadInput."""
    site = site_of(request)
    await own_form(request)
    await remove(site)
    return Redirect("/admin/settings?saved=1", status_code=303, headers={"Cache-Control": "no-store"})


@post("/admin/settings/test")
async def test(request: Request[Any, Any, Any]) -> Response[Any]:
    """One mail to who asks, by the way of all others; the page says what their server said. Raises SignedOut."""
    site = site_of(request)
    sent = await own_form(request)
    to = f"/admin/settings?tried={await trial_mail.send(site, sent.session.email)}"
    return Redirect(to, status_code=303, headers={"Cache-Control": "no-store"})


async def _fate(tx: Tx, id: int) -> str:
    """What became of the test mail."""
    found = await trial_mail.fate(tx, id)
    return f"{_(TRIED[found.state])} {found.reply}".strip() if found else ""


ROUTES = [show, save, take_logo, remove_logo, test]
