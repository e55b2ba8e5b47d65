"""The pseudo-locale over a driver's sheet and the page that hands it out: every word is translated."""

import pytest
from django.utils.translation import trans_real

from portal.models.people import Role
from portal.shift_links import pin_of, token_of
from scheduling import clock
from scheduling.models import Delivery, Driver
from scheduling.services.notes import save_notes, set_codes
from tests.browser.looks import goes
from tests.browser.test_pseudo import LANGUAGE, TOO_WIDE, Pseudo, untranslated
from tests.browser.test_pseudo_sheet import SAID
from tests.factories import CANTEEN, NOW, PASSWORD, a_break, make_membership
from tests.portal.driving import Day, Morning, make_day

WRITTEN = (
    "Virtanen",
    "Past the bikes",
    "Depot ",
    "Aino",
    "Van ",
    "Canteen",
    "Testikatu",
    "Helsinki",
    "Shop ",
)
WRITTEN += ("Veikko Driver", "http://")


@pytest.fixture
def day(settings) -> Day:
    settings.LANGUAGES = [("en", "English"), (LANGUAGE, "Pseudo")]
    trans_real._translations[LANGUAGE] = Pseudo(LANGUAGE)
    day = make_day(3, started=False, rests=[a_break(8, hours=12, **CANTEEN)])
    clock.set_source(Morning(day.now))
    first = next(stop for stop in day.stops if stop.delivery_id)
    needs = ["signature", "age_check", "two_people", "fridge"]
    Delivery.objects.filter(pk=first.delivery_id).update(requirements=needs, extra_s=180)
    Delivery.objects.exclude(pk=first.delivery_id).update(safe_place="porch")
    save_notes(delivery=first.delivery, way_in=SAID, kept=False, seen=0, actor="link:x", now=NOW)
    set_codes(delivery=first.delivery, codes={"gate_code": "4711"}, actor="link:x", now=NOW)
    Driver.objects.update(language=LANGUAGE)
    yield day
    clock.set_source(None)
    trans_real._translations.clear()


def test_a_drivers_sheet_speaks_their_language(visitor, day, assert_accessible, live_server, watch):
    page, link = visitor(width=320), day.phone(opened=False).link
    watch.allow("status of 401")

    def check() -> None:
        assert page.locator("html").get_attribute("dir") == "rtl"
        found = [text for text in untranslated(page) if not any(word in text for word in WRITTEN)]
        assert [text for text in found if not text.startswith("DS")] == [], page.url
        assert page.evaluate(TOO_WIDE) == [], page.url
        assert_accessible(page)

    page.goto(f"/l/{token_of(link)}/")
    check()
    page.locator("#id_pin").fill(pin_of(link))
    page.locator("main [type=submit]").click()
    page.locator("#sheet").wait_for()
    check()
    page.locator("[name=sure]").first.check()
    page.locator("[data-act=start] [type=submit]").click()
    page.locator("[data-next] .stop").wait_for()
    page.evaluate("document.querySelectorAll('#sheet details').forEach((each) => { each.open = true })")
    check()

    depot, path = visitor(width=320), f"/dispatch/{day.outlet.depot.slug}/links/"
    depot.goto("/staff/login/")
    depot.get_by_label("E-mail").fill(
        make_membership(depot=day.outlet.depot, role=Role.DISPATCHER).user.email
    )
    depot.get_by_label("Password").fill(PASSWORD)
    goes(depot.locator("main button[type=submit]"))
    depot.context.add_cookies([{"name": "django_language", "value": LANGUAGE, "url": live_server.url}])
    depot.goto(path)
    page = depot
    check()
    assert page.locator("[readonly]").input_value().endswith(f"/l/{token_of(link)}/")
