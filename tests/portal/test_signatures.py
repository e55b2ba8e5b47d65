"""Signatures as they come: strokes of points and nothing else, never too many; drawn anew as a picture."""

import json
from io import BytesIO

import pytest
from PIL import Image

from portal.signatures import HEIGHT, MOST_POINTS, MOST_STROKES, WIDTH, draw, read_strokes
from scheduling.errors import BadSignature

DRAWN = [[[10, 80], [40, 20], [70, 80]], [[90, 20], [140, 80]]]


def read(said: object) -> list:
    return read_strokes(json.dumps(said))


def test_strokes_are_kept_in_whole_units():
    assert read([[[10.4, 80], [40, 19.6]], []]) == [[[10, 80], [40, 20]]]


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "{}", "7", '"M 0 0 L 9 9"', "[7]", "[[7]]", "[[[1]]]", "[[[1, 2, 3]]]", '[[["1", 2]]]',
        "[[[true, 90]]]",
        "[[[-1, 90]]]", "[[[1, 10001]]]", "[[[1, NaN]]]", "[[[1, Infinity]]]", "[[[1, 1e400]]]", "[" * 40_000,
    ],
)  # fmt: skip
def test_what_is_no_signature_is_refused(text):
    with pytest.raises(BadSignature):
        read_strokes(text)


@pytest.mark.parametrize("said", [[], [[]], [[[5, 5]]], [[[5, 5], [9, 9]]]])
def test_a_dot_signs_nothing(said):
    with pytest.raises(BadSignature, match="no signature yet"):
        read(said)


@pytest.mark.parametrize("said", [[[[1, 1], [90, 90]]] * (MOST_STROKES + 1), [[[1, 90]] * (MOST_POINTS + 1)]])
def test_too_much_of_it_is_refused(said):
    with pytest.raises(BadSignature, match="too long"):
        read(said)


def test_text_without_end_is_not_even_read():
    with pytest.raises(BadSignature, match="too long"):
        read_strokes("[" + " " * 70_000 + "]")


def picture(strokes: list) -> Image.Image:
    return Image.open(BytesIO(draw(strokes)))


def inked(image: Image.Image) -> tuple[int, int, int, int]:
    """Where there is ink: left, top, right, bottom."""
    return image.convert("L").point(lambda light: 255 * (light < 128)).getbbox()


def test_it_is_drawn_dark_on_white_as_large_as_it_fits():
    image = picture(read(DRAWN))

    left, top, right, bottom = inked(image)
    assert (image.format, image.size) == ("PNG", (WIDTH, HEIGHT))
    assert image.getpixel((2, 2)) == (255, 255, 255)
    assert abs((left + right) - WIDTH) <= 2
    assert abs((top + bottom) - HEIGHT) <= 2
    assert bottom - top > HEIGHT * 0.7


@pytest.mark.parametrize("line", [[[0, 50], [300, 50]], [[50, 0], [50, 300]], [[9_999, 0], [0, 10_000]]])
def test_a_single_line_of_any_size_is_drawn_too(line):
    assert inked(picture(read([line]))) is not None
