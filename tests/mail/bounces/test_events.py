"""What each provider says of a mail means one of the few facts that we know, and of two meanings the milder one."""

from contextlib import suppress
from typing import Any

import pytest

from newsletter.errors import BadInput
from newsletter.mail.bounces.events import READERS

ADA = "ada@example.net"


def ses(kind: str, sub: str, words: str = "", status: str = "") -> dict[str, Any]:
    person = {"emailAddress": ADA, "diagnosticCode": words, "status": status}
    bounce = {"bounceType": kind, "bounceSubType": sub, "bouncedRecipients": [person]}
    return {"eventType": "Bounce", "bounce": bounce, "mail": {"source": "a@example.org"}}


def ses_complaint(kind: str) -> dict[str, Any]:
    complaint = {"complainedRecipients": [{"emailAddress": ADA}], "complaintFeedbackType": kind}
    return {"notificationType": "Complaint", "complaint": complaint, "mail": {}}


def postmark(kind: str, words: str = "", record: str = "Bounce") -> dict[str, Any]:
    return {"RecordType": record, "Type": kind, "ID": 1, "Email": ADA, "Details": words}


def mailgun(severity: str, code: int, words: str, reason: str = "generic") -> dict[str, Any]:
    said = {"code": code, "message": words}
    about = {
        "event": "failed", "severity": severity, "reason": reason, "recipient": ADA, "delivery-status": said,
    }  # fmt: skip
    return {"event-data": about}


def sendgrid(event: str, reason: str = "", status: str = "", **more: str) -> list[dict[str, Any]]:
    return [{"event": event, "reason": reason, "status": status, "email": ADA, "sg_event_id": "e", **more}]


def brevo(event: str, reason: str = "") -> dict[str, Any]:
    return {"event": event, "reason": reason, "email": ADA, "ts_event": 1}


CASES: list[tuple[str, Any, str | None]] = [
    ("ses", ses("Permanent", "General", "smtp; 550 5.1.1 user unknown", "5.1.1"), "hard"),
    ("ses", ses("Permanent", "General"), "hard"),
    ("ses", ses("Permanent", "OnAccountSuppressionList"), "hard"),
    ("ses", ses("Permanent", "General", "smtp; 550 5.7.1 blocked by policy", "5.7.1"), "policy"),
    ("ses", ses("Transient", "MailboxFull", "smtp; 552 5.2.2 full", "5.2.2"), "soft"),
    ("ses", ses("Transient", "General", "smtp; 550 5.1.1 user unknown", "5.1.1"), "soft"),
    ("ses", ses("Transient", "ContentRejected"), "policy"),
    ("ses", ses("Undetermined", "Undetermined"), "soft"),
    ("ses", ses_complaint("abuse"), "complaint"),
    ("ses", ses_complaint("not-spam"), "auto"),
    ("ses", {"notificationType": "Delivery", "mail": {}}, None),
    ("postmark", postmark("HardBounce", "smtp;550 5.1.1 no such user"), "hard"),
    ("postmark", postmark("HardBounce", "smtp;550 5.7.26 unauthenticated"), "policy"),
    ("postmark", postmark("SoftBounce", "452 4.2.2 over quota"), "soft"),
    ("postmark", postmark("Blocked"), "policy"),
    ("postmark", postmark("SpamNotification"), "policy"),
    ("postmark", postmark("SpamComplaint"), "complaint"),
    ("postmark", postmark("", record="SpamComplaint"), "complaint"),
    ("postmark", postmark("AutoResponder"), None),
    ("postmark", postmark("", record="Open"), None),
    ("mailgun", mailgun("permanent", 550, "5.1.1 user unknown"), "hard"),
    ("mailgun", mailgun("permanent", 605, "Not delivering to previously bounced", "suppress-bounce"), "hard"),
    (
        "mailgun",
        mailgun("permanent", 607, "Not delivering to a user who complained", "suppress-complaint"),
        "complaint",
    ),
    ("mailgun", mailgun("permanent", 550, "5.7.1 rejected as spam"), "policy"),
    ("mailgun", mailgun("permanent", 498, "4.4.1 timed out"), "soft"),
    ("mailgun", mailgun("temporary", 450, "4.2.1 try later"), "auto"),
    ("mailgun", {"event-data": {"event": "complained", "recipient": ADA}}, "complaint"),
    ("sendgrid", sendgrid("bounce", "550 5.1.1 unknown user", "5.1.1", type="bounce"), "hard"),
    ("sendgrid", sendgrid("bounce", "550 blocked", "5.7.1", type="blocked"), "policy"),
    ("sendgrid", sendgrid("bounce", "552 full", "5.2.2", type="bounce"), "soft"),
    ("sendgrid", sendgrid("dropped", "Bounced Address"), "hard"),
    ("sendgrid", sendgrid("dropped", "Spam Reporting Address"), "complaint"),
    ("sendgrid", sendgrid("dropped", "Unsubscribed Address"), None),
    ("sendgrid", sendgrid("spamreport"), "complaint"),
    ("sendgrid", sendgrid("deferred", "450 later"), None),
    ("brevo", brevo("hard_bounce", "550 5.1.1 unknown"), "hard"),
    ("brevo", brevo("hardBounce"), "hard"),
    ("brevo", brevo("soft_bounce", "mailbox full"), "soft"),
    ("brevo", brevo("soft_bounce", "550 5.7.1 blocked by policy"), "policy"),
    ("brevo", brevo("blocked", "blocked : due to blacklist user"), "soft"),
    ("brevo", brevo("blocked", "550 5.7.1 message content rejected"), "policy"),
    ("brevo", brevo("invalid"), "hard"),
    ("brevo", brevo("error", "Internal error"), None),
    ("brevo", brevo("deferred", "450 4.2.0 later"), None),
    ("brevo", brevo("unsubscribed"), None),
    ("brevo", brevo("spam"), "complaint"),
    ("brevo", [brevo("invalid_email")], "hard"),
    ("brevo", brevo("opened"), None),
]


@pytest.mark.parametrize(("provider", "said", "meant"), CASES)
def test_what_it_says_means(provider: str, said: Any, meant: str | None) -> None:
    found = READERS[provider](said, "id")
    assert [event.report.kind for event in found] == ([] if meant is None else [meant])
    assert all(event.recipient == ADA and "@" not in event.report.words for event in found)


@pytest.mark.parametrize("provider", READERS)
def test_no_shape_breaks_it(provider: str) -> None:
    """What is signed may still be anything."""
    odd: list[Any] = [
        None,
        7,
        "x",
        [],
        {},
        [7],
        {"event-data": 7},
        {"bounce": []},
        [[]],
        {"mail": {"headers": 7}},
    ]
    odd += [{"notificationType": "Bounce", "bounce": {"bouncedRecipients": [[]]}}, [{}] * 3_000]
    odd += [
        {"RecordType": {"x": 1}, "Type": [], "event": {}},
        {"notificationType": "Complaint", "complaint": 1},
    ]
    for said in odd:
        with suppress(BadInput):
            assert isinstance(READERS[provider](said, "id"), list)
