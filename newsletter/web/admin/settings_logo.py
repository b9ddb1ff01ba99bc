"""The picture at the top of mails, as a file that an owner sends to the desk."""

from typing import Any

from litestar import Request, Response
from litestar.response import Redirect

from newsletter.errors import BadInput
from newsletter.web.admin.door import session_of
from newsletter.web.admin.imports_upload import NO_FILE, receive
from newsletter.web.admin.settings import page_of
from newsletter.web.kit import logo
from newsletter.web.kit.site import site_of


async def take(request: Request[Any, Any, Any]) -> Response[Any]:
    """Raises BadInput, Unavailable."""
    site, session = site_of(request), await session_of(request)
    logo.ours_to_change()
    try:
        sent = await receive(request, session)
    except BadInput as error:
        if error.sentence != NO_FILE:
            raise
        return await page_of(site, session, errors={"logo": NO_FILE})
    try:
        await logo.keep(site, sent.path)
    except BadInput as error:
        return await page_of(site, session, errors={"logo": error.sentence})
    finally:
        sent.path.unlink(missing_ok=True)
    return Redirect("/admin/settings?saved=1", status_code=303, headers={"Cache-Control": "no-store"})
