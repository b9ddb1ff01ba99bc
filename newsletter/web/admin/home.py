"""The desk's first page: what happened today, who joined, what waits, how to put form and comments on a page."""

from typing import Any

from litestar import Request, Response, get
from litestar.response import Redirect

from newsletter.settings import Settings
from newsletter.web.admin.door import form_key, refresh, session_of
from newsletter.web.admin.export import FORMATS
from newsletter.web.kit.home_figures import PERIODS, figures, period
from newsletter.web.kit.site import site_of
from newsletter.words import gettext as _
from newsletter.words import marked

COMMENTS_ABOUT = (
    "The comments of the page on which it stands, and their form. Inside it are a form and a link for readers "
    'without scripts: put the page’s address into both. Add data-newsletter-count="…address…" to any element for a '
    "page’s count."
)


@get("/admin")
async def home(request: Request[Any, Any, Any]) -> Response[Any]:
    site = site_of(request)
    session = await session_of(request)
    if not session.may("editor"):  # who moderates sees no subscribers
        return Redirect("/admin/comments", status_code=303, headers={"Cache-Control": "no-store"})
    days = period(request.query_params.get("days", ""))
    shown = await site.db.read(figures, site, days)
    comments = await site.db.read(site.moderation.waiting)
    page = site.pages.page(
        "admin/home.html",
        **shown,
        days=days,
        periods=PERIODS,
        comments=comments,
        snippets=snippets(site.settings),
        named=site.settings.allowed_origins,
        export={"formats": FORMATS},
        csrf=form_key(site, session),
        owner={"email": session.email},
        sessions=len(await site.db.read(site.owners.sessions, session.owner_id)),
    )
    await refresh(request, session, page)
    return page


def snippets(settings: Settings) -> list[dict[str, str]]:
    """The three ways to put the form on a page, and the comments, to copy."""
    url = settings.public_url
    plain = (
        f'<form method="post" action="{url}/forms/guide" accept-charset="utf-8">\n'
        f"  <label>{_('Email (required)')} "
        '<input type="email" name="email" required autocomplete="email"></label>\n'
        f"  <button>{_('Send me the guide')}</button>\n"
        "</form>"
    )
    script = (
        f'<script src="{url}/embed.js" defer></script>\n'
        f'<newsletter-form form="guide">\n{plain}\n</newsletter-form>'
    )
    frame = (
        f'<script src="{url}/embed.js" defer></script>\n'
        f'<iframe src="{url}/forms/guide/embed" title="{_("Get the free guide")}"\n'
        '  width="100%" height="520" style="border: 0" loading="lazy"></iframe>'
    )
    return [
        {"title": "Plain form", "about": "Works everywhere, without a script.", "code": plain},
        {
            "title": marked("Script"),
            "about": "Answers on the page itself; falls back to the plain form.",
            "code": script,
        },
        {
            "title": marked("Frame"),
            "about": "For page builders that take no forms. The script fits its height; it also works without.",
            "code": frame,
        },
        {"title": marked("Comments"), "about": COMMENTS_ABOUT, "code": _comments(url)},
    ]


def _comments(url: str) -> str:
    return (
        f'<script src="{url}/embed.js" defer></script>\n'
        "<newsletter-comments>\n"
        f'<form method="post" action="{url}/comments" accept-charset="utf-8">\n'
        '  <input type="hidden" name="url" value="https://example.org/this-article">\n'
        f'  <input type="hidden" name="title" value="{_("This article")}">\n'
        f'  <label>{_("Name (required)")} <input name="name" required autocomplete="name"></label>\n'
        f"  <label>{_('Email (required, never shown)')} "
        '<input type="email" name="email" required autocomplete="email"></label>\n'
        f'  <label>{_("Comment (required)")} <textarea name="comment" required rows="6"></textarea></label>\n'
        f'  <label><input type="checkbox" name="follow" value="replies"> {_("Mail me the answers to it")}</label>\n'
        f"  <button>{_('Send')}</button>\n"
        "</form>\n"
        f'<p><a href="{url}/threads/page?url=https%3A%2F%2Fexample.org%2Fthis-article">'
        f"{_('Read what others have written')}</a></p>\n"
        "</newsletter-comments>"
    )


ROUTES = [home]
