"""What is read by statements compiled once is what the ORM reads."""

from datetime import timedelta

import pytest
from django.db import IntegrityError

from scheduling import snapshots
from scheduling.conversion import STOP_COLUMNS, lone_visit, shift_of, stored_as
from scheduling.day_rows import read_stops, read_vehicles, version_of
from scheduling.models import Address, DayPlan, Depot, Driver, Hold, Shift, Stop, VehicleClass
from scheduling.statements import NUMBER, Columns, Instances, Statement
from tests.factories import NOW, TOMORROW, make_booking, make_hold, make_network, plan_on

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def plan():
    outlet = make_network(vans=2, days=2)
    make_booking(outlet)
    Hold.objects.filter(pk=make_hold(outlet).pk).update(expires_at=NOW + timedelta(microseconds=123_450))
    return plan_on(outlet)


def read(plan, **before):
    return {pk: stop for pk, (_raw, stop) in read_stops(plan, **before).items()}


def test_stops_are_those_that_the_orm_reads(plan):
    stops = Stop.objects.of_plan(plan).active().order_by("route_id", "position")
    expected = [stored_as(values) for values in stops.values(*STOP_COLUMNS)]

    found = read(plan)

    assert [stop.row for stop in found.values()] == expected
    assert len(expected) == 2
    assert {row.expires_at for row in expected} == {None, NOW + timedelta(microseconds=123_450)}
    assert [stop.visit for stop in found.values()] == [lone_visit(pk, plan) for pk in found]


def test_vehicles_are_those_that_the_orm_reads(plan):
    shifts = Shift.objects.filter(plan=plan).select_related("vehicle__vehicle_class").order_by("pk")

    found = [vehicle for _raw, vehicle in read_vehicles(plan).values()]

    assert found == [shift_of(shift, [], plan.origin_at).vehicle for shift in shifts]
    assert len(found) == 2


def test_plans_are_those_that_the_orm_reads(plan):
    found = snapshots.plans_between(plan.depot, TOMORROW, TOMORROW + timedelta(days=1))
    coming = DayPlan.objects.filter(service_date__gte=TOMORROW)
    expected = list(coming.select_related("depot").order_by("service_date"))

    assert [row_of(one) for one in found] == [row_of(one) for one in expected]
    assert [row_of(one.depot) for one in found] == [row_of(one.depot) for one in expected]
    assert found[0] == plan
    assert version_of(plan) == plan.version


def kept_of(plan):
    """Read a snapshot and cache it although this test's transaction is still open."""
    snapshots._keep(snapshot := snapshots.read_snapshot(plan, version=plan.version, now=NOW))
    return snapshot


def row_of(instance):
    return {field.attname: getattr(instance, field.attname) for field in instance._meta.concrete_fields}


def test_a_plan_that_is_gone_has_no_version(plan):
    with pytest.raises(DayPlan.DoesNotExist):
        version_of(DayPlan(pk=NUMBER))


def test_what_is_as_it_was_is_not_made_again_and_all_else_is(plan):
    before = read_stops(plan)
    moved = Stop.objects.get(state=Stop.State.BOOKED)
    Address.objects.filter(deliveries=moved.delivery).update(lat=60.2)

    after = read_stops(plan, before)

    assert {pk for pk, made in after.items() if made is not before[pk]} == {moved.pk}
    assert after[moved.pk][1].visit.place.lat == 60.2
    assert read_stops(plan, after) == after == read_stops(plan)


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (Shift, {"reload_s": 77}),
        (VehicleClass, {"range_m": 50_000}),
        (VehicleClass, {"grams_per_km": 5}),
        (Hold, {"expires_at": NOW + timedelta(minutes=1)}),
        (Stop, {"arc_s": 9}),
    ],
)
def test_a_snapshot_is_the_same_whatever_was_read_before(plan, model, change):
    kept_of(plan)
    model.objects.update(**change)

    again = snapshots.read_snapshot(plan, version=plan.version, now=NOW)

    snapshots.forget_all()
    assert again == snapshots.read_snapshot(plan, version=plan.version, now=NOW)


def test_another_origin_counts_anew(plan):
    before = kept_of(plan)
    DayPlan.objects.update(origin_at=plan.origin_at - timedelta(hours=1))
    plan.refresh_from_db()

    (after,) = snapshots.snapshots_of([plan], now=NOW)

    first, then = (snapshot.plan.shifts[0].trips[0].visits[0] for snapshot in (before, after))
    assert then.opens_s == first.opens_s + 3600


def test_a_shift_that_nobody_touched_is_the_very_same(plan):
    before = kept_of(plan)
    DayPlan.objects.filter(pk=plan.pk).update(version=plan.version + 1)
    plan.refresh_from_db()

    (after,) = snapshots.snapshots_of([plan], now=NOW)

    assert all(new is old for new, old in zip(after.plan.shifts, before.plan.shifts, strict=True))


def test_a_query_that_does_not_ask_for_its_value_is_refused():
    statement = Statement(lambda _depot: Depot.objects.values_list(*Columns(Depot).names), NUMBER)

    with pytest.raises(ValueError, match="is not asked for"):
        statement.rows(1)


STOPS = Instances(
    lambda plan: (
        Stop.objects.filter(route__shift__plan=plan)
        .select_related("route__shift__driver", "delivery__address", "delivery__access_notes", "hold")
        .order_by("pk")
    ),
    NUMBER,
)


def test_instances_and_what_is_related_to_them_are_those_that_the_orm_reads(plan, django_assert_num_queries):
    expected = list(Stop.objects.filter(route__shift__plan=plan).order_by("pk"))

    with django_assert_num_queries(1):
        found = STOPS.all(plan.pk)
        related = [(stop.route.shift, stop.delivery.address, stop.hold) for stop in found]
        empty = [(stop.route.shift.driver, hasattr(stop.delivery, "access_notes")) for stop in found]

    assert [row_of(stop) for stop in found] == [row_of(stop) for stop in expected]
    for rows, stop in zip(related, expected, strict=True):
        assert [row_of(row) for row in rows] == [
            row_of(row) for row in (stop.route.shift, stop.delivery.address, stop.hold)
        ]
    assert empty == [(None, False)] * 2
    assert not any(row._state.adding for rows in (found, *related) for row in rows)


def test_instances_are_the_first_the_only_one_or_none(plan):
    assert STOPS.first(plan.pk) == STOPS.get(plan.pk) == STOPS.all(plan.pk)[0]
    assert STOPS.all(plan.pk + 1_000) == []
    assert STOPS.first(plan.pk + 1_000) is None
    with pytest.raises(Stop.DoesNotExist):
        STOPS.get(plan.pk + 1_000)


DRIVERS = Instances(lambda depot, name: Driver.objects.filter(depot=depot, name=name), NUMBER, "a name")


def test_what_is_not_there_is_made_once(plan):
    def create():
        return Driver.objects.create(depot=plan.depot, name="Aino")

    first, made = DRIVERS.get_or(create, plan.depot_id, "Aino")

    assert (first.name, made) == ("Aino", True)
    assert DRIVERS.get_or(create, plan.depot_id, "Aino") == (first, False)


def test_what_cannot_be_made_is_said_and_leaves_nothing(plan):
    def create():
        Driver.objects.create(depot=plan.depot, name="Aino")
        raise IntegrityError

    with pytest.raises(IntegrityError):
        DRIVERS.get_or(create, plan.depot_id, "Aino")

    assert DRIVERS.all(plan.depot_id, "Aino") == []
