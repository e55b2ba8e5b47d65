"""A van on its day, for tests of what is seen of it: stops in order, served one by one, seen somewhere."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from scheduling.models import Attempt, Booking, Driver, Expected, LastSeen, MerchantDepot, Route, Stop
from scheduling.services.handing_over import Handover, arrive, settle_stop
from tests.factories import make_booking, make_driver, make_network, plan_on, some_facts, start_day
from tests.layouts import laid_out_once


@dataclass
class Tour:
    """One van that left, with its bookings in the order in which it comes to them."""

    route: Route
    bookings: list[Booking]
    now: datetime
    driver: Driver | None = field(default=None)

    def arrives(self, number: int) -> None:
        stop = self.bookings[number].stop
        arrive(stop_id=stop.pk, at=self.now, actor="shift:1", now=self.now)

    def serves(self, number: int, outcome: str = "handed_over", **values: Any) -> Attempt:
        handover = Handover(outcome=outcome, happened_at=self.now, **values)
        stop_id = self.bookings[number].stop_id
        return settle_stop(stop_id=stop_id, handover=handover, actor="shift:1", now=self.now)

    def is_seen(self, lat: float = 60.16917, lon: float = 24.94231, *, age_s: int = 0) -> None:
        where = {"lat": lat, "lon": lon, "at": self.now - timedelta(seconds=age_s)}
        LastSeen.objects.update_or_create(shift=self.route.shift, defaults=where)

    def expects(self, number: int, *, in_min: int, give_or_take_min: int = 10, **values: Any) -> Expected:
        at = self.now + timedelta(minutes=in_min)
        wide = timedelta(minutes=give_or_take_min)
        known = {"from_at": at - wide, "at": at, "until_at": at + wide, "made_at": self.now}
        stop = self.bookings[number].stop
        return Expected.objects.update_or_create(stop=stop, defaults=known | values)[0]


@laid_out_once
def a_tour(*, stops: int = 5, outlet: MerchantDepot | None = None, **driver: Any) -> Tour:
    """Book so many stops for one van, and send it out at 8:00 in Helsinki."""
    outlet = outlet or make_network(vans=1)
    for number in range(stops):
        make_booking(outlet, facts=some_facts(north_m=150 * number, east_m=40 * number))
    plan = plan_on(outlet)
    known = make_driver(outlet.depot, **driver) if driver else None
    plan.shifts.update(driver=known)
    now = plan.origin_at + timedelta(hours=8)
    [route] = start_day(plan, now=now)
    found = Stop.objects.booked().filter(route=route).select_related("booking__delivery", "booking__stop")
    return Tour(route, [stop.booking for stop in found.order_by("position")], now, known)
