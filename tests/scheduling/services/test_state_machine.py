"""Shoppers, customers and the clock do whatever they may in any order; nothing ever breaks."""

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from scheduling import events, snapshots
from scheduling.errors import DomainError
from scheduling.facts import VisitFacts
from scheduling.invariants import breaches
from scheduling.models import Booking, Hold, Quote
from scheduling.selectors.plans import plans_with_lapsed_holds
from scheduling.services.bookings import cancel_delivery, confirm_hold, reschedule_delivery
from scheduling.services.holds import extend_hold, place_hold, release_hold
from scheduling.services.plans import close_plan, plans_to_close, sweep_plan
from tests.factories import NOW, a_session, ask_for, make_network, some_contact, some_facts

any_row = st.integers(0, 30)
loads = st.sampled_from([2_000, 200_000, 500_000])
minutes = st.sampled_from([1, 7, 16, 180, 600])


def pick(rows, number):
    return rows[number % len(rows)] if rows else None


class Shopping(RuleBasedStateMachine):
    """One small network; each example's rows are rolled back."""

    def __init__(self):
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        snapshots.forget_all()

    def teardown(self):
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)
        snapshots.forget_all()

    @initialize()
    def open_shop(self):
        self.now, self.refused = NOW, 0
        self.outlet = make_network(vans=1, days=3, hours=(8, 10, 12))

    def attempt(self, change, **values):
        """Make a change or be refused; a refusal leaves nothing behind."""
        try:
            return change(**values, now=self.now)
        except DomainError:
            self.refused += 1
            return None

    def a_token(self, view, number):
        return getattr(
            pick([o for day in view.days for o in day.offers if o.available], number), "token", None
        )

    def place(self, **values):
        return place_hold(merchant=self.outlet.merchant, actor="x", **values)

    @rule(load=loads, east=st.integers(-500, 500), number=any_row)
    def hold(self, load, east, number):
        session = a_session()
        facts = some_facts(load_g=load, east_m=east)
        token = self.a_token(ask_for(self.outlet, facts, session_key=session, now=self.now), number)
        if token:
            self.attempt(self.place, offer_token=token, session_key=session)

    @rule(which=any_row, number=any_row)
    def choose_another_time(self, which, number):
        older = pick(list(Hold.objects.order_by("pk")), which)
        if older:
            facts = VisitFacts.from_json(older.quote.facts)
            view = ask_for(
                self.outlet, facts, session_key=older.session_key, now=self.now, held=older.delivery
            )
            token = self.a_token(view, number)
            if token:
                self.attempt(self.place, offer_token=token, session_key=older.session_key)

    @rule(which=any_row)
    def keep_longer(self, which):
        hold = pick(list(Hold.objects.order_by("pk")), which)
        if hold:
            self.attempt(extend_hold, hold=hold, actor="x")

    @rule(which=any_row)
    def give_back(self, which):
        hold = pick(list(Hold.objects.order_by("pk")), which)
        if hold:
            self.attempt(release_hold, hold=hold, actor="x")

    @rule(which=any_row)
    def confirm(self, which):
        hold = pick(list(Hold.objects.order_by("-pk")), which)
        if hold:
            self.attempt(
                confirm_hold, hold=hold, contact=some_contact(), order_number=f"O{hold.pk}", actor="x"
            )

    @rule(which=any_row, number=any_row)
    def move(self, which, number):
        booking = pick(list(Booking.objects.select_related("delivery", "quote").order_by("pk")), which)
        if booking:
            facts, session = VisitFacts.from_json(booking.quote.facts), a_session()
            view = ask_for(self.outlet, facts, session_key=session, now=self.now, moving=booking.delivery)
            token = self.a_token(view, number)
            if token:
                self.attempt(
                    reschedule_delivery,
                    delivery=booking.delivery,
                    offer_token=token,
                    session_key=session,
                    actor="x",
                )

    @rule(which=any_row)
    def cancel(self, which):
        booking = pick(list(Booking.objects.select_related("delivery").order_by("pk")), which)
        if booking:
            self.attempt(cancel_delivery, delivery=booking.delivery, actor="x")

    @rule(by=minutes)
    def time_passes(self, by):
        self.now += timedelta(minutes=by)

    @rule()
    def the_worker_runs(self):
        events.relay(now=self.now)
        for pk in plans_with_lapsed_holds(now=self.now):
            sweep_plan(plan_id=pk, now=self.now)
        for pk in plans_to_close(now=self.now):
            close_plan(plan_id=pk, now=self.now)

    @invariant()
    def nothing_is_broken(self):
        assert list(breaches()) == []

    @invariant()
    def what_was_chosen_is_kept(self):
        assert not Quote.objects.filter(holds__isnull=False, chosen_key="").exists()


@pytest.mark.django_db
def test_no_order_of_changes_breaks_anything():
    run_state_machine_as_test(
        Shopping,
        settings=settings(
            max_examples=16, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    assert not Hold.objects.exists()
