"""What goes with a parcel that is brought to a point: a code to scan, on the phone and on a label."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import segno

if TYPE_CHECKING:
    from fpdf import FPDF

MARK: Final = "DSR-"
"""What a code begins with, so that a scanner's other codes are told apart."""
Size = Literal["a4", "4x6"]
SIZES: Final[dict[Size, tuple[float, float]]] = {"a4": (210, 297), "4x6": (101.6, 152.4)}
"""Width and height of the paper in millimetres."""
LONGEST_LINE: Final = 42


@dataclass(frozen=True, slots=True)
class Label:
    """What stands on a label: the return's `ref`, and lines in large and small letters.

    Never whose it is: a parcel lies about at a point, and the code tells us.
    """

    ref: str
    title: str
    lines: tuple[str, ...]


def code_of(ref: str) -> str:
    """Return what is scanned of a return."""
    return MARK + ref


def ref_of(code: str) -> str:
    """Return the return's `ref` in what was scanned or typed; "" where it is something else.

    Typed ones may be in small letters, with blanks, and without the mark.
    """
    plain = "".join(code.split()).upper().removeprefix(MARK)
    return plain if plain.isalnum() and len(plain) <= 16 else ""


def qr_svg(ref: str, *, title: str) -> str:
    """Return the code as an SVG to stand in a page, black on white whatever the page's colours are."""
    code = segno.make(code_of(ref), error="m", micro=False)
    return code.svg_inline(scale=8, border=4, light="white", dark="black", title=title, omitsize=True)


def label_pdf(label: Label, size: Size) -> bytes:
    """Return a label as a PDF of one page: the code as large as it goes, the number, and what it says."""
    from fpdf import FPDF  # takes its time to load, and few ask for a label

    width, height = SIZES[size]
    pdf = FPDF(unit="mm", format=(width, height))
    pdf.set_title(label.title)
    pdf.set_auto_page_break(False)
    pdf.add_page()
    family = _font(pdf)
    edge = 12.0 if size == "a4" else 6.0
    across = 101.6 if size == "a4" else width  # on A4 it is a label too, to be cut out
    inner = across - 2 * edge
    pdf.set_xy(edge, edge)
    pdf.set_font(family, size=15)
    pdf.multi_cell(inner, 7, _fitting(label.title, family), align="C", new_x="LMARGIN", new_y="NEXT")
    _draw_code(pdf, label.ref, x=edge + 6, y=pdf.get_y() + 2, side=inner - 12)
    pdf.set_xy(edge, pdf.get_y() + inner - 8)
    pdf.set_font(family, size=17)
    pdf.multi_cell(inner, 8, label.ref, align="C", new_x="LMARGIN", new_y="NEXT")
    pdf.set_font(family, size=10)
    for line in label.lines:
        pdf.set_x(edge)
        pdf.multi_cell(inner, 5, _fitting(line, family), align="C", new_x="LMARGIN", new_y="NEXT")
    if size == "a4":
        pdf.set_dash_pattern(2, 2)
        pdf.rect(edge / 2, edge / 2, across - edge, 152.4 - edge)
    return bytes(pdf.output())


def _draw_code(pdf: FPDF, ref: str, *, x: float, y: float, side: float) -> None:
    """Draw the code as squares: sharp at any size, and no picture."""
    rows = list(segno.make(code_of(ref), error="m", micro=False).matrix_iter(scale=1, border=4))
    step = side / len(rows)
    pdf.set_fill_color(0)
    for down, row in enumerate(rows):
        for right, dark in enumerate(row):
            if dark:
                # A little wider than a square, so that no printer leaves a thread of white between two.
                pdf.rect(x + right * step, y + down * step, step * 1.02, step * 1.02, style="F")


def _font(pdf: FPDF) -> str:
    """Return a font that has most letters of the world: DejaVu comes with what PyVRP needs."""
    found = find_spec("matplotlib")
    file = Path(found.origin or "").parent / "mpl-data/fonts/ttf/DejaVuSans.ttf" if found else None
    if file is None or not file.exists():
        return "Helvetica"
    pdf.add_font("DejaVu", fname=file)
    return "DejaVu"


def _fitting(text: str, family: str) -> str:
    """Return a line that fits the label, and, for letters that there is no font for, without these."""
    short = text if len(text) <= LONGEST_LINE else text[: LONGEST_LINE - 1] + "…"
    return short if family == "DejaVu" else short.encode("latin-1", "replace").decode("latin-1")
