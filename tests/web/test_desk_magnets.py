"""Guides at the desk: made, given a new version, and kept only where the file is what it says it is."""

import html
import re

import httpx

from newsletter.app import tidy_once
from newsletter.storage import CHUNK, files
from newsletter.web.kit import waiting_files
from newsletter.web.kit.guides import file_name
from tests.conftest import ON_ONE
from tests.web.conftest import Serve
from tests.web.stage import ADA, Stage
from tests.web.test_desk import csrf_on
from tests.web.test_doors import unread

PDF = b"%PDF-1.7\n" + b"x" * (2 * CHUNK) + b"\n%%EOF\n"
NEW = {"title": "First <ninety> days", "slug": "ninety-days", "description": "In two\nlines."}


async def sends(
    web: httpx.AsyncClient, content: bytes, name: str = "guide.pdf", **fields: str
) -> httpx.Response:
    csrf = csrf_on(await web.get("/admin/magnets"))
    return await web.post(
        "/admin/magnets", data={"csrf": csrf, **fields}, files={"file": (name, content, "text/plain")}
    )


@ON_ONE
async def test_a_guide_is_made_and_renewed_and_links_serve_the_newest(still: Stage) -> None:
    web = await still.visitor()
    joined = await still.member(web, ADA)
    link = html.unescape(re.findall(r'href="[^"]*(/downloads/[^"]+)"', joined)[0])
    await web.get(link)
    await still.signs_in(web)
    made = await sends(web, PDF, "../../First: days.PDF", **NEW)
    assert (made.status_code, made.headers["Location"]) == (303, "/admin/magnets?saved=ninety-days")
    assert "First &lt;ninety&gt; days" in (await web.get("/admin/forms/guide")).text
    renewed = await sends(web, PDF + b"%%EOF", magnet="structure-your-career", notes="Shorter")
    assert renewed.status_code == 303
    assert (await web.get(link)).content == PDF + b"%%EOF"

    page = (await web.get("/admin/magnets")).text
    rows = re.findall(
        r'data-label="File"><span><bdi>([^<]*)</bdi>.*?data-label="People">([\d,]+)', page, re.DOTALL
    )
    assert rows == [("First- days.pdf", "0"), ("guide.pdf", "1"), ("structure-your-career.pdf", "1")]
    again = await sends(web, PDF + b"%%EOF", magnet="structure-your-career")
    assert again.status_code == 422
    assert "very file" in again.text
    assert await still.house.count("SELECT count(*) FROM files WHERE sha256 LIKE 'coming-%'") == 0


@ON_ONE
async def test_what_is_no_guide_leaves_nothing(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    before = unread(await still.dump())  # that somebody tried is noted
    for content in (b"<html>%%EOF", b"%PDF-1.7\nbroken off", b"PK\x03\x04"):
        refused = await sends(web, content, **NEW)
        assert refused.status_code == 422
        assert 'id="file-error"' in refused.text
        assert "In two\nlines." in refused.text
    for wrong in ({**NEW, "slug": "No Way"}, {**NEW, "title": ""}, {**NEW, "slug": "structure-your-career"}):
        refused = await sends(web, PDF, **wrong)
        assert (refused.status_code, "Nothing was saved" in refused.text) == (422, True)
    assert (await sends(web, PDF, magnet="none")).status_code == 422
    assert (await sends(web, PDF, **NEW, other="1")).status_code == 422
    csrf = {"csrf": "x", **NEW}
    assert (await web.post("/admin/magnets", data=csrf, files={"file": ("a.pdf", PDF)})).status_code == 422
    assert (
        await web.post("/admin/magnets", data={"csrf": csrf_on(await web.get("/admin/magnets"))})
    ).status_code in (
        415,
        422,
    )
    assert unread(await still.dump()) == before
    folder = waiting_files.folder(still.site.settings)
    assert not folder.exists() or not list(folder.iterdir())


@ON_ONE
async def test_one_that_is_too_large_is_refused(serve: Serve) -> None:
    async with serve(worker=False, import_mb=1) as still:
        web = await still.visitor()
        await still.signs_in(web)
        assert (await sends(web, PDF + b"x" * 1_200_000, **NEW)).status_code == 413
        assert await still.house.count("SELECT count(*) FROM files") == 1


def test_a_files_name_is_fit_for_a_header_and_a_disk() -> None:
    names = {
        "a/b.pdf": "a-b.pdf",
        "": "guide.pdf",
        "Über uns.PDF": "Über uns.pdf",
        "x\u202efdp.exe": "guide.pdf",
    }
    assert {name: file_name(name) for name in names} == names
    assert files.CHUNK == CHUNK


@ON_ONE
async def test_the_desk_says_how_many_it_would_tell_and_asks(still: Stage) -> None:
    web = await still.visitor()
    await still.member(web, ADA)
    await still.signs_in(web)
    path = "/admin/magnets/structure-your-career/tell"
    assert "There is one version" in (await web.get(path)).text
    assert path not in (await web.get("/admin/magnets")).text
    still.clock.forward(1)
    await sends(web, PDF, magnet="structure-your-career")
    assert path in (await web.get("/admin/magnets")).text
    page = await web.get(path)
    assert "One person has an older version" in page.text
    assert await still.house.count("SELECT count(*) FROM magnet_tellings") == 0
    form = {"csrf": csrf_on(page), "number": "2", "words": "A chapter <more>."}
    assert (await web.post(path, data={**form, "number": "1"})).status_code == 409
    assert (await web.post(path, data={**form, "number": "x"})).status_code == 422
    asked = await web.post(path, data=form)
    assert (asked.status_code, asked.headers["Location"]) == (303, path)
    await tidy_once(still.site)
    assert "One person was told of version 2" in (await web.get(path)).text
    assert (await web.post(path, data=form)).status_code == 409
    assert [one.message for one in await still.house.mails(ADA)][-1] == "new_version"
    assert (await web.get("/admin/magnets/none/tell")).status_code == 404
