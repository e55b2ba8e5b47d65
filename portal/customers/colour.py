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


def shade(colour: str, lightness: float, most_saturation: float) -> str:
    """Return another lightness (HLS) of a colour's hue, no more vivid than `most_saturation`."""
    hue, _, saturation = rgb_to_hls(*channels(colour))
    return colour_of(*hls_to_rgb(hue, lightness, min(saturation, most_saturation)))


def light_palette(accent: str) -> Palette:
    """Darken `accent`, a step at a time, until it can be read on every light surface and white on it."""
    soft = shade(accent, 0.915, 0.3)
    lightness = rgb_to_hls(*channels(accent))[1]
    while min(contrast(accent, seen) for seen in (LIGHT.paper, LIGHT.card, soft)) < READABLE:
        lightness = max(0.0, lightness - 0.01)
        accent = shade(accent, lightness, 1.0)
    return Palette(accent, mix(accent, BLACK, 0.78), WHITE, soft, accent)


def dark_palette(accent: str) -> Palette:
    """Lighten `accent`, calmer than by day, until it can be read on every dark surface and dark ink on it."""
    soft, on_accent = shade(accent, 0.16, 0.43), shade(accent, 0.1, 0.76)
    lightness = max(0.65, rgb_to_hls(*channels(accent))[1])
    while True:
        light = shade(accent, lightness, 0.45)
        seen_on = (DARK.paper, DARK.card, soft, on_accent)
        if min(contrast(light, seen) for seen in seen_on) >= READABLE:
            return Palette(light, mix(light, WHITE, 0.7), on_accent, soft, light)
        lightness = min(1.0, lightness + 0.01)
