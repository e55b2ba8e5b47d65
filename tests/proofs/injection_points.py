"""The points at which `injected` lets a competing change in, and what must be true of each pair.

A point is a step of one change: before or after a function of ours is called. There the rival, a complete
change of its own on a connection of its own, is let in. Under the plan's lock (`locked`) it has to wait.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from random import Random
from typing import Any, Literal

from scheduling import events, snapshots
from scheduling.facts import VisitFacts
from scheduling.models import Booking, Event, Hold, Stop
from scheduling.services.bookings import cancel_delivery, confirm_hold, reschedule_delivery
from scheduling.services.holds import extend_hold, place_hold, release_hold
from scheduling.services.plans import close_plan, extend_horizon, sweep_plan
from tests.factories import (
    NOW,
    TOMORROW,
    a_session,
    ask_for,
    make_booking,
    make_depot,
    make_hold,
    make_merchant,
    make_outlet,
    make_vehicle,
    make_vehicle_class,
    plan_on,
    some_contact,
    some_facts,
    token_at,
)

IN_TIME, TOO_LATE = NOW + timedelta(minutes=14), NOW + timedelta(minutes=16)
"""Before and after a hold that was placed at NOW runs out."""
SECOND, THIRD = TOMORROW + timedelta(days=1), TOMORROW + timedelta(days=2)
BAG_G, LAID_OUT = 5_000, 4


class World:
    """One van with room for few bags a day; chance decides how many, where they go and when."""

    def __init__(self, chance: Random) -> None:
        self.chance, self.places = chance, chance.randint(1, 4)
        self.depot, self.merchant = make_depot(), make_merchant(service_s=60)
        kind = make_vehicle_class(capacity_g=self.places * BAG_G, speed_m_per_h=60_000)
        make_vehicle(self.depot, kind)
        self.outlet = make_outlet(self.merchant, self.depot, hours=(8, 12, 16))
        extend_horizon(depot=self.depot, now=NOW, days=LAID_OUT)

    def facts(self):
        north_m, east_m = self.chance.randint(-900, 900), self.chance.randint(-900, 900)
        return some_facts(load_g=BAG_G, north_m=north_m, east_m=east_m)

    def hour(self) -> int:
        return self.chance.choice((8, 12, 16))

    def leave_one_place(self, day: date = TOMORROW) -> None:
        """Book all places of a day but one."""
        for _i in range(self.places - 1):
            make_booking(self.outlet, day=day, hour=self.hour(), facts=self.facts())

    def holding(self, day: date = TOMORROW, session: str | None = None, now: datetime = NOW):
        """Ask for a time; return the change that holds it."""
        session = session or a_session()
        view = ask_for(self.outlet, self.facts(), session_key=session, now=now)
        token = token_at(view, self.hour(), day)
        return partial(
            place_hold, offer_token=token, merchant=self.merchant, session_key=session, actor="x", now=now
        )

    def moving(self, booking: Booking, day: date):
        """Ask for another time; return the change that moves a booking there."""
        session = a_session()
        facts = VisitFacts.from_json(booking.quote.facts)
        view = ask_for(self.outlet, facts, session_key=session, moving=booking.delivery)
        return partial(
            reschedule_delivery,
            delivery=booking.delivery,
            offer_token=token_at(view, self.hour(), day),
            session_key=session,
            actor="x",
            now=NOW,
        )

    def hold(self, day: date = TOMORROW) -> Hold:
        return make_hold(self.outlet, day=day, hour=self.hour(), facts=self.facts())

    def booking(self, day: date = TOMORROW) -> Booking:
        return make_booking(self.outlet, day=day, hour=self.hour(), facts=self.facts())

    def plan_id(self, day: date = TOMORROW) -> int:
        return plan_on(self.outlet, day).pk


@dataclass(frozen=True)
class Contest:
    """A change, its rival, and what must be true when both are over: of what they came to, or of the rows.

    `came_to` gets both results; a refusal is None.
    """

    change: Callable[[], Any]
    rival: Callable[[], Any]
    came_to: Callable[[Any, Any], bool]


@dataclass(frozen=True)
class Point:
    """Where the rival is let in: `when` `at` is called by the change. `dies`: there the change breaks off."""

    name: str
    when: Literal["before", "after"]
    at: str
    contest: Callable[[World], Contest]
    locked: bool = False
    dies: bool = False


def one_of(mine: Any, theirs: Any) -> bool:
    return (mine is None) != (theirs is None)


def only_theirs(mine: Any, theirs: Any) -> bool:
    return mine is None and theirs is not None


def last_place(world: World) -> Contest:
    world.leave_one_place()
    return Contest(world.holding(), world.holding(), one_of)


def place_of_one_that_dies(world: World) -> Contest:
    world.leave_one_place()
    return Contest(world.holding(), world.holding(), only_theirs)


def one_session_two_days(world: World) -> Contest:
    session = a_session()
    live = Hold.objects.filter(session_key=session, state=Hold.State.LIVE)
    return Contest(
        world.holding(TOMORROW, session), world.holding(SECOND, session), lambda *_both: live.count() == 1
    )


def one_session_first_hold_moves(world: World) -> Contest:
    """It holds a time already, and asks for two others at once."""
    session = a_session()
    world.holding(THIRD, session)()
    live = Hold.objects.filter(session_key=session, state=Hold.State.LIVE)
    return Contest(
        world.holding(TOMORROW, session), world.holding(SECOND, session), lambda *_both: live.count() == 1
    )


def hold_on_a_closing_day(world: World) -> Contest:
    closing = partial(close_plan, plan_id=world.plan_id(), now=NOW)
    return Contest(world.holding(), closing, partial(_nothing_came_after_closing, world))


def closing_day_with_a_hold(world: World) -> Contest:
    closing = partial(close_plan, plan_id=world.plan_id(), now=NOW)
    return Contest(closing, world.holding(), partial(_nothing_came_after_closing, world))


def _nothing_came_after_closing(world: World, *_both: Any) -> bool:
    closed = Event.objects.get(kind="plan.closed", data__depot=world.depot.slug)
    return not Event.objects.filter(kind="hold.placed", pk__gt=closed.pk).exists()


def _confirming(hold: Hold, now: datetime = NOW):
    return partial(
        confirm_hold, hold=hold, contact=some_contact(), order_number=f"O-{hold.pk}", actor="x", now=now
    )


def confirmed_twice(world: World) -> Contest:
    hold = world.hold()
    once = Booking.objects.filter(delivery=hold.delivery)
    return Contest(_confirming(hold), _confirming(hold), lambda *_both: once.count() == 1)


def confirmed_or_given_back(world: World) -> Contest:
    hold = world.hold()
    releasing = partial(release_hold, hold=hold, actor="x", now=NOW)
    return Contest(_confirming(hold), releasing, lambda *_both: _is_one(hold, "confirmed", "released"))


def given_back_or_confirmed(world: World) -> Contest:
    hold = world.hold()
    releasing = partial(release_hold, hold=hold, actor="x", now=NOW)
    return Contest(releasing, _confirming(hold), lambda *_both: _is_one(hold, "confirmed", "released"))


def confirmed_late_or_taken(world: World) -> Contest:
    world.leave_one_place()
    hold = world.hold()
    return Contest(_confirming(hold, TOO_LATE), world.holding(now=TOO_LATE), one_of)


def extended_or_lapsed(world: World) -> Contest:
    hold = world.hold()
    extending = partial(extend_hold, hold=hold, actor="x", now=IN_TIME)
    sweeping = partial(sweep_plan, plan_id=world.plan_id(), now=TOO_LATE)
    return Contest(extending, sweeping, lambda mine, _swept: _extended_or_lapsed(hold, mine))


def lapsed_or_extended(world: World) -> Contest:
    hold = world.hold()
    extending = partial(extend_hold, hold=hold, actor="x", now=IN_TIME)
    sweeping = partial(sweep_plan, plan_id=world.plan_id(), now=TOO_LATE)
    return Contest(sweeping, extending, lambda _swept, theirs: _extended_or_lapsed(hold, theirs))


def _extended_or_lapsed(hold: Hold, extended: Hold | None) -> bool:
    hold.refresh_from_db()
    return (hold.state, hold.extensions) == (("live", 1) if extended else ("lapsed", 0))


def _is_one(hold: Hold, *states: str) -> bool:
    hold.refresh_from_db()
    return hold.state in states


def moved_twice(world: World) -> Contest:
    booking = world.booking()
    return Contest(
        world.moving(booking, SECOND),
        world.moving(booking, THIRD),
        lambda *both: any(both) and _booked(booking) == 1,
    )


def moved_into_the_last_place(world: World) -> Contest:
    booking = world.booking()
    world.leave_one_place(SECOND)
    return Contest(
        world.moving(booking, SECOND),
        world.holding(SECOND),
        lambda *both: one_of(*both) and _booked(booking) == 1,
    )


def cancelled_or_moved(world: World) -> Contest:
    booking = world.booking()
    cancelling = partial(cancel_delivery, delivery=booking.delivery, actor="x", now=NOW)
    return Contest(cancelling, world.moving(booking, SECOND), lambda *_both: _stands_or_not(booking))


def moved_or_cancelled(world: World) -> Contest:
    booking = world.booking()
    cancelling = partial(cancel_delivery, delivery=booking.delivery, actor="x", now=NOW)
    return Contest(world.moving(booking, SECOND), cancelling, lambda *_both: _stands_or_not(booking))


def _booked(booking: Booking) -> int:
    return Stop.objects.booked().filter(delivery_id=booking.delivery_id).count()


def _stands_or_not(booking: Booking) -> bool:
    booking.refresh_from_db()
    return _booked(booking) == (booking.state == Booking.State.BOOKED)


def days_made_twice(world: World) -> Contest:
    making = partial(extend_horizon, depot=world.depot, now=NOW, days=LAID_OUT + 2)

    def each_once(*_both: Any) -> bool:
        plans = world.depot.day_plans.all()
        return [plan.shifts.count() for plan in plans] == [1] * (LAID_OUT + 2)

    return Contest(making, making, each_once)


def relayed_twice(world: World, *, later: timedelta = timedelta(0)) -> Contest:
    world.booking()
    relaying = partial(events.relay, now=NOW)
    return Contest(relaying, partial(events.relay, now=NOW + later), lambda *_both: True)


def read_and_taken(world: World) -> Contest:
    holding, plan = world.holding(), plan_on(world.outlet, TOMORROW)
    snapshots.forget_all()

    def none_torn(mine: Any, _theirs: Any) -> bool:
        plan.refresh_from_db()
        return mine == [snapshots.read_snapshot(plan, version=plan.version, now=NOW)]

    return Contest(partial(snapshots.snapshots_of, [plan], now=NOW), holding, none_torn)


LOCK = "scheduling.models.plans:DayPlanQuerySet.lock"
OUT = "scheduling.editor:PlanEditor.take_out"
PUT = "scheduling.editor:PlanEditor.put_in"
SAVE = "scheduling.editor:PlanEditor.save"
RECORD = "scheduling.events:record"
HELD_OFFER = "scheduling.services.holds:open_offer"
MOVED_OFFER = "scheduling.services.bookings:open_offer"
DAY = "scheduling.services.plans:open_day"
ROWS = "scheduling.snapshots:read_snapshot"
STOPS = "scheduling.snapshots:read_stops"
HANDED = "scheduling.events:_hand_on"
EFFECT = "tests.proofs.injections:take_effect"

POINTS = (
    Point("hold: offer read; the last place goes", "after", HELD_OFFER, last_place),
    Point("hold: locked, routes not read; the last place is wanted", "after", LOCK, last_place, locked=True),
    Point("hold: written, version not; the last place is wanted", "before", SAVE, last_place, locked=True),
    Point("hold: told, not committed; the last place is wanted", "after", RECORD, last_place, locked=True),
    Point("hold: dies before its commit", "after", RECORD, place_of_one_that_dies, locked=True, dies=True),
    Point("hold: offer read; its session holds another day", "after", HELD_OFFER, one_session_two_days),
    Point("hold: not locked; its session holds another day", "before", LOCK, one_session_two_days),
    Point("hold: locked; its session holds another day", "after", LOCK, one_session_first_hold_moves),
    Point("hold: offer read; the day is closed", "after", HELD_OFFER, hold_on_a_closing_day),
    Point("confirm: not locked; confirmed by another click", "before", LOCK, confirmed_twice),
    Point("confirm: locked; given back", "after", LOCK, confirmed_or_given_back, locked=True),
    Point("confirm late: not locked; its place goes", "before", LOCK, confirmed_late_or_taken),
    Point(
        "confirm late: put in again; its place is wanted", "after", PUT, confirmed_late_or_taken, locked=True
    ),
    Point("extend: not locked; found over", "before", LOCK, extended_or_lapsed),
    Point("release: locked; confirmed", "after", LOCK, given_back_or_confirmed, locked=True),
    Point("move: offer read; moved elsewhere", "after", MOVED_OFFER, moved_twice),
    Point("move: not locked; cancelled", "before", LOCK, moved_or_cancelled),
    Point("move: out, not in; the place is wanted", "after", OUT, moved_into_the_last_place, locked=True),
    Point("cancel: not locked; moved", "before", LOCK, cancelled_or_moved),
    Point("sweep: locked; extended in time", "after", LOCK, lapsed_or_extended, locked=True),
    Point("close: not locked; a hold comes in", "before", LOCK, closing_day_with_a_hold),
    Point("horizon: days counted; made by another", "before", DAY, days_made_twice),
    Point("horizon: a day made, not committed; made by another", "after", DAY, days_made_twice),
    Point("relay: claimed; another relay", "before", HANDED, relayed_twice),
    Point(
        "relay: in effect, lease over; another relay",
        "before",
        EFFECT,
        partial(relayed_twice, later=events.LEASE * 2),
    ),
    Point("quote: trips read, stops not; a hold is placed", "before", STOPS, read_and_taken),
    Point("quote: rows read, version not looked at again; a hold is placed", "after", ROWS, read_and_taken),
)
