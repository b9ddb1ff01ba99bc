"""Mail that says in words of its own what RFC 3464, RFC 5965 and RFC 3834 have forms for: old servers, large providers,
and people who are on holiday. The rarer forms are those of flufl.bounce, which has known them for decades."""

import logging
import re
from email.message import Message
from importlib import import_module

from newsletter.mail.bounces.mime import Part, decoded_words

_LONGEST = 8_000
_WIDEST = 200  # characters of a line: its expressions cost the square of that
_HEAD = ("from", "subject", "x-mailer")  # what it asks for

_SERVER = re.compile(
    r"(?i)mailer-daemon|mail-daemon|maildaemon|postmaster|mail delivery (sub)?system|bounce-?daemon|<>"
)
_RETURNED = re.compile(
    r"(?i)^\W*(returned mail|undeliver(able|ed)|delivery (status notification|failure|has failed|error)|failure notice"
    r"|mail (delivery (failed|failure|system)|system error)|message (undeliverable|could not be delivered)"
    r"|could not (be delivered|send)|nondeliverable|non[- ]delivery|delivery report|rejected( mail)?:"
    r"|warning: could not|unzustellbar|nicht zustellbar|mensaje no entregado"
    r"|non remis|échec|messaggio non consegnato|mail returned)"
)
_STARTS = re.compile(
    r"(?i)this is the qmail-send program|this message was created automatically by mail delivery"
    r"|could not be delivered to|delivery to the following recipient|the following address(es)? (had|failed)"
    r"|your message (could not|couldn.t|wasn.t|did not|was not)|sorry, we were unable to deliver"
    r"|i.m sorry to have to inform you|unable to deliver (your )?message|message you sent .{0,60}could not be delivered"
)
_DELAY = re.compile(
    r"(?i)warning: (message|could not send)|delivery (status notification \(delay\)|delayed|is delayed)|delayed mail"
    r"|will (be retried|keep trying|continue to (try|be)|try again|retry)|still (being )?(trying|attempt)"
    r"|do not need to resend|no action is required|not yet been delivered|will be attempted|delivery incomplete"
)
_COPY = re.compile(  # from here on it shows our own message, whose words mean nothing
    r"(?im)^[^\w\n]*(below this line is a copy|this is a copy of|original message|forwarded message"
    r"|message headers? follow|(a )?copy of (the|your) (original )?message|the original message|unsent message below"
    r"|here is your returned mail|your message( is)? (below|follows)|received: |return-path: "
    r"|dkim-signature: |message header)"
)
_TELLING = re.compile(r"(?i)\b[45]\d\d[ -]|\b[45]\.\d{1,3}\.\d{1,3}\b")
_HOLIDAY = re.compile(
    r"(?i)^\W*(auto(mat(ic|ed|ische))?[- :]*(reply|response|antwort|submitted)|out of (the )?office|on (vacation|leave)"
    r"|vacation|away from|abwesen|réponse automatique|respuesta automática|risposta automatica|automatisch antwoord"
    r"|absence|ooo\b|i am (away|out)|thank you for (your|contacting)|we (have )?received your|ticket|\[ticket)"
)


def is_complaint(message: Part, parts: list[Part]) -> bool:
    """Outlook.com's own form: our message attached, with a header that names whose button it was."""
    return any("x-hmxmroriginalrecipient" in part.fields for part in parts) or (
        "staff@hotmail.com" in message.first("from").lower()
        and message.first("subject").lower().startswith("complaint about message")
    )


def words(message: Part, parts: list[Part]) -> str | None:
    """What a server says to people of a message that it can't deliver; None where no server speaks."""
    subject = decoded_words(message.first("subject"))
    failed = message.first("x-failed-recipients")
    speaks = bool(failed) or (
        bool(_SERVER.search(message.first("from") or message.first("return-path")))
        and not message.first("auto-submitted").lower().startswith("auto-replied")
    )
    text = _first_text(parts)
    if speaks or _RETURNED.search(subject):
        return text
    begins = _STARTS.search(text[:1000])
    return text if begins and not _HOLIDAY.search(subject) else None


def refused(message: Part, parts: list[Part]) -> tuple[str, bool] | None:
    """As `words`, where flufl.bounce knows the shape, and whether it says that this is for good; else None.

    It is shown a message with the text and nothing else, short in every way: the library's own reading of a message
    takes the square of its size. Addresses that it finds are left alone: anybody could have written them.
    """
    if _HOLIDAY.search(decoded_words(message.first("subject"))):
        return None
    text = _first_text(parts)
    logging.getLogger("flufl.bounce").disabled = True  # it logs the message
    try:
        passing, for_good = import_module("flufl.bounce").all_failures(_shown(message, text))
    except Exception:  # noqa: BLE001  a stranger's mail; what a library trips over is not known to it
        return None
    return (text, bool(for_good)) if passing or for_good else None


def _shown(message: Part, text: str) -> Message:
    shown = Message()
    for name in _HEAD:
        if value := message.first(name):
            shown[name] = value[:_WIDEST]
    body = Message() if message.kind.startswith("multipart/") else shown
    body["Content-Type"] = "text/plain"
    lines = (line[:_WIDEST] for line in text.splitlines())
    body.set_payload(
        "\n".join(lines).encode("ascii", "replace").decode()
    )  # a charset would encode it once more
    if body is not shown:
        shown["Content-Type"] = "multipart/mixed"
        shown.set_payload([body])
    return shown


def telling(text: str) -> str:
    """The line with a code in it, and the one after; else the beginning."""
    text = _before_the_copy(text)
    found = _TELLING.search(text)
    return text[max(text.rfind("\n", 0, found.start()), 0) :][:600] if found else text[:600]


def is_delay(subject: str, text: str) -> bool:
    """A server that is still trying."""
    return bool(_DELAY.search(subject) or _DELAY.search(text[:2000]))


def is_automatic(message: Part) -> bool:
    """Nobody wrote it (RFC 3834, and what was usual before)."""
    submitted = message.first("auto-submitted").strip().lower()
    if submitted and not submitted.startswith("no"):
        return True
    if any(
        name in message.fields for name in ("x-autoreply", "x-autorespond", "x-auto-reply", "x-autogenerated")
    ):
        return True
    if message.first("precedence").strip().lower() in ("auto_reply", "bulk", "junk", "list"):
        return True
    return bool(_HOLIDAY.search(decoded_words(message.first("subject"))))


def _first_text(parts: list[Part]) -> str:
    text = next((part.text for part in parts if part.kind in ("text/plain", "text/html") and part.body), "")
    return _before_the_copy(text)


def _before_the_copy(text: str) -> str:
    text = text[:_LONGEST]
    found = _COPY.search(text)
    return text[: found.start()] if found and found.start() else text
