"""The pseudo-locale over a route's sheet: what was chosen is translated, what was written is not."""

from datetime import timedelta

import pytest
from django.utils.translation import trans_real

from scheduling import clock
from scheduling.models import Booking, Route
from scheduling.services.notes import save_notes, set_codes
from scheduling.ways_in import WayIn
from tests.browser.looks import goes
from tests.browser.test_notes import sheet, signs_in
from tests.browser.test_pseudo import LANGUAGE, TOO_WIDE, Pseudo, padded, untranslated
from tests.factories import CANTEEN, NOW, a_break, make_booking, make_network
from tests.portal.customers.conftest import Clock

WRITTEN = ("Virtanen", "Past the bikes", "Depot ", "Aino", "Van ", "Canteen", "person-")
SAID = WayIn(
    entrance="yard",
    lift="no",
    parking="paid",
    stairs="more",
    dog="careful",
    hearing="deaf",
    mobility="wheelchair",
    speaks="fi",
    step_back=True,
    buzzer="Virtanen",
    text="Past the bikes",
)


@pytest.fixture
def booking(settings) -> Booking:
    settings.LANGUAGES = [("en", "English"), (LANGUAGE, "Pseudo")]
    trans_real._translations[LANGUAGE] = Pseudo(LANGUAGE)
    source = Clock()
    clock.set_source(source)
    outlet = make_network(vans=1, days=3, rests=[a_break(12, **CANTEEN)])
    booking = make_booking(outlet)
    save_notes(delivery=booking.delivery, way_in=SAID, kept=False, seen=0, actor="link:x", now=NOW)
    set_codes(delivery=booking.delivery, codes={"gate_code": "4711"}, actor="link:x", now=NOW)
    Route.objects.update(state="started")
    source.now = NOW + timedelta(days=1)
    yield booking
    clock.set_source(None)
    trans_real._translations.clear()


def test_a_routes_sheet_speaks_its_readers_language(visitor, booking, assert_accessible):
    page, depot = visitor(width=320), booking.stop.route.shift.plan.depot
    outlet = depot.outlets.get()
    signs_in(page, outlet)

    def check() -> None:
        assert page.locator("html").get_attribute("dir") == "rtl"
        found = [text for text in untranslated(page) if not any(word in text for word in WRITTEN)]
        assert found == [], page.url
        assert page.evaluate(TOO_WIDE) == [], page.url
        assert_accessible(page)

    page.goto(f"{sheet(booking, outlet)}?lang={LANGUAGE}")
    check()
    goes(page.locator(".sheet__code button"))
    check()
    said = page.locator(".sheet__said").inner_text()
    for words in ("Through the yard", "Deaf: write, don’t call", "Comes in a wheelchair", "Finnish"):
        assert padded(words) in said
    assert "Past the bikes" in said
    assert page.locator(".sheet__secret").inner_text() == "4711"
