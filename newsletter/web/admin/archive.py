"""The archive at the desk: which broadcasts everybody can read, under which address, and what stands above them."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Redirect

from newsletter.broadcasts import TOPIC, archive
from newsletter.errors import BadInput, Conflict
from newsletter.ids import read_id
from newsletter.owners import Session, settings_store
from newsletter.storage import Tx
from newsletter.web.admin.broadcasts import moment_of
from newsletter.web.admin.door import form_key, own_fields, refresh, session_of
from newsletter.web.kit.broadcasting import title_of
from newsletter.web.kit.site import Site, site_of

PER_PAGE = 30
FIELDS = {"action": 40, "slug": 60, "about": 500}
DONE = {
    "show": "Everybody can read it now.",
    "hide": "It is not shown any more. A copy may be kept elsewhere.",
    "slug": "It has another address now. The one before leads nowhere.",
    "about": "Saved. It stands above the archive.",
}
NO_BUTTON = "Please use one of the buttons. Nothing was changed."


@get("/admin/archive")
async def show(request: Request[Any, Any, Any]) -> Response[str]:
    site = site_of(request)
    session = await session_of(request)
    page = await _page(
        site,
        session,
        before=read_id(request.query_params.get("before", "")) or 0,
        done=DONE.get(request.query_params.get("done", ""), ""),
    )
    await refresh(request, session, page)
    return page


async def _page(
    site: Site,
    session: Session,
    *,
    before: int = 0,
    done: str = "",
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    """`errors` by the field's id: `slug-` and a broadcast's number, or `about`; '' is of the whole."""
    rows = await site.db.read(archive.sent_off, PER_PAGE + 1, before)
    about = await site.db.read(settings_store.one, settings_store.ARCHIVE_ABOUT)
    return site.pages.page(
        "admin/archive.html",
        422 if errors and status == 200 else status,
        rows=[(one, title_of(one), moment_of(site, one)) for one in rows[:PER_PAGE]],
        next=rows[PER_PAGE - 1].id if len(rows) > PER_PAGE else 0,
        before=before,
        about=about,
        typed=typed or {},
        errors=errors or {},
        longest=FIELDS,
        done=done,
        csrf=form_key(site, session),
    )


@post("/admin/archive")
async def act(request: Request[Any, Any, Any]) -> Response[Any]:
    """Raises SignedOut, BadInput, NotFound."""
    site = site_of(request)
    sent = await own_fields(request, FIELDS, multiline=("about",))
    verb, _, number = sent.values.get("action", "").partition("-")
    field = f"slug-{number}" if verb == "slug" else verb
    if sent.errors:
        errors = {(field if name == "slug" else name): said for name, said in sent.errors.items()}
        return await _page(site, sent.session, errors=errors, typed=sent.values)
    try:
        await _do(site, verb, read_id(number), sent.values)
    except BadInput as error:
        if error.sentence == NO_BUTTON:
            raise
        return await _page(
            site, sent.session, errors={field: error.sentence}, typed={field: sent.values.get("slug", "")}
        )
    except Conflict as error:
        return await _page(site, sent.session, errors={"": error.sentence}, status=409)
    to = f"/admin/archive?done={verb}"
    return Redirect(to, status_code=303, headers={"Cache-Control": "no-store"})


async def _do(site: Site, verb: str, id: int | None, values: dict[str, str]) -> None:
    """Raises BadInput, Conflict, NotFound."""
    if verb == "about":
        await site.db.write(_say, values.get("about", ""))
    elif id is None or verb not in ("show", "hide", "slug"):
        raise BadInput(NO_BUTTON)
    elif verb == "slug":
        with archive.one_of_each():
            await site.db.write(archive.rename, id, values.get("slug", ""))
    else:
        await site.db.write(archive.show, id, public=verb == "show")


async def _say(tx: Tx, about: str) -> None:
    await settings_store.put(tx, settings_store.ARCHIVE_ABOUT, about.strip())
    tx.wake(TOPIC)


ROUTES = [show, act]
