"""What must never be, counted over the whole database. Reads only.

The names are those of the design: I1 promises kept on schedule and within every vehicle's limits, I3 one
booked and one held stop at most and a stop for every booking, I4 promises changed by their customer only,
I5 an event for every change and no other, I6 the price shown is the price charged, I8 grams add up.
What a query alone can tell is in `scheduling.never`.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final, NamedTuple

from django.db.models import Aggregate, Count, Q, QuerySet, Sum

from scheduling.breaches import Breach, breaches_of
from scheduling.facts import NEIGHBOUR, why_handed_over
from scheduling.models import (
    AccessRead,
    Attempt,
    Booking,
    CarbonAccount,
    DayPlan,
    Delivery,
    Event,
    Hold,
    JoinedOrder,
    Promise,
    Quote,
    RestKind,
    Shift,
    Stop,
)
from scheduling.never import NEVER, WAITING
from scheduling.routing import problem
from scheduling.routing.carbon import grams
from scheduling.routing.schedule import schedule, violations
from scheduling.snapshots import ROAD, read_snapshot
from scheduling.statements import NUMBER, Statement

LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


def breaches() -> Iterator[Breach]:
    """Yield every breach there is."""
    yield from breaches_of(NEVER)
    for check in CHECKS:
        yield from check()


# Schedules

_ARCS: Final = Statement(
    lambda plan: (
        Stop.objects.of_plan(plan)
        .active()
        .values_list("pk", "arc_source", "delivery__erased_at", "rest__kind")
    ),
    NUMBER,
)
_LIMITS: Final = Statement(
    lambda plan: Shift.objects.filter(plan=plan).values_list("pk", "break_after_s"), NUMBER
)


def broken_schedules() -> Iterator[Breach]:
    """I1: every shift of a plan that has not started, with its stored arcs, lapsed holds included."""
    for plan in DayPlan.objects.filter(state__in=WAITING).select_related("depot").iterator():
        # Seen from long ago no hold has run out: the stored arcs lead through all of them.
        stored = read_snapshot(plan, version=plan.version, now=LONG_AGO).plan
        arcs = _ARCS.rows(plan.pk)
        sources = {stop: source for stop, source, *_rest in arcs}
        coarse = {stop for stop, _source, erased_at, _kind in arcs if erased_at is not None}
        for shift in stored.shifts:
            for violation in violations(shift):
                yield Breach("I1", f"plan {plan.pk} shift {shift.vehicle.key}", f"{violation}")
            yield from _wrong_arcs(stored.depot, shift, sources, coarse)
        breaks = {stop for stop, *_arc, kind in arcs if kind == RestKind.BREAK}
        yield from _too_long_without_a_break(plan, stored, breaks)


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


def _too_long_without_a_break(
    plan: DayPlan, stored: problem.Plan, breaks: Collection[int]
) -> Iterator[Breach]:
    """I1: nobody is on the road for longer than their shift's limit without a break."""
    limits: dict[int, int | None] = dict(_LIMITS.rows(plan.pk))
    for shift in stored.shifts:
        limit_s = limits[shift.vehicle.key]
        if limit_s is None or not shift.used:
            continue
        longest_s = max((end - start for start, end in _stretches(shift, breaks)), default=0)
        if longest_s > limit_s:
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


# What was chosen


class _Chosen(NamedTuple):
    """What a hold or a booking says of the time that it is for."""

    quote: int
    pk: int
    key: str
    price_minor: int
    state: str
    safe_place: str
    delivery: int


def _chosen(query: Callable[[], QuerySet[Any]]) -> Statement:
    """Rows that are `_Chosen`."""
    columns = ("quote", "pk", "offer_key", "price_minor", "state", "delivery__safe_place", "delivery")
    return Statement(lambda: query().values_list(*columns))


_OUTSIDE: Final = Statement(lambda: Delivery.objects.exclude(safe_place="").values_list("pk", "requirements"))
_HOLDS: Final = _chosen(lambda: Hold.objects.all())
_BOOKINGS: Final = _chosen(lambda: Booking.objects.all())
_TOLD: Final = Statement(
    lambda: (
        Event.objects.filter(kind__in=("booking.confirmed", "booking.moved"))
        .order_by("pk")
        .values_list("delivery", "data__price_minor")
    )
)


def left_outside_though_nobody_said_so() -> Iterator[Breach]:
    """I1: some goods are never left outside."""
    for raw in _OUTSIDE.rows():
        delivery, requirements = _OUTSIDE.values_of(raw)
        if why_handed_over(requirements):
            yield Breach("I1", f"delivery {delivery}", "may be left outside, and must be handed over")


def times_unlike_their_quote() -> Iterator[Breach]:
    """I6: what was shown in the quote is what the hold and the booking say.

    I1: what comes at a time that needs nobody has a place to be left at.
    """
    chosen: dict[int, list[tuple[str, _Chosen]]] = defaultdict(list)
    for name, query in (("hold", _HOLDS), ("booking", _BOOKINGS)):
        for row in map(_Chosen._make, query.rows()):
            chosen[row.quote].append((name, row))
    kept = Q(pk__in=Hold.objects.values("quote")) | Q(pk__in=Booking.objects.values("quote"))
    offers_of = Quote.objects.filter(kept).values_list("pk", "offers")
    for quote, offers in offers_of.iterator(chunk_size=200):
        for name, row in chosen[quote]:
            offer: dict[str, Any] = next((each for each in offers if each["key"] == row.key), {})
            yield from _unlike(offer, name, row)


