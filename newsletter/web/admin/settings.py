"""The settings at the desk: what is set, where that comes from, what an owner sets here, and a mail that tries it."""

from typing import Any, NamedTuple
from urllib.parse import urlsplit

from litestar import Request, Response, get, post
from litestar.response import Redirect

from newsletter import providers
from newsletter.broadcasts import Draft
from newsletter.errors import BadInput, SettingsError
from newsletter.ids import read_id
from newsletter.mail import deliveries
from newsletter.owners import Session, settings_store
from newsletter.settings import PREFIX
from newsletter.storage import Tx
from newsletter.web.admin.door import form_key, own_fields, own_form, refresh, session_of
from newsletter.web.admin.settings_words import CHOICES, GROUPS, TRIED
from newsletter.web.kit import broadcasting
from newsletter.web.kit.owner_settings import OWN, adopt, read, sources
from newsletter.web.kit.site import Site, site_of

FIELDS = {name: 300 if name == "postal_address" else 60 for name in OWN}
TEST = Draft(
    subject="A test from your desk",
    body="This mail went the way that all of yours go. If you read it, your mail server takes what we send.",
)


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
    page = await _page(site, session, saved="saved" in request.query_params, tried=tried)
    await refresh(request, session, page)
    return page


async def _page(
    site: Site,
    session: Session,
    *,
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    trouble: str = "",
    saved: bool = False,
    tried: int | None = None,
) -> Response[str]:
    rows, given = await site.db.read(settings_store.everything), sources()
    now = {name: _text(site, name) for name in OWN}
    return site.pages.page(
        "admin/settings.html",
        422 if errors or trouble else 200,
        groups={
            title: [_shown(site, name, words, rows, given) for name, words in some.items()]
            for title, some in GROUPS.items()
        },
        mine=[name for name in OWN if name not in given],
        choices=CHOICES,
        values=now if typed is None else typed,
        errors=errors or {},
        longest=FIELDS,
        trouble=trouble,
        saved=saved,
        tried=await site.db.read(_fate, tried) if tried else "",
        tried_id=tried or 0,
        csrf=form_key(site, session),
    )


def _shown(site: Site, name: str, words: str, rows: dict[str, str], given: dict[str, str]) -> Shown:
    source = given.get(name, "desk" if name in rows and name in OWN else "")
    return Shown(name, words, _text(site, name), source, PREFIX + name.upper())


def _text(site: Site, name: str) -> str:
    """As its owner reads it; of an address that may hold a password, the place alone."""
    settings = site.settings
    if name == "from":
        return f"{settings.from_name} <{settings.from_email}>"
    value = getattr(settings, name)
    if name == "smtp_url":
        return str(urlsplit(value).netloc.rpartition("@")[2])
    if isinstance(value, bool):
        return "yes" if value else "no"
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
    given, errors = sources(), dict(sent.errors)
    values = {
        name: sent.values.get(name, "no" if name in CHOICES else "") for name in OWN if name not in given
    }
    rows = {name: _row(name, value) for name, value in values.items()}
    for name, row in rows.items():
        try:
            read(name, row)
        except SettingsError as error:
            errors.setdefault(name, error.sentence)
    if errors:
        return await _page(site, sent.session, typed=values, errors=errors)
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


@post("/admin/settings/test")
async def test(request: Request[Any, Any, Any]) -> Response[Any]:
    """One mail to who asks, by the way of all others; the page says what their server said. Raises SignedOut."""
    site = site_of(request)
    sent = await own_form(request)
    try:
        mailing_id = await broadcasting.send_sample(site, TEST, sent.session.email)
    except BadInput as error:
        return await _page(site, sent.session, trouble=error.sentence)
    to = f"/admin/settings?tried={mailing_id}"
    return Redirect(to, status_code=303, headers={"Cache-Control": "no-store"})


async def _fate(tx: Tx, mailing_id: int) -> str:
    """What became of the test mail."""
    for state, said in TRIED.items():
        found = await deliveries(tx, mailing_id, state, "", (0, 0), 1)
        if found:
            return f"{said} {found[0].reply}".strip()
    return ""


ROUTES = [show, save, test]
