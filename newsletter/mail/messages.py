"""Messages as bytes: a folder of templates/email/ and a row's context give the same bytes every time.

What comes out is read again before anybody gets it.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from email.errors import MessageError as Unwritable
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import compat32
from typing import Any

import msgspec
from jinja2 import TemplateError

from newsletter import clock, words
from newsletter.addresses import HEADER_FORM
from newsletter.mail.claims import Delivery
from newsletter.mail.dkim import signer_of
from newsletter.mail.headers import POLICY, REFUSED, WIDTH, MessageError, one_line, sender
from newsletter.mail.templates import Branded
from newsletter.settings import Settings
from newsletter.storage import Tx, files
from newsletter.tokens import LASTING, Tokens

_LONGEST_HEADER_LINE = 998
_LOOSE_END = re.compile(rb"(?<!\r)\n|\r(?!\n)")


class Attachment(msgspec.Struct, frozen=True):
    name: str
    media_type: str
    content: bytes


class Messages:
    """Raises SettingsError when NEWSLETTER_FROM can't stand in a mail, or a DKIM key, colour or logo can't be used."""

    def __init__(self, settings: Settings, tokens: Tokens) -> None:
        self._settings = settings
        self._signer = signer_of(settings)
        self._tokens = tokens
        sender(settings)
        self._templates = Branded(settings, {"facts": _facts})

    def build(self, delivery: Delivery, attachments: Sequence[Attachment] = ()) -> bytes:
        """The message as it goes on the wire. Raises MessageError."""
        try:
            values = self._values(delivery)
            subject = one_line("The subject", self._render(delivery, "subject.txt", values).rstrip("\n"))
            values["subject"] = subject
            message = EmailMessage(policy=POLICY)
            headers = self._headers(delivery, subject, values)
            for name, value in headers:
                message[name] = value
            message.set_content(self._render(delivery, "body.txt", values), cte="quoted-printable")
            message.add_alternative(
                self._render(delivery, "body.html", values), "html", cte="quoted-printable"
            )
            for file in attachments:
                maintype, _, subtype = file.media_type.partition("/")
                message.add_attachment(
                    file.content, maintype, subtype, filename=one_line("A file's name", file.name)
                )
            self._name_boundaries(message, delivery)
            raw = message.as_bytes()
        except TemplateError as error:
            raise MessageError(f"templates/email/{delivery.message}: {error}.") from None
        except (Unwritable, LookupError, TypeError, ValueError) as error:
            raise MessageError(f"Its context can't be used ({type(error).__name__}).") from None
        check(raw, [*(name for name, _ in headers), "MIME-Version", "Content-Type"], delivery)
        return self._signer.sign(raw, delivery.created_at) if self._signer else raw

    def _values(self, delivery: Delivery) -> dict[str, Any]:
        """What the templates may say: the row's own context over what every message knows."""
        context = msgspec.json.decode(delivery.context, type=dict[str, Any])
        _refuse(context)
        known: dict[str, Any] = {
            "from_name": sender(self._settings).display_name or self._settings.public_host,
            "host": self._settings.public_host,
            "public_url": self._settings.public_url,
            "postal_address": self._settings.postal_address,
            "expires_days": self._settings.confirmation_days,
            "kept_days": self._settings.pending_days,
            "download_days": self._settings.download_days,
            "asked_on": words.day(context.get("asked_at") or delivery.created_at),
        }
        known |= {name: self._with_urls(value, delivery.created_at) for name, value in context.items()}
        links = context.get("links", {})
        known["links"] = {name: self._url(link, delivery.created_at) for name, link in links.items()}
        return known

    def _with_urls(self, value: Any, made_at: int) -> Any:
        """`value` with a "url" beside each "link" in it."""
        if isinstance(value, list):
            return [self._with_urls(item, made_at) for item in value]
        if isinstance(value, dict) and "link" in value:
            return value | {"url": self._url(value["link"], made_at)}
        return value

    def _url(self, link: Sequence[Any], made_at: int) -> str:
        """Made anew from purpose and ids, with the row's time: no live token lies in the table."""
        path, purpose, numbers = link
        now = None if purpose in LASTING else made_at
        return f"{self._settings.public_url}{path}{self._tokens.make(purpose, *numbers, now=now)}"

    def _render(self, delivery: Delivery, part: str, values: Mapping[str, Any]) -> str:
        return self._templates.get(f"{delivery.message}/{part}").render(values).strip() + "\n"

    def _headers(self, delivery: Delivery, subject: str, values: Mapping[str, Any]) -> list[tuple[str, Any]]:
        headers = [
            ("From", sender(self._settings)),
            ("To", _address(delivery.recipient)),
            ("Subject", subject),
            ("Date", clock.mail_date(delivery.created_at)),
            ("Message-ID", delivery.message_id),
            ("Auto-Submitted", "auto-generated"),
            ("X-Auto-Response-Suppress", "OOF, AutoReply"),
        ]
        if numbers := values.get("reply"):
            headers.insert(2, ("Reply-To", Address(addr_spec=self._reply_to(numbers))))
        elif self._settings.reply_to:
            headers.insert(2, ("Reply-To", Address(addr_spec=self._settings.reply_to)))
        if values.get("unsubscribe"):
            headers.append(("List-Unsubscribe", f"<{values['links']['unsubscribe']}>"))
            headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
        return headers

    def _reply_to(self, numbers: Sequence[int]) -> str:
        """An answer to it comes in by the door for bounces, and says what it answers."""
        domain = self._settings.bounce_domain
        return (
            f"reply+{self._tokens.make('reply', *numbers)}@{domain}" if domain else self._settings.from_email
        )

    def _name_boundaries(self, message: EmailMessage, delivery: Delivery) -> None:
        """After the message, not by chance. "=_" is no quoted-printable, so no body can hold it."""
        name = self._tokens.fingerprint("boundary", delivery.message_id)[:24]
        for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
            part.set_boundary(f"=_{name}{number}")


