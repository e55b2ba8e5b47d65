"""Signatures as they are drawn: strokes of points, checked and kept as such, and drawn anew as a picture."""

import json
from io import BytesIO
from itertools import pairwise
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageDraw

from scheduling.errors import BadSignature

Strokes = list[list[list[int]]]
"""Strokes of points, each [x, y] in whole units of the pad it was drawn on, from its upper left corner."""

MOST_TEXT: Final = 64 * 1024
MOST_STROKES: Final = 200
MOST_POINTS: Final = 4_000
LARGEST: Final = 10_000
LEAST_EXTENT: Final = 16
"""A dot or a slip of the finger signs nothing."""
WIDTH, HEIGHT, MARGIN, LINE, FINE = 640, 240, 24, 3, 2
"""The picture in pixels; it is drawn `FINE` times as large, and made smaller for smooth lines."""
INK: Final = (28, 35, 38)

TOO_LONG: Final = _("That signature is too long. Clear it and sign again, in one go.")
TOO_SMALL: Final = _("That is no signature yet. Clear it and sign again.")


def read_strokes(text: str) -> Strokes:
    """Return the strokes that a page sent as JSON; BadSignature if it is anything else, or no signature."""
    if len(text) > MOST_TEXT:
        raise BadSignature(TOO_LONG)
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadSignature from error
    return checked(said)


def checked(said: Any) -> Strokes:
    """Return strokes in whole units; BadSignature where they are none, too many, or too small to be one."""
    if not isinstance(said, list) or not all(isinstance(stroke, list) for stroke in said):
        raise BadSignature
    if len(said) > MOST_STROKES or sum(map(len, said)) > MOST_POINTS:
        raise BadSignature(TOO_LONG)
    strokes = [[_point(one) for one in stroke] for stroke in said if stroke]
    if _extent(strokes) < LEAST_EXTENT:
        raise BadSignature(TOO_SMALL)
    return strokes


def _point(said: Any) -> list[int]:
    if not isinstance(said, list) or len(said) != 2 or not all(_is_on_a_pad(value) for value in said):
        raise BadSignature
    return [round(value) for value in said]


def _is_on_a_pad(value: Any) -> bool:
    # Not a number is compared to nothing, so it is refused here as well.
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= LARGEST


def _extent(strokes: Strokes) -> int:
    _left, _top, width, height = _box(strokes)
    return max(width, height)


def _box(strokes: Strokes) -> tuple[int, int, int, int]:
    """Return left, top, width and height of all that is drawn; zeros where nothing is."""
    points = [point for stroke in strokes for point in stroke]
    if not points:
        return 0, 0, 0, 0
    xs, ys = [x for x, _y in points], [y for _x, y in points]
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)


def as_text(strokes: Strokes) -> str:
    """Return strokes as they are kept: the one way in which they are written."""
    return json.dumps(strokes, separators=(",", ":"))


def draw(strokes: Strokes) -> bytes:
    """Return a signature as a PNG: dark on white, as large as it fits."""
    left, top, width, height = _box(strokes)
    scale = min((WIDTH - 2 * MARGIN) / max(width, 1), (HEIGHT - 2 * MARGIN) / max(height, 1)) * FINE
    across, down = (WIDTH * FINE - width * scale) / 2, (HEIGHT * FINE - height * scale) / 2
    image = Image.new("RGB", (WIDTH * FINE, HEIGHT * FINE), "white")
    pen = ImageDraw.Draw(image)
    for stroke in strokes:
        _draw_stroke(pen, [((x - left) * scale + across, (y - top) * scale + down) for x, y in stroke])
    out = BytesIO()
    image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(out, "PNG", optimize=True)
    return out.getvalue()


def _draw_stroke(pen: ImageDraw.ImageDraw, points: list[tuple[float, float]]) -> None:
    """Draw one stroke with round ends and joints."""
    thick = LINE * FINE
    for start, end in pairwise(points):
        pen.line([start, end], fill=INK, width=thick)
    for x, y in points:
        pen.ellipse([x - thick / 2, y - thick / 2, x + thick / 2, y + thick / 2], fill=INK)
