"""One person at a time, and the database: the commands that an owner types now and then."""

import asyncio
import json
import shutil
from pathlib import Path
from urllib.parse import urlsplit

from newsletter.addresses import parse
from newsletter.owners import audit, second_step
from newsletter.paths import MIGRATIONS
from newsletter.storage import Tx, migrate
from tests.cast import SETTINGS, House
from tests.cli.machine import ADA, BEN, OLGA, Machine


def test_a_link_to_the_desk(machine: Machine) -> None:
    done = machine.run("sign-in-link", OLGA.upper())
    url = urlsplit(done.text.strip())
    assert f"{url.scheme}://{url.netloc}" == SETTINGS.public_url
    assert "once" in done.err

    async def enters(house: House) -> None:
        async def links(tx: Tx) -> int:
            sql = (
                "SELECT l.id FROM sign_in_links l JOIN owners o ON o.id = l.owner_id WHERE o.email_key = :key"
            )
            return int(await tx.value(sql, key=OLGA))

        token = url.path.removeprefix("/admin/enter/")
        (link, _) = house.site.tokens.read("sign-in", token)
        assert link == await house.db.read(links)

    machine.act(enters)


def test_a_link_is_for_a_service_that_is_there(machine: Machine, tmp_path: Path) -> None:
    """In another folder it would be to the desk of a database that nobody serves."""
    machine.environment["NEWSLETTER_DATABASE_URL"] = "sqlite:///other.db"
    done = machine.run("sign-in-link", OLGA, code=1)
    assert done.out == b""
    assert done.err == (
        f"Error: There is no database {tmp_path / 'other.db'}. Run this in the folder where the service runs, or say "
        "with NEWSLETTER_DATABASE_URL where its database is. A new service makes one when it starts: newsletter serve\n"
    )
    assert not (tmp_path / "other.db").exists()


def test_all_that_is_known_about_one(machine: Machine) -> None:
    known = json.loads(machine.run("show", f"  {ADA.upper()} ").text)
    assert (known["email"], known["name"], known["status"]) == (ADA, "=1+1", "active")
    assert [record["kind"] for record in known["consent"]] == ["confirmed"]
    assert known["consent_chain_intact"]


def test_who_is_unknown_and_what_is_no_address(machine: Machine) -> None:
    assert "Nobody with this address is known here." in machine.run("show", OLGA, code=1).err
    assert "name@example.org" in machine.run("show", "nonsense", code=2).err


def test_erasing_asks_first(machine: Machine) -> None:
    assert f"Erase everything about {BEN}" in machine.run("erase", BEN, answer="n\n", code=1).text
    machine.run("erase", BEN, answer="y\n")
    machine.run("show", BEN, code=1)


def test_what_was_erased_is_in_no_file(machine: Machine) -> None:
    async def talks(house: House) -> None:
        await house.joins("mallory.of.somewhere@example.com", "Mallory Otherwise")

    def traces() -> int:
        files = [path.read_bytes() for path in machine.folder.iterdir() if path.is_file()]
        return sum(text in file.lower() for file in files for text in (b"mallory.of", b"mallory other"))

    machine.act(talks)
    before_a_migration = machine.folder / "newsletter-before-0002.db"
    shutil.copy(machine.folder / "newsletter.db", before_a_migration)
    assert traces() > 1
    assert machine.run("erase", "--yes", "mallory.of.somewhere@example.com").text == "Erased.\n"
    assert traces() == 0
    assert not before_a_migration.exists()
    assert json.loads(machine.run("show", ADA).text)["email"] == ADA


def test_migrating_says_what_it_did(machine: Machine) -> None:
    machine.environment["NEWSLETTER_DATABASE_URL"] = "sqlite:///fresh.db"
    assert "Applied 0001_mail.sql\n" in machine.run("migrate").text
    assert "up to date" in machine.run("migrate").text


def test_serving_an_old_database_can_be_refused(machine: Machine, tmp_path: Path) -> None:
    old = tmp_path / "migrations"
    old.mkdir()
    shutil.copy(MIGRATIONS / "0001_mail.sql", old)
    asyncio.run(migrate(f"sqlite:///{tmp_path}/old.db", folder=old))
    before = (tmp_path / "old.db").read_bytes()

    machine.environment["NEWSLETTER_DATABASE_URL"] = "sqlite:///old.db"
    for command in (("serve", "--no-migrate", "--port", "0"), ("show", ADA)):
        done = machine.run(*command, code=1)
        assert "The database waits for 0002_subscribers.sql" in done.err
        assert "Run: newsletter migrate" in done.err
    assert (tmp_path / "old.db").read_bytes() == before


def test_help_names_every_command(machine: Machine) -> None:
    text = machine.run("--help").text
    for command in ("demo", "serve", "worker", "migrate", "sign-in-link", "export", "show", "erase"):
        assert f"\n  {command} " in text


def test_what_the_terminal_changes_or_takes_out_is_in_the_audit_log(machine: Machine) -> None:
    machine.run("sign-in-link", OLGA)
    machine.run("export", "subscribers")
    machine.run("api-token", "list")  # which changes nothing
    machine.run("erase", BEN, "--yes")

    async def reads(house: House) -> None:
        found, _ = await house.db.read(audit.page, audit.Asked(way="terminal"))
        assert [one.verb for one in found] == ["erase", "export subscribers", "sign-in-link"]

    machine.act(reads)


def test_a_link_for_who_lost_phone_and_codes(machine: Machine) -> None:
    machine.run("sign-in-link", OLGA)

    async def sets_it_up(house: House) -> None:
        olga = await house.db.write(house.site.owners.ensure, parse(OLGA))
        await house.db.write(second_step.begin, olga.id)

    async def asks(house: House) -> None:
        olga = await house.db.write(house.site.owners.ensure, parse(OLGA))
        now = await house.db.read(second_step.standing, house.site.tokens, olga.id)
        assert (now.on, now.secret) == (False, b"")

    machine.act(sets_it_up)
    machine.run("sign-in-link", OLGA, "--forget-second-step")
    machine.act(asks)
