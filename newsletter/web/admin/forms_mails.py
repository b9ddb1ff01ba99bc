"""The words of a form's own mails, the confirmation and the guide's, beside how each will look."""

import re
from asyncio import to_thread
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect
from msgspec.structs import replace

from newsletter.mail import MessageError
from newsletter.mail.preview import Seen
from newsletter.owners import Session
from newsletter.signups import KINDS, PARTS, TAGS, Form, Kind, MailText, mail_faults
from newsletter.web.admin.broadcasts_preview import HOLDER, framed, in_scheme, said, scheme_of
from newsletter.web.admin.door import Sent, form_key, own_fields, refresh, session_of
from newsletter.web.kit import form_letters
from newsletter.web.kit.site import Site, site_of
from newsletter.words import day

LONGEST = {f"{kind}-{part}": longest for kind in KINDS for part, longest in PARTS.items()}
LOOKS = {"look": 5, "which": 12, "scheme": 5, "at": 3, "do": 20}
"""Beside the words: HTML or text, of which mail, in which colours; and which button it was."""

_BODY = re.compile(r"<body[^>]*>")


@get("/admin/forms/{slug:str}/mails")
async def show(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    """Raises SignedOut, NotFound."""
    site = site_of(request)
    session = await session_of(request)
    form = await site.db.read(site.forms.stored, slug)
    page = await _page(site, session, form, _values(form), saved="saved" in request.query_params)
    await refresh(request, session, page)
    return page


@post("/admin/forms/{slug:str}/mails")
async def save(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    """Raises SignedOut, BadInput, NotFound."""
    site = site_of(request)
    sent = await _sent(request)
    form = await site.db.read(site.forms.stored, slug)
    ours = sent.values.get("do", "").removeprefix("ours-")
    texts = _texts(
        _values(form) if ours in KINDS else sent.values
    )  # that button is about one mail, and no more
    if ours in KINDS:
        texts[ours] = dict.fromkeys(PARTS, "")
    elif sent.errors:
        return await _page(site, sent.session, form, sent.values, errors=sent.errors)
    await site.db.write(site.forms.write_mails, slug, texts)
    site.forms.forget(form)
    to = f"/admin/forms/{form.slug}/mails?saved=1"
    return Redirect(to, status_code=303, headers={"Cache-Control": "no-store"})


@post("/admin/forms/{slug:str}/mails/preview", status_code=200)
async def preview(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    """What was typed, which is kept nowhere. Raises SignedOut, BadInput, NotFound."""
    site = site_of(request)
    sent = await _sent(request)
    form = await site.db.read(site.forms.stored, slug)
    if sent.errors:
        return said(site, list(sent.errors.values()), 422)
    kind: Kind = "guide" if sent.values.get("which") == "guide" else "confirmation"
    text = MailText(0, 0, sha256="", **_texts(sent.values)[kind])
    typed = replace(form, confirmation=text) if kind == "confirmation" else replace(form, guide=text)
    try:
        mail = await to_thread(form_letters.preview, site, typed, kind, sent.session.email)
    except MessageError as error:
        return said(site, [str(error)], 422)
    return _shown(site, mail, scheme=scheme_of(sent.values), plain=sent.values.get("look") == "text")


async def _sent(request: Request[Any, Any, Any]) -> Sent:
    multiline = [name for name in LONGEST if not name.endswith("-subject")]
    sent = await own_fields(request, LONGEST | LOOKS, multiline=multiline)
    for kind, parts in _texts(sent.values).items():
        for part, sentence in mail_faults(kind, parts).items():
            sent.errors.setdefault(f"{kind}-{part}", sentence)
    return sent


def _texts(values: dict[str, str]) -> dict[Kind, dict[str, str]]:
    return {kind: {part: values.get(f"{kind}-{part}", "") for part in PARTS} for kind in KINDS}


def _values(form: Form) -> dict[str, str]:
    texts = {"confirmation": form.confirmation, "guide": form.guide}
    return {f"{kind}-{part}": getattr(texts[kind], part, "") for kind in KINDS for part in PARTS}


def _shown(site: Site, mail: Seen, *, scheme: str, plain: bool) -> Response[str]:
    head = {"sender": mail.sender, "subject": mail.subject, "preheader": "", "scheme": scheme}
    if plain:
        return framed(site, site.pages.render("admin/broadcast_preview.html", {**head, "text": mail.text}))
    strip = site.pages.render("admin/_broadcast_head.html", head)
    html = in_scheme(mail.html, scheme)
    html = html.replace(
        "<head>", '<head>\n<base target="_blank">', 1
    )  # where no window may be opened: nowhere
    return framed(site, _BODY.sub(lambda found: found[0] + strip, html, count=1))


async def _page(
    site: Site,
    session: Session,
    form: Form,
    values: dict[str, str],
    *,
    errors: dict[str, str] | None = None,
    saved: bool = False,
) -> Response[str]:
    written = await site.db.read(site.forms.mail_texts, form.id)
    return site.pages.page(
        "admin/form_mails.html",
        422 if errors else 200,
        HOLDER,
        form=form,
        values=values,
        errors=errors or {},
        longest=LONGEST,
        tags={kind: [f"{{{{ {tag} }}}}" for tag in tags] for kind, tags in TAGS.items()},
        own={"confirmation": form.confirmation, "guide": form.guide},
        written=[(one, day(one.created_at, site.settings.time_zone)) for one in written],
        saved=saved,
        csrf=form_key(site, session),
    )


ROUTES = [show, save, preview]
