"""Flexible promises become exact: the evening before, inside what was promised, where routes are anyway."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from scheduling import events
from scheduling.buffers import buffer_s
from scheduling.editor import PlanEditor
from scheduling.models import Booking, Buffer, DayPlan, Promise
from scheduling.models.slots import buffers_at
from scheduling.routing.schedule import schedule
from scheduling.services.bookings import make_promise
from scheduling.services.changes import one_change
from scheduling.services.plans import edit
from scheduling.snapshots import at
from scheduling.windows import Window

QUARTER_S: Final = 15 * 60
EARLIER: Final = 3
"""Of a narrowed window one part in three lies before we mean to come: vans are late more often than early."""


@one_change
def narrow_promises(*, plan_id: int, actor: str, now: datetime) -> int:
    """Narrow the flexible promises of a day plan that is closed; return how many.

    Each becomes a part of itself around the moment at which the routes come by, so nothing about the routes
    changes. Repeating it changes nothing more.
    """
    editor = edit(DayPlan.objects.lock({plan_id}).values(), now=now)[plan_id]
    due = _due(plan_id) if editor.row.allows("narrow") else []
    starts = dict(_starts(editor))
    buffers = list(Buffer.objects.filter(depot_id=editor.row.depot_id, active=True)) if due else []
    for booking in due:
        if booking.stop_id in starts:
            _narrow(booking, editor, buffers, starts[booking.stop_id], actor=actor, now=now)
    editor.save()
    return len(due)


def _due(plan_id: int) -> list[Booking]:
    flexible = Booking.objects.filter(
        stop__route__shift__plan_id=plan_id,
        state=Booking.State.BOOKED,
        narrows_to_s__gt=0,
        narrowed_at__isnull=True,
    )
    wanted = ("stop", "delivery__address", "delivery__order", "delivery__merchant")
    return list(flexible.select_related(*wanted).order_by("pk"))


def _starts(editor: PlanEditor) -> Iterator[tuple[int, int]]:
    """When service starts at each stop, in seconds after the plan's origin."""
    for shift in editor.plan.shifts:
        for trip, times in zip(shift.trips, schedule(shift), strict=True):
            for visit, starts_s in zip(trip.visits, times.starts_s, strict=True):
                yield visit.key, starts_s


def _narrow(
    booking: Booking,
    editor: PlanEditor,
    buffers: Iterable[Buffer],
    starts_s: int,
    *,
    actor: str,
    now: datetime,
) -> None:
    stop = booking.stop
    span = Span(editor.seconds(stop.opens_at), editor.seconds(stop.closes_at))
    narrow = span.narrowed(to_s=booking.narrows_to_s, around_s=starts_s)
    origin_at = editor.row.origin_at
    window = Window(at(origin_at, narrow.opens_s), at(origin_at, narrow.closes_s))
    wanted_s = _buffer_wanted_s(booking, editor.row, buffers, window)
    editor.narrow(stop, window, buffer_s=narrow.spare_s(wanted_s, around_s=starts_s))
    booking.narrowed_at = now
    booking.save(update_fields=["narrowed_at"])
    make_promise(booking.delivery, stop, cause=Promise.Cause.NARROWED, actor=actor, now=now)
    events.record(
        "promise.narrowed",
        delivery=booking.delivery,
        actor=actor,
        now=now,
        data=_said(booking, origin_at, span),
    )


def _buffer_wanted_s(booking: Booking, plan: DayPlan, buffers: Iterable[Buffer], window: Window) -> int:
    home = booking.delivery.address
    rules = buffers_at(buffers, lat=home.lat, lon=home.lon, postcode=home.postcode)
    return buffer_s(rules, window, plan.depot.zone)


@dataclass(frozen=True, slots=True)
class Span:
    """A window in seconds after the plan's origin, `closes_s` exclusive."""

    opens_s: int
    closes_s: int

    def narrowed(self, *, to_s: int, around_s: int) -> "Span":
        """Return `to_s` seconds of it that hold the moment, from a quarter of an hour on where that fits."""
        if to_s >= self.closes_s - self.opens_s:
            return self
        wanted_s = (around_s - to_s // EARLIER) // QUARTER_S * QUARTER_S
        opens_s = max(self.opens_s, min(wanted_s, self.closes_s - to_s))
        return Span(opens_s, opens_s + to_s)

    def spare_s(self, wanted_s: int, *, around_s: int) -> int:
        """Return how much of a buffer its end can keep free and still leave the moment to the routes."""
        return max(0, min(wanted_s, self.closes_s - 1 - around_s))


def _said(booking: Booking, origin_at: datetime, before: Span) -> dict[str, Any]:
    return {
        "opens_at": booking.stop.opens_at.isoformat(),
        "closes_at": booking.stop.closes_at.isoformat(),
        "from_opens_at": at(origin_at, before.opens_s).isoformat(),
        "from_closes_at": at(origin_at, before.closes_s).isoformat(),
        "price_minor": booking.price_minor,
        "currency": booking.currency,
    }
