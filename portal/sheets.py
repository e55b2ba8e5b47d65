"""Cells for spreadsheets: what others wrote is shown there, and never worked out."""

from typing import Final

FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")
"""What spreadsheets take for the beginning of a formula (OWASP, "CSV Injection")."""


def harmless(cell: str) -> str:
    """Return text as a spreadsheet shows it: an apostrophe stands before what it would work out."""
    return f"'{cell}" if cell.startswith(FORMULAS) else cell
