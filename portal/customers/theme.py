"""A merchant's accent as a stylesheet: inline styles fall to our own content policy."""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.customers.colour import Palette, dark_palette, light_palette
from portal.models import Brand

YEAR_S = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Shop:
    """What every page of a merchant shows of it."""

    name: str
    initial: str
    home_url: str
    counting_url: str
    terms_url: str
    theme_url: str


@lru_cache(maxsize=256)  # each page of a shop names it
def stylesheet(accent: str) -> str:
    """Return the accent's tokens for light and dark."""
    light, dark = rules(light_palette(accent)), rules(dark_palette(accent))
    return f":root{{{light}}}\n@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"


def rules(palette: Palette) -> str:
    """Return a palette as custom properties."""
    return (
        f"--accent:{palette.accent};--accent-strong:{palette.accent_strong};--on-accent:{palette.on_accent};"
        f"--accent-soft:{palette.accent_soft};--accent-line:{palette.accent_line}"
    )


def digest_of(sheet: str) -> str:
    """Return what changes when the stylesheet does."""
    return sha256(sheet.encode()).hexdigest()[:12]


def theme_url(brand: Brand) -> str:
    """Return the address of a merchant's stylesheet, which is another when its accent is."""
    slug = brand.merchant.slug
    return reverse(
        "customers:theme", kwargs={"merchant": slug, "digest": digest_of(stylesheet(brand.accent))}
    )


@require_safe
def theme(request: HttpRequest, merchant: str, digest: str) -> HttpResponse:
    """A stylesheet, kept for a year under its own digest; an older address gets today's, not kept."""
    brand = get_object_or_404(Brand, merchant__slug=merchant)
    sheet = stylesheet(brand.accent)
    response = HttpResponse(sheet, content_type="text/css; charset=utf-8")
    current = digest == digest_of(sheet)
    response["Cache-Control"] = f"public, max-age={YEAR_S}, immutable" if current else "no-cache"
    return response
