"""The form on other people's pages: who may read our answers, who may hold us in a frame, also when things go wrong."""

from collections.abc import AsyncIterator

import httpx
import pytest

from newsletter.storage import Tx
from tests.web.conftest import Serve
from tests.web.full import fill_up, until_full
from tests.web.stage import ADA, BEN, BLOG, CLEO, FIREFOX, MALLORY, URL, Stage

LIMITS = {"signups_per_network": 6, "trusted_proxies": ("127.0.0.0/8",)}
EVIL = "https://evil.example"
ALIKE = (
    "https://blogXexample.org",
    f"{BLOG}.evil.example",
    "http://blog.example.org",
    f"{BLOG}:8443",
    f"{EVIL}/{BLOG}",
)

pytestmark = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)  # nothing here is about storage


@pytest.fixture
async def listed(serve: Serve) -> AsyncIterator[Stage]:
    """A service whose owner has named the blog."""
    async with serve(worker=False, allowed_origins=(BLOG,), **LIMITS) as running:
        yield running


@pytest.fixture
async def web(listed: Stage) -> httpx.AsyncClient:
    return await listed.visitor()


def from_page(origin: str) -> dict[str, str]:
    return {"Origin": origin, "Accept": "application/json"}


def readable(answer: httpx.Response, origin: str = BLOG) -> bool:
    """Whether a browser hands this answer to a script of that page."""
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert answer.headers["Vary"] == "Origin"
    allowed: str | None = answer.headers.get("Access-Control-Allow-Origin")
    return allowed == origin


async def test_a_script_of_an_allowed_page(listed: Stage, web: httpx.AsyncClient) -> None:
    asked = await web.options(
        "/forms/guide", headers={**from_page(BLOG), "Access-Control-Request-Method": "POST"}
    )
    assert (asked.status_code, readable(asked)) == (204, True)
    assert {"GET", "POST"} == set(asked.headers["Access-Control-Allow-Methods"].split(", "))
    assert "Content-Type" in asked.headers["Access-Control-Allow-Headers"]

    form = await web.get("/forms/guide", headers=from_page(BLOG))
    assert (form.status_code, readable(form)) == (200, True)
    assert form.json()["action"] == f"{URL}/forms/guide"
    assert [field["name"] for field in form.json()["fields"]] == ["email", "name"]
    sent = await web.post("/forms/guide", json={"email": ADA}, headers=from_page(BLOG))
    assert (sent.status_code, readable(sent)) == (202, True)
    assert await listed.house.count(f"SELECT count(*) FROM signups WHERE page = '{BLOG}'") == 1


async def test_a_script_reads_what_went_wrong_too(listed: Stage, web: httpx.AsyncClient) -> None:
    token = (await web.get("/forms/guide", headers=from_page(BLOG))).json()["token"]
    json = {**from_page(BLOG), "Content-Type": "application/json"}
    tries = [
        (422, "/forms/guide", b'{"email": "ada"}', json),
        (422, "/forms/guide", b'{"email": "%s", "token": "%s"}' % (ADA.encode(), token.encode()), json),
        (422, "/forms/guide", b"not json", json),
        (415, "/forms/guide", b"<x/>", {**json, "Content-Type": "application/xml"}),
        (413, "/forms/guide", b"x" * 40_000, json),
        (404, "/forms/none", b'{"email": "ada@example.org"}', json),
    ]
    for status, path, body, headers in tries:
        answer = await web.post(path, content=body, headers=headers)
        assert (answer.status_code, readable(answer)) == (status, True), (status, body[:40])
        assert answer.json()["status"] == status
    assert (await web.get("/forms/none", headers=from_page(BLOG))).status_code == 404
    for _ in range(6):
        await web.post("/forms/guide", json={"email": ADA}, headers=from_page(BLOG))
    late = await web.post("/forms/guide", json={"email": ADA}, headers=from_page(BLOG))
    assert (late.status_code, readable(late)) == (429, True)
    assert late.headers["Access-Control-Expose-Headers"] == "Retry-After"


async def test_a_proof_of_work_can_be_read(serve: Serve) -> None:
    async with serve(worker=False, allowed_origins=(BLOG,), proof_above=0) as service:
        web = await service.visitor()
        asked = await web.post("/forms/guide", json={"email": ADA}, headers=from_page(BLOG))
        assert (asked.status_code, readable(asked)) == (428, True)


