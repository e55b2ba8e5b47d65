"""It will be late: its customer says what is to happen. The promise moves by that alone."""

from datetime import datetime
from typing import Final

from scheduling import events
from scheduling.editor import PlanEditor
from scheduling.models import Booking, DayException, DayPlan, Delivery, Event, Expected, Route, Stop

ANSWERED: Final = "delivery.late_answered"


def leave_late(booking: Booking, source: PlanEditor, *, answer: str, actor: str, now: datetime) -> None:
    """Take a visit that will be late off its route, since its customer chose another day.

    Its goods are loaded: they come back with the vehicle, which dispatch sees. The caller holds the plan.
    """
    stop, delivery = booking.stop, booking.delivery
    note_answer(booking, answer=answer, actor=actor, now=now)
    if stop.route.state == Route.State.STARTED:
        source.forget(stop, Stop.State.REPLACED)
    else:
        source.take_out(stop, Stop.State.REPLACED)
    if delivery.state == Delivery.State.ON_BOARD:
        delivery.move_to(Delivery.State.CONFIRMED)
        delivery.save(update_fields=["state"])
    if delivery.direction == Delivery.Direction.OUT:
        _raise_came_back(stop, source.row, now=now)


def note_answer(booking: Booking, *, answer: str, actor: str, now: datetime) -> bool:
    """Record what a customer said of a visit that will be late, and settle it; False if they said so before.

    The caller holds the plan.
    """
    expected = Expected.objects.filter(stop=booking.stop, late_since__isnull=False).first()
    since = expected.late_since if expected else None
    if since is not None and said_since(booking.delivery, since=since) == answer:
        return False
    data = {"answer": answer, "stop": booking.stop_id}
    events.record(ANSWERED, delivery=booking.delivery, actor=actor, now=now, data=data)
    _settle(booking.stop, actor=actor, now=now)
    return True


def _settle(stop: Stop, *, actor: str, now: datetime) -> None:
    """Settle that it is late, also where nobody has noticed yet: dispatch need not be told any more."""
    late = DayException.objects.filter(kind=DayException.Kind.LATE, stop=stop)
    settled = late.filter(settled_at__isnull=True).update(settled_at=now, settled_by=actor)
    if not settled and not late.filter(settled_by=actor).exists():
        late.create(
            kind=DayException.Kind.LATE,
            plan=DayPlan.objects.get(shifts__routes=stop.route_id),
            route_id=stop.route_id,
            stop=stop,
            breaks_at=stop.closes_at,
            raised_at=now,
            settled_at=now,
            settled_by=actor,
        )


def said_since(delivery: Delivery, *, since: datetime) -> str:
    """Return what its customer answered last since it is late; "" for nothing yet. One query."""
    answers = Event.objects.filter(delivery=delivery, kind=ANSWERED, occurred_at__gte=since)
    last = answers.order_by("pk").last()
    return str(last.data.get("answer", "")) if last else ""


def _raise_came_back(stop: Stop, plan: DayPlan, *, now: datetime) -> None:
    DayException.objects.get_or_create(
        kind=DayException.Kind.CAME_BACK,
        stop=stop,
        settled_at=None,
        defaults={"plan": plan, "route": stop.route, "breaks_at": stop.closes_at, "raised_at": now},
    )
