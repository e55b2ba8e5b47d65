"""That a copied layout is the one its services made, and when nothing is copied: see layouts.py."""

import pytest
from django.db import connection, transaction

from scheduling import clock, snapshots
from scheduling.invariants import breaches
from scheduling.models import Booking, Depot, Hold, MerchantDepot, Order, Stop
from scheduling.services.bookings import cancel_delivery
from tests import layouts
from tests.copies import tables
from tests.factories import (
    NOW,
    ask_for,
    make_booking,
    make_merchant,
    make_network,
    make_order,
    make_user,
    make_vehicle,
)
from tests.portal.driving import make_day

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def contents():
    """All rows there are, by table, as the database holds them."""
    with connection.cursor() as cursor:
        found = {}
        for table in tables():
            cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1')
            found[table] = cursor.fetchall()
    return {table: rows for table, rows in found.items() if rows}


def kinds():
    """How SQLite keeps each value of the rows of a few tables: copies must not be kept in another way."""
    if connection.vendor != "sqlite":
        return []
    with connection.cursor() as cursor:
        found = []
        for model in (Depot, Stop, Booking, Hold, Order):
            columns = ", ".join(f'typeof("{each.column}")' for each in model._meta.concrete_fields)
            cursor.execute(f'SELECT {columns} FROM "{model._meta.db_table}" ORDER BY "id"')
            found.append(cursor.fetchall())
    return found


class Undo(Exception):
    pass


def afresh(lay_out):
    """What is there after `lay_out` in an empty database; nothing is left of it."""
    layouts.begin(())
    try:
        with transaction.atomic():
            lay_out()
            found = contents(), kinds(), layouts.numbers.last
            raise Undo
    except Undo:
        return found


def a_house():
    outlet = make_network(days=2, vans=1)
    booking = make_booking(outlet)
    make_order(outlet.merchant)
    make_booking(outlet, hour=14)
    return booking


def test_the_second_time_all_rows_are_those_of_the_first(monkeypatch):
    in_earnest = []
    monkeypatch.setattr(layouts, "_make", counting(layouts._make, in_earnest))

    first, second = afresh(a_house), afresh(a_house)

    assert first == second
    assert len(first[0]) >= 15
    assert len(in_earnest) <= 4  # none where an earlier test laid out the same


def counting(make, made):
    def counted(*args):
        made.append(args)
        return make(*args)

    return counted


def test_what_is_copied_can_be_worked_with():
    for _time in range(2):
        layouts.begin(())
        with transaction.atomic():
            booking = a_house()
            assert booking.stop.state == Booking.objects.get(pk=booking.pk).stop.state
            assert booking.stop.route.shift.plan.depot == Depot.objects.get()
            assert list(breaches()) == []
            cancel_delivery(delivery=booking.delivery, actor="test", now=NOW)
            assert Stop.objects.booked().count() == 1
            transaction.set_rollback(True)


def test_a_day_with_all_that_is_called_for_it_is_one_layout():
    first, second = afresh(make_day), afresh(make_day)

    assert first == second


def test_arguments_stay_themselves():
    for _time in range(2):
        layouts.begin(())
        with transaction.atomic():
            outlet = make_network(days=2, vans=1)
            depot = outlet.depot
            vehicle = make_vehicle(depot)
            assert vehicle.depot is depot
            assert outlet.depot is depot
            transaction.set_rollback(True)


def test_what_a_test_writes_itself_is_seen():
    for capacity in (1, 2):
        layouts.begin(())
        with transaction.atomic():
            outlet = make_network(days=2, vans=1)
            MerchantDepot.objects.filter(pk=outlet.pk).update(radius_m=40_000 + capacity)
            make_booking(outlet)
            assert MerchantDepot.objects.get().radius_m == 40_000 + capacity
            assert "scheduling_merchantdepot" in layouts._test.unknown
            transaction.set_rollback(True)


def test_other_tables_may_have_been_written_to():
    for _time in range(2):
        layouts.begin(())
        with transaction.atomic():
            make_user()
            Depot.objects.all().delete()
            user = make_user()
            assert user.pk
            assert layouts._test.here is not None
            assert "portal_user" not in layouts._test.unknown
            transaction.set_rollback(True)


def test_what_is_undone_is_not_believed():
    layouts.begin(())
    outlet = make_network(days=2, vans=1)
    with transaction.atomic():
        make_booking(outlet)
        transaction.set_rollback(True)

    make_booking(outlet)

    assert Booking.objects.count() == 1
    assert layouts._test.here is None


def test_what_fails_fails_each_time():
    for _time in range(2):
        layouts.begin(())
        with transaction.atomic():
            outlet = make_network(days=2, vans=1)
            with pytest.raises(StopIteration):
                make_booking(outlet, hour=3)
            transaction.set_rollback(True)


def test_the_hour_and_the_settings_count(settings):
    makes = []
    for day in (1, 2):
        for language in ("en", "fi"):
            layouts.begin(())
            clock.set_source(lambda day=day: NOW.replace(day=day))
            settings.LANGUAGE_CODE = language
            with transaction.atomic():
                make_merchant()
                makes.append(layouts._test.here)
                transaction.set_rollback(True)
    clock.set_source(None)

    assert len(set(map(id, makes))) == 4


def test_a_plan_s_tape_is_as_warm_as_the_first_time():
    warm = []
    for _time in range(2):
        layouts.begin(())
        snapshots.forget_all()
        with transaction.atomic():
            outlet = make_network(days=2, vans=1)
            ask_for(outlet)
            warm.append({pk: snapshot.plan for pk, snapshot in snapshots._cache.items()})
            transaction.set_rollback(True)

    assert warm[0] == warm[1] != {}


def test_a_test_that_changes_our_code_has_all_done_in_earnest():
    layouts.begin({"monkeypatch"})

    make_merchant()

    assert layouts._test.here is None


@pytest.mark.django_db(transaction=True)
def test_rows_that_others_see_are_laid_out_in_earnest():
    make_merchant()

    assert "scheduling_merchant" in layouts._test.unknown
