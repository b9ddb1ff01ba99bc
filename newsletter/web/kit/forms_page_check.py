"""Whether a page of the owner's really carries a form, as readers get it."""

import asyncio
import ssl
from asyncio import to_thread

from newsletter.errors import BadInput, Conflict
from newsletter.signups import Form
from newsletter.storage import Tx
from newsletter.web.kit.forms_page_fetching import Fetch
from newsletter.web.kit.forms_page_reading import Finding, findings
from newsletter.web.kit.policy import known_target, sites_of
from newsletter.web.kit.site import Site
from newsletter.webhooks import is_local

EMPTY = "Please give the address of the page."
FOREIGN = "This page is on none of the sites listed here, so nobody could sign up from it."
BUSY = "A page is being looked at already. It takes ten seconds at most; please ask again then."

_under_way = asyncio.Lock()  # what another's page says is read beside everybody's requests


async def _asked(_tx: Tx) -> None:
    """Nothing is kept of it but who had the service ask for a page: its row of the audit log is beside this."""


async def check(site: Site, form: Form, url: str) -> list[Finding]:
    """The page is asked for once, now, and that is noted in the audit log. One at a time.

    Raises BadInput, with the reason that there is none to look at, and Conflict while another is looked at.
    """
    if not url:
        raise BadInput(EMPTY)
    if not known_target(url, sites_of(form, site.settings)):
        raise BadInput(FOREIGN)
    if _under_way.locked():
        raise Conflict(BUSY)
    async with _under_way:
        await site.db.write(_asked)
        trusts = await to_thread(ssl.create_default_context)  # it reads all roots
        page = await Fetch(is_local(site.settings), trusts).page(url.partition("#")[0])
        return await to_thread(findings, page.html, page.url, form, site.settings.public_url)
