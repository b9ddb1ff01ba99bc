"""A notification answered by mail becomes a reply: who wrote, which comment it answers, and what is new in it.

A mail is the least trusted way in: what is read here still goes through the checks of every other comment.
"""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses
from html.parser import HTMLParser

import nh3

from newsletter import addresses
from newsletter.comments.mail_quotes import new_text
from newsletter.errors import BadInput

LARGEST = 1 << 20  # bytes of a mail
_MOST_PARTS = 100
_MOST_TAGS = 5_000
_ENVELOPE = ("Delivered-To", "X-Original-To", "To", "Cc")  # the surest first

TOO_LARGE = "This mail is too large: 1 MiB at most. Please answer without attachments."
AUTOMATIC = "This mail was written by a machine."
UNREADABLE = "This mail can’t be read. Please answer as plain text."
NOTHING_NEW = "There is nothing new in this mail. Please write above the quoted text."
NO_SENDER = "This mail doesn’t say who sent it, or names several."

_TOKEN = re.compile(r"[\w.~-]{1,200}", re.ASCII)
_AUTO_HEADERS = (
    "X-Autoreply",
    "X-Autorespond",
    "X-Autoreply-From",
    "X-Mail-Autoreply",
    "X-Failed-Recipients",
)
_AUTO_SENDER = re.compile(r"(?i)(mailer-daemon|postmaster|no-?reply|bounces?)@")


def sender(message: bytes) -> str:
    """The one address in From, in lower case. Raises BadInput if there is none, or more than one."""
    fields = _fields(_headers(message), "From")
    found = [address for field in fields for address in _addresses(field)]
    if len(fields) != 1 or len(found) != 1 or _bare(fields[0]).count("@") != 1:
        raise BadInput(NO_SENDER)
    try:
        return addresses.parse(found[0]).key
    except BadInput:
        raise BadInput(NO_SENDER) from None


def reply_token(message: bytes, domain: str) -> str | None:
    """TOKEN of the address ``reply+TOKEN@domain`` that the mail was sent to, if there is one."""
    headers = _headers(message)
    for name in _ENVELOPE:
        for address in (one for field in _fields(headers, name) for one in _addresses(field)):
            local, _, host = address.rpartition("@")
            begin, _, token = local.partition("+")
            if (begin.lower(), host.lower()) == ("reply", domain.lower()) and _TOKEN.fullmatch(token):
                return token
    return None


def reply_text(message: bytes) -> str:
    """What was written anew, as text; an answer between quotes keeps them, as ``>`` lines.

    Raises BadInput where nothing is left, where no person wrote (RFC 3834), and beyond 1 MiB.
    """
    _check_size(message)
    if _is_automatic(_headers(message)):
        raise BadInput(AUTOMATIC)
    if message.lower().count(b"multipart/") > _MOST_PARTS:  # the parser recurses
        raise BadInput(UNREADABLE)
    try:
        text = _text(message_from_bytes(message))
    except (MessageError, RecursionError, ValueError, LookupError, AttributeError, TypeError, AssertionError):
        raise BadInput(
            UNREADABLE
        ) from None  # whatever the standard library stumbles over, it is the mail's fault
    fresh = new_text(text)
    if not fresh:
        raise BadInput(NOTHING_NEW)
    return fresh


def _check_size(message: bytes) -> None:
    if len(message) > LARGEST:
        raise BadInput(TOO_LARGE)


def _headers(message: bytes) -> Message:
    _check_size(message)
    return BytesHeaderParser().parsebytes(message)


def _fields(headers: Message, name: str) -> list[str]:
    return [re.sub(r"\s+", " ", str(field)[:10_000]) for field in headers.get_all(name, [])[:20]]


def _bare(field: str) -> str:
    """Without what is quoted: a display name may say anything, also an address."""
    return re.sub(r'"(?:[^"\\]|\\.)*"', "", field)


def _addresses(field: str) -> list[str]:
    try:
        return [address for _, address in getaddresses([_bare(field)])]
    except RecursionError:  # remarks within remarks
        return []


def _is_automatic(headers: Message) -> bool:
    submitted = str(headers.get("Auto-Submitted", "no")).partition(";")[0].strip().lower()
    return (
        submitted != "no"
        or str(headers.get("Precedence", "")).strip().lower() in ("bulk", "junk", "auto_reply")
        or any(name in headers for name in _AUTO_HEADERS)
        or headers.get_content_type() in ("multipart/report", "message/delivery-status")
        or any(field.strip() == "<>" for field in _fields(headers, "Return-Path"))
        or any(_AUTO_SENDER.search(_bare(field)) for field in _fields(headers, "From"))
    )


def _text(message: Message) -> str:
    """The text as it was written; of HTML, what it says."""
    parts = list(_readable(message))
    plain = [_plain(part) for part in parts if part.get_content_type() == "text/plain"]
    if any(text.strip() for text in plain):
        return "\n".join(plain)
    return "\n".join(html_text(_decoded(part)) for part in parts if part.get_content_type() == "text/html")


