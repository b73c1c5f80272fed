"""Rows as a spreadsheet: written as they come, and no text in it is a formula."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from io import BytesIO
from typing import Any

from openpyxl import Workbook

from api.csv_file import Columns, lines_of
from infra.limits import XLSX_LINES_MAX

TITLE_CHARS_MAX = 31
"""Of a sheet's name, by the format."""


class TooManySheetLines(ValueError):
    """A sheet has no room for that many lines; ask for CSV."""


def xlsx_file(
    columns: Columns, title: str, pages: Iterable[Sequence[Mapping[str, Any]]]
) -> BytesIO:
    """One sheet, read from its beginning. Errors: TooManySheetLines.

    openpyxl takes a text that begins with = for a formula, so cells are made harmless as for CSV;
    the workbook writes to the disk as it goes: in memory is only the packed file, in the end.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:TITLE_CHARS_MAX])
    sheet.append([*columns.row, *columns.item])
    count = 0
    # A sheet that is left half written holds its file open.
    with closing(sheet):
        for line in (line for rows in pages for row in rows for line in lines_of(columns, row)):
            count += 1
            if count > XLSX_LINES_MAX:
                raise TooManySheetLines(f"XLSX_LINES_MAX = {XLSX_LINES_MAX}; ask for csv")
            sheet.append(line)
    file = BytesIO()
    book.save(file)
    file.seek(0)
    return file
