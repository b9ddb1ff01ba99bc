"""`newsletter doctor dkim`: a key, and what to do with it."""

import re
from pathlib import Path

import pytest

from newsletter.errors import SettingsError
from newsletter.mail import dkim_keys
from newsletter.mail.dkim import signer_of
from newsletter.settings import Settings
from tests.cli.machine import Machine


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_a_key_is_made_and_what_to_do_with_it_is_told(desk: Machine, kind: str) -> None:
    told = desk.says("doctor", "dkim", "--type", kind, "--selector", "s1").text
    path = desk.folder / "dkim-s1.pem"
    assert path.stat().st_mode & 0o777 == 0o600
    assert str(path) in told
    assert "  name   s1._domainkey.example.org\n" in told
    found, record = dkim_keys.record(path)
    assert (found, f"  value  {record}\n" in told) == (kind, True)
    strings = re.findall(r'^    "(.+)"', told, re.MULTILINE)
    assert "".join(strings) == (record if kind == "rsa" else "")
    assert all(len(string) <= 255 for string in strings)
    (setting,) = re.findall(r'NEWSLETTER_DKIM_KEYS="(.+)"', told)
    assert signer_of(Settings(dkim_keys=tuple(setting.split())))


def test_a_key_is_never_written_over(desk: Machine) -> None:
    first = desk.says("doctor", "dkim", "--type", "ed25519", "-o", "k.pem", "--selector", "s1").text
    before = (desk.folder / "k.pem").read_bytes()
    again = desk.says("doctor", "dkim", "--type", "ed25519", "-o", "k.pem", "--selector", "s1").text
    assert "is there already and stays as it is." in again
    assert again.splitlines()[1:] == first.splitlines()[1:], "its record is shown again"
    other = desk.says("doctor", "dkim", "--type", "rsa", "-o", "k.pem", code=1)
    assert "is of type ed25519. Name another file with -o." in other.err
    assert (desk.folder / "k.pem").read_bytes() == before


def test_what_is_no_key_stays_too(desk: Machine) -> None:
    (desk.folder / "letters.txt").write_text("Dear all")
    (desk.folder / "letters.txt").chmod(0o600)
    done = desk.says("doctor", "dkim", "-o", "letters.txt", code=1)
    assert "letters.txt holds no private key" in done.err
    assert (desk.folder / "letters.txt").read_text() == "Dear all"
    assert (
        "can't be made: No such file or directory."
        in desk.says("doctor", "dkim", "-o", "no/k.pem", code=1).err
    )


def test_the_next_key_is_set_beside_the_one_before(desk: Machine) -> None:
    desk.environment["NEWSLETTER_DKIM_KEYS"] = "old=/etc/old.pem"
    told = desk.says("doctor", "dkim", "--type", "ed25519", "--selector", "new").text
    assert f'NEWSLETTER_DKIM_KEYS="new={desk.folder}/dkim-new.pem old=/etc/old.pem"' in told
    assert "Drop the older one" in told


def test_its_name_says_what_and_when(desk: Machine) -> None:
    told = desk.says("doctor", "dkim", "--type", "ed25519").text
    assert re.search(r"^  name   ed25519\d{6}\._domainkey\.example\.org$", told, re.MULTILINE)
    assert "63 at most" in desk.says("doctor", "dkim", "--selector", "s_1", code=2).err
    assert len(list(Path(desk.folder).glob("dkim-*.pem"))) == 1


def test_a_key_that_cant_be_used_stops_the_start(desk: Machine) -> None:
    desk.environment["NEWSLETTER_DKIM_KEYS"] = "s1=/nowhere/k.pem"
    with pytest.raises(
        SettingsError, match=r"^NEWSLETTER_DKIM_KEYS: the key file /nowhere/k\.pem can't be read"
    ):
        desk.says("worker")
