"""The mail server that an owner names: tried, kept sealed, taken by every worker at once, and forgotten again."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from html import unescape

import msgspec
import pytest

from newsletter.app import running
from newsletter.owners import settings_store
from newsletter.web.kit import owner_settings, relaying
from newsletter.web.kit.relaying import Wanted
from newsletter.web.kit.site import Site
from tests.cast import SETTINGS
from tests.conftest import ON_ONE
from tests.mail.conftest import CONTEXTS, eventually
from tests.web.api.conftest import program
from tests.web.broadcaster import Broadcaster, at_desk
from tests.web.relays import Box, relay
from tests.web.stage import OLGA, Stage

SECRET = "Gänse: wein/%40@#?"
PATH = "/admin/settings/relay"
RELAY = "/settings/relay"


@pytest.fixture
async def desk(still: Stage) -> Broadcaster:
    return await at_desk(still)


def entered(box: Box, **changes: str) -> dict[str, str]:
    return {
        "host": "127.0.0.1",
        "port": str(box.port),
        "tls": "off",
        "username": "",
        "password": "",
        **changes,
    }


async def press(desk: Broadcaster, status: int = 303, /, path: str = "", **fields: str) -> str:
    answer = await desk.web.post(f"{PATH}{path}", data={"csrf": desk.csrf, **fields})
    assert answer.status_code == status, answer.text
    return unescape(answer.text)


async def rows(site: Site) -> dict[str, str]:
    return await site.db.read(settings_store.everything)


@ON_ONE
async def test_it_is_tried_with_a_mail_and_its_password_stays_hidden(
    desk: Broadcaster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "newsletter")
    site = desk.stage.site
    async with relay(("olga", SECRET)) as box:
        login = {"username": "olga", "password": SECRET}
        await press(desk, **entered(box, **login))
        assert (box.to, box.logins) == ([OLGA], [("olga", SECRET)])
        shown = unescape((await desk.web.get(PATH)).text)
        assert f"127.0.0.1:{box.port}" in shown
        assert "Set here." in shown
        await press(desk, **entered(box, username="olga"))  # the one that is kept
        assert box.logins == [("olga", SECRET)] * 2
        dump = await desk.stage.dump()
        program_ = await program(desk.stage)
        said = [shown, str(dump), caplog.text, (await program_.ask("GET", RELAY)).text]
        said.append((await desk.web.get("/admin/settings")).text)
        assert not [one for one in said if SECRET in one or "wein" in one]
    assert (await rows(site))["smtp_url"].startswith("sealed:")


@ON_ONE
async def test_one_that_fails_changes_nothing_unless_it_is_wanted_all_the_same(desk: Broadcaster) -> None:
    site, before = desk.stage.site, desk.stage.site.settings.smtp_url
    async with relay(("olga", SECRET)) as box:
        said = await press(desk, 422, **entered(box, username="olga", password="guess"))
        assert "refused the login (535)" in said
        assert "guess" not in said
        box.refuses = "550 5.7.1 <no> relaying from here"
        said = await press(desk, 422, **entered(box, username="olga", password=SECRET))
        assert "550 5.7.1 <no> relaying" in said
        assert (site.settings.smtp_url, await rows(site)) == (before, {})
        await press(desk, **entered(box, username="olga", password=SECRET, anyway="yes"))
        assert f"127.0.0.1:{box.port}" in site.settings.smtp_url
        await press(desk, path="/forget")
    assert (site.settings.smtp_url, "smtp_url" in await rows(site)) == (before, False)
    gone = entered(box)  # nobody listens there any more
    assert "No connection to the relay" in await press(desk, 422, **gone)


@ON_ONE
async def test_what_is_wrong_is_named_beside_its_field(desk: Broadcaster) -> None:
    async with relay(("olga", SECRET)) as box:
        await press(desk, **entered(box, username="olga", password=SECRET))
        wrong = [
            ("host", {"host": "no host"}), ("host", {"host": ""}), ("host", {"host": "a@b.example"}),
            ("port", {"port": "0"}), ("port", {"port": "x"}), ("tls", {"tls": "perhaps"}),
            ("tls", {"host": "smtp.example.org", "username": "olga", "password": "x"}),
            ("username", {"password": "x"}), ("username", {"username": "o\x00", "password": "x"}),
            ("password", {"username": "ben"}), ("password", {"username": "olga", "host": "localhost"}),
        ]  # fmt: skip
        for name, changes in wrong:
            assert f'href="#field-{name}"' in await press(desk, 422, **entered(box, **changes)), changes
        assert len(box.mails) == 1, "the kept password goes to no other server and no other name"


@ON_ONE
async def test_after_a_fault_it_shows_what_was_chosen(desk: Broadcaster) -> None:
    async with relay() as box:
        said = await press(desk, 422, **entered(box, host="no host", tls="implicit", anyway="yes"))
        assert '<option value="implicit" selected>' in said
        assert 'name="anyway" value="yes" checked>' in said
        assert 'name="anyway"' not in await press(desk, 422, **entered(box, host="no host"))
        said = await press(desk, 422, **entered(box, tls="perhaps"))
        assert re.findall('<option value="([^"]*)" selected>', said) == [""]
        box.refuses = "550 5.7.1 no relaying from here"
        said = await press(desk, 422, **entered(box, tls="auto"))
        assert '<option value="auto" selected>' in said
        assert 'name="anyway" value="yes">' in said


@ON_ONE
async def test_what_the_machine_names_wins(desk: Broadcaster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSLETTER_SMTP_URL", "smtps://olga:geheim@mail.example.org")
    async with relay() as box:
        said = await press(desk, 422, **entered(box))
        assert relaying.GIVEN in said
        shown = (await desk.web.get(PATH)).text
        assert "NEWSLETTER_SMTP_URL</code> in the environment" in shown
        assert 'name="host"' not in shown
        assert box.mails == []


@ON_ONE
async def test_a_program_names_it_too(still: Stage) -> None:
    shop = await program(still)
    async with relay(("olga", SECRET)) as box:
        new = {"host": "127.0.0.1", "port": box.port, "tls": "off", "username": "olga", "password": "guess"}
        before, read = await shop.read(RELAY)
        assert (before["source"], before["version"]) == ("", "")
        refused = (await shop.ask("PUT", RELAY, 422, json=new, headers=read)).json()
        assert "535" in refused["errors"]["host"]
        new["password"] = SECRET
        named = (await shop.ask("PUT", RELAY, json=new, headers=read)).json()
        own = {name: new[name] for name in ("host", "port", "tls", "username")}
        assert named == own | {"source": "desk", "lost": False, "version": named["version"]}
        assert box.to == [OLGA]
        await shop.ask("DELETE", RELAY, 412, headers=read)
        await shop.ask("DELETE", RELAY, 204, headers=(await shop.read(RELAY))[1])
    assert (await shop.get(RELAY))["source"] == ""


@ON_ONE
async def test_a_program_that_has_not_read_it_changes_nothing_and_mails_nobody(still: Stage) -> None:
    """The password is nowhere to be read: that it was given anew is seen all the same."""
    shop = await program(still)
    async with relay(("olga", SECRET)) as box:
        new = {"host": "127.0.0.1", "port": box.port, "tls": "off", "username": "olga", "password": SECRET}
        await shop.ask("PUT", RELAY, 428, json=new)
        await shop.ask("DELETE", RELAY, 428)
        await shop.ask("PUT", RELAY, json=new, headers={"If-Match": "*"})
        read = (await shop.read(RELAY))[1]
        await shop.ask("PUT", RELAY, json=new, headers=read)
        assert len(box.to) == 2
        await shop.ask("PUT", RELAY, 412, json=new, headers=read)
        assert len(box.to) == 2
        box.hold = asyncio.Event()
        read = (await shop.read(RELAY))[1]
        slow = asyncio.create_task(shop.ask("PUT", RELAY, 412, json=new, headers=read))
        async with asyncio.timeout(20):
            while len(box.to) < 3:
                await asyncio.sleep(0.02)
        await owner_settings.forget(still.site, "smtp_url")  # while the test mail is under way
        box.hold.set()
        await slow
    assert await rows(still.site) == {"held": ""}


@pytest.fixture
async def first() -> AsyncIterator[Box]:
    async with relay() as box:
        yield box


@pytest.fixture
async def two(database_url: str, first: Box) -> AsyncIterator[tuple[Site, Site]]:
    """The process that answers, and the one that sends, by `first`."""
    url = f"smtp://127.0.0.1:{first.port}?tls=off"
    chosen = [msgspec.structs.replace(SETTINGS, database_url=database_url, smtp_url=url) for _ in range(2)]
    async with (
        running(chosen[0], worker=False, migrate=True) as web,
        running(chosen[1], worker=True, migrate=False) as sends,
    ):
        yield web, sends


async def mail(site: Site, to: str) -> None:
    await site.db.write(site.post.enqueue, "sign_in", to, context=CONTEXTS["sign_in"])


async def came(box: Box, *to: str) -> None:
    async def there() -> bool:
        return set(to) <= set(box.to)

    await eventually(there, 30)


async def test_another_process_sends_by_the_new_one_from_the_next_mail_on(
    two: tuple[Site, Site], first: Box
) -> None:
    web, sends = two
    first.hold = asyncio.Event()
    await mail(web, "ada@example.org")
    await came(first, "ada@example.org")  # it is on the wire
    async with relay(("olga", SECRET)) as second:
        wanted = Wanted("127.0.0.1", str(second.port), "off", "olga", SECRET)
        assert await relaying.take(web, wanted, OLGA) == "250 2.0.0 taken, thank you"
        async with asyncio.timeout(20):
            while str(second.port) not in sends.settings.smtp_url:
                await asyncio.sleep(0.02)
        first.hold.set()
        await mail(web, "ben@example.com")
        await came(second, OLGA, "ben@example.com")
        assert first.to == ["ada@example.org"], "once, and nothing after it"
        await owner_settings.forget(web, "smtp_url")
        async with asyncio.timeout(20):
            while str(first.port) not in sends.settings.smtp_url:
                await asyncio.sleep(0.02)
        await mail(web, "cleo@example.org")
        await came(first, "cleo@example.org")
        assert second.to == [OLGA, "ben@example.com"]


async def test_trouble_with_the_old_one_holds_up_nothing_of_the_new(
    two: tuple[Site, Site], first: Box
) -> None:
    web, _ = two
    first.refuses = "421 4.3.2 not now"
    await mail(web, "ada@example.org")

    async def paused() -> bool:
        return bool(await web.db.read(lambda tx: tx.value("SELECT max(pause) FROM send_limits")))

    await eventually(paused, 30)
    async with relay() as second:
        await relaying.take(web, Wanted("127.0.0.1", str(second.port), "off"), OLGA)
        await came(second, "ada@example.org")
