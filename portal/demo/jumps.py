"""Where the demo's clock can jump to: the evening before, the morning, three stops before, delivered."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import Count, Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from portal.demo.apps import demo_clock
from portal.demo.drivers import drive, drive_until, taken_over
from portal.demo.held_up import held_until, hold_up
from portal.demo.town import TIME_ZONE
from portal.demo.week import SEEDED_CONTACTS
from portal.demo.whereabouts import tell_places
from portal.tasks import send_due_messages, send_due_webhooks
from scheduling import clock, tasks, windows
from scheduling.errors import DomainError
from scheduling.models import Booking, Depot, Expected, Route, Shift, Stop
from scheduling.selectors.plans import plans_to_improve
from scheduling.selectors.road import stops_before
from scheduling.services.resting import tell_running_late

HELSINKI: Final = ZoneInfo(TIME_ZONE)
EVENING, MORNING = time(19), time(7)
NEAR: Final = 3
LONGEST_WAIT: Final = timedelta(hours=8)
"""So long after its window a delivery has been served, or never will be."""
HELD_UP: Final = timedelta(minutes=75)
"""So long a vehicle stands at least: longer where its visitor’s own time would be kept all the same."""
TOO_LATE: Final = timedelta(minutes=25)
"""So long after one's own time has ended it is to come."""
LONGER: Final = timedelta(minutes=45)
MOST_TRIES: Final = 5
A_MOMENT: Final = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Jump:
    """One place on the clock. `why_not` says why it can't be chosen, "" where it can.

    `moment` is when that is, "" where nobody knows before it has happened.
    """

    name: str
    label: str
    go: Callable[[], object]
    moment: str = ""
    why_not: str = ""


def jumps(now: datetime) -> list[Jump]:
    """Return where the clock can go from here. Two queries at most."""
    own = own_stop()
    if own is None or own.done_at is not None:
        return [_evening_before(None, now), _morning(None, now)]
    days = [_evening_before(own, now), _morning(own, now)]
    near = _on_the_road(own, "near", _("Three stops before you"), _is_near)
    last = _("Collected") if _is_pickup(own) else _("Delivered")
    return [*days, _an_hour_late(own), near, _on_the_road(own, "delivered", last, _is_done)]


def _is_pickup(stop: Stop) -> bool:
    return stop.delivery is not None and stop.delivery.direction == stop.delivery.Direction.IN


def own_stop() -> Stop | None:
    """Return where the visitor's own latest delivery is served; None before they book one. One query."""
    rows = Booking.objects.filter(state=Booking.State.BOOKED)
    rows = rows.exclude(delivery__contact_email__endswith=SEEDED_CONTACTS)
    found = rows.select_related("stop__delivery", "stop__route__shift__plan__depot").order_by("-pk").first()
    return found.stop if found else None


def shift_to_drive(*, now: datetime) -> Shift | None:
    """Return whose sheet a visitor may take over: their own delivery's, else the one with most left to do."""
    own, today = own_stop(), windows.local_date(now, HELSINKI)
    ahead = Shift.objects.filter(plan__service_date__gte=today, ends_at__gt=now)
    left = Q(routes__stops__state=Stop.State.BOOKED, routes__stops__done_at__isnull=True)
    rows = ahead.annotate(left=Count("routes__stops", filter=left)).filter(left__gt=0)
    mine = rows.filter(pk=own.route.shift_id, plan__service_date=today).first() if own else None
    return mine or rows.exclude(pk__in=taken_over()).order_by("plan__service_date", "-left", "pk").first()


def _evening_before(own: Stop | None, now: datetime) -> Jump:
    """The evening before one's own delivery, or before the next day: after the cut-off, the day is closed."""
    day = windows.local_date(own.opens_at, HELSINKI) if own else _tomorrow(now)
    at = windows.instant(day - timedelta(days=1), EVENING, HELSINKI)
    if own is None and at <= now:
        at += timedelta(days=1)
    label = _("The evening before")
    if own is not None:
        label = _("The evening before your delivery")
        if _is_pickup(own):
            label = _("The evening before your pickup")
    return _to(at, now, "evening", label, over=_("That evening is over."))


def _morning(own: Stop | None, now: datetime) -> Jump:
    day = windows.local_date(own.opens_at, HELSINKI) if own else _tomorrow(now)
    at = windows.instant(day, MORNING, HELSINKI)
    label = _("The next morning")
    if own is not None:
        label = _("The morning of your pickup") if _is_pickup(own) else _("The morning of your delivery")
    return _to(at, now, "morning", label, over=_("That morning is over."))


