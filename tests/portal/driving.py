"""A day on the road for tests: one van, a few stops, and its driver's phone."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.test import Client

from portal.models import ShiftLink
from portal.services.shift_links import hand_out
from portal.shift_links import pin_of, seal_of, token_of
from scheduling.models import Booking, MerchantDepot, Route, Shift, Stop
from scheduling.services.days import lock_plan
from scheduling.services.plans import close_plan
from tests.factories import (
    make_booking,
    make_driver,
    make_network,
    plan_on,
    some_contact,
    some_facts,
    start_day,
)
from tests.layouts import laid_out_once


class Morning:
    """What views read: the morning of the shift, until a test moves it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Phone:
    """A driver's browser."""

    link: ShiftLink
    client: Client = field(default_factory=Client)

    def opens(self, pin: str = "") -> Any:
        """Come by the link and type the PIN."""
        self.client.get(f"/l/{token_of(self.link)}/")
        return self.client.post("/driver/pin/", {"pin": pin or pin_of(self.link)})

    def reads(self) -> str:
        return self.client.get("/driver/").content.decode()

    def says(self, kind: str, stop: Stop | None = None, *, script: bool = True, **said: Any) -> Any:
        """Send an act as the sheet's script does, or as a form."""
        headers = {"Accept": "application/json"} if script else {}
        about: dict[str, Any] = {"uid": uuid4().hex, "kind": kind, "shift": self.link.pk.hex}
        if stop is not None:
            about |= {"stop": stop.pk, "seal": seal_of(self.link, stop.pk), "route": stop.route_id}
        return self.client.post("/driver/acts/", about | said, headers=headers)


@dataclass
class Day:
    """One van's shift with its stops in order."""

    outlet: MerchantDepot
    bookings: list[Booking]
    now: datetime

    @property
    def route(self) -> Route:
        return Route.objects.get(stops=self.bookings[0].stop_id)

    @property
    def shift(self) -> Shift:
        return self.route.shift

    @property
    def stops(self) -> list[Stop]:
        return list(Stop.objects.booked().filter(route=self.route).order_by("position"))

    def phone(self, *, opened: bool = True) -> Phone:
        phone = Phone(hand_out(shift=self.shift, now=self.now))
        if opened:
            assert phone.opens().status_code == 303
            phone.link.refresh_from_db()
        return phone


@laid_out_once
def make_day(stops: int = 3, *, started: bool = True, vans: int = 1, **network: Any) -> Day:
    """A day that is locked, and on the road where `started`."""
    outlet = make_network(vans=vans, days=3, **network)
    bookings = [
        make_booking(outlet, facts=some_facts(north_m=200 * n), contact=some_contact(name=f"Aino {n}"))
        for n in range(stops)
    ]
    plan = plan_on(outlet)
    at = plan.origin_at + timedelta(hours=7)
    Shift.objects.filter(plan=plan).update(driver=make_driver(outlet.depot))
    if started:
        start_day(plan, now=at)
    else:
        close_plan(plan_id=plan.pk, now=at)
        lock_plan(plan_id=plan.pk, actor="test", now=at)
    return Day(outlet, bookings, at + timedelta(hours=1))
