"""The guide that is handed out: rebuilt equal, accessible, and with no character lost."""

import importlib
import importlib.util
import io
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from fontTools.ttLib import TTFont
from pypdf import PdfReader
from pypdf.generic import ArrayObject, ByteStringObject, ContentStream, DictionaryObject, TextStringObject

from newsletter.paths import TEMPLATES

GUIDES = TEMPLATES / "guides"
FINISHED = GUIDES / "structure-your-career.pdf"
SAMPLE = """
#set document(title: "A sample", author: "ada")
#set text(font: "Figtree", lang: "en", fallback: {fallback})
= A sample
{body}
"""


@pytest.fixture(scope="module")
def guide() -> Any:
    """The builder, where the extra [pdf] is installed; CI must have it."""
    if importlib.util.find_spec("typst") is None:
        missing = "the guide can't be rebuilt without typst: install the extra [pdf]"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return importlib.import_module("newsletter.magnets.guide")


@pytest.fixture(scope="module")
def finished() -> PdfReader:
    return PdfReader(FINISHED)


@pytest.fixture(scope="module")
def root(finished: PdfReader) -> Any:
    """The document's catalogue, where what concerns the whole is said."""
    return finished.root_object


def sample(folder: Path, body: str, fallback: str = "true") -> Path:
    shutil.copytree(GUIDES / "fonts", folder / "fonts")
    source = folder / "sample.typ"
    source.write_text(SAMPLE.format(body=body, fallback=fallback), encoding="utf-8")
    return source


def empty_boxes(reader: PdfReader) -> int:
    """How often a page shows glyph 0, the box that stands for a character the font lacks."""
    shown = 0
    for page in reader.pages:
        for operands, operator in ContentStream(page.get_contents(), reader).operations:
            if operator in (b"Tj", b"TJ"):
                pieces = operands[0] if operator == b"TJ" else operands
                shown += sum(zeros(piece) for piece in pieces)
    return shown


def zeros(piece: object) -> int:
    if isinstance(piece, TextStringObject):
        codes = piece.original_bytes
    elif isinstance(piece, ByteStringObject):
        codes = bytes(piece)
    else:
        return 0
    return sum(codes[n : n + 2] == b"\0\0" for n in range(0, len(codes), 2))


def elements(node: Any) -> list[Any]:
    """Every structure element at and below a node of the tag tree, in reading order."""
    node = node.get_object()
    if isinstance(node, ArrayObject):
        return [found for kid in node for found in elements(kid)]
    if not isinstance(node, DictionaryObject) or "/S" not in node:
        return []
    return [node, *(elements(node["/K"]) if "/K" in node else [])]


def test_it_is_rebuilt_equal_to_the_byte(guide: Any) -> None:
    assert guide.build(guide.SOURCE) == FINISHED.read_bytes(), "run: python -m newsletter.magnets.guide"


def test_it_is_the_same_from_another_folder(guide: Any, tmp_path: Path) -> None:
    elsewhere = shutil.copytree(GUIDES, tmp_path / "elsewhere", ignore=shutil.ignore_patterns("*.pdf"))
    assert guide.build(elsewhere / guide.SOURCE.name) == FINISHED.read_bytes()


def test_it_names_its_title_author_and_language(finished: PdfReader, root: Any) -> None:
    metadata = finished.metadata
    assert metadata is not None
    assert metadata.title == "Structure your career"
    assert metadata.author
    assert metadata.subject
    assert root["/Lang"] == "en-GB"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]


def test_it_is_a_tagged_pdf_ua_1(root: Any) -> None:
    assert root["/MarkInfo"]["/Marked"]
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_object().get_data()
    tags = elements(root["/StructTreeRoot"]["/K"])
    assert [tag["/S"] for tag in tags].count("/H1") == 8
    figures = [tag for tag in tags if tag["/S"] == "/Figure"]
    assert figures
    assert all(figure.get("/Alt") for figure in figures)


def test_it_is_short_and_light(finished: PdfReader) -> None:
    assert 6 <= len(finished.pages) <= 10
    assert FINISHED.stat().st_size < 300_000


def test_no_character_is_lost(finished: PdfReader) -> None:
    covered = [set(TTFont(file).getBestCmap()) for file in sorted((GUIDES / "fonts").glob("*.ttf"))]
    text = "".join(page.extract_text() for page in finished.pages)
    assert "Taking stock" in text
    assert {c for c in text if c != "\n" and not all(ord(c) in cmap for cmap in covered)} == set()
    assert empty_boxes(finished) == 0


def test_only_the_vendored_family_is_used(finished: PdfReader) -> None:
    resources: list[Any] = [page["/Resources"] for page in finished.pages]
    fonts = [font for used in resources for font in used["/Font"].values()]
    families = {font.get_object()["/BaseFont"].split("+")[1].split("-")[0] for font in fonts}
    assert families == {"Figtree"}
    assert "SIL Open Font License, Version 1.1" in (GUIDES / "fonts" / "OFL.txt").read_text()


@pytest.mark.parametrize("lost", ["日", "🎉", "\N{CHECK MARK}", "\N{BALLOT BOX}"])
@pytest.mark.parametrize("fallback", ["true", "false"])
def test_a_character_that_the_fonts_lack_is_refused(
    guide: Any, tmp_path: Path, lost: str, fallback: str
) -> None:
    with pytest.raises(guide.GuideError, match=lost):
        guide.build(sample(tmp_path, f"Here {lost} is one.", fallback))


def test_a_warning_of_the_compiler_is_refused(guide: Any, tmp_path: Path) -> None:
    with pytest.raises(guide.GuideError, match="unknown font family: nowhere"):
        guide.build(sample(tmp_path, '#text(font: ("Nowhere", "Figtree"))[Here.]'))


def test_the_count_of_empty_boxes_can_see_one(guide: Any, tmp_path: Path) -> None:
    source = sample(tmp_path, "Here 日 is one, and here 日 another.", "false")
    fonts = guide.typst.Fonts(False, False, [tmp_path / "fonts"])
    unchecked = guide.typst.Compiler(root=tmp_path, font_paths=fonts).compile(source, format="pdf")
    assert empty_boxes(PdfReader(io.BytesIO(unchecked))) == 2
