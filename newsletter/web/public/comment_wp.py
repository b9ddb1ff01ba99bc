"""The comment form of a WordPress theme, with its own field names: only its address has to change."""

from typing import Any
from urllib.parse import urlsplit

from litestar import Request, Response, post

from newsletter.comments import LONGEST, LONGEST_WEBSITE
from newsletter.errors import BadInput
from newsletter.ids import read_id
from newsletter.settings import Settings
from newsletter.web.kit.body import UNKNOWN, Body, read_fields
from newsletter.web.kit.policy import page_url
from newsletter.web.kit.site import site_of
from newsletter.web.public.comment_fields import FIELDS, MULTILINE
from newsletter.web.public.comments import take

OURS = {
    "author": "name",
    "email": "email",
    "url": "website",
    "comment": "comment",
    "comment_parent": "parent",
    "redirect_to": "redirect_to",
    "ak_hp_textarea": "leave_blank",
}
"""Each field of theirs, and ours."""

_THEIRS = {
    **{theirs: FIELDS[ours] for theirs, ours in OURS.items()},
    "url": LONGEST_WEBSITE,
    "comment": LONGEST,
    "comment_post_ID": 20,
    "wp-comment-cookies-consent": 10,
}


@post("/wp-comments-post.php", status_code=202)
async def submit(request: Request[Any, Any, Any]) -> Response[Any]:
    """Whatever else a theme sends along is not read: there is too much of it to know it all."""
    body = await read_fields(request, _THEIRS, multiline=MULTILINE)
    errors = {name: error for name, error in body.errors.items() if error != UNKNOWN}
    ours = {OURS[name]: value for name, value in body.values.items() if name in OURS}
    ours["url"] = _page(request, body.values, site_of(request).settings)
    named = {OURS.get(name, name): error for name, error in errors.items()}
    return await take(request, Body(ours, named, body.is_json))


def _page(request: Request[Any, Any, Any], values: dict[str, str], settings: Settings) -> str:
    """Where the theme's form stands, as well as it is told: by its own word, in a field or in the address that it posts
    to, by the browser's, by its post's number.

    '' where none of them leads to a page that comments are open for.
    """
    referer = request.headers.get("referer", "")
    in_address = request.query_params.get("redirect_to", "")
    for said in (values.get("redirect_to", ""), in_address, referer if _has_path(referer) else ""):
        if url := _open(said, settings):
            return url
    number = read_id(values.get("comment_post_ID", ""))
    if number is not None:
        for said in (request.headers.get("origin", ""), referer):
            if url := _open(said, settings):
                parts = urlsplit(url)
                return f"{parts.scheme}://{parts.netloc}/?p={number}"
    return ""


def _has_path(referer: str) -> bool:
    """Most browsers tell other origins no more than the origin."""
    try:
        return urlsplit(referer).path not in ("", "/")
    except ValueError:
        return False


def _open(text: str, settings: Settings) -> str:
    try:
        return page_url(text, settings)
    except BadInput:
        return ""


ROUTES = [submit]
