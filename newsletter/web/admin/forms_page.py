"""“Check my page”: whether a page of the owner's really carries a form, as readers get it."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from newsletter.errors import BadInput, Conflict
from newsletter.owners import Session
from newsletter.signups import Form
from newsletter.web.admin.door import form_key, own_fields, refresh, session_of
from newsletter.web.kit.forms_page_check import check
from newsletter.web.kit.forms_page_reading import GOOD, Finding
from newsletter.web.kit.policy import sites_of
from newsletter.web.kit.site import Site, site_of

LONGEST = {"page_url": 500}


@get("/admin/forms/{slug:str}/page")
async def ask(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    """Raises SignedOut, NotFound."""
    site = site_of(request)
    session = await session_of(request)
    page = _page(site, session, await site.db.read(site.forms.stored, slug), "")
    await refresh(request, session, page)
    return page


@post("/admin/forms/{slug:str}/page", status_code=200)
async def look(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    """Raises SignedOut, BadInput, NotFound."""
    site = site_of(request)
    sent = await own_fields(request, LONGEST)
    form = await site.db.read(site.forms.stored, slug)
    url = sent.values.get("page_url", "")
    if not sent.errors:
        try:
            found = await check(site, form, url)
        except (BadInput, Conflict) as error:
            sent.errors["page_url"] = error.sentence
    if sent.errors:
        return _page(site, sent.session, form, url, errors=sent.errors)
    return _page(site, sent.session, form, url, found=found)


def _page(
    site: Site,
    session: Session,
    form: Form,
    url: str,
    *,
    errors: dict[str, str] | None = None,
    found: list[Finding] | None = None,
) -> Response[str]:
    return site.pages.page(
        "admin/form_page.html",
        422 if errors else 200,
        form=form,
        values={"page_url": url},
        errors=errors or {},
        longest=LONGEST,
        origins=[site.settings.public_origin, *sites_of(form, site.settings).allowed_origins],
        found=found,
        is_there=any(one.kind in GOOD for one in found or ()),
        csrf=form_key(site, session),
    )


ROUTES = [ask, look]
