import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.customers.colour import DARK, LIGHT, READABLE, channels, contrast, dark_palette, light_palette

colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@given(colours)
def test_any_accent_can_be_read_in_the_light(accent):
    palette = light_palette(accent)

    for surface in (LIGHT.paper, LIGHT.card, palette.accent_soft, palette.on_accent):
        assert contrast(palette.accent, surface) >= READABLE
    assert contrast(LIGHT.ink, palette.accent_soft) >= READABLE
    assert contrast("#566066", palette.accent_soft) >= READABLE


@given(colours)
def test_any_accent_can_be_read_in_the_dark(accent):
    palette = dark_palette(accent)

    for surface in (DARK.paper, DARK.card, palette.accent_soft, palette.on_accent):
        assert contrast(palette.accent, surface) >= READABLE
    assert contrast(DARK.ink, palette.accent_soft) >= READABLE
    assert contrast("#a7b0b3", palette.accent_soft) >= READABLE


def test_our_own_accent_stays_what_it_is():
    assert light_palette("#0f5c63").accent == "#0f5c63"


@pytest.mark.parametrize("text", ["", "red", "#fff", "#12345", "#gggggg", "0f5c63f"])
def test_what_is_no_colour_is_refused(text):
    with pytest.raises(ValueError):
        channels(text)
