"""What `Shopping` leaves out: dispatch has routes improved, while everybody else goes on."""

from collections.abc import Mapping
from random import Random
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from scheduling.models import Booking, Improvement, Promise, Stop
from scheduling.services.improvements import (
    Begun,
    begin_improvement,
    finish_improvement,
    give_up_lost,
    plans_with_lost_runs,
)
from tests.proofs.reroutes import best_of_some, put_out_of_order
from tests.proofs.shopping import Shopping, any_row, booked_before, pick

chances = st.integers(0, 999)
meanwhiles = st.sampled_from(["nothing", "one comes", "one goes", "one moves"])
CROWD = 4


class Improving(Shopping):
    """Everything goes on between the beginning and the end of a run, or nothing does.

    Who chooses the routes is not PyVRP, which goes by a stopwatch, but chance as hypothesis draws it. Routes
    are also put out of order, so that there is something to mend.
    """

    def __init__(self):
        super().__init__()
        self.begun: list[Begun] = []

    def some_plan(self, which: int) -> int:
        """The plan of one of the bookings' days, else of any."""
        booking = self.some_booking(which)
        return booking.stop.route.shift.plan_id if booking else pick(self.plans(), which).pk

    def let_a_crowd_book(self, shop: int, number: int) -> None:
        """Fill a day enough for its order to matter."""
        chance = Random(number)
        for _household in range(CROWD):
            if hold := self.hold_one(2_000, "out", chance.randint(-3_000, 3_000), shop, number):
                self.confirm_one(hold)

    @booked_before
    @rule(which=any_row, number=chances)
    def routes_get_out_of_order(self, which, number):
        put_out_of_order(plan_id=self.some_plan(which), chance=Random(number), now=self.now)

    @rule(which=any_row, number=chances, unlucky=st.sampled_from([True, True, False]), meanwhile=meanwhiles)
    def routes_are_improved(self, which, number, unlucky, meanwhile):
        if Booking.objects.count() < CROWD:
            self.let_a_crowd_book(which, number)
        if unlucky:
            put_out_of_order(plan_id=self.some_plan(which), chance=Random(number), now=self.now)
        begun = self.begin(which)
        if begun is None:
            return
        if meanwhile == "one comes":
            self.hold_and_confirm(2_000, "out", number, which, number)
        elif meanwhile == "one goes":
            self.cancel(which)
        elif meanwhile == "one moves":
            self.move_within_its_day(which, number)
        self.finish(begun, number)

    @booked_before
    @rule(which=any_row)
    def a_run_begins(self, which):
        if begun := self.begin(which):
            self.begun.append(begun)

    @rule(which=any_row, number=chances)
    def a_run_comes_back(self, which, number):
        """Perhaps too late, perhaps for the second time."""
        if begun := pick(self.begun, which):
            self.finish(begun, number)

    @rule()
    def runs_that_died_are_given_up(self):
        for plan_id in plans_with_lost_runs(now=self.now):
            give_up_lost(plan_id=plan_id, now=self.now)
        old = Improvement.objects.filter(started_at__lte=self.now - Improvement.LEASE)
        assert not old.filter(outcome=Improvement.Outcome.RUNNING).exists(), "runs for good"

    def begin(self, which: int) -> Begun | None:
        return begin_improvement(plan_id=self.some_plan(which), actor="x", now=self.now)

    def finish(self, begun: Begun, number: int) -> None:
        """End a run; whatever it comes to, no stop but those of lapsed holds has gone, and none has moved."""
        found, before, promised = best_of_some(begun.plan, Random(number)), self.kept(), self.promised()
        run = finish_improvement(begun=begun, found=found, now=self.now)
        assert run.outcome != Improvement.Outcome.RUNNING
        self.happened[f"run {run.outcome}"] += 1
        after = self.kept()
        gone = before.keys() - after.keys()
        assert after == {pk: before[pk] for pk in before.keys() - gone}, "a stop moved"
        lapsed = Stop.objects.filter(pk__in=gone, state=Stop.State.LAPSED)
        assert lapsed.count() == len(gone), "a stop is lost"
        assert self.promised() == promised, "a promise moved"

    def kept(self) -> Mapping[int, Any]:
        """Each active stop with what it is for."""
        stops = Stop.objects.active().values_list("pk", "delivery_id", "state", "opens_at", "closes_at")
        return {pk: what for pk, *what in stops}

    def promised(self) -> list[Any]:
        return list(Promise.objects.order_by("pk").values_list("pk", "opens_at", "closes_at"))
