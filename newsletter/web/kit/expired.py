"""A link of ours that is too old: a page whose button mails a fresh one, to the stored address only."""

from collections.abc import Callable

from litestar import Response

from newsletter.errors import Expired
from newsletter.storage import Action
from newsletter.web.kit.site import Site


def offer(site: Site, why: str, url: str) -> Response[str]:
    """`why` says how long such links live; `url` takes the press of the button."""
    action = {"url": url, "label": "Mail me a fresh link"}
    return site.pages.message("This link has expired", why, 410, action=action)


async def renew(
    site: Site, read: Callable[[], tuple[int, ...]], mail: Action[..., None], answer: str
) -> Response[str]:
    """Runs `mail` with the ids that `read` finds in the link, whether it is too old or still good.

    Raises NotFound for a link that was never ours, and what `mail` raises.
    """
    try:
        ids = read()
    except Expired as expired:
        ids = expired.ids
    await site.db.write(mail, *ids)
    return site.pages.message("Look at your inbox", answer)
