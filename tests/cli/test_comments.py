"""`newsletter import comments` and `newsletter export comments`: from another system and out again."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from newsletter.comments import Imported, read
from tests.cast import House
from tests.cli.machine import Machine

ORIGIN = "https://blog.example.org"
COMMENT = """<wp:comment><wp:comment_id>{id}</wp:comment_id><wp:comment_author><![CDATA[{name}]]></wp:comment_author>
<wp:comment_author_email>{email}</wp:comment_author_email><wp:comment_author_url>https://{name}.example</wp:comment_author_url>
<wp:comment_date>2019-03-01 13:00:00</wp:comment_date><wp:comment_date_gmt>2019-03-01 12:00:0{id}</wp:comment_date_gmt>
<wp:comment_content><![CDATA[{text}]]></wp:comment_content><wp:comment_approved>{state}</wp:comment_approved>
<wp:comment_type>{kind}</wp:comment_type><wp:comment_parent>{parent}</wp:comment_parent></wp:comment>"""


def wxr(*comments: dict[str, str]) -> str:
    known = {"email": "ada@example.org", "state": "1", "kind": "comment", "parent": "0", "name": "Ada"}
    inner = "".join(COMMENT.format(**known | one) for one in comments)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:wp="http://wordpress.org/export/1.2/" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><wp:wxr_version>1.2</wp:wxr_version><item><title>On work</title><link>{ORIGIN}/on-work/</link>
<wp:post_id>7</wp:post_id><wp:post_date_gmt>2019-02-28 08:00:00</wp:post_date_gmt><wp:post_type>post</wp:post_type>
{inner}</item></channel></rss>"""


SAMPLE = wxr(
    {
        "id": "3",
        "text": "An <b>answer</b>\nin two lines<script>alert(1)</script>",
        "parent": "1",
        "name": "Ben",
    },
    {"id": "1", "text": "First!"},
    {"id": "4", "text": "Buy pills", "state": "spam", "name": "Mallory"},
    {"id": "5", "text": "Waiting", "state": "0"},
    {"id": "6", "text": "ping", "kind": "pingback"},
)


@pytest.fixture
def desk(machine: Machine) -> Machine:
    machine.environment["NEWSLETTER_ALLOWED_ORIGINS"] = ORIGIN
    (machine.folder / "site.xml").write_text(SAMPLE, "utf-8")
    return machine


def exported(machine: Machine, *more: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in machine.run("export", "comments", *more).text.splitlines()]


def test_a_wordpress_export_comes_in_once_and_whole(desk: Machine) -> None:
    dry = desk.run("import", "comments", "site.xml", "--dry-run").text
    assert dry.startswith("Would take in 4 comments.\n  approved: 2\n  pending: 1\n  spam: 1\nSkipped 1: ")
    assert exported(desk) == []

    took = desk.run("import", "comments", "site.xml").text
    assert took.replace("Took in", "Would take in") == dry
    rows = {row["source_id"]: row for row in exported(desk)}
    assert [rows[id]["status"] for id in ("1", "3", "4", "5")] == ["approved", "approved", "spam", "pending"]
    assert rows["3"]["parent"] == rows["1"]["id"]
    assert rows["3"]["created_at"] == "2019-03-01T12:00:03+00:00"
    assert rows["3"]["html"] == "<p>An <strong>answer</strong><br>\nin two lines</p>" or "script" not in str(
        rows["3"]["html"]
    )
    assert rows["1"]["email"] == "ada@example.org"

    again = desk.run("import", "comments", "site.xml").text
    assert again.startswith("Took in 0 comments.\nSkipped ")
    assert "It is here already." in again
    assert len(exported(desk)) == 4

    async def nobody_is_told(house: House) -> None:
        assert [
            m for m in await house.mails() if m.message in ("comment_reply", "comment_confirm", "moderation")
        ] == []
        assert await house.count("SELECT count(*) FROM notices") == 0

    desk.act(nobody_is_told)


def test_what_goes_out_as_wxr_comes_in_again(desk: Machine) -> None:
    desk.run("import", "comments", "site.xml")
    desk.run("export", "comments", "--format", "wxr", "-o", "out.xml")
    ET.parse(desk.folder / "out.xml")
    found = [one for one in read(desk.folder / "out.xml") if isinstance(one, Imported)]
    assert [(one.status, one.text) for one in found if one.status == "spam"] == [("spam", "<p>Buy pills</p>")]
    assert {one.url.rstrip("/") for one in found} == {f"{ORIGIN}/on-work"}
    assert len(found) == 4


def test_one_persons_comments_alone(desk: Machine) -> None:
    desk.run("import", "comments", "site.xml")
    assert {row["email"] for row in exported(desk, "--email", "ADA@example.org")} == {"ada@example.org"}
    assert exported(desk, "--email", "nobody@example.org") == []


def test_pages_of_others_stay_out(desk: Machine) -> None:
    desk.environment["NEWSLETTER_ALLOWED_ORIGINS"] = "https://other.example.org"
    said = desk.run("import", "comments", "site.xml").text
    assert said.startswith("Took in 0 comments.\n")
    assert "Skipped 4: " in said


def test_what_can_not_be_read_is_said(desk: Machine, tmp_path: Path) -> None:
    entities = '<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">'
    bomb = f'<?xml version="1.0"?><!DOCTYPE x [{entities}]><rss><channel>&b;</channel></rss>'
    (desk.folder / "bomb.xml").write_text(bomb)
    assert "Error: " in desk.run("import", "comments", "bomb.xml", code=1).err
    (desk.folder / "none.txt").write_text("hello")
    assert "no export" in desk.run("import", "comments", "none.txt", code=1).err
    del desk.environment["NEWSLETTER_ALLOWED_ORIGINS"]
    assert "NEWSLETTER_ALLOWED_ORIGINS" in desk.run("import", "comments", "site.xml", code=1).err
