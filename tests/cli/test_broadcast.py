"""`newsletter broadcast …`: from a file to everybody by a real worker, held, gone on with, ended."""

import asyncio
import signal
import subprocess
from collections.abc import Awaitable, Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from newsletter.web.kit import broadcasting
from tests.cast import House
from tests.cli.machine import ADA, CLEO, OLGA, Done, Machine
from tests.mail.conftest import eventually, run
from tests.mail.sink import Mail, Sink

LETTER = """---
subject: On {{ field.topic | "work" }}
preheader: A thought
---
Hello {{ first_name | "there" }}, a **thought**.
"""
SUMMER, WINTER = "2099-07-20 09:00", "2099-01-20 09:00"


@pytest.fixture
def desk(desk: Machine) -> Machine:
    """letter.md is ready to be sent."""
    (desk.folder / "letter.md").write_text(LETTER, "utf-8")
    return desk


def said(desk: Machine, *words: str, code: int = 0, answer: str = "") -> Done:
    return desk.says("broadcast", *words, code=code, answer=answer)


def sent(desk: Machine) -> str:
    """The number of a broadcast that is on its way."""
    return said(desk, "send", "letter.md", "--yes").text.split()[-1]


def works(desk: Machine, until: Callable[[Sink], Awaitable[object]]) -> list[Mail]:
    """What a worker, in a process of its own, sends until then; the transactional ones of the cast with it."""

    async def work() -> list[Mail]:
        sink = Sink()
        await sink.open()
        environment = desk.environment | {"NEWSLETTER_SMTP_URL": f"smtp://127.0.0.1:{sink.port}?tls=off"}
        process = subprocess.Popen(
            desk.command("worker"), cwd=desk.folder, env=environment, stderr=subprocess.PIPE
        )
        try:
            await eventually(lambda: until(sink), 40)
        finally:
            process.send_signal(signal.SIGTERM)
            _, err = await asyncio.to_thread(process.communicate, timeout=30)
            await sink.close()
        assert process.returncode == 0
        assert b"Traceback" not in err, err.decode()
        return sink.mails

    return asyncio.run(work())


def arrived(who: str, subject: str) -> Callable[[Sink], Awaitable[object]]:
    async def look(sink: Sink) -> bool:
        return any(mail.recipient.decode() == who and read(mail)["Subject"] == subject for mail in sink.mails)

    return look


def read(mail: Mail) -> EmailMessage:
    return message_from_bytes(mail.content, policy=SMTP)


def all_of(desk: Machine, number: str, state: str) -> None:
    """As a worker leaves its rows."""

    async def act(house: House) -> None:
        await run(
            house.db,
            """UPDATE outbox SET state = :state, reply = '250 taken', settled_at = created_at
               WHERE mailing_id = (SELECT mailing_id FROM broadcasts WHERE id = :id)""",
            state=state,
            id=int(number),
        )
        await broadcasting.keep_going(house.site)

    desk.act(act)


def test_a_file_to_begin_with_is_written_and_kept_as_a_draft(desk: Machine) -> None:
    heard = said(desk, "new", "first.md").text
    assert "newsletter broadcast preview first.md" in heard
    sample = (desk.folder / "first.md").read_text("utf-8")
    shown = said(desk, "preview", "first.md")
    assert "error" not in shown.err
    assert shown.text.startswith("Subject: What I learned this month\n\n")
    assert "Hello there," in shown.text
    assert "Unsubscribe:\n(each reader's own link)\n" in shown.text
    number = said(desk, "new", "first.md").text.strip()
    assert (desk.folder / "first.md").read_text("utf-8") == sample
    assert said(desk, "preview", number).text == shown.text
    assert said(desk, "status", number).text == "What I learned this month: draft\n"
    assert f"{number}  draft " in said(desk, "status").text
    assert "It was not sent yet." in said(desk, "status", number, "--people", "sent", code=1).err


def test_a_preview_is_the_whole_mail_with_all_that_is_to_say(desk: Machine) -> None:
    (desk.folder / "bad.md").write_text("---\nsubject: Hi\n---\n{{ nonsense }} ![](https://a.example/b.png)")
    shown = said(desk, "preview", "bad.md", "--html", "page.html", code=1)
    assert "<html" in (desk.folder / "page.html").read_text("utf-8")
    assert "error: “{{ nonsense }}” is no merge tag." in shown.err
    assert "no alternative text" in shown.err
    for command in ("send", "test"):
        refused = said(desk, command, "bad.md", code=1)
        assert "is no merge tag" in refused.err
        assert "Send “" not in refused.text
    assert "There is no broadcast yet." in said(desk, "status").text


