"""A broadcast as a reader will see it, for a frame in which nothing runs and nothing loads from elsewhere."""

import re
from asyncio import to_thread
from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from newsletter.broadcasts import Letter, draft_of
from newsletter.errors import BadInput
from newsletter.web.admin.broadcasts import read_number
from newsletter.web.admin.broadcasts_fields import draft_typed, read_typed
from newsletter.web.admin.door import session_of
from newsletter.web.kit.policy import content_policy
from newsletter.web.kit.site import Site, site_of
from newsletter.words import gettext as _

HOLDER = {"Content-Security-Policy": f"{content_policy()}; frame-src 'self'; connect-src 'self'"}
"""The policy of a page that holds the frame, and asks for it again while its owner types."""

_BODY = re.compile(r"<body[^>]*>")
ASKED = "(prefers-color-scheme: dark)"
"""What a mail or a page asks of its reader's screen."""

_PERCENT = re.compile("[0-9]{1,3}")
_BLOCK = re.compile(r"<(?:p|h[2-4]|ul|ol|blockquote|pre|hr|img)\b")
LOOKS = {"look": 4, "scheme": 5, "at": 3}
"""Beside the text itself: HTML or text, in which colours, and how far down its owner is (percent)."""

NOTHING_YET = "What you write is seen here as its readers will see it, as soon as something is written."

LONGEST_VERSION = 9  # digits; the form of a draft has one, whatever button is pressed


@post("/admin/broadcasts/preview", status_code=200)
async def typed(request: Request[Any, Any, Any]) -> Response[str]:
    """What was typed, which is kept nowhere. Raises SignedOut, BadInput."""
    site = site_of(request)
    sent = await read_typed(request, {**LOOKS, "version": LONGEST_VERSION})
    errors = [f"{name}: {_(sentence)}" for name, sentence in sent.errors.items()]
    if errors:
        return said(site, errors, 422)
    try:
        letter = await to_thread(site.letters.letter, draft_typed(sent.values))
    except BadInput as error:
        return said(site, [error.sentence], 422)
    return shown(site, letter, sent.session.email, sent.values)


@get("/admin/broadcasts/preview")
async def unwritten(request: Request[Any, Any, Any]) -> Response[str]:
    """What the frame holds beside an empty page. Raises SignedOut."""
    await session_of(request)
    return said(site_of(request), [NOTHING_YET])


@get("/admin/broadcasts/{id:str}/preview")
async def kept(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[str]:
    """What is kept. Raises SignedOut, NotFound."""
    site = site_of(request)
    session = await session_of(request)
    one = await site.db.read(site.broadcasts.find, read_number(id))
    try:
        letter = await to_thread(site.letters.letter, draft_of(one))
    except BadInput as error:
        return said(site, [error.sentence])
    return shown(site, letter, session.email, request.query_params)


def shown(site: Site, letter: Letter, email: str, asked: Mapping[str, str]) -> Response[str]:
    """`asked` has LOOKS."""
    subject, plain, html = letter.seen_by({"email": email}, site.settings.public_url)
    head = {
        "sender": str(letter.sender),
        "subject": subject,
        "preheader": letter.marks.fill(letter.preheader, "text", {"email": email}),
        "scheme": scheme_of(asked),
    }
    if asked.get("look") == "text":
        return framed(site, site.pages.render("admin/broadcast_preview.html", {**head, "text": plain}))
    strip = site.pages.render("admin/_broadcast_head.html", head)
    start, end = _BODY.search(html).span()  # type: ignore[union-attr]  # our own shape has one
    top = in_scheme(html[:start], scheme_of(asked))
    top = top.replace("<head>", '<head>\n<base target="_blank">', 1)  # where no window may be opened: nowhere
    return framed(site, top + html[start:end] + strip + _with_place(html[end:], asked.get("at", "")))


def scheme_of(asked: Mapping[str, str]) -> str:
    """'light', 'dark', or '': as the screen of whoever looks."""
    scheme = asked.get("scheme", "")
    return scheme if scheme in ("light", "dark") else ""


def in_scheme(html: str, scheme: str) -> str:
    """As on a screen that is set to it, whichever looks at it."""
    if not scheme:
        return html
    head, end, rest = html.partition("</head>")
    head = head.replace(ASKED, "(min-width:0)" if scheme == "dark" else "(max-width:0)")
    return head.replace("color-scheme: light dark", f"color-scheme: {scheme}", 1) + end + rest


def _with_place(html: str, at: str) -> str:
    """With a name at the piece of the letter that stands about there."""
    pieces = [found.start() for found in _BLOCK.finditer(html, 0, html.index('class="foot"'))][
        1:
    ]  # after its sender
    if not pieces or not _PERCENT.fullmatch(at) or at == "0":
        return html
    here = pieces[min(int(at), 100) * (len(pieces) - 1) // 100]
    return f'{html[:here]}<a id="here"></a>{html[here:]}'


def said(site: Site, sentences: list[str], status: int = 200) -> Response[str]:
    """Why there is nothing to see."""
    context = {
        "sender": "",
        "subject": "",
        "preheader": "",
        "scheme": "",
        "text": "\n".join(map(_, sentences)),
    }
    return framed(site, site.pages.render("admin/broadcast_preview.html", context), status)


def framed(site: Site, html: str, status: int = 200) -> Response[str]:
    """`html` as a page of no origin, in which nothing runs, nothing is sent and nothing is fetched."""
    pictures = " ".join(sorted(site.settings.page_origins))
    policy = (
        f"sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data: {pictures}; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'self'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "Cross-Origin-Opener-Policy": "unsafe-none",  # HTML lets no sandboxed page of its own have another
        "Cache-Control": "no-store",
    }
    return Response(html, status_code=status, media_type="text/html", headers=headers)


ROUTES = [typed, unwritten, kept]
