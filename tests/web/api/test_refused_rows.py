"""A list of refused rows that is no longer whole says so, before a program takes it for all that there were."""

import pytest

from newsletter.storage import Tx
from newsletter.web.kit import importing
from tests.web.api.conftest import Program
from tests.web.api.test_files import FILE

pytestmark = pytest.mark.asyncio(loop_scope="module")

WHERE = {"origin": "The form on my old page"}
MORE = importing.MOST_REFUSALS + 2


async def sent(shop: Program, file: str) -> str:
    made = await shop.ask("POST", "/imports", 201, content=file.encode(), headers=FILE)
    path = f"/imports/{made.json()['id']}"
    await shop.ask("POST", f"{path}/check", 202, json=WHERE)
    await importing.keep_going(shop.stage.site)
    return path


async def lines(shop: Program, path: str) -> int:
    return len((await shop.ask("GET", path)).text.splitlines()) - 1


async def test_of_a_list_that_was_cut_the_rest_is_not_passed_over(shop: Program) -> None:
    path = await sent(shop, "email\n" + "nonsense\n" * MORE + "ada@example.org\n")
    assert await lines(shop, f"{path}/refused") == MORE
    kept = importing.listed(shop.stage.site.settings, int(path.rpartition("/")[2]))
    kept.unlink()  # as on another machine, or where the disk had no room for it
    said = (await shop.ask("GET", f"{path}/refused", 410)).json()
    assert "10,000 of 10,002" in said["detail"]
    assert "part=true" in said["detail"]
    assert await lines(shop, f"{path}/refused?part=true") == importing.MOST_REFUSALS
    await shop.ask("POST", f"{path}/start", 202)
    await importing.keep_going(shop.stage.site)
    assert await lines(shop, f"{path}/refused") == MORE


async def test_of_no_import_there_are_no_refused_rows(shop: Program) -> None:
    for other in ("1", "99999999999999999"):
        await shop.ask("GET", f"/imports/{other}/refused", 404)
    path = await sent(shop, "email\nnonsense\nfay@example.org\n")
    await shop.ask("POST", f"{path}/start", 202)
    await importing.keep_going(shop.stage.site)
    assert await lines(shop, f"{path}/refused") == 1

    async def lose(tx: Tx) -> None:
        await tx.run("DELETE FROM import_refusals")
        await tx.run("DELETE FROM imports")

    await shop.stage.site.db.write(lose)  # by hand, or by a backup in which they are not
    said = (await shop.ask("GET", f"{path}/refused", 410)).json()
    assert "0 of 1" in said["detail"]
    assert await lines(shop, f"{path}/refused?part=true") == 0
