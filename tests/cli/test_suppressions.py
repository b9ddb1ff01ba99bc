"""The suppression list from a terminal."""

import csv

from newsletter.storage import Tx
from tests.cast import House
from tests.cli.machine import ADA, BEN, CLEO, Machine

STRANGER = "stranger@example.net"


def test_who_is_put_on_it_is_unsubscribed_and_may_come_back_when_taken_off(machine: Machine) -> None:
    assert machine.says("suppressions", "list").text == "Nobody is on the list.\n"
    machine.says("suppressions", "add", ADA)
    machine.says("suppressions", "add", STRANGER, "--days", "90")
    stranger, ada = sorted(
        machine.says("suppressions", "list").text.splitlines(), key=lambda line: ADA in line
    )
    assert ada.startswith("owner ")
    assert "for good" in ada
    assert "until" in stranger
    assert STRANGER not in stranger  # the list holds no address

    async def is_mailed_nothing(house: House) -> None:
        assert (await house.person(ADA)).status == "unsubscribed"
        before = len(await house.mails(ADA))
        await house.signs_up(ADA)
        assert len(await house.mails(ADA)) == before

    machine.act(is_mailed_nothing)
    assert machine.says("suppressions", "remove", ADA, "--yes").text == "It is off the list.\n"
    assert machine.says("suppressions", "remove", ADA, "--yes").text == "It was not on the list.\n"

    async def comes_back(house: House) -> None:
        await house.signs_up(ADA)
        await house.confirms(ADA)
        assert (await house.person(ADA)).status == "active"

    machine.act(comes_back)


def test_an_export_is_taken_in_again_with_reasons_ends_and_nobodys_addresses(machine: Machine) -> None:
    there = machine.folder / "there.csv"
    there.write_text(
        f"Email,Reason,Expires\n{BEN},bounced,2099-01-01T00:00:00Z\n{STRANGER},complained,\n"
        "no address,,\nx@example.net,bored,\ny@example.net,,soon\n"
    )
    done = machine.says("suppressions", "import", str(there))
    assert done.text == "2 are on the list; 3 lines could not be read.\n"
    assert [line.split(":")[0] for line in done.err.splitlines()] == ["Line 4", "Line 5", "Line 6"]
    out = machine.folder / "out.csv"
    machine.says("suppressions", "export", "-o", str(out))
    rows = {row["email"]: row for row in csv.DictReader(out.read_text().splitlines())}
    assert (rows[BEN]["reason"], rows[BEN]["expires"]) == ("bounced", "2099-01-01T00:00:00+00:00")
    assert (rows[""]["reason"], rows[""]["expires"]) == ("complained", "")
    machine.says("suppressions", "remove", BEN, "--yes")
    machine.says("suppressions", "remove", STRANGER, "--yes")
    assert machine.says("suppressions", "import", str(out)).text.startswith("2 are")
    assert len(machine.says("suppressions", "list", "--reason", "complained").text.splitlines()) == 1
    assert machine.says("suppressions", "remove", STRANGER, "--yes").text == "It is off the list.\n"


def test_a_list_of_bare_addresses(machine: Machine) -> None:
    file = machine.folder / "bare.txt"
    file.write_text(f"{CLEO}\n\n{STRANGER}\n")
    assert machine.says("suppressions", "import", str(file), "--reason", "not_me").text.startswith("2 are on")
    assert machine.says("suppressions", "list").text.count("not_me") == 2


def test_mailboxes_that_take_nothing_are_given_up(machine: Machine) -> None:
    assert "nobody whose mailbox takes nothing" in machine.says("suppressions", "soft").text

    async def came_back(house: House) -> None:
        ada = await house.person(ADA)

        async def act(tx: Tx) -> None:
            for id in (1, 2):
                sql = """INSERT INTO bounces (outbox_id, kind, subscriber_id, sent_at, at)
                         VALUES (:id, 'soft', :person, :now, :now)"""
                await tx.run(sql, id=id, person=ada.id, now=tx.now)

        await house.db.write(act)

    machine.act(came_back)
    machine.says("suppressions", "soft", code=1, answer="n\n")
    done = machine.says("suppressions", "soft", answer="y\n")
    assert f"{ADA}: 2 mails came back" in done.err
    assert "1 are mailed no more for 90 days." in done.text
