"""A form that has sites of its own: on their pages it is open, and on no others, those of the settings included."""

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import httpx
import msgspec
import pytest

from newsletter.ids import new_id
from newsletter.storage import Tx
from newsletter.web.public.forms import NOT_AMONG_ITS_OWN
from tests.conftest import ON_ONE
from tests.web.conftest import Serve
from tests.web.stage import ADA, BLOG, MALLORY, URL, Stage
from tests.web.test_desk_forms import FILLED, own_values
from tests.web.test_embedding import from_page, held_by, readable

COURSE, SHOP = "https://course.example.org", "https://shop.example.org"
FORMS = {"guide": BLOG, "course": COURSE, "shop": SHOP}
"""Each form, and the one site that it is open to: the first has no list of its own."""


@pytest.fixture
async def listed(serve: Serve) -> AsyncIterator[Stage]:
    async with serve(worker=False, allowed_origins=(BLOG,), trusted_proxies=("127.0.0.0/8",)) as running:
        guide = await running.house.form()
        for slug, site in tuple(FORMS.items())[1:]:
            ids = {"id": new_id(), "wording_id": new_id()}
            form = msgspec.structs.replace(guide, slug=slug, allowed_origins=(site,), **ids)
            await running.site.db.write(running.site.forms.make, form)
        yield running


@pytest.fixture
async def web(listed: Stage) -> httpx.AsyncClient:
    return await listed.visitor()


async def test_a_page_of_another_form_s_list_is_refused(listed: Stage, web: httpx.AsyncClient) -> None:
    before = await listed.dump()
    for slug, own in FORMS.items():
        for origin in {*FORMS.values(), f"{own}.evil.example", f"{own}:8443"} - {own}:
            for path in (f"/forms/{slug}", f"/forms/{slug}/embed"):
                page = await web.post(path, data={"email": MALLORY}, headers={"Origin": origin})
                assert page.status_code == 403, (slug, origin)
                assert (NOT_AMONG_ITS_OWN in page.text) == (slug != "guide")
            asked = [
                await web.options(f"/forms/{slug}", headers=from_page(origin)),
                await web.get(f"/forms/{slug}", headers=from_page(origin)),
                await web.post(f"/forms/{slug}", json={"email": MALLORY}, headers=from_page(origin)),
            ]
            assert [one.status_code for one in asked] == [204, 200, 403]
            assert not any(readable(one, origin) for one in asked), (slug, origin)
    assert await listed.dump() == before


async def test_its_own_pages_may_have_it(listed: Stage, web: httpx.AsyncClient) -> None:
    for slug, own in FORMS.items():
        asked = [
            await web.options(f"/forms/{slug}", headers=from_page(own)),
            await web.get(f"/forms/{slug}", headers=from_page(own)),
            await web.post(f"/forms/{slug}", json={"email": ADA}, headers=from_page(own)),
        ]
        assert [one.status_code for one in asked] == [204, 200, 202]
        assert all(readable(one, own) for one in asked), slug
        for origin in (own, URL, "null"):
            sent = await web.post(f"/forms/{slug}", data={"email": ADA}, headers={"Origin": origin})
            assert sent.status_code == 303, (slug, origin)
        for path in (f"/forms/{slug}/embed", f"/forms/{slug}/embed/sent"):
            assert held_by(await web.get(path)) == f"'self' {own}"
        assert held_by(await web.get(f"/forms/{slug}")) == "'none'"


async def test_its_own_pages_see_what_went_wrong(listed: Stage, web: httpx.AsyncClient) -> None:
    """By the page, by the app and, where nothing else is left, by the edge."""

    async def break_it(tx: Tx) -> None:
        await tx.run("ALTER TABLE signups RENAME TO lost")

    async def too_much() -> AsyncIterator[bytes]:
        yield b"x" * 40_000

    tries: list[tuple[int, dict[str, Any], dict[str, Any]]] = [
        (422, {"json": {"email": "ada"}}, {"data": {"email": "ada"}}),
        (415, {"content": b"x"}, {"content": b"x"}),
        (413, {"content": too_much()}, {"content": too_much()}),
        (500, {"json": {"email": ADA}}, {"data": {"email": ADA}}),
    ]
    for status, by_script, in_frame in tries:
        if status == 500:
            await listed.site.db.write(break_it)
        told = await web.post("/forms/course", headers=from_page(COURSE), **by_script)
        assert (told.status_code, readable(told, COURSE)) == (status, True)
        seen = await web.post("/forms/course/embed", headers={"Origin": URL}, **in_frame)
        assert (seen.status_code, held_by(seen)) == (status, f"'self' {COURSE}")


