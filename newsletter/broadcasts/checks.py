"""What is looked at before a broadcast is sent, each finding a sentence for its owner."""

from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from newsletter.broadcasts.letter import Draftlike, Letter
from newsletter.mail.headers import REFUSED
from newsletter.mail.merge import Tag
from newsletter.settings import Settings
from newsletter.words import gettext as _

LONGEST_SUBJECT = 150  # characters
CLIPPED = 100_000  # bytes of HTML; Gmail cuts a little above, and the link to leave is cut off with the rest
LARGE = 90_000
_SHOWN = 60


class Finding(msgspec.Struct, frozen=True):
    level: Literal["error", "warning"]
    sentence: str


def look_over(draft: Draftlike, letter: Letter, settings: Settings) -> list[Finding]:
    """Errors first. With an error it isn't sent; with a warning its owner decides."""
    found = [
        *_subject(draft, letter),
        *_tags(draft, letter),
        *_links(letter, settings),
        *_body(letter, settings),
    ]
    return sorted(dict.fromkeys(found), key=lambda finding: finding.level)


def _subject(draft: Draftlike, letter: Letter) -> Iterator[Finding]:
    subject = letter.subject
    if not subject:
        yield Finding("error", "The subject is missing.")
    elif not letter.marks.fill(subject, "subject", {"email": "a"}).strip():
        yield Finding(
            "error",
            "The subject is empty for those whose merge tag is: give the tag a default, or add a word.",
        )
    if REFUSED.search(draft.subject.strip()) or "=?" in draft.subject:
        yield Finding(
            "error", "The subject has a character that can’t be sent: a control character, or “=?”."
        )
    length = len(letter.marks.fill(subject, "subject", {}))
    if length > LONGEST_SUBJECT:
        yield Finding(
            "warning",
            _("The subject has %(length)s characters; most programs show 50, and %(most)s is long.")
            % {"length": length, "most": LONGEST_SUBJECT},
        )


def _tags(draft: Draftlike, letter: Letter) -> Iterator[Finding]:
    marks = letter.marks
    for typed in [*marks.unknown(letter.subject), *marks.unknown(letter.preheader), *letter.written.unknown]:
        if typed == "{{":
            yield Finding("error", "A merge tag is opened by “{{” and not closed by “}}” on the same line.")
        else:
            yield Finding(
                "error",
                _(
                    "“%(typed)s” is no merge tag. Known are first_name, name, email and field.…, with a default "
                    'like {{ first_name | "there" }}.'
                )
                % {"typed": _short(typed)},
            )
    for text in (draft.subject, draft.preheader, letter.written.plain):
        if "{%" in text:
            yield Finding(
                "warning", _("“{%” is shown as it was typed: a broadcast has merge tags and nothing else.")
            )
    used: list[Tag] = []
    for text in (letter.subject, letter.preheader, letter.written.html):
        used += marks.used(text)
    for tag in used:
        if tag.name != "email" and not tag.default:
            yield Finding(
                "warning",
                _("%(name)s has no default: for those who did not give it, nothing stands there.")
                % {"name": tag.name},
            )


def _links(letter: Letter, settings: Settings) -> Iterator[Finding]:
    for link in letter.written.links:
        if link.trouble:
            said = (
                _("The picture “%(url)s” %(trouble)s.")
                if link.picture
                else _("The link “%(url)s” %(trouble)s.")
            )
            yield Finding("error", said % {"url": _short(link.url), "trouble": _(link.trouble)})
        elif link.picture:
            host = urlsplit(link.url).hostname or ""
            if not _ours(host, settings):
                yield Finding(
                    "warning",
                    _(
                        "The picture at %(host)s comes from another server, which learns of everybody who looks."
                    )
                    % {"host": _short(host)},
                )
        if link.picture and not link.alt:
            yield Finding(
                "error",
                _("The picture “%(url)s” has no alternative text: say in the [ ] what it shows.")
                % {"url": _short(link.url)},
            )
    for typed in letter.written.loose:
        yield Finding(
            "error",
            _("“%(typed)s” is no link as it stands: its address has spaces, or is empty.")
            % {"typed": _short(letter.marks.typed(typed))},
        )


def _ours(host: str, settings: Settings) -> bool:
    return host in {urlsplit(origin).hostname for origin in settings.page_origins}


def _body(letter: Letter, settings: Settings) -> Iterator[Finding]:
    if not letter.written.plain.strip():
        yield Finding("error", "There is no text.")
    if not settings.postal_address.strip():
        yield Finding(
            "error",
            "No postal address is set. Many laws ask for one in every newsletter: set it at the desk, under Settings, "
            "or in NEWSLETTER_POSTAL_ADDRESS.",
        )
    size = len(letter.html.encode(errors="replace"))
    if size > LARGE:
        level: Literal["error", "warning"] = "error" if size > CLIPPED else "warning"
        yield Finding(
            level,
            _(
                "The mail has %(size)s kB of HTML. Above %(most)s kB mail programs cut it off, with the link to "
                "unsubscribe."
            )
            % {"size": round(size / 1000), "most": CLIPPED // 1000},
        )


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
