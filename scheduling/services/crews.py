"""Who drives a shift, with which vehicle. What a dispatcher decides stays; the rest goes by itself."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from scheduling import conversion, events
from scheduling.driven import Day, day_of
from scheduling.editor import PlanEditor
from scheduling.errors import BreaksMore, NotChangeable
from scheduling.models import DayPlan, Depot, Driver, Route, Shift, Stop, Vehicle
from scheduling.routing import problem
from scheduling.routing.by_hand import Break
from scheduling.routing.lived import legs_for
from scheduling.services.changes import one_change
from scheduling.services.days import said_of
from scheduling.services.dispatching import names_of_breaks
from scheduling.services.plans import edit
from scheduling.snapshots import ROAD, snapshots_of
from scheduling.states import DISPATCH_STATES

A_MOMENT: Final = timedelta(microseconds=1)
SHIFT_FIELDS: Final = ("plan_id", "starts_at", "ends_at", "max_shift_s", "break_after_s", "reload_s")


@one_change
def assign_driver(*, depot: Depot, shift_id: int, driver_id: int | None, actor: str, now: datetime) -> Shift:
    """Have somebody drive a shift, or nobody; no plan changes that by itself any more.

    Raises NotChangeable for a driver of elsewhere, one who drives then, or a shift of elsewhere or over.
    """
    shift, editor, _day = _lock(depot, shift_id, now=now)
    driver = Driver.objects.filter(pk=driver_id, depot=depot, active=True).first() if driver_id else None
    if (driver_id and driver is None) or (driver is not None and _drives_then(driver, shift)):
        raise NotChangeable
    shift.driver, shift.assigned_by = driver, actor
    shift.save(update_fields=["driver", "assigned_by"])
    editor.touch()
    editor.save()
    return shift


def _drives_then(driver: Driver, shift: Shift) -> bool:
    """A dispatcher may cut a rest short; nobody drives two vehicles at once."""
    same = Shift.objects.filter(driver=driver, starts_at__lt=shift.ends_at, ends_at__gt=shift.starts_at)
    used = same.filter(routes__stops__state=Stop.State.BOOKED)
    return used.exclude(pk=shift.pk).exists()


@dataclass(frozen=True, slots=True)
class Swap:
    """What another vehicle for a shift would break."""

    breaks: tuple[Break, ...]

    @property
    def seen(self) -> frozenset[str]:
        """What whoever says yes to it has seen."""
        return names_of_breaks(self.breaks)


def vehicles_for(shift: Shift) -> list[Vehicle]:
    """Return the vehicles that could take over a shift: its depot's that serve nobody that day. One query."""
    used = Shift.objects.filter(plan=shift.plan_id).filter(
        Q(routes__stops__state__in=Stop.FOR_SOMEBODY) | Q(routes__started_at__isnull=False)
    )
    free = Vehicle.objects.filter(depot=shift.plan.depot_id, active=True).exclude(shifts__in=used)
    return list(free.exclude(pk=shift.vehicle_id).select_related("vehicle_class").order_by("name", "pk"))


def propose_vehicle(*, shift: Shift, vehicle: Vehicle, now: datetime) -> Swap:
    """Return what another vehicle would break of a shift that has not left."""
    plan = shift.plan
    day = day_of(plan, snapshots_of([plan], now=now)[0].plan, now=now)
    return _swap(day, shift, vehicle)


def _swap(day: Day, shift: Shift, vehicle: Vehicle) -> Swap:
    changed = with_vehicle(day.plan, shift, vehicle, day.row.origin_at)
    return Swap(day.judged(changed).worse_than(day.judged()))


def with_vehicle(plan: problem.Plan, shift: Shift, vehicle: Vehicle, origin_at: datetime) -> problem.Plan:
    """Return the plan with a shift driven by another vehicle, its legs as that one drives them."""
    as_driven_by = Shift(pk=shift.pk, **{f: getattr(shift, f) for f in SHIFT_FIELDS}, vehicle=vehicle)
    shifts = []
    for old in plan.shifts:
        if old.vehicle.key != shift.pk:
            shifts.append(old)
            continue
        kind = conversion.shift_of(as_driven_by, list(old.trips), origin_at).vehicle
        trips = tuple(replace(trip, legs=legs_for(plan.depot, trip.visits, kind, ROAD)) for trip in old.trips)
        shifts.append(replace(old, vehicle=kind, trips=trips))
    return replace(plan, shifts=tuple(shifts))


@one_change
def assign_vehicle(
    *,
    depot: Depot,
    shift_id: int,
    vehicle_id: int,
    seen: Collection[str],
    actor: str,
    now: datetime,
) -> Shift:
    """Have another vehicle drive a shift that has not left; if it had an idle one, they swap.

    Raises NotChangeable for a vehicle that serves somebody that day, or a shift that has left, BreaksMore if
    it would break something that was not shown.
    """
    shift, editor, day = _lock(depot, shift_id, now=now)
    if shift.vehicle_id == vehicle_id:
        editor.save()
        return shift
    vehicle = next((each for each in vehicles_for(shift) if each.pk == vehicle_id), None)
    if vehicle is None or Route.objects.filter(shift=shift, started_at__isnull=False).exists():
        raise NotChangeable
    if not _swap(day, shift, vehicle).seen <= set(seen):
        raise BreaksMore
    _exchange(editor, shift, vehicle, actor=actor)
    data = {"shift": shift.pk, "vehicle": vehicle.name, "instead_of": shift.vehicle.name}
    events.record("shift.vehicle_changed", actor=actor, now=now, data=said_of(editor.row) | data)
    editor.save()
    return shift


def _exchange(editor: PlanEditor, shift: Shift, vehicle: Vehicle, *, actor: str) -> None:
    """Give a shift a vehicle, and its own to the shifts that the other was to spend at the depot."""
    before, origin_at = shift.vehicle, editor.row.origin_at
    idle = list(Shift.objects.filter(plan=shift.plan_id, vehicle=vehicle))
    for other in idle:  # for a moment a little later: no vehicle may begin two shifts at once
        Shift.objects.filter(pk=other.pk).update(vehicle=before, starts_at=other.starts_at + A_MOMENT)
    Shift.objects.filter(pk=shift.pk).update(vehicle=vehicle, assigned_by=actor)
    editor.drive_by(with_vehicle(editor.plan, shift, vehicle, origin_at))
    for other in idle:
        Shift.objects.filter(pk=other.pk).update(starts_at=other.starts_at)
        editor.drive_by(with_vehicle(editor.plan, other, before, origin_at))


def _lock(depot: Depot, shift_id: int, *, now: datetime) -> tuple[Shift, PlanEditor, Day]:
    """Lock the day of a shift. Raises NotChangeable for one of elsewhere, or a day that takes no change."""
    found = Shift.objects.filter(pk=shift_id, plan__depot=depot).values_list("plan_id", flat=True).first()
    if found is None:
        raise NotChangeable
    editor = edit(DayPlan.objects.lock({found}).values(), now=now)[found]
    if editor.row.state not in DISPATCH_STATES:
        raise NotChangeable
    shift = Shift.objects.select_related("plan__depot", "vehicle__vehicle_class").get(pk=shift_id)
    return shift, editor, day_of(editor.row, editor.plan, now=now)
