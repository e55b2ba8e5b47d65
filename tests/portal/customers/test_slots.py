import re
from datetime import timedelta

import pytest

from scheduling.facts import AddressFacts
from scheduling.models import Hold
from scheduling.services.streets import tell_street
from tests.factories import CENTRE, NOW, make_booking, make_network, make_outlet, some_facts
from tests.portal.customers.conftest import ADDRESS, Shopper, offers_in

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def text(response) -> str:
    return response.content.decode()


def test_times_come_with_suggestions_a_strip_of_days_and_one_day_open(shopper):
    shopper.types()

    page = text(shopper.sees_times("2026-11-25"))

    assert page.count('class="day') >= 7
    assert page.count('aria-current="date"') == 1
    assert "Wednesday 25 November" in page
    assert "Soonest" in page
    assert " checked" not in page


def test_a_van_due_in_the_street_is_named_by_its_day_where_three_let_it_be_known(shopper):
    place = ADDRESS.rpartition(",")[0]
    street = place.rpartition(" ")[0]
    town = {"postcode": ADDRESS.rpartition(",")[2].split()[0], "city": "Helsinki"}
    shopper.types()
    assert "A van is due in your street" not in text(shopper.sees_times())

    for number in (101, 103, 105):
        home = AddressFacts(line=f"{street} {number}", lat=CENTRE[0], lon=CENTRE[1], **town)
        booking = make_booking(shopper.outlet, facts=some_facts(address=home))
        tell_street(delivery=booking.delivery, tells=True, actor="link:1", now=NOW)

    due = "A van is due in your street on Tuesday 24 November: at least 3 homes there let you know."
    assert due in text(shopper.sees_times())
    assert due not in text(shopper.sees_times(HX_Request="true", HX_Target="days"))


def test_a_day_is_swapped_alone_for_htmx(shopper):
    shopper.types()

    part = text(shopper.sees_times("2026-11-25", HX_Request="true", HX_Target="days"))

    assert part.lstrip().startswith('<section class="stack" id="days"')
    assert "<html" not in part


@pytest.mark.parametrize("day", ["yesterday", "2026-13-45", "1999-01-01", "2026-11-25T00:00", "0"])
def test_a_day_that_makes_no_sense_opens_another_one(shopper, day):
    shopper.types()

    assert shopper.sees_times(day).status_code == 200


def test_without_an_address_the_times_ask_for_it(shopper):
    assert shopper.sees_times()["Location"] == shopper.base
    assert shopper.client.post(shopper.base + "hold/", {"offer": "x"})["Location"] == shopper.base


def test_a_kept_time_leads_to_the_check(shopper):
    shopper.types()

    response = shopper.keeps()

    assert (response.status_code, response["Location"]) == (303, shopper.base + "check/")
    assert Hold.objects.get().state == "live"


def test_a_double_click_keeps_one_place(shopper):
    shopper.types()
    offer = shopper.offers()[0]

    shopper.keeps(offer)
    shopper.keeps(offer)

    assert Hold.objects.count() == 1


def test_choosing_again_gives_the_first_place_back(shopper):
    shopper.types()
    first, second = shopper.offers()[:2]

    shopper.keeps(first)
    shopper.keeps(second)

    assert sorted(Hold.objects.values_list("state", flat=True)) == ["live", "released"]
    assert "Kept for you" in text(shopper.sees_times("2026-11-25")) + text(shopper.sees_times())


def test_keeping_nothing_says_so(shopper):
    shopper.types()

    response = shopper.client.post(shopper.base + "hold/", {})

    assert response.status_code == 422
    assert "Choose a time first" in text(response)


def test_a_suggestion_is_kept_like_any_other_time(shopper):
    shopper.types()
    offer = shopper.offers()[0]

    assert shopper.client.post(shopper.base + "hold/", {"suggestion": offer}).status_code == 303


def test_two_times_at_once_are_asked_about_and_neither_is_kept(shopper):
    shopper.types()
    first, *_others, last = shopper.offers()

    response = shopper.client.post(shopper.base + "hold/", {"suggestion": first, "offer": last})

    assert response.status_code == 422
    assert "You picked two times" in text(response)
    assert not Hold.objects.exists()


@pytest.mark.parametrize("offer", ["forged", "a~b~c~d", "x" * 399])
def test_a_forged_offer_is_refused_with_fresh_times(shopper, offer):
    shopper.types()

    response = shopper.keeps(offer)

    assert response.status_code == 409
    assert "We don’t know that time" in text(response)
    assert offers_in(response)
    assert not Hold.objects.exists()


