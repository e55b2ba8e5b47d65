from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from portal.customers.offers import (
    Present,
    Pricing,
    against,
    because,
    day_to_open,
    nothing_sentence,
    times_of,
)
from scheduling.answers import SlotAnswer
from scheduling.models import SlotPattern
from scheduling.selectors.slots import QuoteView
from tests.factories import TOMORROW, ask_for, make_booking, make_network, some_facts

pytestmark = pytest.mark.once

AT = datetime(2026, 11, 26, 8, tzinfo=UTC)
ANSWER = SlotAnswer(
    key="1.2026-11-26",
    outlet_id=1,
    plan_id=1,
    service_date=date(2026, 11, 26),
    opens_at=AT,
    closes_at=AT + timedelta(hours=2),
    cutoff_at=AT - timedelta(days=1),
    time_zone="Europe/Helsinki",
    status="open",
    base_price_minor=490,
    price_minor=250,
    priced_at=AT,
    band_m=250,
    grams=90,
    mean_band_m=1010,
    mean_grams=212,
    pointed_out=True,
    passing=True,
    boundary="well_to_wheel",
)
SHOP = Pricing(shop="Nordkaupa", currency="EUR")
EMPTY = QuoteView("r", AT, AT, "EUR", "m", (), ())


def test_a_time_on_the_way_says_kilometres_first_and_grams_second():
    assert because(ANSWER, ["least_driving"]) == (
        "We are already passing: less than 0.25\u00a0km more, instead of about 1\u00a0km. "
        "About 120 g CO₂e less than the average of the other times."
    )


def test_nobody_is_told_that_a_van_passes_where_none_is_booked_to():
    sentence = because(ANSWER.but(passing=False), ["least_driving"])

    assert sentence.startswith("Less than 0.25\u00a0km more, instead of about 1\u00a0km.")


@pytest.mark.parametrize(("neighbours", "said"), [(0, False), (1, False), (2, False), (3, True), (9, True)])
def test_neighbours_are_mentioned_from_three_on_and_never_counted(neighbours, said):
    sentence = because(ANSWER.but(neighbours=neighbours), ["least_driving"])

    assert ("At least 3 homes near you" in sentence) is said
    assert "9" not in sentence.replace("90", "")


def test_grams_of_different_boundaries_are_never_compared():
    alone = ANSWER.but(mean_grams=None, mean_band_m=None)
    moved = Pricing("Nordkaupa", "EUR", present=Present("other", 250, 250, 500, boundary="life_cycle"))

    assert "CO₂e" not in because(alone, ["least_driving"])
    assert "CO₂e" not in against(ANSWER, moved)


@pytest.mark.django_db
def test_where_every_time_adds_as_much_none_is_praised():
    outlet = make_network()
    make_booking(outlet, facts=some_facts(load_g=700_000))
    make_booking(outlet, facts=some_facts(load_g=700_000))
    quote = ask_for(outlet, some_facts(load_g=700_000))

    times = times_of(quote, pricing=SHOP, chosen_day=None, url="/x/")

    shown = times.rows + times.suggestions
    assert not {"Little driving", "Least driving"} & {str(tag.word) for row in shown for tag in row.tags}


def test_the_other_suggestions_say_what_they_are_good_for():
    assert because(ANSWER, ["soonest"]) == "Soonest we can be there. Less than 0.25\u00a0km more."
    assert because(ANSWER, ["cheapest"]).startswith("Lowest price.")


def test_moving_shows_what_it_does_to_price_driving_and_grams():
    present = Present("other", price_minor=150, band_m=1000, grams=350, boundary="well_to_wheel")

    assert against(ANSWER, replace(SHOP, present=present)) == (
        "Against now: €1.00 more, about 0.75 km less driving and about 260 g CO₂e less."
    )


def test_moving_to_where_it_is_compares_nothing():
    present = Present(ANSWER.key, price_minor=150, band_m=1000, grams=350)

    assert against(ANSWER, replace(SHOP, present=present)) == ""


@pytest.mark.django_db
def test_the_time_that_is_moved_is_not_suggested_but_what_is_good_about_it_is_said():
    outlet = make_network()
    quote = ask_for(outlet, some_facts())
    best = quote.suggestions[0].offer.answer
    present = Present(best.key, price_minor=best.price_minor, band_m=best.band_m, grams=best.grams)

    times = times_of(quote, pricing=replace(SHOP, present=present), chosen_day=None, url="/x/")

    assert best.key not in {row.key for row in times.suggestions}
    assert best.key in {row.key for row in times.rows}
    assert times.already == "Your time now: soonest and cheapest."


def test_when_nothing_is_free_the_next_day_with_room_is_named():
    later = replace(EMPTY, next_day_with_room=date(2026, 12, 3))

    assert "Thursday 3 December" in nothing_sentence(later)
    assert "no time" in nothing_sentence(EMPTY)
    assert day_to_open(EMPTY, None) is None


@pytest.mark.django_db
def test_every_feasible_time_is_there_enabled_and_none_is_chosen_for_you():
    outlet = make_network()
    make_booking(outlet, facts=some_facts(north_m=50))
    quote = ask_for(outlet)

    times = times_of(quote, pricing=SHOP, chosen_day=TOMORROW, url="/x/")

    shown = next(day for day in quote.days if day.date == TOMORROW)
    assert [row.offer for row in times.rows] == [offer.token for offer in shown.offers]
    assert not any(row.chosen for row in times.rows + times.suggestions)
    assert all(row.why for row in times.rows)
    assert [day.open for day in times.days].count(True) == 1


@pytest.mark.django_db
def test_a_day_without_room_says_why():
    quote = ask_for(make_network(daily_cap=0))

    times = times_of(quote, pricing=SHOP, chosen_day=None, url="/x/")

    assert not times.has_room
    assert {day.note for day in times.days} <= {"full", "no vans", "too late", "too soon", "not yet"}
    assert all(row.why and not row.available for row in times.rows)


@pytest.mark.django_db
def test_times_that_become_exact_later_say_so_and_stand_last():
    outlet = make_network()
    SlotPattern.objects.create(
        outlet=outlet, opens=time(8), closes=time(20), base_price_minor=90, narrowed_to_minutes=120
    )

    rows = times_of(ask_for(outlet), pricing=SHOP, chosen_day=TOMORROW, url="/x/").rows

    assert rows[-1].when == "8:00–20:00"
    assert "Flexible" in [tag.word for tag in rows[-1].tags]
    assert rows[-1].why.startswith("The evening before we write you which 2 hours of it.")
    assert not any("evening before" in row.why for row in rows[:-1])
