"""Rows that must never be in the database, by the rules that `scheduling.invariants` counts."""

from functools import partial
from typing import Any, Final

from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from scheduling.breaches import Never, never
from scheduling.models import (
    Attempt,
    Booking,
    DayException,
    DayPlan,
    Delivery,
    Depot,
    Hold,
    PickupPoint,
    Promise,
    Rest,
    Route,
    Stop,
)

EARLY: Final = (DayPlan.State.OPEN, DayPlan.State.CLOSED)
WAITING: Final = (*EARLY, DayPlan.State.LOCKED)
"""Days on which nobody drives yet."""

I1: Final = partial(never, "I1")
I3: Final = partial(never, "I3")
I4: Final = partial(never, "I4")


def _over() -> QuerySet[Stop]:
    """Stops of routes that are back."""
    return Stop.objects.booked().filter(route__state=Route.State.FINISHED)


def _late() -> QuerySet[Stop]:
    marked = DayException.objects.filter(kind__in=(DayException.Kind.LATE, DayException.Kind.MISSED))
    return _over().filter(arrived_at__gte=F("closes_at")).exclude(pk__in=marked.values("stop"))


def _driving_home_alone() -> QuerySet[Route]:
    active = Count("stops", filter=Q(stops__state__in=Stop.ACTIVE))
    return Route.objects.annotate(active=active).filter(active=0).exclude(return_m=0, return_s=0)


def _on_the_road() -> QuerySet[Route]:
    return Route.objects.filter(state=Route.State.STARTED)


def _on_two_trips() -> QuerySet[Any, Any]:
    return _on_the_road().values("shift").annotate(routes=Count("pk")).filter(routes__gt=1)


SCHEDULES: Final = (
    I1(
        "rest",
        "has no stop in its shift",
        lambda: Rest.objects.exclude(stop__state=Stop.State.REST, stop__route__shift=F("shift")),
    ),
    I1("route", "drives home without a stop", _driving_home_alone),
)
"""Each rest has its stop on a trip of its own shift; a trip without stops drives nowhere."""

THE_DAY: Final = (
    I1(
        "stop",
        "was tried, and is gone from its route",
        lambda: Stop.objects.filter(attempt__isnull=False).exclude(
            state__in=(Stop.State.BOOKED, Stop.State.REPLACED)
        ),
    ),
    I1(
        "stop",
        "is over on a route that never left",
        lambda: (
            Stop.objects.booked()
            .filter(done_at__isnull=False)
            .exclude(route__state__in=(Route.State.STARTED, Route.State.FINISHED))
        ),
    ),
    I1("stop", "was forgotten by a route that is back", lambda: _over().filter(done_at__isnull=True)),
    I1(
        "stop",
        "failed, and its goods did not come back with the vehicle",
        lambda: _over().filter(delivery__state=Delivery.State.FAILED, delivery__direction="out"),
    ),
    I1("stop", "was late, and nobody marked it", _late),
    I1(
        "delivery",
        "is on board, and its day is not under way",
        lambda: Delivery.objects.filter(state=Delivery.State.ON_BOARD).exclude(
            booking__stop__route__shift__plan__state=DayPlan.State.STARTED
        ),
    ),
    I1(
        "route",
        "is loaded before its day was locked",
        lambda: Route.objects.exclude(state=Route.State.TENTATIVE).filter(shift__plan__state__in=EARLY),
    ),
    I1(
        "route",
        "is on the road on a day that is not under way",
        lambda: _on_the_road().exclude(shift__plan__state=DayPlan.State.STARTED),
    ),
    I1(
        "stop",
        "is on no route, and no vehicle broke down",
        lambda: (
            Stop.objects.booked()
            .filter(unassigned_at__isnull=False)
            .exclude(route__broke_down_at__isnull=False)
        ),
    ),
    I1("shift", "is on two trips at once", _on_two_trips, "shift"),
)
"""On the road and afterwards: what was served stays where it was, what went wrong is marked, what is on
board has a vehicle that is out, days and their routes agree."""


