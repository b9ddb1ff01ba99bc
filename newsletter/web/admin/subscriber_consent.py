"""A subscriber's certificate of consent: a page to print, JSON, and PDF."""

from asyncio import to_thread
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from newsletter.web.admin.door import form_key, refresh, session_of
from newsletter.web.admin.subscriber import id_of
from newsletter.web.kit.certificate import as_json, as_pdf, certificate, has_pdf
from newsletter.web.kit.site import site_of


@get("/admin/subscribers/{id:str}/consent")
async def page(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[str]:
    """Raises SignedOut, NotFound."""
    site, own = site_of(request), id_of(id)
    session = await session_of(request)
    known = await site.db.read(certificate, site, own)
    csrf = form_key(site, session)
    shown = site.pages.page("admin/certificate.html", id=own, known=known, pdf=has_pdf(), csrf=csrf)
    await refresh(request, session, shown)
    return shown


@get("/admin/subscribers/{id:str}/consent.json")
async def as_data(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[bytes]:
    """Raises SignedOut, NotFound."""
    site = site_of(request)
    await session_of(request)
    known = await site.db.read(certificate, site, id_of(id))
    return _file(as_json(known), "json", "application/json")


@get("/admin/subscribers/{id:str}/consent.pdf")
async def as_paper(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[bytes]:
    """Raises SignedOut, NotFound, BadInput."""
    site = site_of(request)
    await session_of(request)
    known = await site.db.read(certificate, site, id_of(id))
    return _file(await to_thread(as_pdf, known), "pdf", "application/pdf")


def _file(content: bytes, ending: str, media_type: str) -> Response[bytes]:
    headers = {
        "Content-Disposition": f'attachment; filename="consent.{ending}"',
        "Cache-Control": "private, no-store",
    }
    return Response(content, media_type=media_type, headers=headers)


ROUTES = [page, as_data, as_paper]
