"""Isso: its database, read where it lies and left as it was; and its JSON."""

import gzip
import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.comments.imports import Imported, isso, read
from newsletter.comments.imports.model import UNDATED
from newsletter.errors import BadInput
from tests.comments.imports.conftest import NOON, SAMPLES, Write, comments, reasons

JSON = SAMPLES / "isso.json"


def agreed(id: str, created_at: int, title: str) -> Imported:
    return Imported(
        source="isso",
        source_id=id,
        parent_id=None,
        url="/structure/",
        title=title,
        name="Ada",
        email="ada@example.com",
        website="https://ada.example.com",
        text="I **agree**.",
        is_html=False,
        newlines=False,
        created_at=created_at,
        status="approved",
    )


def test_the_database_is_read_whole(isso: Path) -> None:
    found = comments(isso)
    assert found["1"] == agreed("1", NOON + 250, "Structure")
    assert {id: one.status for id, one in found.items()} == {
        "1": "approved",
        "2": "pending",
        "3": "deleted",
        "6": "approved",
    }
    assert found["2"].parent_id == "1"
    assert (found["2"].name, found["3"].email) == ("", "")


def test_what_a_column_should_not_hold_stops_nothing(isso: Path) -> None:
    assert comments(isso)["6"].text == "\ufffdA"
    assert comments(isso)["6"].website == "7"


def test_what_is_skipped_is_named(isso: Path) -> None:
    assert reasons(isso) == {"4": "Its thread is not in the file.", "5": UNDATED}


def test_the_file_and_its_folder_are_left_as_they_were(isso: Path) -> None:
    with sqlite3.connect(isso) as connection:
        connection.execute("PRAGMA journal_mode = WAL")  # whoever reads such a file leaves two beside it
    connection.close()
    before = isso.read_bytes()
    isso.chmod(0o400)

    for _ in read(isso):
        assert [path.name for path in isso.parent.iterdir()] == [isso.name]

    assert isso.read_bytes() == before


def test_a_file_in_use_is_refused_rather_than_half_read(isso: Path) -> None:
    connection = sqlite3.connect(isso)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("UPDATE comments SET mode = 4")
    connection.commit()
    with pytest.raises(BadInput, match="comments-wal lies beside the file"):
        list(read(isso))
    connection.close()
    assert comments(isso)["1"].status == "deleted"


def test_another_database_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "other"
    with sqlite3.connect(path) as connection:
        connection.executescript("CREATE TABLE threads (id); CREATE VIEW comments AS SELECT 1 AS id")
    connection.close()
    with pytest.raises(BadInput, match="isn't Isso's"):
        list(read(path))


@pytest.mark.parametrize("end", [100, 4096, 5000])
def test_a_database_that_breaks_off_is_refused(isso: Path, write: Write, end: int) -> None:
    with pytest.raises(BadInput, match=r"can't be read|isn't Isso's"):
        list(read(write(isso.read_bytes()[:end])))


def test_a_compressed_database_asks_to_be_unpacked(isso: Path, write: Write) -> None:
    with pytest.raises(BadInput, match="unpack it"):
        list(read(write(gzip.compress(isso.read_bytes()))))


def test_a_name_may_hold_what_means_something_in_a_url(isso: Path) -> None:
    odd = isso.with_name("a?mode=rw#%41 b")
    shutil.copy(isso, odd)
    assert comments(odd) == comments(isso)


def test_json_counts_anew_on_each_page_and_we_do_not() -> None:
    found = comments(JSON)
    assert found["/structure/#1"] == agreed("/structure/#1", NOON, "Structure & career")
    assert list(found) == ["/structure/#1", "/late/#1"]
    assert reasons(JSON) == {"/structure/#2": UNDATED}


@pytest.mark.parametrize(
    "text", ['[{"id": 1}]', "[1]", '[{"id": "/a/", "comments": [{"id": 1}', "[" * 100_000]
)
def test_damaged_json_is_refused_with_a_sentence(write: Write, text: str) -> None:
    with pytest.raises(BadInput, match="can't be read"):
        list(read(write(text)))


def test_large_json_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isso, "LONGEST", 100)
    with pytest.raises(BadInput, match="Please split it"):
        list(read(write(JSON.read_bytes())))


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=4)), min_size=1))
def test_whatever_the_damage_a_database_is_read_or_refused(
    isso: Path, write: Write, damage: list[tuple[float, bytes]]
) -> None:
    content = bytearray(isso.read_bytes())
    for place, bytes_there in damage:
        start = int(place * len(content))
        content[start : start + len(bytes_there)] = bytes_there
    with suppress(BadInput):
        list(read(write(bytes(content))))
