"""The picture at the top of mails, as a file that an owner sends to the desk; it is kept with their other settings."""

from asyncio import to_thread
from typing import Any

from litestar import Request, Response
from litestar.response import Redirect

from newsletter.errors import BadInput
from newsletter.mail.brand import LARGEST, written
from newsletter.owners import settings_store
from newsletter.web.admin.door import session_of
from newsletter.web.admin.imports_upload import NO_FILE, receive
from newsletter.web.admin.settings import page_of
from newsletter.web.kit.owner_settings import adopt, checked, sources
from newsletter.web.kit.site import site_of

NO_PICTURE = "This is no PNG of 100 kB at most."
ELSEWHERE = "The picture is set where this service runs, and is changed there."


async def take(request: Request[Any, Any, Any]) -> Response[Any]:
    """Raises BadInput, Unavailable."""
    site, session = site_of(request), await session_of(request)
    if "logo" in sources():
        raise BadInput(ELSEWHERE)
    try:
        sent = await receive(request, session)
    except BadInput as error:
        if error.sentence != NO_FILE:
            raise
        return await page_of(site, session, errors={"logo": NO_FILE})
    try:
        content = await to_thread(sent.path.read_bytes) if sent.size <= LARGEST else b""
    finally:
        sent.path.unlink(missing_ok=True)
    logo = written(content)
    if checked(site.settings, {"logo": logo}):
        return await page_of(site, session, errors={"logo": NO_PICTURE})
    await site.db.write(settings_store.put, "logo", logo)
    adopt(site.settings, {"logo": logo}, sources())
    return Redirect("/admin/settings?saved=1", status_code=303, headers={"Cache-Control": "no-store"})
