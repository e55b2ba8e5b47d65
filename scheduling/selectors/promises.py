"""The ledger of promises: what was said when, by whom, and what each change did to the routes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from scheduling.models import Attempt, Delivery, Depot, Promise
from scheduling.promises import KeptRates, Served, kept_rates
from scheduling.windows import Window


@dataclass(frozen=True, slots=True)
class Promised:
    """One line of the ledger. `longer_by_m` is exact: for the depot's staff only."""

    number: int
    window: Window
    cause: str
    cause_name: str
    actor: str
    reason: str
    made_at: datetime
    longer_by_m: int


def promises_of(delivery: Delivery) -> list[Promised]:
    """Return all that was promised for a delivery, oldest first. One query."""
    return [_promised(row) for row in delivery.promises.order_by("number")]


def delivery_at(*, depot: Depot, ref: str) -> Delivery | None:
    """Return a booked delivery that goes by a depot's routes; None if it has no such. One query."""
    rows = Delivery.objects.select_related(
        "merchant", "order", "address", "booking__stop__route__shift__plan__depot"
    )
    return rows.filter(ref=ref, booking__stop__route__shift__plan__depot=depot).first()


def served(began_at: Mapping[int, datetime]) -> Iterable[Served]:
    """Return deliveries, by id, with all that was promised and when their service began. One query."""
    windows: dict[int, list[Window]] = {}
    rows = Promise.objects.filter(delivery__in=began_at).order_by("delivery", "number")
    for row in rows:
        windows.setdefault(row.delivery_id, []).append(Window(row.opens_at, row.closes_at))
    return [Served(promised, began_at[pk]) for pk, promised in windows.items()]


def moments_of_service(*, depot: Depot, day: date) -> dict[int, datetime]:
    """Return when service began at those who were served from a depot on a day, by delivery. One query.

    As whoever drove says: when they came. A try in vain served nobody, however punctual it was.
    """
    rows = Attempt.objects.filter(outcome__in=Attempt.SERVED)
    rows = rows.filter(stop__route__shift__plan__depot=depot, stop__route__shift__plan__service_date=day)
    return {row.delivery_id: row.arrived_at or row.happened_at for row in rows.order_by("pk")}


def moment_of_service(delivery: Delivery) -> datetime | None:
    """Return when service began at a delivery that was served; None at any other. One query."""
    row = Attempt.objects.filter(delivery=delivery, stop__isnull=False, outcome__in=Attempt.SERVED).last()
    return (row.arrived_at or row.happened_at) if row else None


def kept_on(*, depot: Depot, day: date) -> KeptRates:
    """Return how many of those served on a day got what was promised first, and latest. Two queries."""
    return kept_rates(served(moments_of_service(depot=depot, day=day)))


def _promised(row: Promise) -> Promised:
    return Promised(
        number=row.number,
        window=Window(row.opens_at, row.closes_at),
        cause=row.cause,
        cause_name=str(row.get_cause_display()),
        actor=row.actor,
        reason=row.reason,
        made_at=row.made_at,
        longer_by_m=row.longer_by_m,
    )
