"""The password of a mail server that the desk named: no copy and no export says it, and only its key opens it."""

from base64 import b64encode
from pathlib import Path

import pytest

from newsletter.errors import SettingsError
from newsletter.owners import settings_store
from newsletter.seals import seal, unseal
from newsletter.web.kit.owner_values import RELAY
from tests.cast import SETTINGS, House
from tests.cli.machine import Machine

PASSWORD = "geheimnisvolles-Wort"
URL = f"smtp://olga:{PASSWORD}@127.0.0.1:9?tls=off"
PLAIN = [PASSWORD.encode()[4:-4], *(b64encode(b"." * n + PASSWORD.encode())[4:-4] for n in range(3))]
"""Its middle, also in each of the three ways in which base64 may have it."""


async def _set(house: House) -> None:
    await house.db.write(settings_store.put, "smtp_url", seal(SETTINGS.secret_keys, RELAY, URL))


async def _only_its_key_opens_it(house: House) -> None:
    row = await house.db.read(settings_store.one, "smtp_url")
    assert unseal(SETTINGS.secret_keys, RELAY, row) == URL
    with pytest.raises(SettingsError):
        unseal(["o" * 40], RELAY, row)


def found(text: bytes) -> list[bytes]:
    return [one for one in PLAIN if one in text]


def test_it_would_be_found() -> None:
    url = URL.encode()
    assert all(found(text) for text in (url, *(b64encode(url[n:]) for n in range(3))))


def test_no_copy_says_it_and_a_restored_one_has_it(machine: Machine, tmp_path: Path) -> None:
    machine.act(_set)
    kept = tmp_path / "kept"
    kept.mkdir()
    machine.says("backup", str(kept / "newsletter.db"))
    said = [
        machine.run("settings", "list"),
        machine.run("export", "subscribers", "--format", "ndjson"),
        machine.run("export", "comments"),
        machine.run("doctor", code=1),
    ]
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert any(b"sealed:1:" in file for file in files)
    assert not [
        hit for text in (*files, *(done.out + done.err.encode() for done in said)) for hit in found(text)
    ]
    machine.says("settings", "reset", "relay")
    machine.says("restore", str(kept / "newsletter.db"), "--yes")
    machine.act(_only_its_key_opens_it)
    assert "127.0.0.1:9" in machine.says("doctor", code=1).text


def test_without_its_key_the_service_says_so_and_nothing_of_it(machine: Machine) -> None:
    machine.act(_set)
    machine.environment["NEWSLETTER_SECRET_KEY"] = "o" * 40
    done = machine.run("doctor", code=1)
    assert not found(done.out + done.err.encode())
    assert "127.0.0.1:9" not in done.text
