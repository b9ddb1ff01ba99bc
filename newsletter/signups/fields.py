"""What a form's own fields take: each type's answer, and what a field must be like to be asked."""

import re
from collections.abc import Sequence
from datetime import date

import msgspec

from newsletter.errors import BadInput
from newsletter.signups.model import Field
from newsletter.words import gettext as _

TYPES = {
    "text": "Text",
    "choice": "One of several",
    "number": "Number",
    "date": "Date",
    "yes_no": "Yes or no",
}
"""By the name that is kept, as an owner reads it."""

MOST_FIELDS = 10  # beside the address
MOST_OPTIONS = 50
LONGEST_OPTION = 100
LONGEST = {"text": 200, "number": 24, "date": 10}
"""Characters of an answer."""

_NAME = re.compile("[a-z][a-z0-9_]{0,39}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}([.,][0-9]{1,6})?")
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TAKEN = {
    "email", "token", "leave_blank", "altcha", "page_url", "csrf", "submit", "button", "commit", "x", "y", "action",
    "method", "target", "elements", "hidden", "reset", "id", "style", "dataset", "children", "after", "before",
    "closest", "append", "remove",
}  # fmt: skip
"""What our forms and pages' scripts mean something else by: a field of that name would stand in their way."""


def answer(field: Field, text: str) -> str:
    """`text`, which is not empty, as it is kept. Raises BadInput."""
    if field.choices:
        wanted = text.casefold()
        for option in field.choices:
            if option.casefold() == wanted:
                return option
        raise BadInput(_("Please choose one: %(field)s.") % {"field": field.label})
    if field.type == "number":
        if not _NUMBER.fullmatch(text):
            raise BadInput("Please write a number in digits, like 12 or 12.5.")
        return text.replace(",", ".").removeprefix("+")
    if field.type == "date":
        try:
            if _DATE.fullmatch(text):
                return date.fromisoformat(text).isoformat()
        except ValueError:
            pass
        raise BadInput("Please write the date as year, month and day, like 2027-03-31.")
    return text


def faults(field: Field, others: Sequence[Field]) -> dict[str, str]:
    """What keeps `field` from being asked beside `others`, by the part of it that is wrong."""
    wrong: dict[str, str] = {}
    if not field.label:
        wrong["label"] = "Please write what the field asks."
    if not _NAME.fullmatch(field.name):
        wrong["name"] = "Please use small letters a to z, digits and _, a letter first, 40 at most."
    elif field.name in _TAKEN:
        wrong["name"] = "The form uses this name itself. Please take another."
    elif any(other.name == field.name for other in others):
        wrong["name"] = "Another field has this name."
    if field.type not in TYPES or (field.name == "name" and field.type != "text"):
        wrong["type"] = "Please choose what it takes; a name is text."
    if field.type == "choice":
        if not 2 <= len(field.options) <= MOST_OPTIONS:
            sentence = _("Please write %(least)d to %(most)d answers to choose from, one on each line.")
            wrong["options"] = sentence % {"least": 2, "most": MOST_OPTIONS}
        elif max(map(len, field.options)) > LONGEST_OPTION:
            wrong["options"] = _("An answer is too long: %(most)d characters at most.") % {
                "most": LONGEST_OPTION
            }
    return wrong


def fitted(field: Field) -> Field:
    """With the longest answer that its type can have, and no answers to choose from but where one chooses."""
    options = field.options if field.type == "choice" else ()
    longest = max(map(len, field.choices), default=0) or LONGEST.get(field.type, LONGEST["text"])
    if field.type == "text":
        longest = min(field.max_length, LONGEST["text"])
    return msgspec.structs.replace(field, options=options, max_length=longest)
