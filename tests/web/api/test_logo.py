"""The picture at the top of mails by the API: the same that the desk takes, held to the same."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from newsletter.owners import audit
from newsletter.web.kit import waiting_files
from tests.pictures import png
from tests.web.api.conftest import ROOT, Program
from tests.web.stage import URL, Stage

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("lasting_url", ["sqlite"], indirect=True, scope="module"),
]
LOGO = "/settings/logo"


FIRST = {"If-None-Match": "*"}
ANY = {"If-Match": "*"}


async def put(
    shop: Program, content: bytes, status: int, kind: str = "image/png", read: Mapping[str, str] = ANY
) -> dict[str, object]:
    answer = await shop.ask("PUT", LOGO, status, content=content, headers={"Content-Type": kind, **read})
    said: dict[str, object] = answer.json()
    return said


async def test_a_picture_is_sent_looked_at_and_removed(shop: Program, tmp_path: Path) -> None:
    content = Path(png(tmp_path / "logo.png", 96, 192)).read_bytes()
    await shop.ask("GET", LOGO, 404)
    made = await put(shop, content, 200, read=FIRST)
    seen, read = await shop.read(LOGO)
    assert made == seen
    assert (made["size"], made["width"], made["height"]) == (len(content), 24, 48)
    url = str(made["url"])
    shown = await (await shop.stage.visitor()).get(url.removeprefix(URL))
    assert (shown.content, shown.headers["Content-Type"]) == (content, "image/png")
    letters = shop.stage.site.letters
    assert letters.brand.logo is not None
    assert letters.brand.logo.content == content
    other = await put(shop, Path(png(tmp_path / "other.png", 48, 48)).read_bytes(), 200, read=read)
    assert other["url"] != url
    await shop.ask("DELETE", LOGO, 412, headers=read)
    await shop.ask("DELETE", LOGO, 204, headers=(await shop.read(LOGO))[1])
    await shop.ask("DELETE", LOGO, 404, headers=ANY)
    await shop.ask("GET", LOGO, 404)
    assert letters.brand.logo is None


async def test_nobodys_picture_is_lost(shop: Program, tmp_path: Path) -> None:
    """Whoever has not read what is there replaces nothing; of two who have, one does, also where none was there."""
    content = Path(png(tmp_path / "logo.png", 96, 96)).read_bytes()
    unread: tuple[dict[str, str], ...] = (
        {},
        {"If-None-Match": '"one"'},
        ANY | {"If-None-Match": '"one"'},
        ANY | {"If-None-Match": ""},
    )
    for read in unread:
        said = await put(shop, content, 428, read=read)
        assert "If-None-Match: *" in str(said["detail"])
    await shop.ask("DELETE", LOGO, 428)
    await put(shop, content, 412, read=ANY)
    for first, tall in ((True, 50), (False, 60)):
        as_read = FIRST if first else (await shop.read(LOGO))[1]
        headers = {"Content-Type": "image/png", **as_read}
        others = [Path(png(tmp_path / f"{n}.png", 48, tall + n)).read_bytes() for n in (1, 2)]
        raced = [shop.web.request("PUT", ROOT + LOGO, content=other, headers=headers) for other in others]
        assert sorted(one.status_code for one in await asyncio.gather(*raced)) == [200, 412]
    await put(shop, content, 412, read=FIRST)
    await shop.ask("DELETE", LOGO, 204, headers=ANY)


async def test_what_is_no_such_picture_changes_nothing(shop: Program, stage: Stage, tmp_path: Path) -> None:
    """What it is called counts for nothing, its own bytes do."""
    content = Path(png(tmp_path / "logo.png", 96, 96)).read_bytes()
    before = await put(shop, content, 200, "application/octet-stream", FIRST)
    tries = [
        (422, b"", "image/png"),
        (422, b"GIF89a", "image/png"),
        (422, b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png"),
        (422, content + bytes(100_000), "image/png"),
        (413, content + bytes(600_000), "image/png"),
        (415, content, "image/svg+xml"),
        (415, content, "text/html"),
    ]
    for status, wrong, kind in tries:
        await put(shop, wrong, status, kind)
        assert await shop.get(LOGO) == before, (status, kind)
    assert not any(waiting_files.folder(stage.site.settings).iterdir())
    await shop.ask("DELETE", LOGO, 204, headers=ANY)


async def test_one_that_the_machine_sets_stays(
    shop: Program, stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = png(tmp_path / "logo.png", 96, 96)
    monkeypatch.setenv("NEWSLETTER_LOGO", path)
    said = await put(shop, Path(path).read_bytes(), 422)
    assert "where this service runs" in str(said["detail"])
    await shop.ask("DELETE", LOGO, 422, headers=ANY)
    assert stage.site.settings.logo == ""


async def test_it_stands_in_the_log_who_changed_it(shop: Program, stage: Stage, tmp_path: Path) -> None:
    await put(shop, Path(png(tmp_path / "logo.png", 96, 96)).read_bytes(), 200, read=FIRST)
    await shop.ask("DELETE", LOGO, 204, headers=ANY)
    rows, _ = await stage.site.db.read(audit.page, audit.Asked())
    assert [row.verb for row in rows[:2]] == ["DELETE settings/logo", "PUT settings/logo"]
    owner = await stage.visitor()
    await stage.signs_in(owner)
    seen = (await owner.get("/admin/audit")).text
    assert "Puts the PNG that is the body at the top of mails" in seen
    assert (await owner.put(f"{ROOT}{LOGO}", content=b"x")).status_code == 401
