"""`newsletter sequence …`: from a folder of files to a sequence that runs."""

from pathlib import Path

import pytest

from newsletter.web.kit import sequencing
from tests.cast import House
from tests.cli.machine import ADA, BEN, OLGA, Done, Machine
from tests.mail.conftest import run


@pytest.fixture
def desk(desk: Machine) -> Machine:
    """The folder `letters` holds two steps."""
    write(desk, "1-box.md", "start: confirmed\ndelay: at once\nsubject: The box", "What is in yours?")
    write(desk, "2-talk.md", "delay: 2 days\nsubject: A talk", "Hello {{ first_name }}.")
    return desk


def write(desk: Machine, name: str, said: str, body: str = "Text.") -> Path:
    path = desk.folder / "letters" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"---\n{said}\n---\n{body}\n", "utf-8")
    return path


def said(desk: Machine, *words: str, code: int = 0, answer: str = "") -> Done:
    return desk.says("sequence", *words, code=code, answer=answer)


def goes_round(desk: Machine) -> None:
    async def act(house: House) -> None:
        await sequencing.Rounds(house.site).once()

    desk.act(act)


def test_from_a_folder_to_the_first_mail(desk: Machine) -> None:
    assert "no sequence yet" in said(desk, "list").text
    loaded = said(desk, "load", "letters")
    assert (
        loaded.text
        == "letters: new: box, talk.\nIt is off. Turn it on with: newsletter sequence on letters\n"
    )
    assert "warning: talk: first_name has no default" in loaded.err
    assert said(desk, "load", "letters").text.startswith("letters: nothing has changed.")
    assert said(desk, "on", "letters").text == "It is on: it starts by confirmed, from now on.\n"
    assert said(desk, "list").text == "letters  on  starts by confirmed\n"

    async def act(house: House) -> None:
        await house.joins("dora@example.org")
        await sequencing.Rounds(house.site).once()

    desk.act(act)
    shown = said(desk, "status", "letters").text
    assert "letters: on, starts by confirmed" in shown
    assert "1 stand at box: The box  [1 queued]" in shown
    assert "0 stand at talk: A talk  [none sent]" in shown
    assert said(desk, "off", "letters").text.startswith("It is off.")
    assert said(desk, "list").text == "letters  off  starts by confirmed\n"


def test_who_came_before_begins_after_a_question(desk: Machine) -> None:
    said(desk, "load", "letters")
    asked = said(desk, "on", "letters", "--since", "2026-01-01", code=1, answer="n\n")
    assert "1 person did what starts it since 2026-01-01, and would begin now. Go on?" in asked.text
    assert said(desk, "list").text.startswith("letters  off")
    said(desk, "on", "letters", "--since", "2026-01-01", "--yes")
    goes_round(desk)
    assert "1 stand at box" in said(desk, "status", "letters").text
    assert "Go on?" not in said(desk, "on", "letters", "--since", "2026-01-01").text  # nobody is left


def test_what_is_changed_is_told(desk: Machine) -> None:
    said(desk, "load", "letters")
    said(desk, "on", "letters")
    (desk.folder / "letters" / "1-box.md").rename(desk.folder / "letters" / "3-box.md")
    write(desk, "2-talk.md", "delay: 3 days\nsubject: A talk")
    write(desk, "4-last.md", "delay: 1 week\nsubject: The last")
    assert said(desk, "load", "letters").text == "letters: new: last; changed: talk.\n"
    (desk.folder / "letters" / "2-talk.md").unlink()
    assert said(desk, "load", "letters").text == "letters: removed: talk.\n"
    assert "stand at talk (removed)" in said(desk, "status", "letters").text