def test_it_is_tried_and_then_reaches_everybody_through_a_worker(desk: Machine) -> None:
    assert OLGA in desk.run("broadcast", "test", "letter.md").text
    (copy,) = [mail for mail in works(desk, arrived(OLGA, "On work")) if mail.recipient.decode() == OLGA]
    body = read(copy).get_body(("plain",))
    assert body
    assert "Hello there, a" in body.get_content()

    heard = said(desk, "send", "letter.md", answer="y\n").text
    assert "Send “On work” to 1 person now?" in heard
    number = heard.split()[-1]
    assert said(desk, "status", number).text == "On work: sending\n        1 queued\n"
    mails = works(desk, arrived(ADA, "On work"))
    assert [mail.recipient.decode() for mail in mails if read(mail)["Subject"] == "On work"] == [ADA]
    assert "        1 sent\n" in said(desk, "status", number).text
    people = said(desk, "status", number, "--people", "sent").text
    assert people.startswith(f"{ADA}  20")
    assert people.endswith("250 taken\n")
    assert said(desk, "status", number, "--people", "failed").text == ""


def test_its_words_go_into_a_new_file(desk: Machine) -> None:
    number = sent(desk)
    assert "copy.md" in said(desk, "duplicate", number, "copy.md").text
    assert (desk.folder / "copy.md").read_text("utf-8") == LETTER.replace(
        "---\nHello", "archive: no\n---\n\nHello"
    )
    assert "there already" in said(desk, "duplicate", number, "letter.md", code=1).err
    assert (desk.folder / "letter.md").read_text("utf-8") == LETTER
    assert "no such broadcast" in said(desk, "duplicate", "7", "other.md", code=1).err


def test_who_says_no_sends_nothing(desk: Machine) -> None:
    said(desk, "send", "letter.md", answer="n\n", code=1)
    assert "There is no broadcast yet." in said(desk, "status").text


def test_the_same_again_is_asked_about(desk: Machine) -> None:
    first = sent(desk)
    assert f"as number {first}. Send “On work”" in said(desk, "send", "letter.md", answer="n\n", code=1).text
    assert "Say --again" in said(desk, "send", "letter.md", "--yes", code=1).err
    assert "to 1 person" in said(desk, "send", "letter.md", "--yes", "--again").text


def test_it_is_held_gone_on_with_and_ended(desk: Machine) -> None:
    number = sent(desk)
    for command, state in (("pause", "paused"), ("resume", "sending"), ("pause", "paused")):
        said(desk, command, number)
        assert f"On work: {state}\n" in said(desk, "status", number).text
    assert "This broadcast is paused" in said(desk, "pause", number, code=1).err
    assert "Cancel it for good?" in said(desk, "cancel", number, answer="n\n", code=1).text
    assert said(desk, "cancel", number, "--yes").text == "It is cancelled.\n"
    ended = "        1 skipped\n                1 skipped: Its owner cancelled it.\n"
    assert said(desk, "status", number).text == f"On work: cancelled\n{ended}"
    for command in ("resume", "cancel", "retry", "send"):
        words = ["--yes"] if command in ("cancel", "send") else []
        assert "This broadcast is cancelled" in said(desk, command, number, *words, code=1).err


def test_a_misspelt_name_in_the_audience_is_told_before_it_goes(desk: Machine) -> None:
    (desk.folder / "few.md").write_text(LETTER.replace("preheader", "audience: not form:giude\npreheader"))
    told = "warning: There is no form “giude”. Did you mean guide?\n"
    assert told in said(desk, "preview", "few.md").err
    heard = said(desk, "send", "few.md", answer="n\n", code=1)
    assert told in heard.err
    assert "to 1 person" in heard.text


def test_links_that_are_counted_are_told(desk: Machine) -> None:
    desk.environment["NEWSLETTER_CLICKS"] = "true"
    (desk.folder / "linked.md").write_text(f"{LETTER}[Read on](https://example.org/on).\n")
    number = said(desk, "send", "linked.md", "--yes").text.split()[-1]
    assert "        0 followed https://example.org/on\n" in said(desk, "status", number).text


def test_what_the_ramp_up_keeps_for_tomorrow_is_told(desk: Machine) -> None:
    async def cleo_is_back(house: House) -> None:
        await house.joins(CLEO)

    desk.act(cleo_is_back)
    number = sent(desk)
    told = "The ramp-up lets 1 mail go today; the rest goes on tomorrow by itself.\n"
    desk.environment["NEWSLETTER_RAMP_UP"] = "1"
    assert told in said(desk, "status", number).text


def test_it_says_what_became_of_it(desk: Machine) -> None:
    number = sent(desk)
    all_of(desk, number, "sent")

    async def leave(house: House) -> None:
        await house.db.write(house.site.subscribers.unsubscribe, (await house.person(ADA)).id, "one-click")

    desk.act(leave)
    assert said(desk, "status", number).text == "On work: sent\n        1 sent\n        1 unsubscribed\n"