def test_another_sessions_offer_is_refused(shopper, outlet):
    shopper.types()
    other = Shopper(outlet)
    other.types("Testikatu 3, 00100 Helsinki")

    assert other.keeps(shopper.offers()[0]).status_code == 409


def test_an_expired_offer_is_refused_with_fresh_times(shopper, at):
    shopper.types()
    offer = shopper.offers()[0]
    at.now += timedelta(minutes=21)

    response = shopper.keeps(offer)

    assert response.status_code == 409
    assert "What you typed is kept." in text(response)
    assert offers_in(response)


def test_a_time_that_is_taken_meanwhile_is_refused_with_fresh_times(at):
    outlet = make_network(daily_cap=1)
    first, second = Shopper(outlet), Shopper(outlet)
    first.types()
    second.types("Testikatu 3, 00100 Helsinki")
    offer = second.offers()[-2]
    first.keeps(first.offers()[-1])

    response = second.keeps(offer)

    assert response.status_code == 409
    assert "That time has gone" in text(response)
    assert "Testikatu 3" in text(response)


@pytest.mark.parametrize(("seconds", "there"), [(-1, True), (1, False)])
def test_a_time_vanishes_at_its_cutoff(shopper, at, seconds, there):
    shopper.types()
    at.now = NOW.replace(hour=16) + timedelta(seconds=seconds)  # 18:00 in Helsinki the day before

    shown = shopper.sees_times("2026-11-24")

    assert (
        bool(re.search(r"24[^<]*</span> <span class=\"sr-only\">November</span> <span>€", text(shown)))
        is there
    )


def test_a_post_after_the_cutoff_is_refused(shopper, at):
    shopper.types()
    at.now = NOW.replace(hour=15, minute=59)
    offer = shopper.offers("2026-11-24")[0]
    at.now = NOW.replace(hour=16, minute=0)

    assert shopper.keeps(offer).status_code == 409


def test_an_address_outside_the_area_is_explained(shopper):
    shopper.types("Kaukotie 9, Utsjoki")

    page = text(shopper.sees_times())

    assert "We don’t come there yet" in page
    assert "Kaukotie 9" in page
    assert "What you typed is kept." in page


def test_a_load_that_no_van_carries_is_explained(shopper):
    shopper.types(size="exact", parcels="10", weight="1999")

    assert "too much for our vans" in text(shopper.sees_times())


def test_when_all_days_are_full_the_page_says_when_there_is_room_again():
    outlet = make_network(daily_cap=0)
    shopper = Shopper(outlet)
    shopper.types()

    page = text(shopper.sees_times())

    assert "No times in the next days" in page
    assert "Taken." in page
    assert 'type="radio"' not in page


def test_prices_stay_the_same_within_a_session(shopper, at):
    shopper.types()
    before = re.findall(r'time__price">([^<]+)', text(shopper.sees_times("2026-11-25")))
    for number in (3, 5, 7):
        neighbour = Shopper(shopper.outlet)
        neighbour.types(f"Testikatu {number}, 00100 Helsinki")
        neighbour.keeps()
        neighbour.confirms(order_number=f"N{number}")
    at.now += timedelta(minutes=5)

    assert re.findall(r'time__price">([^<]+)', text(shopper.sees_times("2026-11-25"))) == before


def test_quotes_are_throttled_per_session(shopper):
    shopper.types()

    codes = [shopper.sees_times().status_code for _i in range(62)]

    assert codes[0] == 200
    assert codes[-1] == 429


def test_how_we_count_names_the_method_and_every_factor(client, outlet):
    page = text(client.get(f"/s/{outlet.merchant.slug}/how-we-count/"))

    assert "marginal-metres-1" in page
    assert "100 g CO₂e per km" in page
    assert "a test (2025)" in page
    assert "planned-metres-by-distance-1" in page


def test_how_we_count_says_what_is_counted_and_compared_and_how_sure_that_is(client, outlet):
    page = text(client.get(f"/s/{outlet.merchant.slug}/how-we-count/"))

    assert "Well-to-wheel counts the fuel or the power" in page
    assert "average of the other times you are offered" in page
    assert "transcription" in page
    assert "never exactly" in page
    assert "in a straight line" in page
    assert "where the vans really drove" in page


def test_pages_of_a_session_are_kept_out_of_caches(shopper):
    shopper.types()

    assert "no-store" in shopper.sees_times()["Cache-Control"]


def test_a_second_depot_of_the_same_shop_is_offered_too(shopper, outlet):
    make_outlet(outlet.merchant, make_network(days=9).depot, hours=(7,))
    shopper.types()

    assert "7:00–9:00" in text(shopper.sees_times("2026-11-25"))
