"""Somebody's blog, on another origin than the service: an article with form and comments, and everybody's inbox.

A small ASGI app of its own, so that nothing of the service can help it by accident. Its strict content
security policy is what an author's page may well have.
"""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from newsletter import words
from newsletter.clock import iso, moment
from newsletter.demo.inbox import MOST, Inbox
from newsletter.paths import TEMPLATES

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

FOLDER = TEMPLATES / "demo"
FILES = {
    "/blog.css": "text/css; charset=utf-8",
    "/inbox.js": "text/javascript; charset=utf-8",
    "/mail.js": "text/javascript; charset=utf-8",
    "/contours.svg": "image/svg+xml",
    "/icon.svg": "image/svg+xml",
}
FORMS = ("plain", "script", "iframe")
COMMENTS = ("script", "plain", "iframe")
LOOPBACK = ("localhost", "127.0.0.1")

# Links in a mail must open, its height may be read from outside, and nothing in it may run.
SANDBOX = (
    "allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation allow-same-origin"
)
MAIL_POLICY = (
    f"sandbox {SANDBOX}; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)

_NUMBER = re.compile("[0-9]{1,19}")
_LETTER = re.compile(r"/inbox/(\d{1,19})(?:/(html|source)|/attachments/(\d{1,3}))?")


class Answer(msgspec.Struct, frozen=True):
    body: bytes
    media_type: str = "text/html; charset=utf-8"
    status: int = 200
    headers: dict[str, str] = {}


class Blog:
    """`service` is the origin that the form comes from; `author` signs the article."""

    def __init__(self, service: str, author: str, inbox: Inbox) -> None:
        self._inbox = inbox
        self._policy = (
            f"default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self' {service}; "
            f"connect-src 'self' {service}; frame-src 'self' {service}; form-action 'self' {service}; "
            "base-uri 'none'; frame-ancestors 'none'"
        )
        self._pages = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        words.into(self._pages)
        self._pages.globals.update(service=service, author=author, sandbox=SANDBOX)
        self._pages.filters.update(iso=iso, when=_when, number=words.number, size=words.size)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        answer = self._answer(scope)
        headers = {
            "Content-Type": answer.media_type,
            "Content-Length": str(len(answer.body)),
            "Content-Security-Policy": self._policy,
            "Cache-Control": "no-store",
            "Referrer-Policy": "strict-origin-when-cross-origin",
            "X-Content-Type-Options": "nosniff",
            **answer.headers,
        }
        raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        await send({"type": "http.response.body", "body": answer.body})

    def _answer(self, scope: Message) -> Answer:
        host, _, port = dict(scope["headers"]).get(b"host", b"").decode("latin-1").partition(":")
        if host not in LOOPBACK:  # a name that somebody else points here could read the sign-in links
            return Answer(b"This page is for this machine only.", "text/plain", 421)
        if scope["method"] not in ("GET", "HEAD"):
            return Answer(b"There is nothing to send here.", "text/plain", 405, {"Allow": "GET, HEAD"})
        path: str = scope["path"]
        if path in FILES:
            return Answer((FOLDER / Path(path).name).read_bytes(), FILES[path])
        if path == "/":
            url = f"http://localhost:{port}/" if port.isdecimal() else "http://localhost/"
            return self._article(scope["query_string"].decode("latin-1"), url)
        if path == "/inbox":
            return self._letters(scope["query_string"].decode("latin-1"))
        if found := _LETTER.fullmatch(path):
            return self._letter(int(found[1]), found[2] or "", found[3])
        return self._missing()

    def _article(self, query: str, url: str) -> Answer:
        """`url` is its one canonical address, under which its comments are kept."""
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        form, comments = asked.get("form"), asked.get("comments")
        return self._page(
            "article.html",
            "article",
            form=form if form in FORMS else FORMS[0],
            comments=comments if comments in COMMENTS else COMMENTS[0],
            url=url,
        )

    def _letters(self, query: str) -> Answer:
        before = parse_qs(query).get("before", [""])[0]
        letters = self._inbox.newest(before=int(before) if _NUMBER.fullmatch(before) else None)
        older = letters[-1].id if len(letters) == MOST else None
        return self._page("inbox.html", "inbox", letters=letters, count=self._inbox.count(), older=older)

    def _letter(self, id: int, view: str, attachment: str | None) -> Answer:
        letter = self._inbox.open(id)
        if letter is None or (attachment and int(attachment) >= len(letter.attachments)):
            return self._missing()
        if attachment:
            part = letter.attachments[int(attachment)]
            saved = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(part.name)}"}
            return Answer(part.content, part.media_type, headers=saved)
        if view == "html":
            return Answer(_outward(letter.html).encode(), headers={"Content-Security-Policy": MAIL_POLICY})
        if view == "source":
            return Answer(letter.source.encode(), "text/plain; charset=utf-8")
        return self._page("mail.html", "inbox", letter=letter)

    def _missing(self) -> Answer:
        return self._page("missing.html", "", status=404)

    def _page(self, template: str, here: str, *, status: int = 200, **context: Any) -> Answer:
        return Answer(self._pages.get_template(template).render(here=here, **context).encode(), status=status)


def _outward(html: str) -> str:
    """The same mail, but its links open beside the inbox instead of in the frame."""
    base = '<base target="_blank">'
    with_base, found = re.subn(r"(?i)<head(\s[^>]*)?>", lambda head: head[0] + base, html, count=1)
    return with_base if found else f"<!doctype html>{base}{html}"


def _when(ms: int) -> str:
    """In this machine's own time: ``22 November 2026, 19:30``."""
    at = moment(ms).astimezone()
    return f"{words.date(at)}, {at:%H:%M}"


async def _live(receive: Receive, send: Send) -> None:
    for step in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{step}.complete"})
