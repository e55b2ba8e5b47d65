"""Tables for spreadsheets, in which no cell is a formula."""

import csv
from collections.abc import Iterable, Sequence
from typing import Final

from django.http import HttpResponse

BEGINS_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def harmless(cell: object) -> object:
    """Return a cell as a spreadsheet shows it: words that it would take for a formula begin with a mark.

    Whoever ordered, or told us of it, may have written them; numbers stay numbers.
    """
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ").startswith(BEGINS_FORMULA) else cell


def sheet_response(name: str, rows: Iterable[Sequence[object]]) -> HttpResponse:
    """Return rows as a CSV file to download."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    csv.writer(response).writerows([harmless(cell) for cell in row] for row in rows)
    return response