def _readable(message: Message) -> Iterator[Message]:
    """The parts that a mail program shows as text; nothing of what is attached or passed on."""
    if message.is_multipart() and message.get_content_maintype() == "multipart":
        for part in message.get_payload():
            assert isinstance(part, Message)
            yield from _readable(part)
    elif message.get_content_maintype() == "text" and message.get_content_disposition() != "attachment":
        yield message


def _decoded(part: Message) -> str:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    try:
        return content.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:  # a charset that nobody knows
        return content.decode("utf-8", "replace")


def _plain(part: Message) -> str:
    text = _decoded(part)
    if str(part.get_param("format", "")).lower() != "flowed":
        return text
    return _unflowed(text, deletes_space=str(part.get_param("delsp", "")).lower() == "yes")


def _unflowed(text: str, *, deletes_space: bool) -> str:
    """Paragraphs as one line each (RFC 3676): a line that ends with a space goes on in the next."""
    lines: list[str] = []
    open_at: int | None = None  # how deep the line is quoted that goes on
    for line in text.replace("\r\n", "\n").split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        goes_on = content.endswith(" ") and content != "-- "
        body = content[:-1] if goes_on and deletes_space else content
        if open_at == depth and content != "-- ":
            lines[-1] += body
        else:
            lines.append(">" * depth + (" " if depth else "") + body)
        open_at = depth if goes_on else None
    return "\n".join(lines)


_BLOCKS = frozenset({"address", "article", "blockquote", "div", "h1", "h2", "h3", "h4", "li", "ol", "p", "pre", "table",
                     "tr", "ul", "section", "hr"})  # fmt: skip
_UNSEEN = frozenset({"script", "style", "title"})
_KNOWN = {*_BLOCKS, "br", "span"}
# What mail programs put around a quote's head or a signature, by class or id; and where a quote without end begins.
_ADDED = frozenset({"gmail_attr", "gmail_signature", "moz-cite-prefix", "moz-signature"})
_QUOTE = frozenset({"gmail_quote", "protonmail_quote", "yahoo_quoted"})
_REST = frozenset({"divRplyFwdMsg", "appendonsend", "mail-editor-reference-message-container"})


def html_text(html: str) -> str:
    """What HTML says, as text: blocks as lines, quotes as ``>`` lines.

    It is put in order first, since over tags without end the standard library's parser takes the square of their
    number, and so does what puts it in order where they stand one in another. So the first few thousand are read:
    what is new stands above what is quoted.
    """
    html = "<".join(html.split("<", _MOST_TAGS)[:_MOST_TAGS])
    reducer = _Reducer()
    reducer.feed(
        nh3.clean(html, tags=_KNOWN, clean_content_tags=set(_UNSEEN), attributes={"*": {"class", "id"}})
    )
    reducer.close()
    return reducer.text()


class _Reducer(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self._open: list[tuple[str, str]] = []  # tag, and what it does to what is in it
        self._counts = {"hide": 0, "quote": 0, "keep": 0, "": 0}
        self._words: list[str] = []  # of the line that is being read
        self._lines = [(0, self._words)]
        self._over = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        marks = {word for name, value in attrs if name in ("class", "id") for word in (value or "").split()}
        self._over = self._over or bool(marks & _REST)
        if tag in _BLOCKS:
            self._end_line(twice=tag == "p")
        elif tag == "br":
            self._new_line()
        if tag not in ("br", "hr"):
            does = "hide" if marks & _ADDED else "keep" if tag == "pre" else ""
            if tag == "blockquote" or (tag == "div" and marks & _QUOTE):
                does = "quote"
            self._open.append((tag, does))
            self._counts[does] += 1
        if tag == "li":
            self.handle_data("- ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._end_line(twice=tag == "p")
        if any(tag == one for one, _ in self._open[-50:]):
            while True:
                closed, does = self._open.pop()
                self._counts[does] -= 1
                if closed == tag:
                    break

    def handle_data(self, data: str) -> None:
        if self._over or self._counts["hide"]:
            return
        lines = data.split("\n") if self._counts["keep"] else [re.sub(r"[ \t\r\n]+", " ", data)]
        for number, line in enumerate(lines):
            if number:
                self._new_line()
            if line.strip() and not self._words:
                self._lines[-1] = (min(self._counts["quote"], 5), self._words)
            if line.strip() or self._words:
                self._words.append(line)

    def _end_line(self, *, twice: bool) -> None:
        if self._words:
            self._new_line()
            if twice:
                self._new_line()

    def _new_line(self) -> None:
        self._words = []
        self._lines.append((0, self._words))

    def text(self) -> str:
        lines = ((">" * depth + " " if depth else "", "".join(words).strip()) for depth, words in self._lines)
        return "\n".join(f"{mark}{line}" for mark, line in lines)
