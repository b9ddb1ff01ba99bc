"""The words of a form's own mails: what an owner may write there, and what becomes of it for one person.

Nothing of it is evaluated: it is text, with a few tags that are known. Where a mail has no words of the owner's it has
ours, and what a reader must know stands in every mail: who sends it, why, how long the link works, and the way out.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Literal, get_args

import msgspec

from newsletter.mail.merge import Marks, tag_of, values_of
from newsletter.settings import Settings
from newsletter.signups.model import Form, MailText
from newsletter.subscribers import Subscriber
from newsletter.words import gettext as _

Kind = Literal["confirmation", "guide"]

KINDS: tuple[Kind, ...] = get_args(Kind)
PARTS = {"subject": 150, "above": 2_000, "below": 2_000}
"""With the longest of each, in characters. `above` and `below`: the button."""

TAGS: dict[Kind, tuple[str, ...]] = {
    "confirmation": ("guide", "site", "days"),
    "guide": ("guide", "site", "days", "first_name", "name", "email", "field.city"),
}
"""What each mail can say. The confirmation nothing that was typed into a form: anybody can type anybody's address."""

_FIELD = r"field\.[a-z0-9_]{1,40}"
_KNOWN = {kind: tag_of(*(_FIELD if "." in name else name for name in names)) for kind, names in TAGS.items()}
_GAP = re.compile(r"\n[ \t]*\n")


def faults(kind: Kind, parts: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with them, by the part."""
    wrong: dict[str, str] = {}
    for name in PARTS:
        marks = Marks(_KNOWN[kind])
        if unknown := marks.unknown(marks.mark(parts.get(name, ""))):
            known = ", ".join(f"{{{{ {tag} }}}}" for tag in TAGS[kind])
            sentence = _("This mail can’t say %(tag)s. It knows %(known)s.")
            wrong[name] = sentence % {"tag": unknown[0][:60], "known": known}
    return wrong


def digest(parts: Mapping[str, str]) -> str:
    """SHA-256 over all three."""
    return sha256(msgspec.json.encode([parts.get(name, "") for name in PARTS])).hexdigest()


def invitation(settings: Settings, form: Form, signup_id: int, epoch: int) -> dict[str, Any]:
    """What the confirmation mail is rendered from: nothing that the visitor typed."""
    context = {
        "form_title": form.title,
        "magnet_title": form.magnets[0].title if form.magnets else None,
        "expires_days": settings.confirmation_days,
        "links": {
            "confirm": ["/confirm/", "confirm", [signup_id, epoch]],
            "block": ["/block/", "block", [signup_id, epoch]],
        },
    }
    if form.confirmation:
        values = _values(settings, form, settings.confirmation_days)
        context["own"] = _own("confirmation", form.confirmation, values)
    return context


def guide_words(
    settings: Settings, form: Form, person: Subscriber, name: str, fields: str = "{}"
) -> dict[str, Any]:
    """What joins the guide's mail where the owner has written words for it, else nothing.

    `name` and `fields` (JSON) are what this sign-up said of them, over what was known.
    """
    if form.guide is None:
        return {}
    known = msgspec.json.decode(person.fields, type=dict[str, Any]) | msgspec.json.decode(
        fields, type=dict[str, Any]
    )
    texts = {key: value for key, value in known.items() if isinstance(value, str)}
    tags = {"first_name", "name", "email", *(f"field.{key}" for key in texts)}
    values = values_of(tags, person.email, name or person.name, texts)
    return {"own": _own("guide", form.guide, values | _values(settings, form, settings.download_days))}


def _values(settings: Settings, form: Form, days: int) -> dict[str, str]:
    what = form.magnets[0].title if form.magnets else form.title
    return {"guide": what, "site": settings.public_host, "days": str(days)}


def _own(kind: Kind, text: MailText, values: Mapping[str, str]) -> dict[str, Any]:
    """Paragraphs of lines: no value of a mail's may hold a line's end."""

    def said(words: str) -> str:
        marks = Marks(_KNOWN[kind])
        return marks.fill(marks.mark(words), "text", values)

    def lines(words: str) -> list[list[str]]:
        return [[said(line) for line in part.split("\n")] for part in _GAP.split(words) if part.strip()]

    return {"subject": said(text.subject), "above": lines(text.above), "below": lines(text.below)}
