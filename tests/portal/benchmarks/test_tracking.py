"""What `benchmark tracking` measures is what it says: every kind of poll gets the answer it is named for."""

import json
from dataclasses import replace

import pytest

from portal.benchmarks.followed import measured
from portal.benchmarks.tracking import Figures
from scheduling import clock
from scheduling.models import Delivery
from tests.factories import make_booking, make_network

SOME = Figures(
    deliveries=2_000,
    database="sqlite",
    page_ms=20,
    booking_ms=12,
    head_ms=6,
    van_ms=6,
    unchanged_ms=0.8,
    unchanged_kept_ms=0.3,
)


@pytest.mark.django_db(transaction=True)
@pytest.mark.once
def test_polls_of_followed_deliveries_are_answered_and_timed(settings):
    settings.REQUESTS_PER_MINUTE = 0
    make_booking(make_network())
    try:
        figures = measured(45, 2)
    finally:
        clock.set_source(None)

    assert Delivery.objects.filter(state="on_board").count() == 45
    assert all(each > 0 for each in figures.values())
    assert set(figures) | {"deliveries", "database"} == set(Figures.__slots__)


def test_the_figures_say_how_many_polls_and_whether_they_are_cheap():
    told = json.loads(SOME.as_json())

    assert (round(told["unchanged_per_s"]), round(told["ratio"])) == (1250, 15)
    assert "1250 polls a second" in SOME.as_text()
    assert SOME.holds
    assert not replace(SOME, unchanged_ms=1.3).holds
