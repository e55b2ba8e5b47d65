"""What must never be, counted over the whole database. Reads only.

The names are those of the design: I1 promises kept on schedule and within every vehicle's limits, I3 one
booked and one held stop at most and a stop for every booking, I4 promises changed by their customer only,
I5 an event for every change and no other, I6 the price shown is the price charged, I8 grams add up.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, pairwise
from typing import Any, Final

from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from scheduling.facts import NEIGHBOUR, why_handed_over
from scheduling.models import (
    AccessRead,
    Attempt,
    Booking,
    CarbonAccount,
    DayException,
    DayPlan,
    Delivery,
    Depot,
    Event,
    Hold,
    JoinedOrder,
    PickupPoint,
    Promise,
    Rest,
    RestKind,
    Route,
    Shift,
    Stop,
)
from scheduling.routing import problem
from scheduling.routing.carbon import grams
from scheduling.routing.schedule import schedule, violations
from scheduling.selectors.slots import answers_of
from scheduling.snapshots import ROAD, read_snapshot

LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Breach:
    """Something that must not be: which rule, on which row, in words for the operator."""

    rule: str
    subject: str
    what: str


def breaches() -> Iterator[Breach]:
    """Yield every breach there is."""
    for check in CHECKS:
        yield from check()


def broken_schedules() -> Iterator[Breach]:
    """I1: every shift of a plan that has not started, with its stored arcs, lapsed holds included."""
    waiting = (DayPlan.State.OPEN, DayPlan.State.CLOSED, DayPlan.State.LOCKED)
    for plan in DayPlan.objects.filter(state__in=waiting).select_related("depot").iterator():
        # Seen from long ago no hold has run out: the stored arcs lead through all of them.
        stored = read_snapshot(plan, version=plan.version, now=LONG_AGO).plan
        rows = Stop.objects.of_plan(plan).active()
        sources = dict(rows.values_list("pk", "arc_source"))
        coarse = set(rows.filter(delivery__erased_at__isnull=False).values_list("pk", flat=True))
        for shift in stored.shifts:
            for violation in violations(shift):
                yield Breach("I1", f"plan {plan.pk} shift {shift.vehicle.key}", f"{violation}")
            yield from _wrong_arcs(stored.depot, shift, sources, coarse)
        yield from _too_long_without_a_break(plan, stored)


def _wrong_arcs(
    depot: problem.Place, shift: problem.Shift, sources: Mapping[int, str], coarse: Collection[int]
) -> Iterator[Breach]:
    """I1: an arc whose source still answers is as long as the source says.

    Not where a person was erased: nobody knows any more from where to where it led.
    """
    for trip in shift.trips:
        places = [depot, *(visit.place for visit in trip.visits), depot]
        before = None
        for visit, leg, (start, end) in zip(trip.visits, trip.legs, pairwise(places), strict=False):
            known = not {visit.key, before} & set(coarse)
            before = visit.key
            if not known or sources[visit.key] != ROAD.source:
                continue
            if leg != ROAD.leg(start, end, shift.vehicle.kind):
                yield Breach("I1", f"stop {visit.key}", "has an arc from somewhere else")


def _too_long_without_a_break(plan: DayPlan, stored: problem.Plan) -> Iterator[Breach]:
    """I1: nobody is on the road for longer than their shift's limit without a break."""
    limits = dict(Shift.objects.filter(plan=plan).values_list("pk", "break_after_s"))
    breaks = set(Stop.objects.of_plan(plan).filter(rest__kind=RestKind.BREAK).values_list("pk", flat=True))
    for shift in stored.shifts:
        limit_s = limits[shift.vehicle.key]
        longest_s = max((end - start for start, end in _stretches(shift, breaks)), default=0)
        if limit_s is not None and shift.used and longest_s > limit_s:
            yield Breach("I1", f"shift {shift.vehicle.key}", f"is out for {longest_s} s without a break")