def _unlike(offer: Mapping[str, Any], name: str, row: _Chosen) -> Iterator[Breach]:
    shown = offer.get("price_minor")
    if shown != row.price_minor:
        yield Breach("I6", f"{name} {row.pk}", f"shown {shown}, kept {row.price_minor}")
    live = row.state in (Hold.State.LIVE, Booking.State.BOOKED)
    if live and offer.get("unattended") and row.safe_place in ("", NEIGHBOUR):
        yield Breach("I1", f"{name} {row.pk}", "needs nobody, and has no safe place")


def prices_told_otherwise() -> Iterator[Breach]:
    """I6: a booking's price is what its latest event told."""
    latest = dict(map(_TOLD.values_of, _TOLD.rows()))
    for booking in map(_Chosen._make, _BOOKINGS.rows()):
        if latest.get(booking.delivery, booking.price_minor) != booking.price_minor:
            yield Breach("I6", f"booking {booking.pk}", "its event told another price")


# What was handed over


def parcels_unlike_their_attempt() -> Iterator[Breach]:
    """I3: the parcels of an attempt are those it says, none of one that was taken back."""
    for attempt in Attempt.objects.prefetch_related("handed__parcel").iterator(chunk_size=200):
        handed = sorted(each.parcel.barcode for each in attempt.handed.all())
        if handed != (sorted(attempt.parcels) if attempt.undone_at is None else []):
            yield Breach("I3", f"attempt {attempt.pk}", "handed over other parcels than it says")


# Events


ROWS: Final = Count("pk")


def _by_delivery(query: Callable[[], QuerySet[Any]], count: Aggregate = ROWS) -> Statement:
    """Count rows by delivery."""
    return Statement(lambda: query().values_list("delivery_id").annotate(number=count).order_by())


def _tries(direction: str, *outcomes: str) -> QuerySet[Attempt]:
    return Attempt.objects.filter(delivery__direction=direction, outcome__in=outcomes)


MOVED: Final = "booking.moved"
DIVERTED: Final = "delivery.diverted"

HAPPENED: Final[dict[str, Statement]] = {
    "hold.placed": _by_delivery(lambda: Hold.objects.all()),
    "hold.extended": _by_delivery(lambda: Hold.objects.filter(extensions__gt=0), Sum("extensions")),
    "hold.released": _by_delivery(lambda: Hold.objects.filter(state=Hold.State.RELEASED)),
    # A lapsed hold may be confirmed late, but its stop stays lapsed.
    "hold.lapsed": _by_delivery(lambda: Stop.objects.filter(state=Stop.State.LAPSED)),
    "booking.confirmed": _by_delivery(lambda: Booking.objects.all()),
    MOVED: _by_delivery(lambda: Promise.objects.filter(cause=Promise.Cause.MOVED)),
    # Each makes one stop, kept for good.
    DIVERTED: _by_delivery(lambda: Stop.objects.filter(pickup_point__isnull=False)),
    "promise.narrowed": _by_delivery(lambda: Promise.objects.filter(cause=Promise.Cause.NARROWED)),
    "booking.joined": _by_delivery(lambda: JoinedOrder.objects.all()),
    "delivery.code_read": _by_delivery(lambda: AccessRead.objects.all()),
    "delivery.delivered": _by_delivery(lambda: _tries(Delivery.Direction.OUT, *Attempt.SERVED)),
    "delivery.collected": _by_delivery(lambda: _tries(Delivery.Direction.IN, *Attempt.SERVED)),
    "delivery.missed": _by_delivery(lambda: Attempt.objects.exclude(outcome__in=Attempt.SERVED)),
    "delivery.undone": _by_delivery(lambda: Attempt.objects.filter(undone_at__isnull=False)),
    "booking.cancelled": _by_delivery(lambda: Booking.objects.filter(state=Booking.State.CANCELLED)),
}
"""For each kind of event, how often each delivery's rows say that it happened."""

_SAID: Final = Statement(
    lambda: Event.objects.values_list("kind", "delivery_id").annotate(number=Count("pk")).order_by()
)


def changes_without_their_event() -> Iterator[Breach]:
    """I5: for each delivery as many events of a kind as changes of it."""
    said: dict[str, dict[int, int]] = defaultdict(dict)
    for kind, delivery, number in _SAID.rows():
        said[kind][delivery] = number
    happened: dict[str, dict[int, int]] = {kind: dict(query.rows()) for kind, query in HAPPENED.items()}
    # Who is sent to a pickup point is promised another time, but not at their door.
    for delivery, number in happened[DIVERTED].items():
        happened[MOVED][delivery] = happened[MOVED].get(delivery, 0) - number
    for kind, numbers in happened.items():
        for delivery in numbers.keys() | said[kind].keys():
            if numbers.get(delivery, 0) != said[kind].get(delivery, 0):
                yield Breach("I5", f"delivery {delivery}", f"events and changes differ: {kind}")


def accounts_without_their_event() -> Iterator[Breach]:
    """I5: a day was accounted for as often as its event says: once, or not yet."""
    told = Event.objects.filter(kind="plan.accounted").values_list("data__plan", flat=True)
    done = DayPlan.objects.filter(accounted_at__isnull=False).values_list("pk", flat=True)
    said, accounted = Counter(told), Counter(done)
    for plan_id in said.keys() | accounted.keys():
        if said[plan_id] != accounted[plan_id]:
            yield Breach("I5", f"plan {plan_id}", "events and changes differ: plan.accounted")


# Grams


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


CHECKS: Final[tuple[Callable[[], Iterator[Breach]], ...]] = (
    broken_schedules,
    left_outside_though_nobody_said_so,
    times_unlike_their_quote,
    prices_told_otherwise,
    parcels_unlike_their_attempt,
    changes_without_their_event,
    accounts_without_their_event,
    grams_that_do_not_add_up,
)
