"""The free guide, typeset: the same sources give the same PDF, byte for byte, on every machine.

Only who rebuilds a guide needs this (extra `[pdf]`); the service hands out the finished file.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import typst

from newsletter.errors import NewsletterError
from newsletter.paths import TEMPLATES

SOURCE = TEMPLATES / "guides" / "structure-your-career.typ"


class GuideError(NewsletterError):
    """The guide can't be typeset as it stands; the sentence says what is wrong and in which line."""


def build(source: Path) -> bytes:
    """Typeset `source` as a tagged PDF/UA-1 from nothing but the folder it lies in.

    The fonts are those of `fonts/` beside it and no others, so a character that they lack can't be
    taken quietly from elsewhere, and PDF/UA-1 refuses the empty box that would stand in for it.
    That, and every warning of the compiler (an unknown font, say), is a GuideError.
    """
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[source.parent / "fonts"]
    )
    with TemporaryDirectory() as empty:
        packages = Path(empty)
        compiler = typst.Compiler(
            root=source.parent, font_paths=fonts, package_path=packages, package_cache_path=packages
        )
        try:
            pdf, warnings = compiler.compile_with_warnings(
                source, format="pdf", pdf_standards=["ua-1"], timestamp=0
            )
        except typst.TypstError as error:
            raise _told(source, error) from error
    if warnings:
        raise _told(source, warnings[0])
    if not isinstance(pdf, bytes):
        raise GuideError(f"{source.name} gave no PDF: is it empty?")
    return pdf


def _told(source: Path, found: typst.TypstError | typst.TypstWarning) -> GuideError:
    return GuideError(f"{source.name} can't be typeset: {found.message}.\n{found.diagnostic}".rstrip())


def main() -> None:
    """Rebuild the PDF beside its source: `python -m newsletter.magnets.guide`."""
    finished = SOURCE.with_suffix(".pdf")
    finished.write_bytes(build(SOURCE))
    sys.stdout.write(f"{finished.name}: {finished.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
