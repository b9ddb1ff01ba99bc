"""Lead magnets as a program meets them: the file is the body, and goes to the disk as it comes."""

from collections.abc import AsyncIterator

import pytest

from newsletter.storage import CHUNK
from newsletter.web.kit import waiting_files
from tests.web.api.conftest import ROOT, Program

pytestmark = pytest.mark.asyncio(loop_scope="module")

PDF = b"%PDF-1.7\n" + b"x" * (2 * CHUNK) + b"\n%%EOF\n"
KIND = {"Content-Type": "application/pdf"}
NEW = {"slug": "ninety-days", "title": "Ninety days", "description": "In two\nlines.", "attach": "true"}


async def in_pieces() -> AsyncIterator[bytes]:
    for start in range(0, len(PDF), 100_000):
        yield PDF[start : start + 100_000]


async def test_one_is_made_renamed_and_renewed(shop: Program) -> None:
    path = "/magnets/ninety-days"
    made = await shop.ask("POST", "/magnets", 201, params=NEW, content=in_pieces(), headers=KIND)
    assert (made.json(), made.headers["Location"]) == ({"slug": "ninety-days", "version": 1}, ROOT + path)
    one, read = await shop.read(path)
    assert one == {**NEW, "attach": True, "version": 1, "size": len(PDF)}
    await shop.ask("PATCH", path, 428, json={"title": "A hundred"})
    changed = await shop.ask("PATCH", path, json={"title": "A hundred"}, headers=read)
    assert changed.json() == one | {"title": "A hundred"}
    await shop.ask("PATCH", path, 412, json={"title": "Nine"}, headers=read)

    renew = {"params": {"notes": "Shorter", "name": "a/b.pdf"}, "content": PDF + b"%%EOF"}
    once = {**KIND, "Idempotency-Key": "second"}
    for _ in range(2):
        second = await shop.ask("POST", f"{path}/versions", 201, headers=once, **renew)
        assert second.json()["version"] == 2
    other = await shop.web.post(f"{ROOT}{path}/versions", content=PDF + b"2%%EOF", headers=once)
    assert (other.status_code, "Idempotency" in other.text) == (422, True)
    await shop.ask("POST", f"{path}/versions", 422, headers=KIND, **renew)  # the very file that it has
    newest, first = (await shop.get(f"{path}/versions"))["items"]
    assert (newest["version"], newest["notes"], newest["name"], newest["people"]) == (
        2,
        "Shorter",
        "a-b.pdf",
        0,
    )
    assert (first["version"], first["size"], first["name"]) == (1, len(PDF), "ninety-days.pdf")


async def test_what_is_no_guide_leaves_nothing(shop: Program) -> None:
    before = await shop.stage.house.count("SELECT count(*) FROM files")
    new = {**NEW, "slug": "other"}
    for content in (b"", b"<html>%%EOF", b"%PDF-1.7\nbroken off"):
        await shop.ask("POST", "/magnets", 422, params=new, content=content, headers=KIND)
    wrong: dict[str, str]
    for wrong in ({**new, "slug": "No Way"}, {"slug": "other"}, {**new, "slug": "structure-your-career"}):
        refused = await shop.ask("POST", "/magnets", 422, params=wrong, content=PDF, headers=KIND)
        assert refused.json()["errors"].keys() <= {"slug", "title"}
    await shop.ask("POST", "/magnets", 415, params=new, content=PDF, headers={"Content-Type": "text/html"})
    await shop.ask("POST", "/magnets/none/versions", 404, content=PDF, headers=KIND)
    await shop.ask("PATCH", "/magnets/other", 413, content=b"x" * 600_000, headers=KIND)
    assert await shop.stage.house.count("SELECT count(*) FROM files") == before
    folder = waiting_files.folder(shop.stage.site.settings)
    assert not folder.exists() or not list(folder.iterdir())
