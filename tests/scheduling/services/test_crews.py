"""Who drives, and with what: given by itself where nobody decided, and left alone where somebody did."""

from datetime import timedelta

import pytest

from scheduling.errors import BreaksMore, NotChangeable
from scheduling.invariants import breaches
from scheduling.models import DayPlan, Event, Shift, Stop
from scheduling.services.crews import assign_driver, assign_vehicle, propose_vehicle, vehicles_for
from scheduling.services.days import lock_plan
from scheduling.services.plans import close_plan
from tests.factories import (
    NOW,
    TOMORROW,
    make_booking,
    make_depot,
    make_driver,
    make_network,
    make_vehicle,
    make_vehicle_class,
    plan_on,
    some_facts,
    start_day,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def outlet():
    return make_network(vans=2)


def locked(outlet, day=TOMORROW) -> Shift:
    """The used shift of a day that is locked."""
    plan = plan_on(outlet, day)
    close_plan(plan_id=plan.pk, now=NOW)
    lock_plan(plan_id=plan.pk, actor="test", now=NOW)
    return Shift.objects.get(plan=plan, routes__stops__state=Stop.State.BOOKED)


def closed(outlet) -> Shift:
    plan = plan_on(outlet)
    DayPlan.objects.filter(pk=plan.pk).update(state="closed")
    return Shift.objects.select_related("plan__depot", "vehicle").get(
        plan=plan, routes__stops__state=Stop.State.BOOKED
    )


def test_a_used_shift_gets_a_driver_who_is_free_and_has_rested(outlet):
    tired, fresh = make_driver(outlet.depot), make_driver(outlet.depot, name="Mika")
    make_driver(outlet.depot, active=False)
    make_driver(make_depot())
    make_booking(outlet)
    yesterday = Shift.objects.filter(plan__service_date=TOMORROW - timedelta(days=1)).first()
    yesterday.driver = tired  # until nine in the evening; tomorrow begins at seven
    yesterday.save()

    shift = locked(outlet)

    assert shift.driver == fresh
    assert Shift.objects.filter(plan=shift.plan, driver__isnull=False).count() == 1
    assert shift.assigned_by == ""


def test_whom_somebody_chose_by_hand_stays(outlet):
    usual, chosen = make_driver(outlet.depot), make_driver(outlet.depot)
    make_booking(outlet)
    make_booking(outlet, day=TOMORROW + timedelta(days=2))
    shift = closed(outlet)
    for driver in (chosen.pk, None):
        assign_driver(depot=outlet.depot, shift_id=shift.pk, driver_id=driver, actor="user:1", now=NOW)
        assert Shift.objects.get(pk=shift.pk).driver_id == driver

    assert locked(outlet).driver is None  # that nobody drives was decided, too
    assert locked(outlet, TOMORROW + timedelta(days=2)).driver == usual


def test_nobody_drives_two_vehicles_at_once_and_nobody_from_elsewhere(outlet):
    driver = make_driver(outlet.depot)
    make_booking(outlet)
    shift = closed(outlet)
    other = Shift.objects.filter(plan=shift.plan).exclude(pk=shift.pk).get()
    assign_driver(depot=outlet.depot, shift_id=shift.pk, driver_id=driver.pk, actor="user:1", now=NOW)

    with pytest.raises(NotChangeable):
        assign_driver(depot=outlet.depot, shift_id=other.pk, driver_id=driver.pk, actor="user:1", now=NOW)
    for depot, pk in ((outlet.depot, make_driver(make_depot()).pk), (make_depot(), driver.pk)):
        with pytest.raises(NotChangeable):
            assign_driver(depot=depot, shift_id=shift.pk, driver_id=pk, actor="user:1", now=NOW)


def test_a_vehicle_that_was_to_stay_at_the_depot_takes_over_and_they_swap(outlet):
    make_booking(outlet)
    shift = closed(outlet)
    other = Shift.objects.filter(plan=shift.plan).exclude(pk=shift.pk).get()
    [idle] = vehicles_for(shift)
    assert idle == other.vehicle

    for _time in range(2):
        assign_vehicle(
            depot=outlet.depot, shift_id=shift.pk, vehicle_id=idle.pk, seen=[], actor="user:1", now=NOW
        )

    rows = dict(Shift.objects.filter(plan=shift.plan).values_list("pk", "vehicle_id"))
    assert rows == {shift.pk: idle.pk, other.pk: shift.vehicle_id}
    assert Shift.objects.get(pk=other.pk).starts_at == other.starts_at
    assert Event.objects.get(kind="shift.vehicle_changed").data["instead_of"] == shift.vehicle.name
    assert list(breaches()) == []


def test_what_another_vehicle_would_break_is_shown_first(outlet):
    bike = make_vehicle(outlet.depot, make_vehicle_class(speed_m_per_h=5_000, capacity_g=50_000))
    make_booking(outlet, facts=some_facts(load_g=60_000))
    shift = closed(outlet)

    swap = propose_vehicle(shift=shift, vehicle=bike, now=NOW)

    assert {each.kind for each in swap.breaks} == {"load"}
    asked = {"depot": outlet.depot, "shift_id": shift.pk, "vehicle_id": bike.pk}
    with pytest.raises(BreaksMore):
        assign_vehicle(**asked, seen=[], actor="user:1", now=NOW)
    before = Stop.objects.booked().get().arc_s
    assign_vehicle(**asked, seen=swap.seen, actor="user:1", now=NOW)
    assert Stop.objects.booked().get().arc_s > 4 * before  # as a bike drives it


def test_a_vehicle_that_has_left_or_serves_others_stays(outlet):
    make_booking(outlet)
    [route] = start_day(plan_on(outlet))
    idle = vehicles_for(route.shift)[0]

    for pk in (idle.pk, route.shift.vehicle_id + 10**6):
        with pytest.raises(NotChangeable):
            assign_vehicle(
                depot=outlet.depot,
                shift_id=route.shift_id,
                vehicle_id=pk,
                seen=[],
                actor="user:1",
                now=NOW,
            )
