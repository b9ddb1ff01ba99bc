"""A form as its readers will see it, for a frame in which nothing runs and nothing is sent."""

from typing import Any

from litestar import Request, Response, post

from newsletter.signups import CLOSED, Form
from newsletter.web.admin.broadcasts_preview import framed, said
from newsletter.web.admin.forms_filling import filled, sent_by
from newsletter.web.kit import colours
from newsletter.web.kit.site import Site, site_of
from newsletter.words import gettext as _

_SCHEME = "(prefers-color-scheme:dark)"


@post("/admin/forms/preview", status_code=200)
async def preview(request: Request[Any, Any, Any]) -> Response[str]:
    """What was typed, which is kept nowhere; what can't be kept is left out. Raises SignedOut, BadInput."""
    sent, magnets, form = await sent_by(request)
    if sent.errors:
        return said(
            site_of(request), [f"{name}: {_(sentence)}" for name, sentence in sent.errors.items()], 422
        )
    dark = "dark" in sent.values
    embedded = sent.values.get("look") == "frame"
    shown = filled(site_of(request), form, sent, magnets)
    return framed(site_of(request), _page(site_of(request), shown, dark=dark, embedded=embedded))


def _page(site: Site, form: Form, *, dark: bool, embedded: bool) -> str:
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
    html = html.replace(sheet, own).replace("prefers-color-scheme: dark", "prefers-color-scheme:dark")
    # The reader's own setting is not asked: the owner looks at both.
    html = html.replace(_SCHEME, "(min-width:0)" if dark else "(max-width:0)")
    return html.replace("color-scheme: light dark", f"color-scheme: {'dark' if dark else 'light'}", 1)
