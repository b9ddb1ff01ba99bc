"""What Amazon SES, Postmark, Mailgun, SendGrid and Brevo say of messages that they sent for us: JSON in, `Event`s out.

Each has its own names for the same few facts. What a server said, where it is quoted, is judged as anywhere else; the
provider's own word decides where the quote says nothing, and of two meanings the milder one counts.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from newsletter.errors import BadInput
from newsletter.mail.bounces.model import Event, Kind, Report
from newsletter.mail.bounces.report import plain
from newsletter.mail.bounces.sender import tokens_in
from newsletter.mail.bounces.verdict import enhanced, judge

MOST = 2_000
"""Events in one request: SendGrid puts as many together as came in half a minute."""

_UNREADABLE = "This is no report that this provider sends."
_LONGEST = 2_000
_OWN_LIST = re.compile(r"(?i)black ?list(ed)? (user|contact)")
"""A reader whom Brevo itself doesn't mail any more: their server has refused nothing."""

_CODE = re.compile(r"[45]\.\d{1,3}\.\d{1,3}")


def ses(said: Any, id: str) -> list[Event]:
    """`said`: the notification inside a message of SNS, or an event that SES publishes; `id`: SNS's of that message."""
    kind = (_text(said, "notificationType") or _text(said, "eventType")).lower()
    mail = _at(said, "mail")
    headers = _list(mail, "headers")
    own = [
        _text(one, "value") for one in headers if _text(one, "name").lower() in ("message-id", "x-message-id")
    ]
    source, message_id = (
        _text(mail, "source"),
        next(iter(own), "") or _text(mail, "commonHeaders", "messageId"),
    )
    if kind == "complaint":
        about = _at(said, "complaint")
        spam = _text(about, "complaintFeedbackType") != "not-spam"
        people = _list(about, "complainedRecipients")
        reports = [Report("complaint" if spam else "auto", tuple(tokens_in(source.encode()))) for _ in people]
    elif kind == "bounce":
        about = _at(said, "bounce")
        people = _list(about, "bouncedRecipients")
        reports = [_ses_bounce(about, one, source) for one in people]
    else:
        return []
    return [
        Event(report, f"{id} {number}", _text(one, "emailAddress"), message_id)
        for number, (report, one) in enumerate(zip(reports, people, strict=True))
    ]


def _ses_bounce(bounce: Any, person: Any, source: str) -> Report:
    lasting, detail = _text(bounce, "bounceType") == "Permanent", _text(bounce, "bounceSubType")
    ours = detail in ("MessageTooLarge", "ContentRejected", "AttachmentRejected")
    said, code = _text(person, "diagnosticCode"), _text(person, "status")
    return _report(source, said, code, lasting=lasting, ours=ours, sure="Suppress" in detail)


def postmark(said: Any, _id: str = "") -> list[Event]:
    """One report a request. https://postmarkapp.com/developer/webhooks/bounce-webhook."""
    record, kind = _text(said, "RecordType"), _text(said, "Type")
    words = _text(said, "Details") or _text(said, "Description")
    if record == "SpamComplaint" or (record == "Bounce" and kind in ("SpamComplaint", "SpamNotification")):
        complains = kind != "SpamNotification"  # this one is a filter's, not a person's
        report = Report("complaint") if complains else _report("", words, "", ours=True)
    elif record == "Bounce" and kind in ("HardBounce", "BadEmailAddress", "AddressChange"):
        report = _report("", words, "", lasting=True)
    elif record == "Bounce" and kind in ("SoftBounce", "DnsError", "Undeterminable", "Unknown"):
        report = _report("", words, "")
    elif record == "Bounce" and kind in ("Blocked", "DMARCPolicy", "VirusNotification"):
        report = _report("", words, "", ours=True)
    else:
        return []
    return [Event(report, f"{record} {_text(said, 'ID')}", _text(said, "Email"))]


def mailgun(said: Any, id: str) -> list[Event]:
    """One event a request, whose `id` is the token that was signed; what it is still trying doesn't count."""
    about = _at(said, "event-data")
    kind, delivery = _text(about, "event"), _at(about, "delivery-status")
    source = _text(about, "envelope", "sender")
    if kind == "complained" or _text(about, "reason") == "suppress-complaint":
        report = Report("complaint", tuple(tokens_in(source.encode())))
    elif kind == "failed" and _text(about, "severity") == "permanent":
        words = f"{_text(delivery, 'code')} {_text(delivery, 'message') or _text(delivery, 'description')}"
        sure = _text(about, "reason") == "suppress-bounce"
        report = _report(source, words.strip(), _text(delivery, "enhanced-code"), lasting=True, sure=sure)
    else:
        report = Report("auto")
    return [Event(report, id, _text(about, "recipient"), _own(about))]


