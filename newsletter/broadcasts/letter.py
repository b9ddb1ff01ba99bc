"""A broadcast as a whole mail: the owner's words in our own shape, to be looked at or to be frozen."""

from collections.abc import Mapping
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.utils import parseaddr
from typing import Protocol
from urllib.parse import urlsplit

import msgspec
from markupsafe import Markup

from newsletter.addresses import parse_ascii
from newsletter.broadcasts.text import Written, write
from newsletter.errors import BadInput
from newsletter.mail.brand import Brand
from newsletter.mail.bulk import Frozen, freeze
from newsletter.mail.headers import REFUSED
from newsletter.mail.headers import sender as own_sender
from newsletter.mail.merge import PREFERENCES, UNSUBSCRIBE, Marks
from newsletter.mail.templates import Branded
from newsletter.settings import Settings

_WRONG_SENDER = "The sender can’t be used. Write it like: Ada Byron <letters@example.org>."


class Draftlike(Protocol):
    """What a letter is made of, wherever it is kept."""

    @property
    def subject(self) -> str: ...
    @property
    def preheader(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def sender(self) -> str: ...


class Letter(msgspec.Struct, frozen=True):
    """Marked texts; `seen_by` fills them for a preview."""

    marks: Marks
    sender: Address
    subject: str
    preheader: str
    plain: str
    html: str
    written: Written

    def seen_by(self, values: Mapping[str, str], leave: str = "#") -> tuple[str, str, str]:
        """Subject, text and HTML for the person with these `values`; `leave` is where the footer's links lead."""
        known = {**values, UNSUBSCRIBE: leave, PREFERENCES: leave}
        return (
            self.marks.fill(self.subject, "subject", known),
            self.marks.fill(self.plain, "text", known),
            self.marks.fill(self.html, "html", known),
        )


class Letters:
    """Raises SettingsError when NEWSLETTER_FROM can't stand in a mail, or the owner's colour or logo can't be used."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        own_sender(settings)
        self._templates = Branded(settings)

    @property
    def brand(self) -> Brand:
        """The owner's, as it is now."""
        return self._templates.brand

    def letter(self, draft: Draftlike) -> Letter:
        """Raises BadInput when the text is too long or the sender is none."""
        marks = Marks()
        subject, preheader = marks.mark(_line(draft.subject)), marks.mark(_line(draft.preheader))
        written = write(marks, draft.body, links=self.brand.link)
        sender = self._sender_of(draft.sender)
        values = {
            # What is no tag of ours is escaped with the rest.
            "subject": marks.typed(subject, unknown_only=True),
            "preheader": marks.typed(preheader, unknown_only=True),
            "title": written.title or marks.typed(subject, unknown_only=True),
            "from_name": sender.display_name or self._settings.public_host,
            "host": self._settings.public_host,
            "postal_address": self._settings.postal_address,
            "unsubscribe": marks.link(UNSUBSCRIBE),
            "preferences": marks.link(PREFERENCES),
        }
        body = Markup(written.html)  # noqa: S704  ours: write() escapes all
        html = self._templates.get("broadcast.html").render(values, body=body)
        plain = self._templates.get("broadcast.txt").render(values, body=written.plain)
        return Letter(marks, sender, subject, preheader, plain.strip() + "\n", html.strip() + "\n", written)

    def freeze(self, letter: Letter, now: int) -> Frozen:
        """The same for everybody from now on (ms). Raises MessageError."""
        host = urlsplit(self._settings.public_url).hostname or "localhost"
        return freeze(
            sender=letter.sender,
            list_id=f"newsletter.{host}",
            date=now,
            marks=letter.marks,
            subject=letter.subject,
            plain=letter.plain,
            html=letter.html,
            reply_to=self._settings.reply_to,
        )

    def _sender_of(self, text: str) -> Address:
        return sender_of(text) if text.strip() else own_sender(self._settings)


def sender_of(text: str) -> Address:
    """``Name <a@b>`` or ``a@b``. Raises BadInput."""
    name, address = parseaddr(text.strip())
    whole = ("<" in text) == text.rstrip().endswith(">")
    if (
        not address
        or not whole
        or REFUSED.search(text)
        or "=?" in text
        or text.count("@") > 1 + name.count("@")
    ):
        raise BadInput(_WRONG_SENDER)
    try:
        return Address(" ".join(name.split()), addr_spec=parse_ascii(address).email)
    except (BadInput, HeaderParseError, ValueError):
        raise BadInput(_WRONG_SENDER) from None


def _line(text: str) -> str:
    return " ".join(text.encode(errors="replace").decode().split())
