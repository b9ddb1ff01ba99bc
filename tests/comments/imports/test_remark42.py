"""Remark42's backup."""

import gzip

import pytest

from newsletter.comments.imports import Imported, read
from newsletter.comments.imports.model import UNDATED
from newsletter.errors import BadInput
from tests.comments.imports.conftest import NOON, SAMPLES, Write, comments, reasons

SAMPLE = SAMPLES / "remark42.json"
HEAD = '{"version":1,"users":null,"posts":[]}\n'


def test_a_comment_is_taken_as_it_was_typed() -> None:
    assert comments(SAMPLE)["f863bd79"] == Imported(
        source="remark42",
        source_id="f863bd79",
        parent_id=None,
        url="https://olga.example.org/structure/",
        title="Structure",
        name="Ada <3",
        email="",
        website="",
        text="> Structure\n\nI *agree* & more.",
        is_html=False,
        newlines=False,
        created_at=NOON + 123,
        status="approved",
    )


def test_what_it_had_imported_itself_is_html() -> None:
    elsewhere = comments(SAMPLE)["dsq-1001"]
    assert (elsewhere.text, elsewhere.is_html) == ("<p>Came from elsewhere</p>", True)


def test_a_deleted_one_keeps_its_place() -> None:
    gone = comments(SAMPLE)["a1b2c3d4"]
    assert (gone.status, gone.name, gone.parent_id) == ("deleted", "", "f863bd79")


def test_a_line_that_says_nothing_is_named() -> None:
    assert reasons(SAMPLE) == {"": UNDATED}


def test_it_is_read_compressed_as_it_is_written(write: Write) -> None:
    assert comments(write(gzip.compress(SAMPLE.read_bytes()))) == comments(SAMPLE)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (HEAD + '{"id":"1"\n', "^Line 2 isn't a comment of Remark42's"),
        (HEAD + '\n{"id":1}\n', "^Line 3 isn't a comment of Remark42's"),
        (HEAD + '{"id":"\xff"}', None),
        (HEAD.replace("1", "2", 1), "in version 2"),
        ('{"version": 1}\n', "isn't that of a backup"),
        ('{"id":"1","pid":"","text":"x"}\n', "isn't that of a backup"),
        ("{", "isn't that of a backup"),
    ],
)
def test_damage_is_refused_with_its_line(write: Write, text: str, sentence: str | None) -> None:
    with pytest.raises(BadInput, match=sentence or "^Line 2 "):
        list(read(write(text.encode("latin-1"))))
