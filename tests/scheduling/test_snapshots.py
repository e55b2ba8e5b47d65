"""What is kept between quotes, and when it is made anew."""

from datetime import timedelta

import pytest

from scheduling import snapshots
from scheduling.models import MerchantDepot
from scheduling.routing.tape import Tape
from tests.factories import NOW, TOMORROW, make_booking, make_hold, make_network

pytestmark = pytest.mark.django_db


def joined(outlet: MerchantDepot, *, days: int = 3, now=NOW) -> Tape:
    plans = snapshots.plans_between(outlet.depot, TOMORROW, TOMORROW + timedelta(days=days - 1))
    return snapshots.joined_tape(snapshots.snapshots_of(plans, now=now))


def stops(tape: Tape) -> int:
    return int(tape.position.max())


def test_days_are_joined_once_for_as_long_as_none_of_them_changes():
    outlet = make_network()

    assert joined(outlet) is joined(outlet)
    assert joined(outlet).n_days == 3
    assert joined(outlet, days=2).n_days == 2


def test_a_booking_on_one_day_joins_them_again():
    outlet = make_network()
    before = joined(outlet)
    make_booking(outlet)

    assert stops(joined(outlet)) == stops(before) + 1


def test_a_hold_that_runs_out_joins_them_again_though_no_version_moved():
    outlet = make_network()
    hold = make_hold(outlet)
    with_hold, without_it = joined(outlet), joined(outlet, now=hold.expires_at)

    assert (stops(with_hold), stops(without_it)) == (1, 0)


def test_no_more_than_a_few_are_kept(monkeypatch):
    monkeypatch.setattr(snapshots, "MOST_JOINED", 2)
    outlet = make_network()
    for days in (1, 2, 3):
        joined(outlet, days=days)

    assert [len(plans) for plans in snapshots._joined] == [2, 3]
    snapshots.forget_all()
    assert snapshots._joined == {}
