"""A folder of files as a sequence, and its steps in their order."""

from pathlib import Path

import pytest

from newsletter.clock import DAY, HOUR, MINUTE
from newsletter.errors import BadInput
from newsletter.paths import TEMPLATES
from newsletter.sequences import read_folder, say_delay
from newsletter.sequences.model import Place, following, in_order, read_delay

LETTERS = {
    "1-box.md": "start: tag: coaching\ndelay: at once\nsubject: The box",
    "2-talk.md": "delay: 2 days\nsubject: A talk\nfrom: Olga <o@example.org>\npreheader: On talks",
}


def folder(tmp_path: Path, **changes: str) -> Path:
    made = tmp_path / "letters"
    made.mkdir()
    for name, said in {**LETTERS, **changes}.items():
        (made / name).write_text(f"---\n{said}\n---\n\nText of {name}.\n", "utf-8")
    return made


def test_it_is_read_with_all_that_it_says(tmp_path: Path) -> None:
    plan = read_folder(folder(tmp_path, **{"10-last.md": "delay: 3 hours\nsubject: x"}))
    assert (plan.slug, plan.start, plan.start_value) == ("letters", "tag", "coaching")
    assert [(step.slug, step.delay) for step in plan.steps] == [
        ("box", 0),
        ("talk", 2 * DAY),
        ("last", 3 * HOUR),
    ]
    talk = plan.steps[1]
    assert (talk.subject, talk.preheader, talk.sender) == ("A talk", "On talks", "Olga <o@example.org>")
    assert talk.body == "Text of 2-talk.md."


def test_the_shipped_one_is_three_mails_after_the_guide() -> None:
    plan = read_folder(TEMPLATES / "sequences" / "welcome")
    assert (plan.start, plan.start_value) == ("downloaded", "structure-your-career")
    assert [step.delay // DAY for step in plan.steps] == [1, 3, 4]


@pytest.mark.parametrize(
    ("name", "said", "told"),
    [
        ("box.md", "delay: 1 day", "box.md: a step's file is called like 1-welcome.md"),
        ("1-other.md", "delay: 1 day", "another file has this number"),
        ("3-box.md", "delay: 1 day", "or this name behind its number"),
        ("3-last.md", "subject: The last", "3-last.md: It says no delay."),
        ("3-last.md", "delay: soon", "3-last.md: A delay is written like"),
        ("3-last.md", "delay: 367 days", "is a year at most"),
        ("3-last.md", "delay: 1 day\nstart: confirmed", "It is said in 1-box.md, 3-last.md."),
        ("1-box.md", f"delay: 1 day\nstart: tag:{'x' * 201}", "1-box.md: “start” is confirmed, confirmed:…"),
        ("3-last.md", "delay: 1 day\nstart: tag", "3-last.md: “start” is confirmed, confirmed:…"),
        ("3-last.md", "delay: 1 day\nstart: confirmed:", "3-last.md: “start” is confirmed, confirmed:…"),
        ("3-last.md", "delay: 1 day\nsubjet: x", "3-last.md: Line 3: “subjet” is not known here."),
        ("1-box.md", "delay: 1 day\nsubject: x", "No file says it."),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, name: str, said: str, told: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_folder(folder(tmp_path, **{name: said}))
    assert told in refused.value.sentence


def test_folders_that_are_none_are_told(tmp_path: Path) -> None:
    for name, told in (
        ("My Letters", "small letters"),
        ("empty", "one to 100 steps"),
        ("none", "can't be read"),
    ):
        if name != "none":
            (tmp_path / name).mkdir()
        with pytest.raises(BadInput, match=told):
            read_folder(tmp_path / name)
    made = folder(tmp_path)
    (made / "3-last.md").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match=r"3-last.md can't be read: it is no text in UTF-8."):
        read_folder(made)


@pytest.mark.parametrize(
    ("typed", "ms", "said"),
    [
        ("at once", 0, "at once"),
        ("0 minutes", 0, "at once"),
        ("1 minute", MINUTE, "1 minute"),
        ("90 minutes", 90 * MINUTE, "90 minutes"),
        (" 24  Hours ", DAY, "1 day"),
        ("14 days", 14 * DAY, "2 weeks"),
        ("366 days", 366 * DAY, "366 days"),
    ],
)
def test_a_delay_is_said_as_it_is_written(typed: str, ms: int, said: str) -> None:
    assert read_delay(typed) == ms
    assert say_delay(ms) == said
    assert read_delay(said) == ms


@pytest.mark.parametrize(
    ("before", "now", "order"),
    [
        ("", "abc", "abc"),
        ("abc", "abc", "abc"),
        ("abc", "cab", "cab"),
        ("abc", "ac", "abc"),
        ("abc", "ab", "abc"),
        ("abc", "bc", "abc"),
        ("abc", "axc", "axbc"),  # who stands at b gets c next, and not what took b's place
        ("abc", "abxc", "abxc"),
        ("abcd", "a", "abcd"),
        ("abcd", "xd", "xabcd"),
        ("abc", "xyz", "xyzabc"),
    ],
)
def test_what_is_removed_keeps_its_place(before: str, now: str, order: str) -> None:
    assert "".join(in_order([*before], [*now])) == order


def test_what_is_next_is_the_first_that_was_not_removed() -> None:
    a, b, c, d = (Place(n, n in (2, 4), 0, 1) for n in (1, 2, 3, 4))
    assert following([a, b, c, d]) == {0: a, 1: c, 2: c, 3: None, 4: None}
    assert following([]) == {0: None}


def test_what_no_database_takes_is_left_out(tmp_path: Path) -> None:
    plan = read_folder(
        folder(
            tmp_path, **{"1-box.md": "start: tag:a\0b\ndelay: at once\nsubject: The\0 box\npreheader: x\0"}
        )
    )
    assert plan.start_value == "ab"
    assert (plan.steps[0].subject, plan.steps[0].preheader) == ("The box", "x")