def _stretches(shift: problem.Shift, breaks: Collection[int]) -> Iterator[tuple[int, int]]:
    """From when to when a vehicle is out in one go: from its start or a break to the next or its return."""
    since_s = until_s = shift.vehicle.starts_s
    for trip, times in zip(shift.trips, schedule(shift), strict=True):
        at_visits = zip(trip.visits, times.starts_s, times.departures_s, strict=True)
        for visit, starts_s, departs_s in at_visits:
            if visit.key in breaks:
                yield since_s, starts_s
                since_s = departs_s
        until_s = times.returns_s if trip.visits else until_s
    yield since_s, max(since_s, until_s)


def rests_without_their_stop() -> Iterator[Breach]:
    """I1: each rest has its stop on a trip of its own shift."""
    for rest in Rest.objects.exclude(stop__state=Stop.State.REST, stop__route__shift=F("shift")):
        yield Breach("I1", f"rest {rest.pk}", "has no stop in its shift")


def ways_home_without_a_stop() -> Iterator[Breach]:
    """I1: a trip without stops drives nowhere."""
    active = Count("stops", filter=Q(stops__state__in=Stop.ACTIVE))
    for route in Route.objects.annotate(active=active).filter(active=0).exclude(return_m=0, return_s=0):
        yield Breach("I1", f"route {route.pk}", "drives home without a stop")


def left_outside_though_nobody_said_so() -> Iterator[Breach]:
    """I1: what comes at a time that needs nobody has a place to be left at; some goods never have one."""
    for delivery in Delivery.objects.exclude(safe_place="").iterator():
        if why_handed_over(delivery.requirements):
            yield Breach("I1", f"delivery {delivery.pk}", "may be left outside, and must be handed over")
    holds = Hold.objects.filter(state=Hold.State.LIVE, delivery__safe_place__in=["", NEIGHBOUR])
    bookings = Booking.objects.filter(state=Booking.State.BOOKED, delivery__safe_place__in=["", NEIGHBOUR])
    for row in chain(_with_quote(holds), _with_quote(bookings)):
        if any(offer["key"] == row.offer_key and offer.get("unattended") for offer in row.quote.offers):
            yield Breach("I1", f"{row._meta.model_name} {row.pk}", "needs nobody, and has no safe place")


def stops_done_without_their_attempt() -> Iterator[Breach]:
    """I3: a stop that is done has one attempt, of its delivery, no other has one; parcels are as it says."""
    booked = Stop.objects.booked()
    for stop in booked.filter(done_at__isnull=False, attempt__isnull=True):
        yield Breach("I3", f"stop {stop.pk}", "is done, and nobody said what came of it")
    for attempt in Attempt.objects.filter(stop__isnull=False).exclude(stop__done_at=F("happened_at")):
        yield Breach("I3", f"attempt {attempt.pk}", "is of a stop that is not done, or was at another time")
    for attempt in Attempt.objects.filter(stop__isnull=False).exclude(stop__delivery=F("delivery")):
        yield Breach("I3", f"attempt {attempt.pk}", "is of another delivery’s stop")
    for attempt in Attempt.objects.prefetch_related("handed__parcel").iterator(chunk_size=200):
        handed = sorted(each.parcel.barcode for each in attempt.handed.all())
        if handed != (sorted(attempt.parcels) if attempt.undone_at is None else []):
            yield Breach("I3", f"attempt {attempt.pk}", "handed over other parcels than it says")


def deliveries_unlike_their_attempt() -> Iterator[Breach]:
    """I3: a delivery is delivered if and only if its stop was served; it failed only where it was not."""
    served = Q(booking__stop__attempt__outcome__in=Attempt.SERVED)
    wrong = Q(state=Delivery.State.DELIVERED) & ~served | served & ~Q(state=Delivery.State.DELIVERED)
    wrong |= Q(state=Delivery.State.FAILED, booking__stop__attempt__isnull=True)
    for delivery in Delivery.objects.filter(wrong):
        yield Breach("I3", f"delivery {delivery.pk}", f"is {delivery.state}, unlike what came of its stop")


