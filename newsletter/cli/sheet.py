"""Subscribers as an Excel sheet: every cell is typed text, so nothing in it can run as a formula."""

from pathlib import Path

import click

from newsletter.storage import Database
from newsletter.subscribers import HEADER, Choice, query

try:
    import xlsxwriter
except ImportError:  # the extra [xlsx]
    xlsxwriter = None

MOST_ROWS = 1_048_575  # Excel's own limit, less the header


async def write_xlsx(db: Database, choice: Choice, output: Path) -> int:
    """Streams row by row (memory stays flat); returns how many. Raises click.ClickException."""
    if xlsxwriter is None:
        raise click.ClickException('XLSX needs one more package: pip install "authors-newsletter[xlsx]"')
    book = xlsxwriter.Workbook(str(output), {"constant_memory": True, "strings_to_formulas": False})
    sheet = book.add_worksheet("Subscribers")
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(HEADER) - 1, 22)
    bold = book.add_format({"bold": True})
    for column, name in enumerate(HEADER):
        sheet.write_string(0, column, name, bold)
    sql, params = query(db.engine, choice, guarded=False)
    done = 0
    async for rows in db.stream(sql, **params):
        if done + len(rows) > MOST_ROWS:
            raise click.ClickException("Too many rows for one Excel sheet. Choose fewer, or take CSV.")
        for row in rows:
            done += 1
            for column, cell in enumerate(row):
                sheet.write_string(done, column, str(cell))
    book.close()
    return done
