"""The owner's logo as mails ask for it."""

from pathlib import Path

from tests.pictures import png
from tests.web.conftest import Serve


async def test_a_mail_finds_its_logo_and_an_older_mail_todays(serve: Serve, tmp_path: Path) -> None:
    logo = png(tmp_path / "logo.png", 96, 96)
    async with serve(worker=False, logo=logo) as service:
        web = await service.visitor()
        found = service.site.letters.brand.logo
        assert found
        current, old = await web.get(f"/logo/{found.name}"), await web.get("/logo/0123456789ab.png")
    assert current.content == old.content == Path(logo).read_bytes()
    assert current.headers["content-type"] == "image/png"
    assert current.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "immutable" in current.headers["cache-control"]
    assert "immutable" not in old.headers["cache-control"]
    assert "set-cookie" not in current.headers


async def test_without_one_there_is_none(serve: Serve) -> None:
    async with serve(worker=False) as service:
        assert (await (await service.visitor()).get("/logo/0123456789ab.png")).status_code == 404