def bookings_without_their_stop() -> Iterator[Breach]:
    """I3: a booking has its booked stop, a booked stop its booking, a live hold its held stop."""
    for booking in Booking.objects.filter(state=Booking.State.BOOKED).exclude(stop__state=Stop.State.BOOKED):
        yield Breach("I3", f"booking {booking.pk}", "lacks its booked stop")
    unbooked = Stop.objects.booked().exclude(booking__state=Booking.State.BOOKED)
    for stop in unbooked:
        yield Breach("I3", f"stop {stop.pk}", "is booked without a booking")
    for hold in Hold.objects.filter(state=Hold.State.LIVE).exclude(stop__state=Stop.State.HELD):
        yield Breach("I3", f"hold {hold.pk}", "is live without a held stop")
    for stop in Stop.objects.filter(state=Stop.State.HELD).exclude(hold__state=Hold.State.LIVE):
        yield Breach("I3", f"stop {stop.pk}", "is held without a live hold")
    for delivery in Delivery.objects.filter(state=Delivery.State.CONFIRMED).exclude(
        booking__state=Booking.State.BOOKED
    ):
        yield Breach("I3", f"delivery {delivery.pk}", "is confirmed without a booking")
    for booking in Booking.objects.exclude(stop__delivery_id=F("delivery_id")):
        yield Breach("I3", f"booking {booking.pk}", "has another delivery's stop")
    for hold in Hold.objects.exclude(stop__delivery_id=F("delivery_id")):
        yield Breach("I3", f"hold {hold.pk}", "has another delivery's stop")
    early = (Delivery.State.DRAFT, Delivery.State.LAPSED)
    for booking in Booking.objects.filter(delivery__state__in=early):
        yield Breach("I3", f"booking {booking.pk}", "is of a delivery that nobody confirmed")


def days_out_of_step() -> Iterator[Breach]:
    """I1: on the road and afterwards. What was served stays where it was, what went wrong is marked."""
    tried = Stop.objects.filter(attempt__isnull=False)
    for stop in tried.exclude(state__in=(Stop.State.BOOKED, Stop.State.REPLACED)):
        yield Breach("I1", f"stop {stop.pk}", "was tried, and is gone from its route")
    done = Stop.objects.booked().filter(done_at__isnull=False)
    left = (Route.State.STARTED, Route.State.FINISHED)
    for stop in done.exclude(route__state__in=left):
        yield Breach("I1", f"stop {stop.pk}", "is over on a route that never left")
    over = Stop.objects.booked().filter(route__state=Route.State.FINISHED)
    for stop in over.filter(done_at__isnull=True):
        yield Breach("I1", f"stop {stop.pk}", "was forgotten by a route that is back")
    for stop in over.filter(delivery__state=Delivery.State.FAILED, delivery__direction="out"):
        yield Breach("I1", f"stop {stop.pk}", "failed, and its goods did not come back with the vehicle")
    marked = DayException.objects.filter(kind__in=(DayException.Kind.LATE, DayException.Kind.MISSED))
    for stop in over.filter(arrived_at__gte=F("closes_at")).exclude(pk__in=marked.values("stop")):
        yield Breach("I1", f"stop {stop.pk}", "was late, and nobody marked it")
    yield from _plans_out_of_step()


