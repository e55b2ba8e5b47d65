"""How cost grows with the stops of a day, as a picture: SVG, written by hand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log10

from portal.benchmarks.quote import Figures

WIDTH, HEIGHT, MARGIN, LEGEND = 760, 460, 70, 150
CURVES = (
    ("plain Python", "reference_ms", "#b3541e"),
    ("quote", "quote_ms", "#1d5fa8"),
    ("one read", "read_ms", "#5b6470"),
)
"""Label, figure and colour of each curve."""


@dataclass(frozen=True, slots=True)
class _Scale:
    """From numbers to a stretch of the picture, both ends included, by their logarithms."""

    least: float
    most: float
    start: float
    end: float

    def __call__(self, number: float) -> float:
        share = (log10(number) - log10(self.least)) / (log10(self.most) - log10(self.least))
        return round(self.start + share * (self.end - self.start), 1)


def drawn(measured: Sequence[Figures]) -> str:
    """Return milliseconds by stops a day, both logarithmic. Raises ValueError for fewer than two sizes."""
    if len({figures.stops for figures in measured}) < 2:
        raise ValueError("a curve needs at least two sizes")
    stops = [figures.stops for figures in measured]
    times = [getattr(figures, name) for figures in measured for _label, name, _colour in CURVES]
    across = _Scale(min(stops), max(stops), MARGIN, WIDTH - LEGEND)
    decades = range(_decade(min(times)), _decade(max(times)) + 2)
    up = _Scale(10.0 ** decades[0], 10.0 ** decades[-1], HEIGHT - MARGIN, MARGIN)
    title = f"A quote of {measured[0].days} days and {measured[0].slots} slots a day"
    parts = [
        _text(MARGIN, 32, title, size=17),
        _text(MARGIN, 52, "milliseconds, by stops a day; both logarithmic"),
        *_grid(stops, [10.0**decade for decade in decades], across, up),
        *(part for curve in CURVES for part in _curve(measured, curve, across, up)),
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            'font-family="sans-serif">',
            f"<title>{title}</title>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _decade(number: float) -> int:
    return int(log10(number) // 1)


def _grid(stops: Sequence[int], times: Sequence[float], across: _Scale, up: _Scale) -> Iterator[str]:
    for number in stops:
        yield _line(across(number), up.start, across(number), up.end)
        yield _text(across(number), up.start + 22, f"{number:,}", anchor="middle")
    for time_ms in times:
        yield _line(across.start, up(time_ms), across.end, up(time_ms))
        yield _text(across.start - 8, up(time_ms) + 4, f"{time_ms:g}", anchor="end")


def _curve(
    measured: Sequence[Figures], curve: tuple[str, str, str], across: _Scale, up: _Scale
) -> Iterator[str]:
    label, name, colour = curve
    points = [(across(figures.stops), up(getattr(figures, name))) for figures in measured]
    path = " ".join(f"{x},{y}" for x, y in points)
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>'
    for x, y in points:
        yield f'<circle cx="{x}" cy="{y}" r="4" fill="{colour}"/>'
    last = getattr(measured[-1], name)
    yield _text(points[-1][0] + 12, points[-1][1] + 4, f"{label}: {last:.3g} ms", colour=colour)


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#d5dae0"/>'


def _text(
    x: float, y: float, words: str, *, anchor: str = "start", size: int = 13, colour: str = "#1c232b"
) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">{words}</text>'
