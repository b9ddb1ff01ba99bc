"""Subscribers as an Excel sheet: every cell is typed text, so nothing in it can run as a formula."""

import importlib
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from newsletter.storage import Database
from newsletter.subscribers import HEADER, Choice, query

MOST_ROWS = 1_048_575  # Excel's own limit, less the header


async def write_xlsx(db: Database, choice: Choice, path: Path, advance: Callable[[int], object]) -> int:
    """Streams row by row (memory stays flat) and calls `advance` with each number of rows; returns how many.

    Raises click.ClickException, OSError.
    """
    try:
        xlsxwriter = importlib.import_module("xlsxwriter")  # the extra [xlsx], a third of our start: only now
    except ModuleNotFoundError:
        raise click.ClickException(
            'XLSX needs one more package: pip install "authors-newsletter[xlsx]"'
        ) from None
    try:
        with TemporaryDirectory(dir=path.parent) as scratch:
            options = {"constant_memory": True, "tmpdir": scratch, "strings_to_formulas": False}
            with xlsxwriter.Workbook(str(path), options) as book:
                return await _fill(book, db, choice, advance)
    except xlsxwriter.exceptions.FileCreateError as error:
        raise error.args[0] from None  # what the system said


async def _fill(book: Any, db: Database, choice: Choice, advance: Callable[[int], object]) -> int:
    sheet = book.add_worksheet("Subscribers")
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(HEADER) - 1, 22)
    bold = book.add_format({"bold": True})
    for column, name in enumerate(HEADER):
        sheet.write_string(0, column, name, bold)
    sql, params = query(db.engine, choice)
    done = 0
    async with aclosing(db.stream(sql, **params)) as chunks:
        async for rows in chunks:
            if done + len(rows) > MOST_ROWS:
                raise click.ClickException("Too many rows for one Excel sheet. Choose fewer, or take CSV.")
            for row in rows:
                done += 1
                for column, cell in enumerate(row):
                    sheet.write_string(done, column, cell)
            advance(len(rows))
    return done