def _plans_out_of_step() -> Iterator[Breach]:
    """I1: what is on board has a vehicle that is out; days and their routes agree."""
    aboard = Delivery.objects.filter(state=Delivery.State.ON_BOARD)
    for delivery in aboard.exclude(booking__stop__route__shift__plan__state=DayPlan.State.STARTED):
        yield Breach("I1", f"delivery {delivery.pk}", "is on board, and its day is not under way")
    early = (DayPlan.State.OPEN, DayPlan.State.CLOSED)
    for route in Route.objects.exclude(state=Route.State.TENTATIVE).filter(shift__plan__state__in=early):
        yield Breach("I1", f"route {route.pk}", "is loaded before its day was locked")
    out = Route.objects.filter(state=Route.State.STARTED)
    for route in out.exclude(shift__plan__state=DayPlan.State.STARTED):
        yield Breach("I1", f"route {route.pk}", "is on the road on a day that is not under way")
    alone = Stop.objects.booked().filter(unassigned_at__isnull=False)
    for stop in alone.exclude(route__broke_down_at__isnull=False):
        yield Breach("I1", f"stop {stop.pk}", "is on no route, and no vehicle broke down")
    twice = out.values("shift").annotate(routes=Count("pk")).filter(routes__gt=1)
    for shift_id in twice.values_list("shift", flat=True):
        yield Breach("I1", f"shift {shift_id}", "is on two trips at once")


def bookings_without_their_choice() -> Iterator[Breach]:
    """I3: a booking was confirmed from one kept time, of a kind that its quote offered: so funnels add up."""
    kept = Count("delivery__holds", filter=Q(delivery__holds__state=Hold.State.CONFIRMED))
    for booking in Booking.objects.annotate(kept=kept).exclude(kept=1):
        yield Breach("I3", f"booking {booking.pk}", f"was confirmed from {booking.kept} kept times")
    confirmed = Hold.objects.filter(state=Hold.State.CONFIRMED)
    for hold in confirmed.filter(delivery__booking__isnull=True):
        yield Breach("I3", f"hold {hold.pk}", "is confirmed without a booking")
    elsewhere = Q(quote__delivery__isnull=False) | ~Q(quote__merchant=F("delivery__merchant"))
    for hold in Hold.objects.filter(elsewhere):
        yield Breach("I3", f"hold {hold.pk}", "is of a quote that asked for something else")
    offered = F("kind").bitand(F("quote__kinds_seen"))  # type: ignore[arg-type] # stubs know numbers only
    for hold in Hold.objects.exclude(kind=offered):
        yield Breach("I3", f"hold {hold.pk}", "is of a kind that its quote did not offer")


def points_that_miscount() -> Iterator[Breach]:
    """I3: a point's used places are the parcels of the deliveries that go there; it is of their depot."""
    live = Q(stops__state=Stop.State.BOOKED) & ~Q(stops__delivery__state__in=("cancelled", "returned"))
    counted = PickupPoint.objects.annotate(
        parcels=Sum("stops__delivery__parcel_count", filter=live, default=0)
    )
    wrong = counted.exclude(used=F("parcels")).values_list("pk", "used", "parcels")
    for pk, used, parcels in wrong:
        yield Breach("I3", f"point {pk}", f"has {used} places used for {parcels} parcels")
    elsewhere = Stop.objects.filter(pickup_point__isnull=False)
    for stop in elsewhere.exclude(pickup_point__depot=F("route__shift__plan__depot")):
        yield Breach("I3", f"stop {stop.pk}", "stands at a pickup point of another depot")


