"""Swaps of a day's routes for better ones, and changes of the same day."""

from functools import partial
from random import Random
from typing import Any

from scheduling.models import Booking, DayPlan, Improvement, Stop
from scheduling.services.bookings import cancel_delivery
from scheduling.services.improvements import Begun, begin_improvement, finish_improvement
from tests.factories import NOW
from tests.proofs.contests.world import SECOND, Contest, World, confirming
from tests.proofs.reroutes import best_of_some, put_out_of_order

SHARED_PLACES = 6


def swapped_and_held(world: World) -> Contest:
    """Who comes while the routes are swapped gets a place in the new ones."""
    world = _busy(world)
    return _while_holding(world, _swapping(world), world.holding())


def held_and_swapped(world: World) -> Contest:
    world = _busy(world)
    contest = _while_holding(world, _swapping(world), world.holding())
    return Contest(contest.rival, contest.change, lambda mine, theirs: contest.came_to(theirs, mine))


def swapped_and_last_place(world: World) -> Contest:
    """One place is left; better routes make no second one of it."""
    world = _busy(world, left=1)
    return _while_holding(world, _swapping(world), world.holding())


def swapped_and_confirmed(world: World) -> Contest:
    world = _busy(world)
    hold = world.hold()
    booked = Stop.objects.booked().filter(delivery=hold.delivery)
    return Contest(
        _swapping(world),
        confirming(hold),
        lambda run, theirs: _over(run) and theirs is not None and booked.count() == 1,
    )


def swapped_and_cancelled(world: World) -> Contest:
    world = _busy(world)
    booking = Booking.objects.filter(delivery__merchant=world.merchant).latest("pk")
    cancelling = partial(cancel_delivery, delivery=booking.delivery, actor="x", now=NOW)
    there = Stop.objects.active().filter(delivery=booking.delivery)
    return Contest(
        _swapping(world),
        cancelling,
        lambda run, theirs: _over(run) and theirs is not None and not there.exists(),
    )


def swapped_and_moved_away(world: World) -> Contest:
    world = _busy(world)
    booking = Booking.objects.filter(delivery__merchant=world.merchant).latest("pk")
    there = Stop.objects.booked().filter(delivery=booking.delivery)
    return Contest(
        _swapping(world),
        world.moving(booking, SECOND),
        lambda run, theirs: (
            _over(run)
            and theirs is not None
            and [stop.route.shift.plan_id for stop in there] == [world.plan_id(SECOND)]
        ),
    )


def finished_twice(world: World) -> Contest:
    """A run that two workers bring back is taken once."""
    world = _busy(world)
    finishing = _swapping(world)
    version = _plan(world).version

    def once(*_both: Any) -> bool:
        swapped = Improvement.objects.get(plan_id=world.plan_id()).outcome == Improvement.Outcome.SWAPPED
        return _plan(world).version == version + swapped

    return Contest(finishing, finishing, once)


def begun_twice(world: World) -> Contest:
    world = _busy(world)
    beginning = partial(begin_improvement, plan_id=world.plan_id(), actor="x", now=NOW)
    running = Improvement.objects.filter(plan_id=world.plan_id(), outcome=Improvement.Outcome.RUNNING)

    def one_begins(mine: Any, theirs: Any) -> bool:
        return running.count() == 1 == sum(isinstance(each, Begun) for each in (mine, theirs))

    return Contest(beginning, beginning, one_begins)


def _busy(world: World, *, left: int = 2) -> World:
    """A day of another van with more room, its routes out of order, so many places left."""
    world = World(Random(world.chance.random()), places=SHARED_PLACES)
    world.leave_places(left)
    put_out_of_order(plan_id=world.plan_id(), chance=world.chance, now=NOW)
    return world


def _swapping(world: World):
    """Begin a run and find routes; return the change that takes them."""
    begun = begin_improvement(plan_id=world.plan_id(), actor="x", now=NOW)
    assert begun is not None
    found = best_of_some(begun.plan, world.chance)
    return partial(finish_improvement, begun=begun, found=found, now=NOW)


def _while_holding(world: World, swapping: Any, holding: Any) -> Contest:
    """Both are done; the day has one stop more than before."""
    there = Stop.objects.active().of_plan(_plan(world))
    before = there.count()
    return Contest(
        swapping,
        holding,
        lambda run, theirs: _over(run) and theirs is not None and there.all().count() == before + 1,
    )


def _plan(world: World) -> DayPlan:
    return DayPlan.objects.get(pk=world.plan_id())


def _over(run: Improvement | None) -> bool:
    return run is not None and run.outcome != Improvement.Outcome.RUNNING
