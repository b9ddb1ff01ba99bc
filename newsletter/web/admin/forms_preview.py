"""A form as its readers will see it, for a frame in which nothing runs and nothing is sent."""

from typing import Any

from litestar import Request, Response, post

from newsletter.signups import CLOSED, Form
from newsletter.web.admin.broadcasts_preview import ASKED, framed, in_scheme, said, scheme_of
from newsletter.web.admin.forms_filling import filled, sent_by
from newsletter.web.kit import colours
from newsletter.web.kit.site import Site, site_of
from newsletter.words import gettext as _


@post("/admin/forms/preview", status_code=200)
async def preview(request: Request[Any, Any, Any]) -> Response[str]:
    """What was typed, which is kept nowhere; what can't be kept is left out. Raises SignedOut, BadInput."""
    sent, magnets, form = await sent_by(request)
    if sent.errors:
        return said(
            site_of(request), [f"{name}: {_(sentence)}" for name, sentence in sent.errors.items()], 422
        )
    embedded = sent.values.get("look") == "frame"
    shown = filled(site_of(request), form, sent, magnets)
    page = _page(site_of(request), shown, scheme=scheme_of(sent.values), embedded=embedded)
    return framed(site_of(request), page)


def _page(site: Site, form: Form, *, scheme: str, embedded: bool) -> str:
    """Its style stands in it: a page in a sandbox is of no origin, and loads nothing from ours."""
    context = {
        "form": form,
        "closed": CLOSED if form.closed else "",
        "css": colours.style(form.accent, form.background),
        "values": {},
        "errors": {},
        "hint": None,
        "token": "",
        "action": "",
    }
    html = site.pages.render("public/embed.html" if embedded else "public/form.html", context)
    sheet = f'<link rel="stylesheet" href="{site.pages.assets.url("site.css")}">'
    own = f"<style>{site.pages.assets.named('site.css').decode()}</style>"
    html = html.replace(sheet, own).replace("(prefers-color-scheme:dark)", ASKED)  # in the form's own colours
    return in_scheme(html, scheme)
