"""How the owner wants comments judged: who is held, how deep answers go, their own rules."""

from typing import Any, cast, get_args

import msgspec
from litestar import Request, Response, get, post
from litestar.response import Redirect

from newsletter.comments import Options, Policy, parse_rules
from newsletter.errors import BadInput
from newsletter.owners import Session
from newsletter.web.admin.door import form_key, own_fields, refresh, session_of
from newsletter.web.kit.site import Site, site_of
from newsletter.words import gettext as _
from newsletter.words import number

LONGEST_RULES = 20_000
NUMBERS = {"depth": (1, 6), "most_links": (0, 100), "close_after_days": (0, 3650)}
"""The fields that hold a number, each with the least and the most."""


@get("/admin/comments/settings")
async def show(request: Request[Any, Any, Any]) -> Response[str]:
    site = site_of(request)
    session = await session_of(request)
    options = await site.db.read(site.moderation.options)
    values = {name: str(value) for name, value in msgspec.structs.asdict(options).items()}
    page = _page(site, session, options, values, {}, saved="saved" in request.query_params)
    await refresh(request, session, page)
    return page


def _page(
    site: Site,
    session: Session,
    options: Options,
    values: dict[str, str],
    errors: dict[str, str],
    *,
    saved: bool = False,
) -> Response[str]:
    return site.pages.page(
        "admin/comment_settings.html",
        422 if errors else 200,
        values=values,
        errors=errors,
        limits=NUMBERS,
        taught={"spam": options.spam, "ham": options.ham},
        saved=saved,
        longest=LONGEST_RULES,
        csrf=form_key(site, session),
    )


@post("/admin/comments/settings")
async def save(request: Request[Any, Any, Any]) -> Response[Any]:
    """Raises SignedOut, BadInput."""
    site = site_of(request)
    allowed = {"policy": 10, "rules": LONGEST_RULES, **dict.fromkeys(NUMBERS, 10)}
    sent = await own_fields(request, allowed, multiline=("rules",))
    errors, values = dict(sent.errors), sent.values
    numbers = {name: _number(values.get(name, ""), *limits) for name, limits in NUMBERS.items()}
    for name in (name for name, given in numbers.items() if given < 0):
        least, most = NUMBERS[name]
        errors.setdefault(name, _whole(least, most))
    if values.get("policy") not in get_args(Policy):
        errors["policy"] = "Please choose one of these."
    try:
        parse_rules(values.get("rules", ""))
    except BadInput as error:
        errors.setdefault("rules", error.sentence)
    if errors:
        options = await site.db.read(site.moderation.options)
        return _page(site, sent.session, options, values, errors)
    await _store(site, values, numbers)
    to = "/admin/comments/settings?saved=1"
    return Redirect(to, status_code=303, headers={"Cache-Control": "no-store"})


async def _store(site: Site, values: dict[str, str], numbers: dict[str, int]) -> None:
    policy, rules = cast("Policy", values["policy"]), values.get("rules", "")
    depth, links, days = (numbers[name] for name in NUMBERS)
    await site.db.write(site.moderation.set_options, policy, depth, links, days, rules)


def _whole(least: int, most: int) -> str:
    return _("Please give a whole number from %(least)s to %(most)s.") % {
        "least": least,
        "most": number(most),
    }


def _number(text: str, least: int, most: int) -> int:
    """-1 for what is none, or out of its limits."""
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        return -1
    return int(text) if least <= int(text) <= most else -1


ROUTES = [show, save]
