"""Days whose routes are out of order: a solver finds much to mend. Runs inside a portal's settings."""

from datetime import datetime, timedelta
from random import Random

from scheduling import clock, windows
from scheduling.errors import SlotTaken
from scheduling.models import DayPlan, MerchantDepot, Stop
from tests.factories import make_booking, make_network, plan_on, some_facts
from tests.proofs.reroutes import put_out_of_order

HOURS, FIRST_DAY = (8, 10, 12, 14, 16), 2


def lay_out(vans: int, days: int, bookings: int, seed: int) -> dict[str, object]:
    """A shop whose coming days have so many bookings each; return its name and the days' plans."""
    now, chance = clock.now(), Random(seed)
    outlet = make_network(vans=vans, days=FIRST_DAY + days, now=now, base_price_minor=490)
    today = windows.local_date(now, outlet.depot.zone)
    coming = [today + timedelta(days=FIRST_DAY + number) for number in range(days)]
    for day in coming:
        for _number in range(bookings):
            _book(outlet, chance, day=day, now=now)
    plans = [plan_on(outlet, day).pk for day in coming]
    for plan in DayPlan.objects.filter(pk__in=plans):
        if Stop.objects.booked().of_plan(plan).count() < bookings / 2:
            raise ValueError(f"{plan} is too far ahead, or too small for {bookings} bookings")
    put_all_out_of_order(plans, seed)
    return {"merchant": outlet.merchant.slug, "plans": plans}


def _book(outlet: MerchantDepot, chance: Random, **values) -> None:
    facts = some_facts(north_m=chance.uniform(-5_000, 5_000), east_m=chance.uniform(-5_000, 5_000))
    try:
        make_booking(outlet, hour=chance.choice(HOURS), facts=facts, **values)
    except (SlotTaken, StopIteration):  # that hour is full
        return


def put_all_out_of_order(plans: list[int], seed: int) -> int:
    """Put the routes of some days out of order; return of how many."""
    now: datetime = clock.now()
    for plan_id in plans:
        put_out_of_order(plan_id=plan_id, chance=Random(f"{seed} {plan_id}"), now=now)
    return DayPlan.objects.filter(pk__in=plans).count()
