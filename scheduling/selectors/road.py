"""A route while it is driven: what is done, what is next, how many stops are before one's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.db import connection
from django.db.models import Count, Model, OuterRef, Subquery

from scheduling.models import Delivery, Event, Route, Stop
from scheduling.phases import Glimpse

ROAD: Final = (
    "delivery.day_before",
    "delivery.day_before_answered",
    "delivery.on_the_way",
    "delivery.near",
    "delivery.next",
    "delivery.arrived",
    "delivery.running_late",
    "delivery.late",
    "delivery.late_answered",
    "delivery.delivered",
    "delivery.collected",
    "delivery.missed",
    "delivery.undone",
    "delivery.reassigned",
    "delivery.back_at_depot",
    "delivery.returned",
)
"""What happens to a delivery on its day: its customer, its driver and its depot read the same events."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a route is: so many stops at somebody's door are done, and so many are left."""

    done: int
    left: int


def progress_of(route: Route) -> Progress:
    """Return how far a route is. One query."""
    done_at = list(Stop.objects.booked().filter(route=route).values_list("done_at", flat=True))
    return Progress(done=sum(at is not None for at in done_at), left=done_at.count(None))


def stops_before(stop: Stop) -> int:
    """Return at how many doors its route stops before it, from now on. One query."""
    before = Stop.objects.booked().to_do().filter(route_id=stop.route_id, position__lt=stop.position)
    return before.count()


def story_of(delivery: Delivery) -> list[Event]:
    """Return what happened to a delivery on its day, in order. One query."""
    return list(delivery.events.filter(kind__in=ROAD).order_by("pk"))


def stories_of(deliveries: Sequence[int]) -> dict[int, list[Event]]:
    """Return the same for several deliveries, by their ids. One query."""
    found: dict[int, list[Event]] = {pk: [] for pk in deliveries}
    for event in Event.objects.filter(delivery__in=deliveries, kind__in=ROAD).order_by("pk"):
        found[event.delivery_id or 0].append(event)
    return found


# A glimpse: one row, by keys alone

PATHS: Final = {
    "ref": "ref",
    "direction": "direction",
    "state": "state",
    "booking_state": "booking__state",
    "change_until_at": "booking__change_until_at",
    "stop_id": "booking__stop_id",
    "opens_at": "booking__stop__opens_at",
    "closes_at": "booking__stop__closes_at",
    "arrived_at": "booking__stop__arrived_at",
    "done_at": "booking__stop__done_at",
    "point_id": "booking__stop__pickup_point_id",
    "route_state": "booking__stop__route__state",
    "service_date": "booking__stop__route__shift__plan__service_date",
    "time_zone": "booking__stop__route__shift__plan__depot__time_zone",
    "outcome": "booking__stop__attempt__outcome",
    "reason": "booking__stop__attempt__reason",
    "expected_from_at": "booking__stop__expected__from_at",
    "expected_at": "booking__stop__expected__at",
    "expected_until_at": "booking__stop__expected__until_at",
    "late_since": "booking__stop__expected__late_since",
    "seen_at": "booking__stop__route__shift__last_seen__at",
    "seen_lat": "booking__stop__route__shift__last_seen__lat",
    "seen_lon": "booking__stop__route__shift__last_seen__lon",
    "driver": "booking__stop__route__shift__driver__name",
    "shows_name": "booking__stop__route__shift__driver__shows_name",
    "shows_vehicle": "booking__stop__route__shift__driver__shows_vehicle",
    "vehicle": "booking__stop__route__shift__vehicle__name",
    "unassigned_at": "booking__stop__unassigned_at",
}
"""Where the first fields of a Glimpse stand, from its delivery on; the last two are looked up beside it."""
BOOKED: Final = tuple(PATHS).index("booking_state")


class Glimpses:
    """Reads one row by its key: some fields of its own, then a glimpse of the delivery behind `prefix`.

    Django writes the statement once in a process: to have it written takes ten times as long as to run it,
    and followers ask for hundreds a second.
    """

    def __init__(self, model: type[Model], *own: str, prefix: str = "") -> None:
        self.model, self.own, self.prefix = model, own, prefix
        self._written: dict[str, tuple[str, tuple[Any, ...]]] = {}

    def __call__(self, key: Any) -> tuple[list[Any], Glimpse] | None:
        """Return the own fields and the glimpse; None without such a row or a booking. One query."""
        statement, known = self._written.get(connection.vendor) or self._write(key)
        prepared = self.model._meta.pk.get_db_prep_value(key, connection)
        with connection.cursor() as cursor:
            cursor.execute(statement, [*known, prepared])
            row = cursor.fetchone()
        values = [_aware(value) for value in row] if row else []
        if not values or values[len(self.own) + BOOKED] is None:
            return None
        return values[: len(self.own)], _glimpse(values[len(self.own) :])

    def _write(self, key: Any) -> tuple[str, tuple[Any, ...]]:
        rows = self.model._default_manager.filter(pk=key).values_list(*self.own, *glimpsed(self.prefix))
        statement, known = rows.query.sql_with_params()
        self._written[connection.vendor] = statement, known[:-1]  # the last is the key
        return self._written[connection.vendor]


def glimpsed(prefix: str) -> list[Any]:
    """Return what `.values_list()` takes to read a glimpse of the delivery behind `prefix`."""
    stop = f"{prefix}booking__stop"
    before = (
        Stop.objects.booked()
        .to_do()
        .filter(route=OuterRef(f"{stop}__route"), position__lt=OuterRef(f"{stop}__position"))
        .order_by()
        .values("route")
        .annotate(count=Count("pk"))
        .values("count")
    )
    latest = Event.objects.filter(delivery=OuterRef(f"{prefix}pk")).order_by("-pk").values("pk")[:1]
    return [
        *(prefix + path for path in PATHS.values()),
        Subquery(before),
        Subquery(latest),
    ]


def _aware(value: Any) -> Any:
    """SQLite hands instants over without their zone, which is UTC."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


def _glimpse(values: list[Any]) -> Glimpse:
    before, latest = values[-2:]
    return Glimpse(*[*values[:-2], before or 0, latest or 0])


_of_delivery: Final = Glimpses(Delivery)


def glimpse_of(delivery: Delivery) -> Glimpse | None:
    """Return all that whoever follows a booked delivery can see; None while none is booked. One query."""
    found = _of_delivery(delivery.pk)
    return found[1] if found else None
