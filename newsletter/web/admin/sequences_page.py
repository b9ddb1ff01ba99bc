"""One sequence at the desk: its steps in their order, how far people have come, and everything that a button does."""

from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from newsletter import clock
from newsletter.errors import BadInput, Conflict
from newsletter.ids import read_id
from newsletter.owners import Session
from newsletter.sequences import BEFORE_THE_FIRST, Count, Sequence, Standing, Step, edits, split_delay
from newsletter.web.admin.broadcasts_report import KINDS
from newsletter.web.admin.door import form_key, own_fields, refresh, session_of
from newsletter.web.admin.sequences import (
    START,
    choices_of,
    notice,
    start_typed,
    start_values,
    started_by,
    to,
)
from newsletter.web.kit import sequencing
from newsletter.web.kit.site import Site, site_of
from newsletter.words import gettext as _
from newsletter.words import ngettext, number

NO_BUTTON = "Please use one of the buttons. Nothing was changed."
NO_DAY = "Give a day that has begun already, like 2026-12-01."
FIELDS = {"action": 40, "sure": 1, "since": 10, **START}


class Shown(NamedTuple):
    """A step, how long after the one before it comes, who stands there, and what became of its mails."""

    step: Step
    delay: str
    standing: int
    sent: list[str]


@get("/admin/sequences/{slug:str}")
async def show(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    """Raises SignedOut, NotFound."""
    site = site_of(request)
    session = await session_of(request)
    page = await _page(site, session, slug, done=notice(request))
    await refresh(request, session, page)
    return page


async def _page(
    site: Site,
    session: Session,
    slug: str,
    *,
    values: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    done: str = "",
    trouble: str = "",
    asked: tuple[str, int] | None = None,
    status: int = 200,
) -> Response[str]:
    """`asked`: the day since which it would start for so many, who has to be asked for first."""
    now = await site.db.read(site.sequences.standing, slug)
    choices = await site.db.read(choices_of)
    one = now.sequence
    shown = [_shown(now, step) for step in now.steps]
    return site.pages.page(
        "admin/sequence.html",
        422 if errors else status,
        one=one,
        starts=started_by(one, choices),
        first=_standing(now.people, BEFORE_THE_FIRST),
        steps=[row for row in shown if not row.step.removed],
        removed=[row for row in shown if row.step.removed],
        tally={
            state: sum(c.count for c in now.people if c.state == state) for state in ("finished", "stopped")
        },
        again={
            state: sum(c.count for c in now.sends if c.state == state) for state in ("failed", "in_doubt")
        },
        untouched=not now.people,
        choices=choices,
        values={**start_values(one), **(values or {})},
        errors=errors or {},
        longest=FIELDS,
        asked=asked,
        done=done,
        trouble=trouble,
        csrf=form_key(site, session),
    )


def _shown(now: Standing, step: Step) -> Shown:
    counts = {c.state: c.count for c in now.sends if c.step_id == step.id}
    sent = [f"{number(counts[state])} {_(words)}" for state, words in KINDS.items() if counts.get(state)]
    return Shown(step, _delay(step.delay), _standing(now.people, step.id), sent)


def _delay(delay: int) -> str:
    """In words; nothing where it comes at once."""
    if not delay:
        return ""
    count, unit = split_delay(delay)
    said = {
        "minute": ngettext("%(n)s minute", "%(n)s minutes", count),
        "hour": ngettext("%(n)s hour", "%(n)s hours", count),
        "day": ngettext("%(n)s day", "%(n)s days", count),
        "week": ngettext("%(n)s week", "%(n)s weeks", count),
    }
    return said[unit] % {"n": number(count)}


def _standing(counts: list[Count], step_id: int) -> int:
    return sum(one.count for one in counts if (one.step_id, one.state) == (step_id, "running"))


@post("/admin/sequences/{slug:str}")
async def act(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    """Raises SignedOut, BadInput, NotFound."""
    site = site_of(request)
    sent = await own_fields(request, FIELDS)
    one = await site.db.read(site.sequences.find, slug)
    if sent.errors:
        return await _page(site, sent.session, slug, values=sent.values, errors=sent.errors)
    verb, _, step = sent.values.pop("action", "").partition("-")
    try:
        if step:
            return await _of_step(site, slug, verb, step)
        if verb == "on":
            return await _turn_on(site, sent.session, one, sent.values)
        return await _do(site, sent.session, one, verb, sent.values)
    except Conflict as error:
        return await _page(site, sent.session, slug, trouble=error.sentence, status=409)
    except BadInput as error:
        if error.sentence == NO_BUTTON:
            raise
        trouble = "" if error.fields else error.sentence
        return await _page(
            site, sent.session, slug, values=sent.values, errors=error.fields, trouble=trouble, status=422
        )


async def _of_step(site: Site, slug: str, verb: str, step: str) -> Redirect:
    """Raises BadInput, Conflict, NotFound."""
    id = read_id(step)
    if id is None:
        raise BadInput(NO_BUTTON)
    match verb:
        case "up" | "down":
            await site.db.write(edits.move_step, site.sequences, slug, id, -1 if verb == "up" else 1)
            return to(slug, "moved")
        case "remove":
            await site.db.write(edits.remove_step, site.sequences, slug, id)
            return to(slug, "removed")
        case "back":
            await site.db.write(edits.put_back, site.sequences, slug, id)
            return to(slug, "back")
    raise BadInput(NO_BUTTON)


async def _turn_on(site: Site, session: Session, one: Sequence, values: dict[str, str]) -> Response[Any]:
    """With a day: also for whom it would have started since, once its owner has seen how many that is."""
    day = values.get("since", "")
    since = _moment(site, day) if day else None
    if since is not None and values.get("sure") != "1":
        people = await site.db.read(site.sequences.waiting, one, since)
        if people:
            return await _page(site, session, one.slug, values=values, asked=(day, people))
    await sequencing.turn_on(site, one.slug, since)
    return to(one.slug, "on")


def _moment(site: Site, day: str) -> int:
    """A day's first moment, as the owner's clock shows it, in ms. Raises BadInput."""
    try:
        first = date.fromisoformat(day)
        at = datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(site.settings.time_zone))
        ms = int(at.timestamp()) * clock.SECOND
    except (ValueError, OverflowError):
        raise BadInput(NO_DAY, {"since": NO_DAY}) from None
    if ms > clock.now():
        raise BadInput(NO_DAY, {"since": NO_DAY})
    return ms


async def _do(
    site: Site, session: Session, one: Sequence, verb: str, values: dict[str, str]
) -> Response[Any]:
    """Raises BadInput, Conflict, NotFound."""
    match verb:
        case "off":
            await sequencing.turn_off(site, one.slug)
        case "start":
            await sequencing.start_by(site, one.slug, *start_typed(values))
        case "retry" | "doubt":
            state = "failed" if verb == "retry" else "in_doubt"
            again = await sequencing.send_again(site, one.slug, state)
            return to(one.slug, verb if again else "nothing")
        case "test":
            steps = await site.db.read(site.sequences.steps, one.id)
            await sequencing.send_samples(site, steps, session.email)
            return to(one.slug, "all-tested")
        case "delete":
            await site.db.write(edits.forget, one.slug)
            where = "/admin/sequences?done=deleted"
            return Redirect(where, status_code=303, headers={"Cache-Control": "no-store"})
        case _:
            raise BadInput(NO_BUTTON)
    return to(one.slug, verb)


ROUTES = [show, act]