def promises_out_of_line() -> Iterator[Breach]:
    """I4: promises are numbered without a gap, the first by confirmation; the stop keeps the latest."""
    counted = Delivery.objects.annotate(last=Max("promises__number"), made=Count("promises"))
    for delivery in counted.filter(made__gt=0).exclude(last=F("made")):
        yield Breach("I4", f"delivery {delivery.pk}", "has a gap in its promises")
    for delivery in counted.filter(made=0, booking__isnull=False):
        yield Breach("I4", f"delivery {delivery.pk}", "is booked without a promise")
    for promise in Promise.objects.filter(number=1).exclude(cause=Promise.Cause.CONFIRMED):
        yield Breach("I4", f"promise {promise.pk}", "is the first, but not by confirmation")
    latest = Promise.objects.filter(delivery_id=OuterRef("delivery_id")).order_by("-number")
    booked = Booking.objects.filter(state=Booking.State.BOOKED).annotate(
        promised_from=Subquery(latest.values("opens_at")[:1]),
        promised_to=Subquery(latest.values("closes_at")[:1]),
    )
    outside = Q(stop__opens_at__lt=F("promised_from")) | Q(stop__closes_at__gt=F("promised_to"))
    for booking in booked.filter(outside):
        yield Breach("I4", f"booking {booking.pk}", "has a stop outside its promise")
    before = Promise.objects.filter(delivery_id=OuterRef("delivery_id"), number=OuterRef("number") - 1)
    narrowed = Promise.objects.filter(cause=Promise.Cause.NARROWED).annotate(
        from_before=Subquery(before.values("opens_at")), to_before=Subquery(before.values("closes_at"))
    )
    for promise in narrowed.filter(Q(opens_at__lt=F("from_before")) | Q(closes_at__gt=F("to_before"))):
        yield Breach("I4", f"promise {promise.pk}", "was narrowed to what it did not hold")


def changes_without_their_event() -> Iterator[Breach]:
    """I5: for each delivery as many events of a kind as changes of it."""
    for kind, happened in _changes().items():
        said = _counted(Event.objects.filter(kind=kind))
        for delivery_id in happened.keys() | said.keys():
            if happened.get(delivery_id, 0) != said.get(delivery_id, 0):
                yield Breach("I5", f"delivery {delivery_id}", f"events and changes differ: {kind}")


def _changes() -> dict[str, dict[int, int]]:
    """Return, for each kind of event, how often each delivery's rows say that it happened."""
    diverted = _counted(Stop.objects.filter(pickup_point__isnull=False))  # each makes one stop, kept for good
    extended = Hold.objects.filter(extensions__gt=0).values_list("delivery_id").annotate(Sum("extensions"))
    return {
        "hold.placed": _counted(Hold.objects.all()),
        "hold.extended": dict(extended.order_by()),
        "hold.released": _counted(Hold.objects.filter(state=Hold.State.RELEASED)),
        # A lapsed hold may be confirmed late, but its stop stays lapsed.
        "hold.lapsed": _counted(Stop.objects.filter(state=Stop.State.LAPSED)),
        "booking.confirmed": _counted(Booking.objects.all()),
        "booking.moved": _homeward(diverted),
        "delivery.diverted": diverted,
        "promise.narrowed": _counted(Promise.objects.filter(cause=Promise.Cause.NARROWED)),
        "booking.joined": _counted(JoinedOrder.objects.all()),
        "delivery.code_read": _counted(AccessRead.objects.all()),
        "delivery.delivered": _counted(_tries(Delivery.Direction.OUT, *Attempt.SERVED)),
        "delivery.collected": _counted(_tries(Delivery.Direction.IN, *Attempt.SERVED)),
        "delivery.missed": _counted(Attempt.objects.exclude(outcome__in=Attempt.SERVED)),
        "delivery.undone": _counted(Attempt.objects.filter(undone_at__isnull=False)),
        "booking.cancelled": _counted(Booking.objects.filter(state=Booking.State.CANCELLED)),
    }


def _tries(direction: str, *outcomes: str) -> QuerySet[Attempt]:
    return Attempt.objects.filter(delivery__direction=direction, outcome__in=outcomes)


def _homeward(diverted: Mapping[int, int]) -> dict[int, int]:
    """How often each delivery was moved to another time at its door, and not to a pickup point."""
    moved = _counted(Promise.objects.filter(cause=Promise.Cause.MOVED))
    return {pk: count - diverted.get(pk, 0) for pk, count in moved.items()}


def _counted(rows: QuerySet[Any]) -> dict[int, int]:
    """Count rows by delivery."""
    return dict(rows.values_list("delivery_id").annotate(Count("pk")).order_by())


