"""The frame's document and its one stylesheet. No cookies, no secrets: the same for everybody."""

from __future__ import annotations

import re
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from csp.constants import NONE, SELF
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from portal.customers import pages
from portal.customers.colour import dark_palette, light_palette
from portal.customers.theme import rules
from portal.models.merchants import DOORSTEP_ACCENT
from portal.services.sessions import origins_of
from scheduling import clock

if TYPE_CHECKING:
    from scheduling.models import Merchant

DOCUMENT: Final = "widget/frame.html"
STYLES: Final = Path(settings.BASE_DIR) / "static" / "css"
SHEETS: Final = ("tokens", "base", "components", "widget")
YEAR_S: Final = 365 * 24 * 3600
KEPT_S: Final = 60
"""So long a page that is no longer listed may still be allowed to show the frame."""


@require_safe
@gzip_page
def frame(request: HttpRequest, merchant: str) -> HttpResponse:
    """The empty picker: its script says hello to the page around it, and asks with what that hands over."""
    shop = pages.merchant_or_404(merchant)
    context = {
        "shop": pages.shop_of(shop),
        "style_url": style_url(shop),
        "language": get_language(),
    }
    response = HttpResponse(render_to_string(DOCUMENT, context))
    response["Cache-Control"] = f"public, max-age={KEPT_S}"
    response["Referrer-Policy"] = "no-referrer"
    allow_framing(response, origins_of(shop, now=clock.now()))
    return response


def allow_framing(response: HttpResponse, origins: list[str]) -> None:
    """Let the listed pages show a response in a frame, and nobody else."""
    response.xframe_options_exempt = True  # it knows no list of origins
    response._csp_config = {  # type: ignore[attr-defined] # what django-csp's decorator sets
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "connect-src": [SELF],
        "img-src": ["data:"],
        "form-action": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": origins or [NONE],
    }


@require_safe
@gzip_page
def style(request: HttpRequest, merchant: str, digest: str) -> HttpResponse:
    """All styles of the frame in one answer, kept for a year under its own digest."""
    sheet = sheet_of(accent_of(pages.merchant_or_404(merchant)))
    response = HttpResponse(sheet, content_type="text/css; charset=utf-8")
    current = digest == digest_of(sheet)
    response["Cache-Control"] = f"public, max-age={YEAR_S}, immutable" if current else "no-cache"
    return response


def style_url(shop: Merchant) -> str:
    """Return the address of the frame's stylesheet, which is another when the sheet is."""
    return reverse("widget:style", args=[shop.slug, digest_of(sheet_of(accent_of(shop)))])


def accent_of(shop: Merchant) -> str:
    """Return a merchant's accent, ours where it has none."""
    brand = getattr(shop, "brand", None)
    return brand.accent if brand else DOORSTEP_ACCENT


def digest_of(sheet: str) -> str:
    return sha256(sheet.encode()).hexdigest()[:12]


@cache
def sheet_of(accent: str) -> str:
    """Return the frame's stylesheet in a merchant's colour: by the browser's taste, or as the page says."""
    sheets = {name: (STYLES / f"{name}.css").read_text() for name in SHEETS}
    light, dark = rules(light_palette(accent)), rules(dark_palette(accent))
    day, night = _themes(sheets["tokens"])
    return "\n".join(
        [
            *sheets.values(),
            f":root{{{light}}}",
            f"@media (prefers-color-scheme:dark){{:root{{{dark}}}}}",
            f':root[data-theme="light"]{{{day}color-scheme:light;{light}}}',
            f':root[data-theme="dark"]{{{night}color-scheme:dark;{dark}}}',
        ]
    )


def _themes(tokens: str) -> tuple[str, str]:
    """Return what tokens.css says of the light and, alone, of the dark."""
    day, night = re.findall(r":root \{(.*?)\}", tokens, re.DOTALL)
    return day, night
