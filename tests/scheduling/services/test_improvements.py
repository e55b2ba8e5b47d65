"""Better routes are taken under the lock, or thrown away; no promise moves; shoppers go on meanwhile."""

from datetime import timedelta
from random import Random

import pytest
from django.db import IntegrityError

from scheduling import tasks
from scheduling.invariants import breaches
from scheduling.models import DayPlan, Event, Hold, Improvement, Promise, Quote, Stop
from scheduling.models.plans import DayPlanQuerySet
from scheduling.selectors.plans import improvements_of, plans_to_improve, solvers_running
from scheduling.services import improvements
from scheduling.services.bookings import cancel_delivery, confirm_hold
from scheduling.services.improvements import (
    ask_for_improvement,
    begin_improvement,
    finish_improvement,
    give_up,
    solve,
)
from scheduling.snapshots import forget_all, snapshots_of
from tests.factories import (
    LATER,
    NOW,
    ask_for,
    make_booking,
    make_hold,
    make_network,
    plan_on,
    some_contact,
    some_facts,
)

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(minutes=1)
Outcome = Improvement.Outcome


@pytest.fixture(autouse=True)
def brief():
    """By a patch of its own: no row that is laid out depends on it, see layouts.py."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(improvements, "LEAST_MS", 80)
        patch.setattr(improvements, "MS_A_VISIT", 0)
        yield


def place(random: Random):
    return some_facts(north_m=random.uniform(-6_000, 6_000), east_m=random.uniform(-6_000, 6_000))


def badly_routed(*, bookings: int = 9, seed: int = 1, **network):
    """A day whose stops came in an unlucky order: the solver finds a lot to mend."""
    outlet, random = make_network(vans=3, **network), Random(seed)
    for _ in range(bookings):
        make_booking(outlet, hour=random.choice([8, 10, 12, 14]), facts=place(random))
    return outlet


def begun(plan: DayPlan, now=NOW):
    found = begin_improvement(plan_id=plan.pk, actor="test", now=now)
    assert found is not None
    return found


def improved(outlet, now=SOON) -> Improvement:
    run = begun(plan_on(outlet))
    return finish_improvement(begun=run, found=solve(run), now=now)


def promises() -> list[tuple]:
    stops = Stop.objects.active().order_by("pk").values_list("pk", "opens_at", "closes_at", "state")
    return [*stops, *Promise.objects.order_by("pk").values_list("pk", "opens_at", "closes_at")]


def test_better_routes_are_taken_and_every_promise_stays():
    outlet = badly_routed()
    before, version = promises(), plan_on(outlet).version

    run = improved(outlet)

    assert run.outcome == Outcome.SWAPPED
    assert run.after_s < run.before_s
    assert promises() == before
    assert plan_on(outlet).version == version + 1
    assert plan_on(outlet).improved_version == version + 1
    assert list(breaches()) == []
    event = Event.objects.get(kind="plan.improved")
    assert event.data["saved_m"] == run.before_m - run.after_m
    assert event.data["saved_s"] == run.before_s - run.after_s


def test_what_is_cached_after_a_swap_is_what_the_rows_say(django_capture_on_commit_callbacks):
    outlet = badly_routed()
    with django_capture_on_commit_callbacks(execute=True):
        improved(outlet)

    (cached,) = snapshots_of([plan_on(outlet)], now=SOON)
    forget_all()
    (fresh,) = snapshots_of([plan_on(outlet)], now=SOON)

    assert cached.plan == fresh.plan
    assert cached.rows == fresh.rows
    assert cached.returns == fresh.returns


def test_a_swap_takes_few_statements(django_assert_max_num_queries):
    outlet = badly_routed(bookings=16)
    run = begun(plan_on(outlet))
    found = solve(run)

    with django_assert_max_num_queries(24):
        assert finish_improvement(begun=run, found=found, now=SOON).outcome == Outcome.SWAPPED


def test_who_came_while_the_solver_worked_is_put_in():
    outlet = badly_routed()
    run = begun(plan_on(outlet))
    found = solve(run)
    late = make_booking(outlet, hour=16, facts=place(Random(99)), now=SOON)

    done = finish_improvement(begun=run, found=found, now=SOON)

    assert done.outcome == Outcome.SWAPPED
    assert Stop.objects.booked().filter(delivery=late.delivery).count() == 1
    assert list(breaches()) == []


def test_who_left_while_the_solver_worked_is_taken_out():
    outlet = badly_routed()
    gone = make_booking(outlet, hour=16, facts=place(Random(98)))
    run = begun(plan_on(outlet))
    found = solve(run)
    cancel_delivery(delivery=gone.delivery, actor="test", now=SOON)

    done = finish_improvement(begun=run, found=found, now=SOON)

    assert done.outcome == Outcome.SWAPPED
    assert not Stop.objects.active().filter(delivery=gone.delivery).exists()
    assert list(breaches()) == []


def test_a_hold_that_was_booked_meanwhile_stays_booked():
    outlet = badly_routed()
    hold = make_hold(outlet, hour=14, facts=place(Random(97)))
    run = begun(plan_on(outlet))
    found = solve(run)
    confirm_hold(hold=hold, contact=some_contact(), order_number="T-M", actor="test", now=SOON)

    assert finish_improvement(begun=run, found=found, now=SOON).outcome == Outcome.SWAPPED
    assert Stop.objects.get(delivery=hold.delivery).state == Stop.State.BOOKED
    assert list(breaches()) == []


def test_a_live_hold_keeps_its_place_and_a_lapsed_one_leaves():
    outlet = badly_routed()
    live = make_hold(outlet, hour=14, facts=place(Random(96)), now=NOW + timedelta(minutes=10))
    lapsed = make_hold(outlet, hour=12, facts=place(Random(95)))
    run = begun(plan_on(outlet))

    done = finish_improvement(begun=run, found=solve(run), now=LATER)

    assert done.outcome == Outcome.SWAPPED
    assert Hold.objects.get(pk=live.pk).state == Hold.State.LIVE
    assert Stop.objects.get(delivery=live.delivery).state == Stop.State.HELD
    assert Hold.objects.get(pk=lapsed.pk).state == Hold.State.LAPSED
    assert list(breaches()) == []


def test_what_is_hardly_better_is_not_worth_moving_everybody():
    outlet = badly_routed()
    improved(outlet)
    version = plan_on(outlet).version

    again = improved(outlet)

    assert again.outcome == Outcome.NO_GAIN
    assert plan_on(outlet).version == version


def test_somebody_who_came_and_does_not_fit_is_worth_more_than_better_routes(monkeypatch):
    outlet = badly_routed()
    run = begun(plan_on(outlet))
    found = solve(run)
    make_booking(outlet, hour=16, facts=place(Random(94)), now=SOON)
    monkeypatch.setattr(improvements, "best_gap", lambda *_: None)
    before = promises()

    done = finish_improvement(begun=run, found=found, now=SOON)

    assert done.outcome == Outcome.NO_PLACE
    assert promises() == before


def test_times_that_somebody_is_looking_at_stay_possible(monkeypatch):
    outlet = badly_routed()
    ask_for(outlet, some_facts(north_m=900), now=NOW)
    run = begun(plan_on(outlet))
    found = solve(run)
    monkeypatch.setattr(improvements, "_possible", lambda *_: (6, 5))

    done = finish_improvement(begun=run, found=found, now=SOON)

    assert done.outcome == Outcome.OFFERS


def test_offers_that_are_old_or_were_taken_hinder_nothing(monkeypatch):
    outlet = badly_routed()
    ask_for(outlet, some_facts(north_m=900), now=NOW)
    Quote.objects.filter(chosen_at=None).update(asked_at=NOW - timedelta(minutes=30))
    monkeypatch.setattr(improvements, "_possible", lambda *_: (6, 0))

    assert improved(outlet).outcome == Outcome.SWAPPED


def test_a_closed_day_is_still_improved_and_a_locked_one_is_not():
    outlet = badly_routed()
    DayPlan.objects.filter(pk=plan_on(outlet).pk).update(state=DayPlan.State.CLOSED)
    run = begun(plan_on(outlet))
    found = solve(run)
    DayPlan.objects.filter(pk=plan_on(outlet).pk).update(state=DayPlan.State.LOCKED)

    assert finish_improvement(begun=run, found=found, now=SOON).outcome == Outcome.OVER
    assert begin_improvement(plan_id=plan_on(outlet).pk, actor="test", now=SOON) is None


def test_one_run_at_a_time_and_one_that_died_is_given_up():
    outlet = badly_routed()
    first = begun(plan_on(outlet))
    assert begin_improvement(plan_id=plan_on(outlet).pk, actor="test", now=SOON) is None
    assert solvers_running(now=SOON) == 1

    later = NOW + Improvement.LEASE
    second = begun(plan_on(outlet), now=later)

    assert solvers_running(now=later) == 1
    assert finish_improvement(begun=first, found=solve(first), now=later).outcome == Outcome.LOST
    assert finish_improvement(begun=second, found=solve(second), now=later).outcome == Outcome.SWAPPED


def test_a_run_that_died_is_given_up_by_the_clock_and_its_day_tried_again(monkeypatch, settings):
    outlet = badly_routed()
    begun(plan_on(outlet))
    settings.SOLVERS_AT_ONCE, sent = 1, []
    monkeypatch.setattr(tasks.improve_plan, "apply_async", lambda args, **_: sent.append(args))

    monkeypatch.setattr(tasks.clock, "now", lambda: NOW + Improvement.LEASE - timedelta(seconds=1))
    assert tasks.improve_plans() == 0
    monkeypatch.setattr(tasks.clock, "now", lambda: NOW + Improvement.LEASE)
    assert tasks.improve_plans() == 1

    assert Improvement.objects.get().outcome == Outcome.LOST
    assert sent == [(plan_on(outlet).pk,)]


def test_a_run_that_died_on_a_day_that_is_over_is_not_under_way_for_good(monkeypatch):
    outlet = badly_routed(bookings=2)
    begun(plan_on(outlet))
    DayPlan.objects.update(state=DayPlan.State.LOCKED)
    monkeypatch.setattr(tasks.clock, "now", lambda: NOW + Improvement.LEASE)

    assert tasks.improve_plans() == 0
    assert Improvement.objects.get().outcome == Outcome.LOST


def test_the_database_too_keeps_to_one_run_at_a_time():
    outlet = badly_routed(bookings=2)
    begun(plan_on(outlet))

    with pytest.raises(IntegrityError):
        Improvement.objects.create(
            plan=plan_on(outlet), version=1, visits=2, budget_ms=1, actor="test", started_at=NOW
        )


def test_a_day_with_less_than_two_stops_has_nothing_to_improve():
    outlet = badly_routed(bookings=1)

    assert begin_improvement(plan_id=plan_on(outlet).pk, actor="test", now=NOW) is None
    assert plans_to_improve(now=NOW + timedelta(hours=1)) == []


# When


def test_due_is_what_changed_often_or_a_while_ago_or_was_asked_for():
    outlet = make_network(vans=3)
    plan = plan_on(outlet)
    assert plans_to_improve(now=NOW) == []

    make_booking(outlet)
    assert plans_to_improve(now=NOW + timedelta(minutes=4)) == []
    assert plans_to_improve(now=NOW + timedelta(minutes=5)) == [plan.pk]

    DayPlan.objects.filter(pk=plan.pk).update(version=21)
    assert plans_to_improve(now=NOW) == [plan.pk]
    DayPlan.objects.filter(pk=plan.pk).update(improved_version=21)
    assert plans_to_improve(now=NOW + timedelta(hours=1)) == []

    ask_for_improvement(plan=plan, actor="test", now=NOW)
    assert plans_to_improve(now=NOW) == [plan.pk]
    DayPlan.objects.filter(pk=plan.pk).update(state=DayPlan.State.STARTED)
    assert plans_to_improve(now=NOW) == []


def test_days_that_are_over_are_left_alone():
    outlet = make_network()
    ask_for_improvement(plan=plan_on(outlet), actor="test", now=NOW)

    assert plans_to_improve(now=NOW + timedelta(days=3)) == []


def test_what_came_to_nothing_is_not_tried_again_before_something_changes():
    outlet = badly_routed()
    improved(outlet)

    improved(outlet)

    assert plans_to_improve(now=NOW + timedelta(hours=1)) == []


# Tasks, and what staff see


def test_the_task_does_it_all_and_says_what_became_of_it(monkeypatch):
    outlet = badly_routed()
    monkeypatch.setattr(tasks.clock, "now", lambda: SOON)

    ask_for_improvement(plan=plan_on(outlet), actor="test", now=NOW)
    assert tasks.improve_plan(plan_on(outlet).pk) == Outcome.SWAPPED
    assert tasks.improve_plan(plan_on(outlet).pk) == "nothing"  # sent twice, due once
    ask_for_improvement(plan=plan_on(outlet), actor="test", now=NOW)
    assert tasks.improve_plan(plan_on(outlet).pk) == Outcome.NO_GAIN
    assert Improvement.objects.filter(outcome=Outcome.RUNNING).count() == 0


def test_a_day_that_stays_busy_is_noted_as_such(monkeypatch):
    from scheduling.errors import PlanBusy

    outlet = badly_routed()
    monkeypatch.setattr(tasks.clock, "now", lambda: SOON)

    def busy(**_):
        raise PlanBusy

    monkeypatch.setattr(improvements, "finish_improvement", busy)

    ask_for_improvement(plan=plan_on(outlet), actor="test", now=NOW)
    assert tasks.improve_plan(plan_on(outlet).pk) == "busy"
    assert Improvement.objects.get().outcome == Outcome.BUSY


def test_a_day_that_is_busy_at_the_start_is_tried_next_time(monkeypatch):
    from scheduling.errors import PlanBusy

    outlet = badly_routed(bookings=2)

    def busy(*_):
        raise PlanBusy

    ask_for_improvement(plan=plan_on(outlet), actor="test", now=NOW)
    monkeypatch.setattr(tasks.clock, "now", lambda: SOON)
    monkeypatch.setattr(DayPlanQuerySet, "lock", busy)
    assert tasks.improve_plan(plan_on(outlet).pk) == "busy"
    assert not Improvement.objects.exists()


def test_no_more_solvers_run_than_are_allowed(monkeypatch, settings):
    outlet = badly_routed(bookings=3)
    monkeypatch.setattr(tasks.clock, "now", lambda: NOW + timedelta(minutes=6))
    sent = []
    monkeypatch.setattr(tasks.improve_plan, "apply_async", lambda args, **_: sent.append(args))

    settings.SOLVERS_AT_ONCE = 0
    assert tasks.improve_plans() == 0
    settings.SOLVERS_AT_ONCE = 1
    assert tasks.improve_plans() == 1
    assert sent == [(plan_on(outlet).pk,)]


def test_staff_see_each_run_with_what_it_saved_or_why_not():
    outlet = badly_routed()
    first = improved(outlet)
    second = begun(plan_on(outlet), now=SOON)
    give_up(begun=second, outcome=Outcome.BUSY, now=SOON)

    latest, earlier = improvements_of(plan_on(outlet))

    assert (latest.taken, latest.outcome_name) == (False, "the day was busy")
    assert earlier.taken
    assert earlier.saved_m == first.before_m - first.after_m
    assert earlier.started.tzinfo is not None
    assert earlier.seconds == 60