async def test_foreign_pages_are_refused(listed: Stage, web: httpx.AsyncClient) -> None:
    before = await listed.dump()
    for origin in (EVIL, *ALIKE, "ada@example.org"):
        for path in ("/forms/guide", "/forms/guide/embed"):
            page = await web.post(path, data={"email": MALLORY}, headers={"Origin": origin})
            assert page.status_code == 403, origin
            assert "under Settings" in page.text
        problem = await web.post("/forms/guide", json={"email": MALLORY}, headers=from_page(origin))
        assert (problem.status_code, readable(problem, origin)) == (403, False)
        assert not readable(await web.get("/forms/guide", headers=from_page(origin)), origin)
        asked = await web.options("/forms/guide", headers=from_page(origin))
        assert "Access-Control-Allow-Origin" not in asked.headers
    assert await listed.dump() == before


async def test_pages_that_hide_or_share_our_origin_are_not(listed: Stage, web: httpx.AsyncClient) -> None:
    for origin, email in ((None, ADA), ("null", BEN), (URL, CLEO)):
        headers = {"Origin": origin} if origin else {}
        sent = await web.post("/forms/guide", data={"email": email}, headers=headers)
        assert sent.status_code == 303, origin
    assert await listed.house.count("SELECT count(*) FROM signups") == 3


async def test_without_a_list_every_page_may_post_and_none_may_read(still: Stage) -> None:
    web = await still.visitor()
    sent = await web.post("/forms/guide", data={"email": ADA}, headers={"Origin": EVIL})
    assert sent.status_code == 303
    answer = await web.post("/forms/guide", json={"email": BEN}, headers=from_page(EVIL))
    assert (answer.status_code, readable(answer, EVIL)) == (202, False)


def held_by(answer: httpx.Response) -> str:
    """Who may show this page in a frame. A frame of others stays blank for what says nothing, or DENY."""
    policy = dict(
        part.strip().partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split(";")
    )
    assert ("X-Frame-Options" in answer.headers) == (policy["frame-ancestors"] == "'none'")
    return policy["frame-ancestors"]


async def test_the_frame_is_held_by_allowed_pages_only(listed: Stage, web: httpx.AsyncClient) -> None:
    for path in ("/forms/guide/embed", "/forms/guide/embed/sent"):
        page = await web.get(path)
        assert held_by(page) == f"'self' {BLOG}"
        assert page.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert "frame." in page.text  # the script that tells how tall it is
        assert "<footer" not in page.text
    for path in ("/forms/guide", "/forms/guide/sent", "/admin/sign-in", "/nowhere"):
        assert held_by(await web.get(path)) == "'none'"
    sent = await web.post("/forms/guide/embed", data={"email": ADA}, headers={"Origin": URL})
    assert sent.headers["Location"] == "/forms/guide/embed/sent"


async def test_trouble_inside_the_frame_is_seen_there(listed: Stage, web: httpx.AsyncClient) -> None:
    """A page that may not be framed would leave it blank: nobody would know what happened."""
    typed = {"email": ADA, "name": "Ada"}
    tries = [
        (422, await web.post("/forms/guide/embed", data={"email": "ada"})),
        (422, await web.post("/forms/guide/embed", data={**typed, "other": "x"})),
        (415, await web.post("/forms/guide/embed", content=b"x", headers={"Content-Type": "text/plain"})),
        (413, await web.post("/forms/guide/embed", data={"email": "x" * 40_000})),
        (405, await web.put("/forms/guide/embed")),
        (404, await web.get("/forms/none/embed")),
        (404, await web.post("/forms/none/embed", data=typed)),
        (404, await web.get("/forms/none/embed/sent")),
        (403, await web.post("/forms/guide/embed", data=typed, headers={"Origin": EVIL})),
    ]
    for _ in range(6):
        await web.post("/forms/guide/embed", data=typed)
    tries.append((429, await web.post("/forms/guide/embed", data=typed)))
    await listed.site.db.write(fill_up)
    tries.append((503, await until_full(web, "/forms/guide/embed")))
    for status, answer in tries:
        assert answer.status_code == status, answer.text
        assert held_by(answer) == f"'self' {BLOG}", status
        assert "frame." in answer.text, status
        assert "<footer" not in answer.text, status


