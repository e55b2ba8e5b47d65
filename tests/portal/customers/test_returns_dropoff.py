"""Bringing a return to a point: which are near, the code, a label; none of it for what travels otherwise."""

import re

import pypdfium2
import pytest
import zxingcpp

from returns.labels import code_of
from tests.factories import make_point
from tests.portal.customers.returns import Sender, delivered

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def sender(outlet, at) -> Sender:
    return delivered(outlet, at)


def test_the_page_shows_the_nearest_points_with_hours_and_the_code(sender, outlet):
    make_point(outlet.depot, east_m=100, name="Kulman kioski", line="Rantatie 4")
    made = sender.returns(method="dropoff")

    leads = sender.page(f"returns/{made.ref}/")
    page = sender.page(f"returns/{made.ref}/point/")

    assert f'href="{sender.base}returns/{made.ref}/point/"' in leads
    for words in ("Kulman kioski", "Rantatie 4", "About 100 m from your address", "21:00", made.ref, "<svg"):
        assert words in page
    assert "Points near " in page
    assert "We come to" not in page
    assert 'style="' not in re.search(r"<svg.*?</svg>", page, re.S)[0]


def test_where_no_point_is_near_the_page_says_what_to_do(sender):
    made = sender.returns(method="dropoff")

    assert "Have it picked up instead" in sender.page(f"returns/{made.ref}/point/")


@pytest.mark.parametrize("size", ["a4", "4x6"])
def test_the_label_is_a_pdf_whose_code_is_read_and_names_nobody(sender, size):
    made = sender.returns(method="dropoff")

    got = sender.client.get(f"{sender.base}returns/{made.ref}/label-{size}.pdf")

    document = pypdfium2.PdfDocument(got.content)
    read = zxingcpp.read_barcodes(document[0].render(scale=2).to_pil())
    assert (got["Content-Type"], [each.text for each in read]) == ("application/pdf", [code_of(made.ref)])
    assert "no-store" in got["Cache-Control"]
    said = document[0].get_textpage().get_text_range()
    assert sender.booking.delivery.contact_name not in said
    assert sender.booking.delivery.address.line not in said


def test_what_is_picked_up_has_neither(sender):
    made = sender.returns()

    there = sender.client.get(f"{sender.base}returns/{made.ref}/point/")
    assert there["Location"] == f"{sender.base}returns/{made.ref}/"
    assert sender.client.get(f"{sender.base}returns/{made.ref}/label-a4.pdf").status_code == 404
    assert 'id="to-point"' not in sender.page(f"returns/{made.ref}/")
