"""From a terminal: a copy while the service runs, the way back, and no mail before the owner says so."""

from pathlib import Path

from tests.cli.machine import ADA, Machine


def waiting(machine: Machine) -> str:
    return machine.says("sending", "status").text


def test_a_backup_comes_back_and_sends_nothing_by_itself(machine: Machine, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "newsletter-2020-01-01T000000Z.db").write_text("an old one")
    said = machine.says("backup", str(folder), "--keep", "1").text
    assert "bytes. Its checksum is in" in said
    assert "NEWSLETTER_SECRET_KEY is not in it" in said
    assert "newsletter-2020-01-01T000000Z.db." in said
    (made,) = folder.glob("*.db")
    machine.says("erase", ADA, "--yes")

    assert "Aborted" in machine.says("restore", str(made), answer="n\n", code=1).err
    said = machine.says("restore", str(made), answer="y\n").text
    assert "Nothing is sent until you run: newsletter sending resume" in said
    assert ADA in machine.says("show", ADA).text
    before = waiting(machine)
    assert before.startswith("Sending is held since")
    assert not before.endswith(" 0 messages wait.\n")
    assert (
        "waited when it was held. Drop them" in machine.says("sending", "resume", "--drop", answer="y\n").text
    )
    assert waiting(machine) == "Sending is not held. 0 messages wait.\n"


def test_what_is_damaged_is_not_restored(machine: Machine, tmp_path: Path) -> None:
    made = tmp_path / "kept.db"
    machine.says("backup", str(made))
    made.write_bytes(made.read_bytes()[:-1] + b"!")
    assert "is damaged" in machine.says("restore", str(made), "--yes", code=1).err
    assert waiting(machine).startswith("Sending is not held.")
    assert (
        "--keep is for a folder" in machine.says("backup", str(tmp_path / "x.db"), "--keep", "2", code=2).err
    )


def test_sending_is_held_by_hand(machine: Machine) -> None:
    assert "Nothing more is sent" in machine.says("sending", "hold").text
    assert "held already" in machine.says("sending", "hold").text
    machine.says("sending", "resume", "--yes")
    assert "Sending is not held." in machine.says("sending", "resume").text
