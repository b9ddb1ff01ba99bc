"""`newsletter import comments` of a website that has moved since: to https, or to another name."""

import pytest

from newsletter.cli.moved import WHERE_NOW, Moved
from newsletter.errors import BadInput
from tests.cli.machine import Machine
from tests.cli.test_comments import ORIGIN, exported, wxr

NOW = "https://new.example.org"
PAGE = f"{NOW}/on-work"


@pytest.mark.parametrize(
    ("allowed", "origin", "formerly", "url", "page"),
    [
        ([NOW], "", [], "http://new.example.org/on-work/", PAGE),
        (
            [NOW, "http://new.example.org"],
            "",
            [],
            "http://new.example.org/on-work",
            "http://new.example.org/on-work",
        ),
        ([NOW], "", [], "/on-work/index.html", PAGE),
        ([NOW, ORIGIN], ORIGIN, [], "/on-work", f"{ORIGIN}/on-work"),
        ([NOW], "", ["http://old.example.org/"], "http://OLD.example.org:80/on-work/", PAGE),
        (
            [NOW],
            "",
            ["https://old.example.org", "http://ada.example.com"],
            "http://ada.example.com/?p=7",
            f"{NOW}/?p=7",
        ),
        ([NOW, ORIGIN], NOW, [ORIGIN], f"{ORIGIN}/on-work", PAGE),
    ],
)
def test_a_page_is_where_it_is_now(
    allowed: list[str], origin: str, formerly: list[str], url: str, page: str
) -> None:
    assert Moved(allowed, origin, formerly)(url) == page


@pytest.mark.parametrize(
    "url", ["http://old.example.org/on-work", "https://new.example.org.evil.example/", "http://["]
)
def test_of_nobody_elses_page_it_is_said(url: str) -> None:
    with pytest.raises(BadInput):
        Moved([NOW], formerly=["https://other.example.org"])(url)


def test_with_more_than_one_website_it_has_to_be_said_which(desk: Machine) -> None:
    desk.environment["NEWSLETTER_ALLOWED_ORIGINS"] = f"{NOW},https://second.example.org"
    again = ("import", "comments", "site.xml", "--formerly", ORIGIN)
    assert WHERE_NOW in desk.run(*again, code=1).err
    assert desk.run(*again, "--origin", NOW).text.startswith("Took in 1 comment.\n")


def test_who_moved_is_told_how_and_gets_all(desk: Machine) -> None:
    desk.environment["NEWSLETTER_ALLOWED_ORIGINS"] = NOW
    said = desk.run("import", "comments", "site.xml").text
    assert said.startswith("Took in 0 comments.\n")
    hint = f"Pages of {ORIGIN} aren't yours. If they were, say --formerly {ORIGIN}\n"
    assert said.endswith(hint)
    desk.run("import", "comments", "site.xml", "--formerly", ORIGIN)
    assert [row["url"] for row in exported(desk)] == [PAGE]


@pytest.fixture
def desk(machine: Machine) -> Machine:
    (machine.folder / "site.xml").write_text(wxr({"id": "1", "text": "First!"}), "utf-8")
    return machine
