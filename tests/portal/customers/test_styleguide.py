import re
from pathlib import Path

import pytest
from django.template import Context, Template
from django.template.loader import get_template

from portal.customers.forms import AddressForm

pytestmark = pytest.mark.once


def test_the_style_guide_shows_every_component_without_reading_a_row(client):
    page = client.get("/styleguide/").content.decode()

    for root in (
        "brand",
        "button",
        "tag",
        "notice",
        "field",
        "choice",
        "card",
        "day",
        "time",
        "sticky",
        "facts",
    ):
        assert re.search(rf'class="{root}\b', page), root
    for root in ("countdown", "timeline", "map", "empty", "footer", "bar", "range"):
        assert re.search(rf'class="(?:[^"]* )?{root}\b', page), root


def test_every_component_is_on_the_style_guide():
    source = get_template("styleguide.html").template.source
    shown = set(re.findall(r"components/(\w+)\.html", source))
    within = {"brand", "footer", "bar", "map_scripts", "map_styles", "notice", "day", "time_words"}

    folder = get_template("components/tag.html").origin.name.rpartition("/")[0]
    assert {path.stem for path in Path(folder).glob("*.html")} - within == shown


def test_an_error_summary_links_to_the_control_that_puts_it_right():
    form = AddressForm({"size": "exact", "parcels": "0", "weight": "1"})
    form.is_valid()

    page = Template('{% include "components/error_summary.html" %}').render(Context({"form": form}))

    assert 'href="#id_address"' in page
    assert 'href="#id_parcels"' in page
    assert 'tabindex="-1"' in page