def _own(about: Any) -> str:
    message_id = _text(about, "message", "headers", "message-id").strip("<>")
    return f"<{message_id}>" if message_id else ""


def sendgrid(said: Any, _id: str = "") -> list[Event]:
    """Many events a request, of all kinds."""
    return [event for one in _several(said) for event in _sendgrid(one)]


def _sendgrid(one: Any) -> Iterator[Event]:
    kind, words = _text(one, "event"), _text(one, "reason")
    ours = _text(one, "type") == "blocked" or _text(one, "bounce_classification") in (
        "Reputation", "Content", "Frequency or Volume Too High", "Technical",
    )  # fmt: skip
    if kind == "spamreport" or (kind == "dropped" and words == "Spam Reporting Address"):
        report = Report("complaint")
    elif kind == "bounce":
        report = _report("", words, _text(one, "status"), lasting=not ours, ours=ours)
    elif kind == "dropped" and words == "Bounced Address":
        report = _report("", words, "", lasting=True, sure=True)
    else:
        return
    yield Event(report, _text(one, "sg_event_id"), _text(one, "email"), _text(one, "smtp-id"))


def brevo(said: Any, _id: str = "") -> list[Event]:
    """One event a request, or several; they have no id of their own.

    What it names in its reports `invalid` is `invalid_email` in a request, and the names of its settings are written
    without the line. https://developers.brevo.com/docs/transactional-webhooks.
    """
    return [event for one in _several(said if isinstance(said, list) else [said]) for event in _brevo(one)]


def _brevo(one: Any) -> Iterator[Event]:
    kind, words = _text(one, "event").lower().replace("_", ""), _text(one, "reason")
    if kind in ("spam", "complaint"):
        report = Report("complaint")
    elif kind in ("hardbounce", "invalidemail", "invalid"):
        report = _report("", words, "", lasting=True)
    elif kind == "softbounce":
        report = _report("", words, "")
    elif kind == "blocked" and _OWN_LIST.search(words):
        report = Report("soft", words=plain(words))
    elif kind == "blocked":
        report = _report("", words, "", ours=True)
    else:
        return  # also an `error`, which is Brevo's own, and what is `deferred`: it goes on trying
    email, message_id = _text(one, "email"), _text(one, "message-id")
    when = _text(one, "ts_event") or _text(one, "ts_epoch") or _text(one, "date")
    yield Event(report, f"{kind} {message_id} {email} {when}", email, message_id)


READERS: Mapping[str, Callable[[Any, str], list[Event]]] = {
    "ses": ses,
    "postmark": postmark,
    "mailgun": mailgun,
    "sendgrid": sendgrid,
    "brevo": brevo,
}
"""Each raises BadInput."""


def _report(
    source: str, words: str, code: str, *, lasting: bool = False, ours: bool = False, sure: bool = False
) -> Report:
    """`lasting`: the provider will not try again. `ours`: it says that the reader can't help it. `sure`: it
    doesn't even try, since the address was gone before."""
    code = code if _CODE.fullmatch(code) else ""
    said = judge(words, code)
    kind: Kind
    if ours or said == "policy":
        kind = "policy"
    elif sure or (lasting and said in (None, "hard")):
        kind = "hard"
    else:
        kind = "soft"
    status = code or enhanced(words)
    return Report(kind, tuple(tokens_in(source.encode())), status, plain(words))


def _several(said: Any) -> list[Any]:
    if not isinstance(said, list) or len(said) > MOST:
        raise BadInput(_UNREADABLE)
    return said


def _at(said: Any, *names: str) -> Any:
    """What stands there; an empty object where nothing does. Raises BadInput."""
    for name in names:
        if not isinstance(said, dict):
            raise BadInput(_UNREADABLE)
        said = said.get(name) or {}
    return said


def _list(said: Any, name: str) -> list[Any]:
    found = _at(said, name) or []
    if not isinstance(found, list) or len(found) > MOST:
        raise BadInput(_UNREADABLE)
    return found


def _text(said: Any, *names: str) -> str:
    """'' where there is none; numbers as text. Raises BadInput."""
    found = _at(said, *names)
    if isinstance(found, dict | list | bool):
        return ""
    return str(found)[:_LONGEST]
