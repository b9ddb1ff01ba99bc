"""What an owner saves counts at once, in the process where they save it and in each other one, on both engines."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from newsletter.app import running
from newsletter.broadcasts import Draft, Letters
from newsletter.mail.brand import written
from newsletter.mail.limits import limits_of
from newsletter.owners import settings_store
from newsletter.storage import Tx
from newsletter.web.kit import owner_settings
from newsletter.web.kit.site import Site
from tests.cast import SETTINGS
from tests.pictures import png


@pytest.fixture
async def two(database_url: str) -> AsyncIterator[tuple[Site, Site]]:
    """Two processes of one service, with settings of their own, as far as a test can have them."""
    chosen = [msgspec.structs.replace(SETTINGS, database_url=database_url) for _ in range(2)]
    async with (
        running(chosen[0], worker=False, migrate=True) as one,
        running(chosen[1], worker=False, migrate=False) as other,
    ):
        yield one, other


async def save(site: Site, **values: str) -> None:
    async def put(tx: Tx) -> None:
        for name, value in values.items():
            await settings_store.put(tx, name, value)

    await site.db.write(put)


async def test_another_process_works_by_it_at_once(two: tuple[Site, Site], tmp_path: Path) -> None:
    here, there = two
    logo = written(Path(png(tmp_path / "logo.png", 96, 96)).read_bytes())
    shown = there.letters.letter(Draft(subject="x", body="[y](https://a.example)")).html
    await save(
        here, from_name="Olga", brand_colour="#aa3311", mail_per_minute="60", domain_limits="*=5/60",
        in_doubt="ask", mail_connections="2", import_mb="7", logo=logo,
    )  # fmt: skip
    async with asyncio.timeout(10):
        while there.settings.logo == "":
            await asyncio.sleep(0.05)
    now = there.settings
    assert (now.from_name, now.in_doubt, now.mail_connections, now.import_mb) == ("Olga", "ask", 2, 7)
    limits = limits_of(now)
    assert (limits.interval, [one.provider for one in limits.domains]) == (1000, ["*"])
    letter = there.letters.letter(Draft(subject="x", body="[y](https://a.example)"))
    assert letter.sender.display_name == "Olga"
    assert "#aa3311" in letter.html.lower()
    assert "#aa3311" not in shown.lower()
    assert "/logo/" in letter.html
    assert "Olga" in there.pages.render("admin/sign_in.html", {"sent": False, "errors": {}, "values": {}})


def test_each_of_them_is_checked() -> None:
    good = {
        "from_name": "Olga Writes", "brand_colour": "", "logo": "", "time_zone": "Europe/Lisbon", "in_doubt": "ask",
        "domain_limits": "gmail.com=5/100, *=1/10", "mail_per_day": "0", "mail_connections": "8", "import_mb": "1",
    }  # fmt: skip
    assert owner_settings.checked(SETTINGS, good) == {}
    wrong = {
        "from_name": "Olga\r\nBcc: a@b.example", "brand_colour": "red", "logo": "data:image/png;base64,AAAA",
        "time_zone": "Lisbon", "in_doubt": "perhaps", "domain_limits": "gmail.com", "mail_per_day": "-1",
        "mail_connections": "0", "import_mb": "1e9", "clicks": "perhaps", "pending_days": "99999",
        "signups_per_network": "1.5",
    }  # fmt: skip
    errors = owner_settings.checked(SETTINGS, wrong)
    assert errors.keys() == wrong.keys()
    assert not [one for one in errors.values() if "NEWSLETTER" in one and "LOGO" not in one]


def test_a_name_in_the_environment_wins_and_an_address_alone_leaves_it_to_the_desk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NEWSLETTER_FROM", "letters@example.org")
    assert "from_name" not in owner_settings.sources()
    monkeypatch.setenv("NEWSLETTER_FROM", "Olga <letters@example.org>")
    assert owner_settings.sources()["from_name"] == "environment"


async def test_a_damaged_row_leaves_what_holds(two: tuple[Site, Site]) -> None:
    here, there = two
    await save(here, mail_per_day="many", brand_colour="red", ramp_up="50")
    async with asyncio.timeout(10):
        while there.settings.ramp_up != 50:
            await asyncio.sleep(0.05)
    assert (there.settings.mail_per_day, there.settings.brand_colour) == (0, "")


def test_mails_look_as_they_did_where_a_logo_is_gone(tmp_path: Path) -> None:
    settings = msgspec.structs.replace(SETTINGS, logo=png(tmp_path / "logo.png", 96, 96))
    letters = Letters(settings)
    before = letters.brand
    msgspec.structs.force_setattr(settings, "logo", str(tmp_path / "gone.png"))
    assert letters.brand is before