def _tomorrow(now: datetime) -> date:
    return windows.local_date(now, HELSINKI) + timedelta(days=1)


def _to(at: datetime, now: datetime, name: str, label: str, *, over: str) -> Jump:
    return Jump(name, label, partial(_go_to, at), moment(at), "" if at > now else over)


def _on_the_road(own: Stop, name: str, label: str, is_there: Callable[[Stop], bool]) -> Jump:
    why_not = _("That is over.") if is_there(own) else ""
    return Jump(name, label, partial(_go_on_until, own, is_there), why_not=why_not)


def _an_hour_late(own: Stop) -> Jump:
    """One's own vehicle stands in a jam, and its driver says so: one is asked what is to happen."""
    over = own.done_at is not None or held_until(own.route_id) is not None
    why_not = _("That is over.") if over else ""
    return Jump("late", _("Your van is held up"), partial(_go_late, own), why_not=why_not)


def _go_late(own: Stop) -> None:
    _go_on_until(own, _is_out)
    now = clock.now()
    until = max(now + HELD_UP, own.opens_at + HELD_UP, own.closes_at + TOO_LATE)
    expected = Expected.objects.filter(stop=own).first()
    late_by = max(HELD_UP, until - (expected.at if expected else own.opens_at))
    # Where doors on the way open late, waiting there swallows a part of it: the jam is longer then.
    for more in range(MOST_TRIES):
        _hold_up(own, until=until + more * LONGER, late_by=late_by + more * LONGER)
        if Expected.objects.filter(stop=own, late_since__isnull=False).exists():
            break


def _hold_up(own: Stop, *, until: datetime, late_by: timedelta) -> None:
    now, route_id = clock.now(), own.route_id
    hold_up(route_id, until=until)
    with suppress(DomainError):  # back already: nobody is late any more
        tell_running_late(route_id=route_id, late_by=late_by, at=now, actor="demo", now=now)
    catch_up()


def _is_out(stop: Stop) -> bool:
    return Route.objects.filter(pk=stop.route_id, started_at__isnull=False).exists()


def _is_near(stop: Stop) -> bool:
    out = Route.objects.filter(pk=stop.route_id, state=Route.State.STARTED).exists()
    return stop.done_at is not None or (out and stops_before(stop) <= NEAR)


def _is_done(stop: Stop) -> bool:
    return Stop.objects.filter(pk=stop.pk, done_at__isnull=False).exists()


def _go_to(at: datetime) -> None:
    demo_clock().move_to(at)
    catch_up()


def _go_on_until(own: Stop, is_there: Callable[[Stop], bool]) -> None:
    """Let the days go by until something is true of one's own stop, and set the clock to that moment."""
    evening = _evening_before(own, clock.now())
    if not evening.why_not:
        evening.go()
    latest = own.closes_at + LONGEST_WAIT
    depot = own.route.shift.plan.depot
    at = drive_until(partial(is_there, own), depot=depot, latest=latest, move_to=_move_to)
    if at is not None:
        _move_to(at + A_MOMENT)
    catch_up()


def _move_to(at: datetime) -> None:
    """Have the clock go along: others hear at once of what happens, and write down when they did."""
    if at > clock.now():
        demo_clock().move_to(at)


def catch_up() -> None:
    """Let the ordinary tasks do what would have been done meanwhile."""
    now = clock.now()
    tasks.sweep_holds()
    tasks.close_plans()
    for plan_id in plans_to_improve(now=now)[:1]:  # the day just closed: it asked for it
        tasks.improve_plan(plan_id)
    tasks.narrow_promises()
    tasks.lock_plans()
    for depot in Depot.objects.all():
        drive(now=now, depot=depot)
        tell_places(depot, now=now)
    tasks.finish_days()
    tasks.relay_events()
    tasks.refresh_ranges()
    tasks.relay_events()
    send_due_messages()
    send_due_webhooks()


def moment(at: datetime) -> str:
    """Mon 23 Nov, 19:00, in Helsinki."""
    local = at.astimezone(HELSINKI)
    return _("%(day)s, %(time)s") % {"day": date_format(local, "D j M"), "time": date_format(local, "H:i")}