async def test_what_leads_back_is_one_of_them(listed: Stage, web: httpx.AsyncClient) -> None:
    for slug, own in FORMS.items():
        for origin in FORMS.values():
            page = f"{origin}/on-work"
            sent = await web.post(f"/forms/{slug}", data={"email": ADA, "page_url": page})
            assert ("back=" in sent.headers["Location"]) == (origin == own), (slug, origin)
            forged = await web.get(f"/forms/{slug}/sent", params={"back": page})
            assert ("Back to the article" in forged.text) == (origin == own), (slug, origin)


async def test_the_thank_you_page_is_on_one_of_them(listed: Stage, web: httpx.AsyncClient) -> None:
    for origin, leads_to in ((COURSE, f"{COURSE}/thanks"), (BLOG, "/forms/course/sent")):
        form = await listed.site.db.read(listed.site.forms.stored, "course")
        form = msgspec.structs.replace(form, thanks_url=f"{origin}/thanks")
        await listed.site.db.write(listed.site.forms.change, form)
        listed.site.forms.forget(form)
        sent = await web.post("/forms/course", data={"email": ADA})
        assert sent.headers["Location"] == leads_to
        policy = (await web.get("/forms/course")).headers["Content-Security-Policy"]
        assert (f"form-action 'self' {COURSE};" in policy) == (origin == COURSE)


async def test_its_owner_names_them_where_it_is_edited(still: Stage) -> None:
    """Without any, all pages may have it; with some, at once only theirs."""
    web = await still.visitor()
    await still.signs_in(web)
    own = {**FILLED, "thanks_url": f"{SHOP}/thanks", **await own_values(web, "/admin/forms/guide")}
    elsewhere = {"Origin": BLOG}
    assert (await web.post("/forms/guide", data={"email": ADA}, headers=elsewhere)).status_code == 303
    for wrong in ("example.org", f"{COURSE}/blog", "https://*", "https://a.example;sandbox", "https://a'b"):
        answer = await web.post("/admin/forms/guide", data={**own, "allowed_origins": wrong})
        assert answer.status_code == 422, wrong
        assert 'id="allowed_origins-error"' in answer.text
        assert f'value="{wrong}"' in unescape(answer.text)
    lone = await web.post("/admin/forms/guide", data={**own, "allowed_origins": COURSE})
    assert (lone.status_code, 'id="thanks_url-error"' in lone.text) == (422, True)
    assert re.search(rf'id="thanks_url-help">[^<]*{COURSE}', lone.text)
    typed = {**own, "allowed_origins": f"{COURSE}, {SHOP.upper()}/,{COURSE}"}
    assert (await web.post("/admin/forms/guide", data=typed)).status_code == 303
    form = await still.site.db.read(still.site.forms.stored, "guide")
    assert form.allowed_origins == (COURSE, SHOP)
    assert f'value="{COURSE}, {SHOP}"' in (await web.get("/admin/forms/guide")).text
    assert (await web.post("/forms/guide", data={"email": ADA}, headers=elsewhere)).status_code == 403
    sent = await web.post("/forms/guide", data={"email": ADA}, headers={"Origin": SHOP})
    assert sent.headers["Location"] == f"{SHOP}/thanks"
    made = await web.post("/admin/forms/new", data={"slug": "second", **typed})
    assert made.status_code == 303
    assert (await still.site.db.read(still.site.forms.stored, "second")).allowed_origins == (COURSE, SHOP)


@ON_ONE
async def test_the_check_of_a_page_is_held_to_them(listed: Stage, web: httpx.AsyncClient) -> None:
    await listed.signs_in(web)
    for slug, own in FORMS.items():
        path = f"/admin/forms/{slug}/page"
        shown = unescape((await web.get(path)).text)
        assert f"On one of: {URL}, {own}." in shown
        assert ("This form has sites of its own" in shown) == (slug != "guide")
        for origin in {*FORMS.values()} - {own}:
            typed = {"page_url": f"{origin}/on-work", **await own_values(web, path)}
            refused = await web.post(path, data=typed)
            assert refused.status_code == 422
            assert "on none of the sites listed here" in refused.text
