"""Where the map's parts come from: for the page's one `<script id="map-script">`."""

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

# The demo draws its own streets; everybody else sets MAP_TILES_URL, or shows the sentence instead of a map.
DEMO_STREETS = "demo/helsinki-map.json"
COPYRIGHT_PAGE = "https://www.openstreetmap.org/copyright"


@register.simple_tag
def map_vector() -> str:
    """The address of the streets to draw, "" where tiles are used instead."""
    return static(DEMO_STREETS) if settings.DEMO and not settings.MAP_TILES_URL else ""


@register.simple_tag
def map_tiles() -> str:
    """The pattern of the tiles' addresses, "" where there are none."""
    return str(settings.MAP_TILES_URL)


@register.simple_tag
def map_attribution() -> SafeString:
    """Who made the map, as a link to how."""
    return format_html('<a href="{}" rel="noopener">{}</a>', COPYRIGHT_PAGE, settings.MAP_ATTRIBUTION)
