"""The points at which `injected` lets a competing change in.

A point is a step of one change: before or after a function of ours is called. There the rival, a complete
change of its own on a connection of its own, is let in. Under the plan's lock (`locked`) it has to wait.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from scheduling import events
from tests.proofs.contests import bookings, holds, improvements, plans, readers
from tests.proofs.contests.world import Contest, World


@dataclass(frozen=True)
class Point:
    """Where the rival is let in: `when` `at` is called by the change. `dies`: there the change breaks off."""

    name: str
    when: Literal["before", "after"]
    at: str
    contest: Callable[[World], Contest]
    locked: bool = False
    dies: bool = False


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
    Point("hold: offer read; the last place goes", "after", HELD_OFFER, holds.last_place),
    Point(
        "hold: locked, routes not read; the last place is wanted",
        "after",
        LOCK,
        holds.last_place,
        locked=True,
    ),
    Point(
        "hold: written, version not; the last place is wanted", "before", SAVE, holds.last_place, locked=True
    ),
    Point(
        "hold: told, not committed; the last place is wanted", "after", RECORD, holds.last_place, locked=True
    ),
    Point(
        "hold: dies before its commit", "after", RECORD, holds.place_of_one_that_dies, locked=True, dies=True
    ),
    Point("hold: offer read; its session holds another day", "after", HELD_OFFER, holds.one_session_two_days),
    Point("hold: not locked; its session holds another day", "before", LOCK, holds.one_session_two_days),
    Point("hold: locked; its session holds another day", "after", LOCK, holds.one_session_first_hold_moves),
    Point("hold: offer read; the day is closed", "after", HELD_OFFER, plans.hold_on_a_closing_day),
    Point("confirm: not locked; confirmed by another click", "before", LOCK, bookings.confirmed_twice),
    Point("confirm: locked; given back", "after", LOCK, bookings.confirmed_or_given_back, locked=True),
    Point("confirm late: not locked; its place goes", "before", LOCK, bookings.confirmed_late_or_taken),
    Point(
        "confirm late: put in again; its place is wanted",
        "after",
        PUT,
        bookings.confirmed_late_or_taken,
        locked=True,
    ),
    Point("extend: not locked; found over", "before", LOCK, holds.extended_or_lapsed),
    Point("release: locked; confirmed", "after", LOCK, holds.given_back_or_confirmed, locked=True),
    Point("move: offer read; moved elsewhere", "after", MOVED_OFFER, bookings.moved_twice),
    Point("move: not locked; cancelled", "before", LOCK, bookings.moved_or_cancelled),
    Point(
        "move: out, not in; the place is wanted",
        "after",
        OUT,
        bookings.moved_into_the_last_place,
        locked=True,
    ),
    Point("cancel: not locked; moved", "before", LOCK, bookings.cancelled_or_moved),
    Point("sweep: locked; extended in time", "after", LOCK, holds.lapsed_or_extended, locked=True),
    Point("close: not locked; a hold comes in", "before", LOCK, plans.closing_day_with_a_hold),
    Point("begin: not locked; another begins", "before", LOCK, improvements.begun_twice),
    Point("swap: found, not locked; a hold comes in", "before", LOCK, improvements.swapped_and_held),
    Point("swap: found, not locked; a stop moves away", "before", LOCK, improvements.swapped_and_moved_away),
    Point(
        "swap: locked; a stop is cancelled", "after", LOCK, improvements.swapped_and_cancelled, locked=True
    ),
    Point(
        "swap: judged; a hold is confirmed", "before", SAVE, improvements.swapped_and_confirmed, locked=True
    ),
    Point(
        "swap: written, not committed; the last place is wanted",
        "after",
        SAVE,
        improvements.swapped_and_last_place,
        locked=True,
    ),
    Point(
        "swap: written, not committed; brought back again",
        "after",
        SAVE,
        improvements.finished_twice,
        locked=True,
    ),
    Point("hold: offer read; the routes are swapped", "after", HELD_OFFER, improvements.held_and_swapped),
    Point("hold: put in; the routes are swapped", "after", PUT, improvements.held_and_swapped, locked=True),
    Point("horizon: days counted; made by another", "before", DAY, plans.days_made_twice),
    Point("horizon: a day made, not committed; made by another", "after", DAY, plans.days_made_twice),
    Point("relay: claimed; another relay", "before", HANDED, readers.relayed_twice),
    Point(
        "relay: in effect, lease over; another relay",
        "before",
        EFFECT,
        partial(readers.relayed_twice, later=events.LEASE * 2),
    ),
    Point("quote: trips read, stops not; a hold is placed", "before", STOPS, readers.read_and_taken),
    Point(
        "quote: rows read, version not looked at again; a hold is placed",
        "after",
        ROWS,
        readers.read_and_taken,
    ),
)