def prices_that_changed() -> Iterator[Breach]:
    """I6: what was shown in the quote is what the hold, the booking and its latest event say."""
    for row in chain(_with_quote(Hold.objects.all()), _with_quote(Booking.objects.all())):
        shown = next((a.price_minor for a in answers_of(row.quote) if a.key == row.offer_key), None)
        if shown != row.price_minor:
            yield Breach("I6", f"{row._meta.model_name} {row.pk}", f"shown {shown}, kept {row.price_minor}")
    told = Event.objects.filter(kind__in=("booking.confirmed", "booking.moved")).order_by("pk")
    latest = {event.delivery_id: event.data.get("price_minor") for event in told.iterator()}
    for booking in Booking.objects.all():
        if latest.get(booking.delivery_id, booking.price_minor) != booking.price_minor:
            yield Breach("I6", f"booking {booking.pk}", "its event told another price")


def _with_quote(rows: QuerySet[Hold] | QuerySet[Booking]) -> Iterator[Hold | Booking]:
    yield from rows.select_related("quote").iterator(chunk_size=200)


def grams_that_do_not_add_up() -> Iterator[Breach]:
    """I8: a route's grams are its metres times its factor, and those of its stops are the route's."""
    counted = CarbonAccount.objects.annotate(found=Count("shares"), shared=Sum("shares__grams", default=0))
    for account in counted.iterator():
        where = f"route {account.route_id}"
        if account.grams != grams(account.metres, account.grams_per_km):
            yield Breach("I8", where, f"{account.grams} g are not those of {account.metres} m")
        if account.found != account.stops:
            yield Breach("I8", where, f"{account.found} stops share what {account.stops} stand for")
        if account.stops and account.shared != account.grams:
            yield Breach("I8", where, f"its stops have {account.shared} g of {account.grams} g")
    # Of days that nobody told of all booked stops count, of others those that were visited.
    untold = Q(route__shift__plan__state__in=(DayPlan.State.OPEN, DayPlan.State.CLOSED, DayPlan.State.LOCKED))
    done = Stop.objects.booked().filter(route__shift__plan__accounted_at__isnull=False)
    done = done.filter(untold | Q(done_at__isnull=False, done_at__lte=F("route__shift__plan__accounted_at")))
    for stop in done.filter(carbon__isnull=True):
        yield Breach("I8", f"stop {stop.pk}", "is left out of a day that was accounted for")


def accounts_without_their_event() -> Iterator[Breach]:
    """I5: a day was accounted for as often as its event says: once, or not yet."""
    told = Event.objects.filter(kind="plan.accounted").values_list("data__plan", flat=True)
    done = DayPlan.objects.filter(accounted_at__isnull=False).values_list("pk", flat=True)
    said, accounted = Counter(told), Counter(done)
    for plan_id in said.keys() | accounted.keys():
        if said[plan_id] != accounted[plan_id]:
            yield Breach("I5", f"plan {plan_id}", "events and changes differ: plan.accounted")


def places_kept_that_are_not_there() -> Iterator[Breach]:
    """Set-up: what is kept of a depot's places for its shops is no more than it has."""
    kept = Sum("outlets__reserved", filter=Q(outlets__active=True))
    for depot in Depot.objects.annotate(kept=kept).filter(kept__gt=Coalesce("places_a_day", 0)):
        yield Breach("set-up", f"depot {depot.pk}", f"keeps {depot.kept} places of {depot.places_a_day}")


CHECKS: Final[tuple[Callable[[], Iterator[Breach]], ...]] = (
    broken_schedules,
    rests_without_their_stop,
    ways_home_without_a_stop,
    left_outside_though_nobody_said_so,
    stops_done_without_their_attempt,
    deliveries_unlike_their_attempt,
    bookings_without_their_stop,
    days_out_of_step,
    bookings_without_their_choice,
    points_that_miscount,
    promises_out_of_line,
    changes_without_their_event,
    prices_that_changed,
    grams_that_do_not_add_up,
    accounts_without_their_event,
    places_kept_that_are_not_there,
)
