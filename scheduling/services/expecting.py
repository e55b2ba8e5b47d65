"""When each stop to come is expected: kept as its customer reads it, and told where it matters.

Made anew whenever something becomes certain on the road, and every half minute, since time that passes
without news is news too. It bears repetition: what is told is told once.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from scheduling import events
from scheduling.models import Event, Expected, LastSeen, Route, Shift, Stop
from scheduling.models.plans import seconds_after
from scheduling.routing.arrivals import Range, ranges, steady
from scheduling.routing.habits import today_of
from scheduling.selectors.ahead import OUT, Ahead, ahead_of, stops_on
from scheduling.selectors.habits import habits_of
from scheduling.services.changes import one_change

NEAR: Final = 3
"""So many stops before their own a customer is told that the vehicle is near."""
MADE_ANEW: Final = timedelta(minutes=2)
"""What stays the same says so often enough: readers believe what was made lately."""
ACTOR: Final = "clock"
COLUMNS: Final = ("from_at", "at", "until_at", "made_at", "late_since", "near_told_at", "next_told_at")

OF_A_DELIVERY: Final = (
    "delivery.arrived",
    "delivery.delivered",
    "delivery.collected",
    "delivery.missed",
    "delivery.undone",
    "delivery.reassigned",
    "delivery.longer_at_door",
    "booking.cancelled",
    "booking.moved",
)
OF_A_ROUTE: Final = (
    "route.started",
    "route.finished",
    "route.resequenced",
    "route.running_late",
    "route.broke_down",
    "route.running_late",
)


def connect() -> None:
    """Listen for what makes expected times others."""
    for kind in OF_A_DELIVERY:
        events.subscribe(kind, "expecting", _after_delivery)
    for kind in OF_A_ROUTE:
        events.subscribe(kind, "expecting", _after_route)


def _after_delivery(event: Event, now: datetime) -> None:
    on = Route.objects.filter(stops__delivery=event.delivery_id, state__in=OUT)
    for shift_id in sorted(set(on.values_list("shift_id", flat=True))):
        refresh_shift(shift_id=shift_id, now=now)


def _after_route(event: Event, now: datetime) -> None:
    route = Route.objects.filter(pk=event.data.get("route")).first()
    if route is None:
        return
    if event.kind == "route.running_late":
        note_late(route_id=route.pk, minutes=event.data["minutes"], at=event.occurred_at)
    refresh_shift(shift_id=route.shift_id, now=now)


def note_late(*, route_id: int, minutes: int, at: datetime) -> None:
    """Remember by how much later a driver says they will be, from then on until their next stop."""
    Route.objects.filter(pk=route_id).update(late_s=60 * minutes, late_said_at=at)


@one_change
def refresh_shift(*, shift_id: int, now: datetime) -> int:
    """Work out anew when a shift's stops to come are expected; return how many are. Seven queries or so.

    Tells whom the vehicle is near, who is next, and who will be late by more than is tolerated; each once.
    """
    rows = Shift.objects.select_related("plan__depot", "vehicle__vehicle_class")
    # One at a time: what is shown depends on what was shown before. Nobody else takes this lock for long.
    shift = rows.select_for_update(of=("self",), no_key=True).filter(pk=shift_id).first()
    if shift is None:
        return 0
    stops = stops_on(shift)
    seen = LastSeen.objects.filter(shift=shift).first()
    ahead = ahead_of(shift, stops, seen, now=now)
    found = [] if ahead is None else _found(shift, ahead, now=now)
    _forget_gone(shift, {each.stop.pk for each in found})
    news = [(each, _news(each, now=now)) for each in found]
    _save(found, now=now)
    for each, kinds in news:
        _tell(each, kinds, now=now)
    return len(found)


@dataclass(slots=True)
class _Found:
    """A stop to come: when it is likely, what its customer reads, and how many doors come before.

    before: None while its vehicle has not left the depot; afterwards: somebody was served by it already
    """

    stop: Stop
    row: Expected
    likely_at: datetime
    before: int | None
    afterwards: bool
    changed: bool


def _found(shift: Shift, ahead: Ahead, *, now: datetime) -> list[_Found]:
    habits = habits_of(shift.plan.depot, now=now)
    today = today_of(habits, ahead.ways, ahead.doors)
    origin_at = shift.plan.origin_at
    now_s = seconds_after(origin_at, now)
    made = ranges(ahead.certain, ahead.onward, habits=habits, today=today, now_s=now_s)
    new_of = {new.key: new for new in made}
    found, before = [], Counter[int]()
    for stop in ahead.stops:
        if stop.state != Stop.State.BOOKED:
            continue
        if new := new_of.get(stop.pk):  # not where the driver is already
            started = stop.route.state == Route.State.STARTED
            doors = before[stop.route_id] if started else None
            found.append(_one(stop, new, doors, ahead.served, origin_at=origin_at, now_s=now_s))
        before[stop.route_id] += 1
    return found


def _one(
    stop: Stop, new: Range, before: int | None, served: bool, *, origin_at: datetime, now_s: int
) -> _Found:
    def at(seconds: int) -> datetime:
        return origin_at + timedelta(seconds=seconds)

    row = getattr(stop, "expected", None) or Expected(stop=stop)
    shown = steady(_shown(row, new, origin_at), new, now_s=now_s)
    now_shown = at(shown.from_s), at(shown.at_s), at(shown.until_s)
    changed = (row.from_at, row.at, row.until_at) != now_shown
    row.from_at, row.at, row.until_at = now_shown
    return _Found(stop, row, at(new.at_s), before, served, changed)


def _shown(row: Expected, new: Range, origin_at: datetime) -> Range | None:
    if row.pk is None:
        return None
    from_s, at_s, until_s = (seconds_after(origin_at, at) for at in (row.from_at, row.at, row.until_at))
    return replace(new, from_s=from_s, at_s=at_s, until_s=until_s)


def _forget_gone(shift: Shift, to_come: set[int]) -> None:
    """Expect nobody any more where no vehicle comes; what was expected of those who were served stays."""
    not_served = Expected.objects.filter(
        stop__route__shift=shift, stop__arrived_at__isnull=True, stop__done_at__isnull=True
    )
    not_served.exclude(stop__in=to_come).delete()


def _save(found: Sequence[_Found], *, now: datetime) -> None:
    new = [each.row for each in found if each.row.pk is None]
    changed = [each.row for each in found if each.row.pk is not None and each.changed]
    same = [each.row for each in found if each.row.pk is not None and not each.changed]
    for row in (*new, *changed):
        row.made_at = now
    Expected.objects.bulk_create(new)
    Expected.objects.bulk_update(changed, COLUMNS)
    if any(row.made_at <= now - MADE_ANEW for row in same):
        Expected.objects.filter(pk__in=[row.pk for row in same]).update(made_at=now)


def _news(each: _Found, *, now: datetime) -> list[str]:
    """Return what there is to tell of a stop for the first time, and note in its row that it is told."""
    row, kinds = each.row, []
    tolerated = timedelta(minutes=settings.LATE_TOLERANCE_MINUTES)
    if row.late_since is None and each.likely_at > each.stop.closes_at + tolerated:
        row.late_since = now
        kinds.append("delivery.late")
    elif row.late_since is not None and each.likely_at < each.stop.closes_at:
        row.late_since, each.changed = None, True  # if it gets late once more, that is news again
    if each.before == 0 and row.next_told_at is None:
        row.next_told_at = row.near_told_at = now
        kinds.append("delivery.next")
    # Those who are near as soon as it leaves are told that it left.
    elif each.before is not None and each.before <= NEAR and each.afterwards and row.near_told_at is None:
        row.near_told_at = now
        kinds.append("delivery.near")
    each.changed |= bool(kinds)
    return kinds


def _tell(each: _Found, kinds: Sequence[str], *, now: datetime) -> None:
    for kind in kinds:
        data = {"before": each.before, "expected_at": each.row.at.isoformat()}
        data |= {"from_at": each.row.from_at.isoformat(), "until_at": each.row.until_at.isoformat()}
        if kind == "delivery.late":
            data["late_s"] = round((each.likely_at - each.stop.closes_at).total_seconds())
        events.record(kind, delivery=each.stop.delivery, actor=ACTOR, now=now, data=data)
