"""Reads what other comment systems give out: WordPress, Disqus, Isso, Remark42. Stores and sends nothing."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from newsletter.comments.imports.model import Imported, Skipped
from newsletter.comments.imports.order import in_order

__all__ = ["Imported", "Skipped", "in_order", "read"]


def read(path: Path) -> Iterator[Imported | Skipped]:
    """All comments of an export in its own order; its content tells whose it is, not its name.

    Raises BadInput, as late as the damage stands in the file; OSError where it can't be opened.
    """
    reader = import_module("newsletter.comments.imports.reader")  # `serve` shall not wait for it
    yield from reader.read(path)
