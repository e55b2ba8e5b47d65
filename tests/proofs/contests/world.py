"""The world in which changes compete, and what they compete for."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from scheduling.facts import VisitFacts
from scheduling.models import Booking, Hold
from scheduling.services.bookings import confirm_hold, reschedule_delivery
from scheduling.services.holds import place_hold
from scheduling.services.plans import extend_horizon
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

    def __init__(self, chance: Random, places: int | None = None) -> None:
        self.chance, self.places = chance, places or chance.randint(1, 4)
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
        self.leave_places(1, day)

    def leave_places(self, left: int, day: date = TOMORROW) -> None:
        """Book all places of a day but some."""
        for _i in range(self.places - left):
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


def one_of(mine: Any, theirs: Any) -> bool:
    return (mine is None) != (theirs is None)


def only_theirs(mine: Any, theirs: Any) -> bool:
    return mine is None and theirs is not None


def is_one(hold: Hold, *states: str) -> bool:
    hold.refresh_from_db()
    return hold.state in states


def confirming(hold: Hold, now: datetime = NOW):
    return partial(
        confirm_hold, hold=hold, contact=some_contact(), order_number=f"O-{hold.pk}", actor="x", now=now
    )
