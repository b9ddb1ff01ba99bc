"""What is made of the owner's Markdown: HTML for a mail, and a text that is written, not stripped."""

from importlib import import_module

import msgspec

from newsletter.errors import BadInput
from newsletter.mail.brand import ACCENT
from newsletter.mail.merge import Marks
from newsletter.words import gettext as _
from newsletter.words import number

LONGEST = 100_000  # characters of Markdown


class Link(msgspec.Struct, frozen=True):
    url: str  # as typed
    trouble: str  # "" for none; else the end of a sentence
    picture: bool = False
    alt: str = ""


class Written(msgspec.Struct, frozen=True):
    """A body, marked, in both forms; and what the checks want to know of it."""

    html: str
    plain: str
    title: str  # its first heading, when it begins with one of the first level; marked
    links: list[Link]
    unknown: list[str]  # what looks like a merge tag and is none
    loose: list[str]  # what looks like a link and is none


def write(marks: Marks, body: str, *, for_page: bool = False, links: str = ACCENT) -> Written:
    """Raises BadInput when `body` is longer than LONGEST.

    `for_page`: for a page with a style sheet of its own, which loads nothing from elsewhere: a picture is a link to it.
    `links` is their colour in a mail.
    """
    if len(body) > LONGEST:
        raise BadInput(_("The text has more than %(most)s characters.") % {"most": number(LONGEST)})
    markdown = import_module(
        "newsletter.broadcasts.markdown"
    )  # a twentieth of our start, and no form needs it
    written: Written = markdown.written(marks, body, for_page=for_page, links=links)
    return written