def _unlike_their_attempt() -> QuerySet[Delivery]:
    served = Q(booking__stop__attempt__outcome__in=Attempt.SERVED)
    wrong = Q(state=Delivery.State.DELIVERED) & ~served | served & ~Q(state=Delivery.State.DELIVERED)
    wrong |= Q(state=Delivery.State.FAILED, booking__stop__attempt__isnull=True)
    return Delivery.objects.filter(wrong)


ATTEMPTS: Final = (
    I3(
        "stop",
        "is done, and nobody said what came of it",
        lambda: Stop.objects.booked().filter(done_at__isnull=False, attempt__isnull=True),
    ),
    I3(
        "attempt",
        "is of a stop that is not done, or was at another time",
        lambda: Attempt.objects.filter(stop__isnull=False).exclude(stop__done_at=F("happened_at")),
    ),
    I3(
        "attempt",
        "is of another delivery’s stop",
        lambda: Attempt.objects.filter(stop__isnull=False).exclude(stop__delivery=F("delivery")),
    ),
    I3("delivery", "is {}, unlike what came of its stop", _unlike_their_attempt, "pk", "state"),
)
"""A stop that is done has one attempt, of its delivery; no other has one. A delivery is delivered if and only
if its stop was served; it failed only where it was not."""


def _kept_otherwise_than_once() -> QuerySet[Booking]:
    kept = Count("delivery__holds", filter=Q(delivery__holds__state=Hold.State.CONFIRMED))
    return Booking.objects.annotate(kept=kept).exclude(kept=1)


def _of_a_kind_not_offered() -> QuerySet[Hold]:
    offered = F("kind").bitand(F("quote__kinds_seen"))  # type: ignore[arg-type] # stubs know numbers only
    return Hold.objects.exclude(kind=offered)


BOOKINGS: Final = (
    I3(
        "booking",
        "lacks its booked stop",
        lambda: Booking.objects.filter(state=Booking.State.BOOKED).exclude(stop__state=Stop.State.BOOKED),
    ),
    I3(
        "stop",
        "is booked without a booking",
        lambda: Stop.objects.booked().exclude(booking__state=Booking.State.BOOKED),
    ),
    I3(
        "hold",
        "is live without a held stop",
        lambda: Hold.objects.filter(state=Hold.State.LIVE).exclude(stop__state=Stop.State.HELD),
    ),
    I3(
        "stop",
        "is held without a live hold",
        lambda: Stop.objects.filter(state=Stop.State.HELD).exclude(hold__state=Hold.State.LIVE),
    ),
    I3(
        "delivery",
        "is confirmed without a booking",
        lambda: Delivery.objects.filter(state=Delivery.State.CONFIRMED).exclude(
            booking__state=Booking.State.BOOKED
        ),
    ),
    I3(
        "booking",
        "has another delivery's stop",
        lambda: Booking.objects.exclude(stop__delivery_id=F("delivery_id")),
    ),
    I3(
        "hold",
        "has another delivery's stop",
        lambda: Hold.objects.exclude(stop__delivery_id=F("delivery_id")),
    ),
    I3(
        "booking",
        "is of a delivery that nobody confirmed",
        lambda: Booking.objects.filter(delivery__state__in=(Delivery.State.DRAFT, Delivery.State.LAPSED)),
    ),
    I3("booking", "was confirmed from {} kept times", _kept_otherwise_than_once, "pk", "kept"),
    I3(
        "hold",
        "is confirmed without a booking",
        lambda: Hold.objects.filter(state=Hold.State.CONFIRMED, delivery__booking__isnull=True),
    ),
    I3(
        "hold",
        "is of a quote that asked for something else",
        lambda: Hold.objects.filter(
            Q(quote__delivery__isnull=False) | ~Q(quote__merchant=F("delivery__merchant"))
        ),
    ),
    I3("hold", "is of a kind that its quote did not offer", _of_a_kind_not_offered),
)
"""A booking has its booked stop, a booked stop its booking, a live hold its held stop. A booking was
confirmed from one kept time, of a kind that its quote offered: so funnels add up."""