async def test_what_is_broken_is_seen_in_the_frame_too(listed: Stage, web: httpx.AsyncClient) -> None:
    async def break_it(tx: Tx) -> None:
        await tx.run("ALTER TABLE forms RENAME TO lost")

    await listed.site.db.write(break_it)
    failed = await web.get("/forms/another/embed")
    assert (failed.status_code, held_by(failed)) == (500, f"'self' {BLOG}")
    problem = await web.get("/forms/another", headers=from_page(BLOG))
    assert (problem.status_code, readable(problem)) == (500, True)
    assert problem.json()["reference"]


async def lead_to(stage: Stage, url: str) -> None:
    async def choose(tx: Tx) -> None:
        await tx.run("UPDATE forms SET thanks_url = :url", url=url)

    await stage.site.db.write(choose)


@pytest.mark.parametrize(
    "elsewhere", [EVIL, f"{BLOG}.evil.example", f"{BLOG}@evil.example", "//evil.example", "http://[x"]
)
async def test_a_thank_you_page_that_is_not_allowed_is_ours(
    listed: Stage, web: httpx.AsyncClient, elsewhere: str
) -> None:
    await lead_to(listed, f"{elsewhere}/thanks")
    page = await web.get("/forms/guide")
    assert "form-action 'self';" in page.headers["Content-Security-Policy"]
    sent = await web.post("/forms/guide", data={"email": ADA})
    assert (sent.status_code, sent.headers["Location"]) == (303, "/forms/guide/sent")


async def test_the_authors_own_thank_you_page(listed: Stage, web: httpx.AsyncClient) -> None:
    await lead_to(listed, f"{BLOG}/thanks")
    page = await web.get("/forms/guide")
    assert f"form-action 'self' {BLOG};" in page.headers["Content-Security-Policy"]
    for path, leads_to in (
        ("/forms/guide", f"{BLOG}/thanks"),
        ("/forms/guide/embed", "/forms/guide/embed/sent"),
    ):
        sent = await web.post(path, data={"email": ADA})
        assert (sent.status_code, sent.headers["Location"]) == (303, leads_to)


async def test_the_script_is_for_everybody(listed: Stage, web: httpx.AsyncClient) -> None:
    script = await web.get("/embed.js", headers={**FIREFOX, "Origin": EVIL})
    assert script.headers["Access-Control-Allow-Origin"] == "*"
    assert script.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert script.headers["Content-Type"].startswith("text/javascript")
    assert "cookie" not in script.text


async def test_the_page_to_wait_at_leads_back_to_where_the_form_stood(serve: Serve) -> None:
    """What the form says leads to a website of the owner's, or nowhere; and it never costs a sign-up."""
    async with serve(worker=False, allowed_origins=(BLOG,)) as service:
        web = await service.visitor()
        page = f"{BLOG}/on-work?a=1&b=2"
        sent = await web.post("/forms/guide", data={"email": ADA, "page_url": page}, headers={"Origin": BLOG})
        assert sent.status_code == 303
        assert (
            f'<a href="{page.replace("&", "&amp;")}">Back to the article'
            in (await web.get(sent.headers["Location"])).text
        )
        again = await web.post("/forms/guide", data={"email": "ada", "page_url": page})
        assert (again.status_code, f'name="page_url" value="{page.replace("&", "&amp;")}"' in again.text) == (
            422,
            True,
        )
        for bad in (
            "https://evil.example/",
            "javascript:alert(1)",
            f"{BLOG}@evil.example",
            "x" * 2_001,
            "a\nb",
            "\0",
            "//evil.example",
        ):
            sent = await web.post("/forms/guide", data={"email": ADA, "page_url": bad})
            assert (sent.status_code, sent.headers["Location"]) == (303, "/forms/guide/sent"), bad
            forged = await web.get("/forms/guide/sent", params={"back": bad[:500]})
            assert (forged.status_code in (200, 400), "Back to the article" in forged.text) == (
                True,
                False,
            ), bad