def test_the_shipped_one_can_be_loaded_and_looked_at(desk: Machine) -> None:
    assert "newsletter sequence preview welcome" in said(desk, "new", "welcome").text
    assert "is there already" in said(desk, "new", "welcome", code=1).err
    shown = said(desk, "preview", "welcome")
    assert not shown.err
    assert [line for line in shown.text.splitlines() if line.startswith("==")] == [
        "== box, 1 day after it starts",
        "== stranger, 3 days after the one before",
        "== thursday, 4 days after the one before",
    ]
    assert "Hello there," in shown.text
    assert shown.text.count("Unsubscribe:\n(each reader's own link)\n") == 3
    assert "new: box, stranger, thursday." in said(desk, "load", "welcome").text
    assert "starts by downloaded:structure-your-career" in said(desk, "on", "welcome").text.replace("it ", "")


def test_what_cant_be_sent_is_named_and_not_loaded(desk: Machine) -> None:
    write(desk, "2-talk.md", "delay: 2 days\nsubject: A talk", "![](https://example.org/a.png)")
    shown = said(desk, "preview", "letters", code=1)
    assert "Subject: A talk" in shown.text
    assert "error: talk: The picture “https://example.org/a.png” has no alternative text" in shown.err
    assert "talk: The picture" in said(desk, "load", "letters", code=1).err
    assert "no sequence yet" in said(desk, "list").text


def test_what_is_wrong_with_a_file_is_told_with_its_name(desk: Machine) -> None:
    write(desk, "3-last.md", "delay: soon")
    for verb in ("load", "preview"):
        assert "3-last.md: A delay is written like" in said(desk, verb, "letters", code=1).err
    write(desk, "3-last.md", "delay: 1 day\nfrom: nobody\nsubject: x")
    assert "last: The sender can’t be used." in said(desk, "load", "letters", code=1).err


def test_a_copy_of_each_goes_to_the_owner(desk: Machine) -> None:
    assert said(desk, "test", "letters").text == f"2 copies go to {OLGA} as soon as a worker runs.\n"
    del desk.environment["NEWSLETTER_OWNER_EMAIL"]
    assert "Say with --to" in said(desk, "test", "letters", code=1).err
    assert said(desk, "test", "letters", "--to", BEN).text.startswith(f"2 copies go to {BEN}")

    async def act(house: House) -> None:
        copies = [mail.recipient for mail in await house.mails() if not mail.message]
        assert copies == [OLGA, OLGA, BEN, BEN]

    desk.act(act)


def test_what_failed_goes_out_once_more(desk: Machine) -> None:
    said(desk, "load", "letters")
    said(desk, "on", "letters", "--since", "2026-01-01", "--yes")
    goes_round(desk)

    async def act(house: House) -> None:
        await run(house.db, "UPDATE outbox SET state = 'failed', settled_at = 1 WHERE mailing_id IS NOT NULL")

    desk.act(act)
    assert "[1 failed]" in said(desk, "status", "letters").text
    assert said(desk, "retry", "letters", "--in-doubt").text == "0 go out once more.\n"
    assert said(desk, "retry", "letters").text == "1 goes out once more.\n"
    assert "[1 queued]" in said(desk, "status", "letters").text


def test_unknown_names_and_days_are_told(desk: Machine) -> None:
    for verb in ("on", "off", "status", "retry"):
        assert "no sequence called “letters”" in said(desk, verb, "letters", code=1).err
    said(desk, "load", "letters")
    assert "--since is a day" in said(desk, "on", "letters", "--since", "monday", code=1).err
    (desk.folder / "My Letters").mkdir()
    assert "small letters" in said(desk, "load", "My Letters", code=1).err
    (desk.folder / "empty").mkdir()
    assert "one to 100 steps" in said(desk, "load", "empty", code=1).err
    assert ADA not in said(desk, "status", "letters").text


def test_a_day_that_is_to_come_is_refused(desk: Machine) -> None:
    """It would be on, and start for nobody."""
    said(desk, "load", "letters")
    for day in ("9999-12-31", "2099-01-01"):
        assert "has begun already" in said(desk, "on", "letters", "--since", day, "--yes", code=1).err
    assert said(desk, "list").text == "letters  off  starts by confirmed\n"
    assert "It is on" in said(desk, "on", "letters", "--since", "0001-01-01", "--yes").text
