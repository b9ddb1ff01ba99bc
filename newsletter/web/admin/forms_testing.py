"""Two variants of a form's texts at the desk: begun, judged on who confirmed, and ended by choosing one."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from newsletter.errors import BadInput
from newsletter.owners import Session
from newsletter.signups import Form, testing
from newsletter.web.admin.door import form_key, own_fields, refresh, session_of
from newsletter.web.admin.forms_filling import LONGEST as OF_A_FORM
from newsletter.web.admin.forms_filling import NEEDED
from newsletter.web.kit.site import Site, site_of
from newsletter.words import day

LONGEST = {name: OF_A_FORM[name] for name in ("title", "intro", "button")}
BESIDE = {"action": 10, "test": 20}


@get("/admin/forms/{slug:str}/test")
async def show(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    """Raises SignedOut, NotFound."""
    site = site_of(request)
    session = await session_of(request)
    form = await site.db.read(site.forms.stored, slug)
    page = await _page(site, session, form, {name: getattr(form, name) for name in LONGEST})
    await refresh(request, session, page)
    return page


@post("/admin/forms/{slug:str}/test")
async def act(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    """Raises SignedOut, BadInput, NotFound, Conflict."""
    site = site_of(request)
    sent = await own_fields(request, LONGEST | BESIDE, multiline=("intro",))
    form = await site.db.read(site.forms.stored, slug)
    action = sent.values.get("action", "")
    if action in ("choose-a", "choose-b"):
        letter: testing.Letter = "a" if action == "choose-a" else "b"
        await site.db.write(testing.end, site.forms, slug, sent.values.get("test", ""), letter)
    else:
        texts = {name: sent.values.get(name, "") for name in LONGEST}
        for name in ("title", "button"):
            if not texts[name]:
                sent.errors.setdefault(name, NEEDED[name])
        if not sent.errors:
            try:
                await site.db.write(testing.begin, site.forms, slug, texts)
            except BadInput as error:
                sent.errors.update(error.fields)
        if sent.errors:
            return await _page(site, sent.session, form, sent.values, errors=sent.errors)
    site.forms.forget(form)
    return Redirect(f"/admin/forms/{slug}/test", status_code=303, headers={"Cache-Control": "no-store"})


async def _page(
    site: Site, session: Session, form: Form, values: dict[str, str], *, errors: dict[str, str] | None = None
) -> Response[str]:
    known: dict[str, Any] = {}
    if form.test:
        trials = await site.db.read(testing.trials, form.test)
        known = {
            "trials": trials,
            "variants": {"a": form.test.a, "b": form.test.b},
            "number": testing.by_number(trials["a"], trials["b"]),
            "share": testing.by_share(trials["a"], trials["b"]),
            "began": day(form.test.began_at, site.settings.time_zone),
        }
    return site.pages.page(
        "admin/form_test.html",
        422 if errors else 200,
        form=form,
        values=values,
        errors=errors or {},
        longest=LONGEST,
        fewest=testing.FEWEST,
        csrf=form_key(site, session),
        **known,
    )


ROUTES = [show, act]