def _miscounted() -> QuerySet[PickupPoint]:
    live = Q(stops__state=Stop.State.BOOKED) & ~Q(stops__delivery__state__in=("cancelled", "returned"))
    parcels = Sum("stops__delivery__parcel_count", filter=live, default=0)
    return PickupPoint.objects.annotate(parcels=parcels).exclude(used=F("parcels"))


POINTS: Final = (
    I3("point", "has {} places used for {} parcels", _miscounted, "pk", "used", "parcels"),
    I3(
        "stop",
        "stands at a pickup point of another depot",
        lambda: Stop.objects.filter(pickup_point__isnull=False).exclude(
            pickup_point__depot=F("route__shift__plan__depot")
        ),
    ),
)
"""A point's used places are the parcels of the deliveries that go there; it is of their depot."""


def _with_promises() -> QuerySet[Any]:
    return Delivery.objects.annotate(last=Max("promises__number"), made=Count("promises"))


def _outside_their_promise() -> QuerySet[Booking]:
    latest = Promise.objects.filter(delivery_id=OuterRef("delivery_id")).order_by("-number")
    booked = Booking.objects.filter(state=Booking.State.BOOKED).annotate(
        promised_from=Subquery(latest.values("opens_at")[:1]),
        promised_to=Subquery(latest.values("closes_at")[:1]),
    )
    outside = Q(stop__opens_at__lt=F("promised_from")) | Q(stop__closes_at__gt=F("promised_to"))
    return booked.filter(outside)


def _narrowed_to_more() -> QuerySet[Promise]:
    before = Promise.objects.filter(delivery_id=OuterRef("delivery_id"), number=OuterRef("number") - 1)
    narrowed = Promise.objects.filter(cause=Promise.Cause.NARROWED).annotate(
        from_before=Subquery(before.values("opens_at")), to_before=Subquery(before.values("closes_at"))
    )
    return narrowed.filter(Q(opens_at__lt=F("from_before")) | Q(closes_at__gt=F("to_before")))


PROMISES: Final = (
    I4(
        "delivery",
        "has a gap in its promises",
        lambda: _with_promises().filter(made__gt=0).exclude(last=F("made")),
    ),
    I4(
        "delivery",
        "is booked without a promise",
        lambda: _with_promises().filter(made=0, booking__isnull=False),
    ),
    I4(
        "promise",
        "is the first, but not by confirmation",
        lambda: Promise.objects.filter(number=1).exclude(cause=Promise.Cause.CONFIRMED),
    ),
    I4("booking", "has a stop outside its promise", _outside_their_promise),
    I4("promise", "was narrowed to what it did not hold", _narrowed_to_more),
)
"""Promises are numbered without a gap, the first by confirmation; the stop keeps the latest."""


def _not_accounted_for() -> QuerySet[Stop]:
    """Of days that nobody told of all booked stops count, of others those that were visited."""
    untold = Q(route__shift__plan__state__in=WAITING)
    visited = Q(done_at__isnull=False, done_at__lte=F("route__shift__plan__accounted_at"))
    done = Stop.objects.booked().filter(route__shift__plan__accounted_at__isnull=False)
    return done.filter(untold | visited).filter(carbon__isnull=True)


def _keeping_too_many_places() -> QuerySet[Depot]:
    kept = Sum("outlets__reserved", filter=Q(outlets__active=True))
    return Depot.objects.annotate(kept=kept).filter(kept__gt=Coalesce("places_a_day", 0))


NEVER: Final[tuple[Never, ...]] = (
    *SCHEDULES,
    *THE_DAY,
    *ATTEMPTS,
    *BOOKINGS,
    *POINTS,
    *PROMISES,
    never("I8", "stop", "is left out of a day that was accounted for", _not_accounted_for),
    never("set-up", "depot", "keeps {} places of {}", _keeping_too_many_places, "pk", "kept", "places_a_day"),
)
