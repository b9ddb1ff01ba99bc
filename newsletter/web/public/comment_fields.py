"""What the forms for comments send, and the draft that it makes."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_args

from litestar import Request

from newsletter.addresses import Address, parse
from newsletter.comments import LONGEST, LONGEST_WEBSITE, Draft, Follow, website
from newsletter.errors import BadInput, Refused
from newsletter.ids import read_id
from newsletter.settings import Settings
from newsletter.web.kit.policy import foreign_page, page_url

FIELDS = {
    "url": 8_000,
    "title": 300,
    "parent": 20,
    "name": 80,
    "email": 254,
    "website": LONGEST_WEBSITE,
    "comment": LONGEST,
    "follow": 10,
    "newsletter": 10,
    "redirect_to": 2_000,
    "leave_blank": 200,
    "token": 200,
    "altcha": 2_000,
}
MULTILINE = frozenset({"comment"})

AGAIN = "Please look at the marked fields; what you typed is still there."
FOREIGN = (
    "Comments aren’t open to the page that sent this. Its author can allow it at the desk, under Settings."
)
NO_TEXT = "Please write something."
NO_NAME = "Please say what we may call you. Any name will do."
NO_PARENT = "There is no such comment to answer."
NO_FOLLOW = "Please choose what you want to be mailed."

T = TypeVar("T")


def check_page(request: Request[Any, Any, Any], settings: Settings) -> None:
    """Raises Refused where a page sent this that the owner did not allow."""
    if foreign_page(request, settings):
        raise Refused(FOREIGN)


def read_draft(
    values: Mapping[str, str], errors: Mapping[str, str], settings: Settings, network: str
) -> Draft:
    """The comment of a filled-in form; `errors` is what was wrong with its text already.

    Raises BadInput with every field's error at once.
    """
    wrong = dict(errors)

    def checked(name: str, check: Callable[[str], T], otherwise: T) -> T:
        try:
            return check(values.get(name, ""))
        except BadInput as error:
            wrong.setdefault(name, error.sentence)
            return otherwise

    draft = Draft(
        url=checked("url", lambda text: page_url(text, settings), ""),
        title=values.get("title", ""),
        parent_id=checked("parent", _id, None),
        name=checked("name", lambda text: _filled(text, NO_NAME), ""),
        address=checked("email", parse, Address("", "")),
        website=checked("website", website, ""),
        raw=checked("comment", lambda text: _filled(text, NO_TEXT), ""),
        network=network,
        follow=checked("follow", _follow, ""),
    )
    if wrong:
        raise BadInput(AGAIN, wrong)
    return draft


def _filled(text: str, sentence: str) -> str:
    if not text.strip():
        raise BadInput(sentence)
    return text


def _id(text: str) -> int | None:
    if not text:
        return None
    id = read_id(text)
    if id is None:
        raise BadInput(NO_PARENT)
    return id or None


def _follow(text: str) -> Follow:
    for known in get_args(Follow):
        if text == known:
            return known  # type: ignore[no-any-return]  # get_args forgets that it is one of these
    raise BadInput(NO_FOLLOW)
