"""The form for a comment as our pages show it: alone, below a thread, and once more with what was wrong."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from litestar import Response

from newsletter.comments import Comment, Thread
from newsletter.errors import BadInput, NotFound, Unavailable
from newsletter.ids import read_id
from newsletter.signups import Form
from newsletter.storage import Tx
from newsletter.web.kit.gate import ANY_COMMENT
from newsletter.web.kit.policy import hosted, known_target, page_url
from newsletter.web.kit.site import Site

NEWSLETTER = "guide"
"""The form whose words stand beside the tick for the newsletter."""


async def offered(site: Site) -> Form | None:
    """The newsletter that can be had with a comment: its form asks nothing that a comment's doesn't."""
    with suppress(NotFound, Unavailable):
        form = await site.forms.find(NEWSLETTER)
        if not form.closed and not any(
            field.required and field.name not in ("email", "name") for field in form.fields
        ):
            return form
    return None


async def comment_form(
    site: Site, values: Mapping[str, str], errors: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What public/_comment_form.html is rendered from, as `comment_form`: `values` has at least the page's url."""
    form = await offered(site)
    return {
        "action": f"{site.settings.public_url}/comments",
        "preview_action": f"{site.settings.public_url}/comments/preview",
        "token": site.gate.token(ANY_COMMENT),
        "newsletter": form and {"title": form.title, "wording": form.wording},
        "values": dict(values),
        "errors": dict(errors or {}),
    }


async def form_page(
    site: Site,
    values: Mapping[str, str],
    *,
    errors: Mapping[str, str] | None = None,
    preview: str = "",
    status: int = 200,
) -> Response[str]:
    """The hosted form with all that was typed; `preview` is rendered HTML."""
    url, thread, answered = await _place(site, values)
    return site.pages.page(
        "public/comment.html",
        status,
        hosted(known_target(values.get("redirect_to", ""), site.settings) or url),
        comment_form=await comment_form(site, values, errors),
        preview=preview,
        url=url,
        title=(thread.title if thread else "") or values.get("title", ""),
        address=readable(url),
        answered=answered,
    )


def readable(url: str) -> str:
    """A page's address for people, where nobody said what the page is called: as its author wrote it, if that
    shows nothing else than it is."""
    address = url.partition("://")[2].removesuffix("/")
    plain = unquote(address)
    return plain if plain.isprintable() and "\ufffd" not in plain else address


async def _place(site: Site, values: Mapping[str, str]) -> tuple[str, Thread | None, Comment | None]:
    """The page that a form is for, and the comment that it answers, as far as they are known."""
    try:
        url = page_url(values.get("url", ""), site.settings)
    except BadInput:
        return "", None, None
    parent = values.get("parent", "")
    with suppress(Unavailable):  # the form comes back all the same, with what was typed
        return url, *await site.db.read(_look, site, url, read_id(parent) or 0)
    return url, None, None


async def _look(tx: Tx, site: Site, url: str, parent: int) -> tuple[Thread | None, Comment | None]:
    thread = await site.threads.of_page(tx, url)
    if thread is None or not parent:
        return thread, None
    with suppress(NotFound):
        comment, where = await site.comments.placed(tx, parent)
        if where.id == thread.id and comment.status == "approved":
            return thread, comment
    return thread, None