class _Wanted(msgspec.Struct):
    file_ids: list[int] = []


async def attachments(tx: Tx, delivery: Delivery) -> list[Attachment]:
    """The files that ride in this message, if any. Raises MessageError."""
    found: list[Attachment] = []
    for file_id in msgspec.json.decode(delivery.context, type=_Wanted).file_ids:
        file = await files.find(tx, file_id)
        if file is None:
            raise MessageError(f"There is no file {file_id} to attach.")
        found.append(Attachment(file.name, file.media_type, await files.whole(tx, file_id)))
    return found


def _refuse(value: Any) -> None:
    """Nothing a template may say holds a line's end or steers how the text is read."""
    if isinstance(value, str) and REFUSED.search(value):
        raise MessageError("A value in its context holds a control character.")
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _refuse(item)


def check(raw: bytes, names: Sequence[str], delivery: Delivery) -> None:
    """What another program will read is what was meant: these headers and no others."""
    head, _, body = raw.partition(b"\r\n\r\n")
    parsed = BytesHeaderParser(policy=compat32).parsebytes(head + b"\r\n\r\n")
    said = dict(parsed.raw_items())
    if Counter(parsed.keys()) != Counter(names) or _utf8(said["To"]) != delivery.recipient:
        raise MessageError("Its headers would not be read as they were meant.")
    if parsed["Message-ID"] != delivery.message_id:
        raise MessageError("Its Message-ID would not be read as it was meant.")
    if _LOOSE_END.search(raw) or max(map(len, head.split(b"\r\n"))) > _LONGEST_HEADER_LINE:
        raise MessageError("Its lines would not survive the way.")
    if max(map(len, body.split(b"\r\n"))) > WIDTH:
        raise MessageError("A line of its body is too long.")


def _address(recipient: str) -> Address:
    """The standard library's own reading knows ASCII alone."""
    if recipient.isascii():
        return Address(addr_spec=recipient)
    if not HEADER_FORM.fullmatch(recipient):
        raise MessageError("Its recipient can't stand in a header as it is.")
    local, _, domain = recipient.rpartition("@")
    return Address(username=local, domain=domain)


def _utf8(value: str) -> str:
    """A header as it stands there (RFC 6532)."""
    return value.encode("ascii", "surrogateescape").decode("utf-8", "replace")


def _facts(download: Mapping[str, Any]) -> str:
    """What is known about a file, for the line under its title: ``PDF, 1.2 MB``."""
    return f"PDF, {words.size(download['size'])}"
