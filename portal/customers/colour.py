"""A merchant's one colour -> tokens that can be read, in the light and in the dark. Pure arithmetic."""

from colorsys import hls_to_rgb, rgb_to_hls
from dataclasses import dataclass

READABLE = 4.5  # WCAG 2.2 AA, 1.4.3: text of any size
BLACK, WHITE = "#000000", "#ffffff"


@dataclass(frozen=True, slots=True)
class Surfaces:
    """What an accent is seen on: tokens.css says the same."""

    paper: str
    card: str
    ink: str


LIGHT = Surfaces(paper="#f7f5f0", card="#ffffff", ink="#1c2326")
DARK = Surfaces(paper="#14181a", card="#1c2224", ink="#eceae4")


@dataclass(frozen=True, slots=True)
class Palette:
    """The five accent tokens, as #rrggbb."""

    accent: str
    accent_strong: str
    on_accent: str
    accent_soft: str
    accent_line: str


def channels(colour: str) -> tuple[float, float, float]:
    """Return #rrggbb as red, green and blue from 0 to 1; ValueError for anything else."""
    if len(colour) != 7 or colour[0] != "#":
        raise ValueError(f"{colour!r} is not #rrggbb")
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def colour_of(red: float, green: float, blue: float) -> str:
    """Return channels from 0 to 1 as #rrggbb."""
    return "#" + "".join(f"{round(255 * min(1.0, max(0.0, value))):02x}" for value in (red, green, blue))


def luminance(colour: str) -> float:
    """Return WCAG's relative luminance."""
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return WCAG's contrast ratio, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mix(colour: str, into: str, share: float) -> str:
    """Return `share` of `colour` in `into`."""
    pairs = zip(channels(colour), channels(into), strict=True)
    red, green, blue = (a * share + b * (1 - share) for a, b in pairs)
    return colour_of(red, green, blue)


def at_lightness(colour: str, lightness: float) -> str:
    """Return `colour` with another lightness (HLS), its hue kept."""
    hue, _, saturation = rgb_to_hls(*channels(colour))
    return colour_of(*hls_to_rgb(hue, lightness, saturation))


def light_palette(accent: str) -> Palette:
    """Darken `accent`, a step at a time, until it can be read on every light surface and white on it."""
    lightness = rgb_to_hls(*channels(accent))[1]
    while True:
        soft = mix(accent, WHITE, 0.12)
        if min(contrast(accent, seen) for seen in (LIGHT.paper, LIGHT.card, soft)) >= READABLE:
            return Palette(accent, mix(accent, BLACK, 0.78), WHITE, soft, accent)
        lightness = max(0.0, lightness - 0.01)
        accent = at_lightness(accent, lightness)


def dark_palette(accent: str) -> Palette:
    """Lighten `accent`, a step at a time, until it can be read on every dark surface and dark ink on it."""
    lightness = rgb_to_hls(*channels(accent))[1]
    while True:
        soft, on_accent = mix(accent, DARK.paper, 0.18), mix(accent, BLACK, 0.18)
        seen_on = (DARK.paper, DARK.card, soft, on_accent)
        if min(contrast(accent, seen) for seen in seen_on) >= READABLE:
            return Palette(accent, mix(accent, WHITE, 0.7), on_accent, soft, accent)
        lightness = min(1.0, lightness + 0.01)
        accent = at_lightness(accent, lightness)
