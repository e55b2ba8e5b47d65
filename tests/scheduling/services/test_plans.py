"""Day plans are made ahead, swept, and closed."""

from datetime import date, time, timedelta

import pytest

from scheduling import clock, tasks
from scheduling.errors import IllegalMove, PlanBusy
from scheduling.models import DayPlan, Event, Hold, Route, Shift, ShiftPattern, SlotPattern, Stop
from scheduling.models.plans import DayPlanQuerySet
from scheduling.selectors.plans import plans_with_lapsed_holds
from scheduling.services.plans import close_plan, extend_horizon, plans_to_close, sweep_plan
from tests.factories import (
    LATER,
    NOW,
    TOMORROW,
    make_booking,
    make_depot,
    make_hold,
    make_network,
    make_vehicle,
    plan_on,
)

pytestmark = pytest.mark.django_db


def test_the_horizon_is_made_once():
    depot = make_depot()
    make_vehicle(depot, trips=3)

    assert extend_horizon(depot=depot, now=NOW) == 14
    assert extend_horizon(depot=depot, now=NOW + timedelta(days=1)) == 1
    assert Shift.objects.count() == 15
    assert Route.objects.count() == 45


def test_shifts_follow_their_weekdays():
    depot = make_depot()
    make_vehicle(depot, weekdays=0b0000001)

    extend_horizon(depot=depot, now=NOW, days=7)

    assert Shift.objects.get().plan.service_date == date(2026, 11, 23)


def test_a_shift_swallowed_by_a_clock_change_is_not_made():
    depot = make_depot()
    vehicle = make_vehicle(depot)
    ShiftPattern.objects.filter(vehicle=vehicle).update(starts=time(3), ends=time(3, 59))

    extend_horizon(depot=depot, now=NOW.replace(year=2027, month=3, day=28), days=1)

    assert Shift.objects.count() == 1
    assert DayPlan.objects.get().origin_at.hour == 22


def test_sweeping_takes_lapsed_holds_out():
    outlet = make_network()
    make_hold(outlet)
    plan = plan_on(outlet)

    assert plans_with_lapsed_holds(now=NOW) == []
    assert plans_with_lapsed_holds(now=LATER) == [plan.pk]
    assert sweep_plan(plan_id=plan.pk, now=LATER) == 1
    assert sweep_plan(plan_id=plan.pk, now=LATER) == 0
    assert not Stop.objects.active().exists()


def test_a_plan_closes_at_its_last_cutoff():
    outlet = make_network()
    SlotPattern.objects.filter(outlet=outlet, opens=time(18)).update(
        cutoff_days_before=0, cutoff_time=time(9)
    )
    first = NOW.replace(hour=16)  # 18:00 in Helsinki the day before

    assert plan_on(outlet).pk not in plans_to_close(now=first)
    assert plan_on(outlet).pk in plans_to_close(now=NOW + timedelta(days=1))


def test_closing_is_recorded_once():
    plan = plan_on(make_network())

    close_plan(plan_id=plan.pk, now=NOW)
    close_plan(plan_id=plan.pk, now=NOW)

    assert DayPlan.objects.get(pk=plan.pk).state == "closed"
    assert Event.objects.get(kind="plan.closed").data["date"] == str(TOMORROW)


def test_a_plan_cannot_skip_a_state():
    with pytest.raises(IllegalMove):
        plan_on(make_network()).move_to("started")


def test_a_busy_plan_does_not_stop_the_sweep(monkeypatch):
    outlet = make_network()
    make_hold(outlet)
    other = make_hold(outlet, day=TOMORROW + timedelta(days=1))
    busy, lock = plan_on(outlet).pk, DayPlanQuerySet.lock

    def lock_but_one(self, ids):
        if busy in ids:
            raise PlanBusy
        return lock(self, ids)

    monkeypatch.setattr(DayPlanQuerySet, "lock", lock_but_one)
    clock.set_source(lambda: LATER)
    swept = tasks.sweep_holds()
    clock.set_source(None)

    assert swept == 1
    assert Hold.objects.get(pk=other.pk).state == "lapsed"


def test_a_relay_whose_turn_is_over_leaves_the_rest_for_its_next_one(monkeypatch):
    outlet = make_network()
    for _i in range(6):
        make_booking(outlet)
    waiting = Event.objects.filter(relayed_at=None)
    assert waiting.count() > 10
    turns = iter([0.0, 1.0, 30.0])
    monkeypatch.setattr(tasks, "monotonic", lambda: next(turns))

    assert tasks.relay_events() == 10

    monkeypatch.undo()
    tasks.relay_events()
    assert not waiting.exists()


def test_tasks_bear_repetition(monkeypatch):
    outlet = make_network()
    make_booking(outlet)
    for task in (tasks.relay_events, tasks.sweep_holds, tasks.extend_horizon, tasks.close_plans) * 2:
        assert task() >= 0

    assert not Event.objects.filter(relayed_at=None).exists()
