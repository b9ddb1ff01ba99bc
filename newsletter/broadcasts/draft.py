"""A broadcast as a file: what is said of it between two lines of ``---``, and its Markdown."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from newsletter import front_matter
from newsletter.broadcasts.letter import sender_of
from newsletter.errors import BadInput

_KNOWN = ("subject", "preheader", "audience", "from", "archive", "send_at")
_ANSWERS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    subject: str = ""
    preheader: str = ""
    body: str = ""  # Markdown
    audience: str = ""  # a segment's text; "": everybody who is active
    sender: str = ""  # "Name <a@b>"; "": NEWSLETTER_FROM
    archive: bool = False
    send_at: datetime | None = None  # without an offset: in the owner's time zone


def read_draft(text: str) -> Draft:
    """Raises BadInput with a sentence that names the line."""
    return _draft(*front_matter.read(text, _KNOWN, "the broadcast"))


def write_draft(draft: Draft) -> str:
    """The file that `read_draft` reads as this again; its time is left out."""
    said = {
        "subject": draft.subject,
        "preheader": draft.preheader,
        "audience": draft.audience,
        "from": draft.sender,
        "archive": "yes" if draft.archive else "no",
    }
    lines = [f"{key}: {_quoted(' '.join(value.split()))}" for key, value in said.items() if value]
    return "\n".join([front_matter.FENCE, *lines, front_matter.FENCE, "", draft.body.strip("\n"), ""])


def _quoted(value: str) -> str:
    """As a line has it; only what begins like a quotation needs marks around it."""
    return "'" + value.replace("'", "''") + "'" if value.startswith(("'", '"')) else value


def _draft(known: Mapping[str, tuple[int, str]], body: str) -> Draft:
    values = {key: value for key, (_, value) in known.items()}
    return Draft(
        subject=values.get("subject", ""),
        preheader=values.get("preheader", ""),
        body=body,
        audience=values.get("audience", ""),
        sender=_sender(*known["from"]) if "from" in known else "",
        archive=_answer(*known["archive"]) if "archive" in known else False,
        send_at=_moment(*known["send_at"]) if "send_at" in known else None,
    )


def _sender(number: int, value: str) -> str:
    try:
        if value:
            sender_of(value)
    except BadInput as error:
        raise BadInput(f"Line {number}: {error}") from None
    return value


def _answer(number: int, value: str) -> bool:
    try:
        return _ANSWERS[value.lower()]
    except KeyError:
        raise BadInput(f"Line {number}: “archive” is yes or no.") from None


def _moment(number: int, value: str) -> datetime | None:
    if not value:
        return None
    try:
        if len(value) <= len("2026-12-01"):
            raise ValueError("a day has no time")
        return datetime.fromisoformat(value)
    except ValueError:
        raise BadInput(f"Line {number}: “send_at” is written like 2026-12-01 09:00.") from None
