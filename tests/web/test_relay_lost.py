"""The mail server that the desk keeps, once the key that sealed it is gone: said where an owner looks."""

from html import unescape

from newsletter.owners import settings_store
from newsletter.seals import seal
from newsletter.web.kit import owner_settings, relaying
from newsletter.web.kit.owner_values import RELAY
from newsletter.web.kit.site import Site
from tests.conftest import ON_ONE
from tests.web.api.conftest import program
from tests.web.broadcaster import at_desk
from tests.web.stage import Stage

PATH = "/admin/settings/relay"
SAID = "The server that was set here is not used."
WAITS = "What was set here can’t be opened any more"
KEPT = "smtp://olga:geheim@127.0.0.1:9?tls=off"


async def kept(site: Site, key: str) -> None:
    """As a process that has this key keeps it."""
    await site.db.write(settings_store.put, relaying.NAME, seal([key], RELAY, KEPT))
    await owner_settings.follow(site)


@ON_ONE
async def test_one_that_no_key_opens_is_told_where_an_owner_looks(still: Stage) -> None:
    site, desk = still.site, await at_desk(still)
    before = site.settings.smtp_url
    shop = await program(still)
    for key, lost in (("f" * 40, True), (site.settings.secret_keys[0], False)):
        await kept(site, key)
        shown, home = [unescape((await desk.web.get(path)).text) for path in (PATH, "/admin")]
        assert [SAID in shown, WAITS in home] == [lost, lost]
        assert ("Set here." in shown) != lost
        assert "Forget this server" in shown
        named = await shop.get("/settings/relay")
        assert (named["source"], named["lost"]) == (("", True) if lost else ("desk", False))
        assert (site.settings.smtp_url == before) == lost
        assert "geheim" not in shown + home + str(named)
    await kept(site, "f" * 40)
    await desk.web.post(f"{PATH}/forget", data={"csrf": desk.csrf})
    shown, home = [unescape((await desk.web.get(path)).text) for path in (PATH, "/admin")]
    assert SAID not in shown
    assert WAITS not in home
    assert site.settings.smtp_url == before, "also where it counted until it could be opened no more"


@ON_ONE
async def test_the_examination_says_so_and_where_to_mend_it(still: Stage) -> None:
    site, desk = still.site, await at_desk(still)
    for key, advice in (
        ("f" * 40, "none of the secret keys opens it any more. Mail goes by"),
        (site.settings.secret_keys[0], "Look at your mail server at the desk, under Settings"),
    ):
        await kept(site, key)
        said = await desk.web.post("/admin/doctor", data={"csrf": desk.csrf})
        assert advice in unescape(said.text)
        assert "NEWSLETTER_SMTP_URL" not in unescape(said.text).replace("or in NEWSLETTER_SMTP_URL", "")