@pytest.mark.parametrize(("state", "words"), [("failed", []), ("in_doubt", ["--in-doubt"])])
def test_what_did_not_arrive_goes_out_once_more(desk: Machine, state: str, words: list[str]) -> None:
    number = sent(desk)
    all_of(desk, number, state)
    assert said(desk, "status", number).text.startswith("On work: sent\n")
    assert ADA in said(desk, "status", number, "--people", state).text
    assert said(desk, "retry", number, *words).text == "1 goes out once more.\n"
    assert said(desk, "status", number).text == "On work: sending\n        1 queued\n"


def test_a_time_is_the_owners_and_one_that_is_over_is_refused(desk: Machine) -> None:
    heard = said(desk, "send", "letter.md", "--at", SUMMER, answer="y\n").text
    assert f"to 1 person at {SUMMER} WEST?" in heard
    assert f"It goes out to 1 person at {SUMMER} WEST." in heard
    number = heard.split()[-1]
    assert said(desk, "status", number).text == f"On work: scheduled for {SUMMER} WEST\n"
    said(desk, "send", number, "--at", WINTER, "--yes")
    assert said(desk, "status", number).text == f"On work: scheduled for {WINTER} WET\n"
    assert "a draft again" in said(desk, "cancel", number, "--yes").text
    assert said(desk, "status", number).text == "On work: draft\n"

    over = said(desk, "send", "letter.md", "--at", "2020-01-01 09:00", answer="y\n", code=1)
    assert "That time is over." in over.err
    assert over.text == ""  # not asked before
    for typed in ("tomorrow", "2099-07-20", "2099-13-01 09:00", "2099-07-20 25:00"):
        refused = said(desk, "send", "letter.md", "--at", typed, "--yes", code=1)
        assert "--at is written like" in refused.err
    assert len(said(desk, "status").text.splitlines()) == 1  # nothing else was kept


def test_a_file_may_say_when(desk: Machine) -> None:
    (desk.folder / "later.md").write_text(LETTER.replace("---\nHello", f"send_at: {SUMMER}\n---\nHello"))
    number = said(desk, "send", "later.md", "--yes").text.split()[-1]
    assert f"scheduled for {SUMMER} WEST" in said(desk, "status", number).text
    kept = said(desk, "new", "later.md")
    assert "send_at is not kept" in kept.err
    assert kept.text.strip().isdigit()


@pytest.mark.parametrize("number", ["0", "-1", "x", "9223372036854775808", "9" * 5000])
def test_what_is_no_number_is_a_wrong_use(desk: Machine, number: str) -> None:
    for command in ("status", "pause"):
        assert "Error: " in said(desk, command, "--", number, code=2).err


def test_what_is_not_there_is_named(desk: Machine) -> None:
    for command in ("status", "pause", "resume", "cancel", "retry", "send", "test", "preview"):
        words = ["--yes"] if command in ("cancel", "send") else []
        heard = said(desk, command, "41", *words, code=1).err
        assert "There is no such broadcast." in heard, command
    for which in ("nothing.md", "9" * 30):
        heard = said(desk, "preview", which, code=1).err
        assert heard == f"Error: {which} can't be read: No such file or directory.\n"
    for command in ("preview", "test", "send", "new"):
        assert ": File name too long.\n" in said(desk, command, "x" * 300, code=1).err
    (desk.folder / "latin.md").write_bytes("Olá".encode("latin-1"))
    assert "no text in UTF-8" in said(desk, "preview", "latin.md", code=1).err
    assert "can't be written" in said(desk, "new", "no/such/folder.md", code=1).err
    assert (
        "no/page.html can't be written"
        in said(desk, "preview", "letter.md", "--html", "no/page.html", code=1).err
    )
    assert "name@example.org" in said(desk, "test", "letter.md", "--to", "x", code=1).err
    for words in (["--people", "sent"], ["1", "--people", "nonsense"]):
        said(desk, "status", *words, code=2)


def test_a_file_that_can_not_be_read_is_named_with_its_line(desk: Machine) -> None:
    (desk.folder / "bad.md").write_text("---\nsubjekt: x\n---\n")
    heard = said(desk, "new", "bad.md", code=1).err
    assert heard == "Error: bad.md: Line 2: “subjekt” is not known here. Did you mean “subject”?\n"
    (desk.folder / "bad.md").write_text("---\nsubject: x\naudience: tags:x\n---\nHi")
    for command in ("new", "send", "preview"):
        assert "Did you mean tag:?" in said(desk, command, "bad.md", code=1).err
    assert "There is no broadcast yet." in said(desk, "status").text


def test_a_sample_needs_somebody_to_go_to(desk: Machine) -> None:
    del desk.environment["NEWSLETTER_OWNER_EMAIL"]
    assert "Say with --to" in said(desk, "test", "letter.md", code=1).err
    assert "ben@b.example" in said(desk, "test", "letter.md", "--to", "Ben@B.example", code=0).text.lower()
