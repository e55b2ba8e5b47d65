"""What each kind of a driver's act does. Called by services/acts.py, once for each act."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.driving import (
    Act,
    Done,
    NotLoadedYet,
    NotYourStop,
    ParcelsMissing,
    StopsLeft,
    named,
    require_checks,
)
from portal.models.driving import DriverAct, ParcelScan
from portal.services.proofs import report_stop
from portal.shift_links import was_on_sheet
from scheduling.models import Attempt, Parcel, Route, Stop
from scheduling.outcomes import SERVED
from scheduling.selectors.sheet import sheet_of, vehicle_with
from scheduling.services.coming_back import end_route
from scheduling.services.days import start_route
from scheduling.services.handing_over import arrive
from scheduling.services.resting import begin_rest, end_rest, tell_running_late

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.functional import Promise

    from portal.models import ShiftLink

Kind, Aside = DriverAct.Kind, DriverAct.Aside

# On board


def _scan(link: ShiftLink, act: Act, now: datetime) -> Done:
    route = _route(link, act)
    plan_id = link.shift.plan_id
    found = Parcel.objects.filter(
        barcode=act.barcode, delivery__stops__state="booked", delivery__stops__route__shift__plan=plan_id
    ).values_list("pk", "delivery__stops__route_id")
    mine = next((pk for pk, route_id in found if route_id == route.pk), None)
    defaults = {"link": link, "parcel_id": mine, "scanned_at": now}
    ParcelScan.objects.get_or_create(route=route, barcode=act.barcode, defaults=defaults)
    if mine is not None:
        return Done(_("%(barcode)s is on board.") % {"barcode": act.barcode}, route_id=route.pk)
    return Done(foreign_words(plan_id=plan_id, barcode=act.barcode), route_id=route.pk)


def foreign_words(*, plan_id: int, barcode: str) -> str:
    """Say that a parcel is not for this vehicle, and for which it is, if for any. One query."""
    if vehicle := vehicle_with(plan_id=plan_id, barcode=barcode):
        said = _("%(barcode)s is not yours: it goes on %(vehicle)s.")
        return said % {"barcode": barcode, "vehicle": vehicle}
    return _("%(barcode)s is not yours: no vehicle brings it today. Leave it at the depot.") % {
        "barcode": barcode
    }


def missing_of(route_id: int) -> list[str]:
    """Return the barcodes that should be on board and were not scanned. Two queries."""
    scanned = ParcelScan.objects.filter(route_id=route_id, parcel__isnull=False).values("parcel_id")
    wanted = Parcel.objects.filter(
        delivery__stops__route_id=route_id, delivery__stops__state="booked", delivery__direction="out"
    )
    return list(wanted.exclude(pk__in=scanned).order_by("barcode").values_list("barcode", flat=True))


def _start(link: ShiftLink, act: Act, now: datetime) -> Done:
    route = _route(link, act)
    if route.state == Route.State.TENTATIVE:
        raise NotLoadedYet
    missing = missing_of(route.pk) if route.state == Route.State.LOADED else []
    if missing and not act.sure:
        raise ParcelsMissing(missing)
    # The instant at which it left, not at which we heard of it: all that follows is judged by it.
    start_route(route_id=route.pk, actor=link.actor, now=min(act.happened_at, now))
    if missing:
        said = _("You left without %(barcodes)s. Your dispatcher is told.") % {"barcodes": named(missing)}
        return Done(said, Aside.MISSING, route_id=route.pk)
    return Done(_("Drive safely."), route_id=route.pk)


# On the way


def _late(link: ShiftLink, act: Act, now: datetime) -> Done:
    route = _route(link, act)
    late_by, at = timedelta(minutes=act.minutes), min(act.happened_at, now)
    tell_running_late(route_id=route.pk, late_by=late_by, at=at, actor=link.actor, now=now)
    return Done(
        _("Noted: %(minutes)d minutes. Who is next is told.") % {"minutes": act.minutes}, route_id=route.pk
    )


def _pause(link: ShiftLink, act: Act, now: datetime) -> Done:
    if act.stop_id is None:
        return Done(_("Paused. Your place is not sent meanwhile."))
    stop, _elsewhere = _stop(link, act)
    begin_rest(stop_id=stop.pk, at=act.happened_at, now=now)
    return Done(_("Have a good break."), route_id=stop.route_id, stop_id=stop.pk)


def _resume(link: ShiftLink, act: Act, now: datetime) -> Done:
    if act.stop_id is None:
        return Done(_("On the road again."))
    stop, _elsewhere = _stop(link, act)
    end_rest(stop_id=stop.pk, at=act.happened_at, now=now)
    return Done(_("On the road again."), route_id=stop.route_id, stop_id=stop.pk)


def _finish(link: ShiftLink, act: Act, now: datetime) -> Done:
    route, at = _route(link, act), min(act.happened_at, now)
    left = [stop.row.pk for stop in sheet_of(link.shift).left if stop.row.route_id == route.pk]
    if left and not act.sure:
        raise StopsLeft(len(left))
    end_route(route_id=route.pk, actor=link.actor, now=at)
    return Done(_("This trip is over. Thank you."), route_id=route.pk)


# At the door


def _arrive(link: ShiftLink, act: Act, now: datetime) -> Done:
    stop, elsewhere = _stop(link, act)
    arrive(stop_id=stop.pk, at=act.happened_at, actor=link.actor, now=now)
    return _told(stop, elsewhere, _("Noted: you are at the door."))


def settle(link: ShiftLink, act: Act, now: datetime) -> Done:
    """Note what came of a stop, with its photos and its signature. Outside a transaction: files come first.

    Said again, the first answer stands, so an act that was noted nowhere may simply come once more.
    """
    stop, elsewhere = _stop(link, act)
    if act.handover is None or stop.delivery is None:
        raise NotYourStop
    if act.handover.outcome in SERVED:
        require_checks(stop.delivery.requirements, act.checks)
    before = Attempt.objects.filter(stop=stop).exists()
    report_stop(
        stop_id=stop.pk,
        handover=act.handover,
        photos=act.photos,
        signature=act.signature,
        actor=link.actor,
        now=now,
    )
    if before:
        return _told(stop, elsewhere, _("That was noted already."))
    return _told(stop, elsewhere, str(SETTLED[act.kind]))


SETTLED: Final[dict[str, Promise]] = {
    Kind.HAND_OVER: gettext_lazy("Handed over."),
    Kind.COLLECT: gettext_lazy("Collected."),
    Kind.NOT_POSSIBLE: gettext_lazy("Noted. The customer is told."),
    Kind.REFUSE: gettext_lazy("Noted: it goes back to the depot. The customer is told."),
}


def _told(stop: Stop, elsewhere: bool, sentence: str) -> Done:
    if not elsewhere:
        return Done(sentence, route_id=stop.route_id, stop_id=stop.pk)
    more = _("Your dispatcher had given this stop to another vehicle. What you did counts; they are told.")
    return Done(f"{sentence} {more}", Aside.ELSEWHERE, stop.route_id, stop.pk)


def _stop(link: ShiftLink, act: Act) -> tuple[Stop, bool]:
    """Return the stop that an act is about, and whether another vehicle has it by now.

    A driver's word counts more than the plan: a stop that was on this sheet and was moved since is taken as
    it stands now. Raises NotYourStop for any other.
    """
    stop = Stop.objects.select_related("route", "delivery").filter(pk=act.stop_id or 0).first()
    if stop is None:
        raise NotYourStop
    mine = stop.route.shift_id == link.shift_id
    if not mine and not was_on_sheet(link, stop.pk, act.seal):
        raise NotYourStop
    if stop.state != Stop.State.BOOKED and stop.delivery is not None:
        same_day = Stop.objects.booked().filter(
            route__shift__plan_id=link.shift.plan_id, delivery=stop.delivery
        )
        stop = same_day.select_related("route", "delivery").first() or stop
    return stop, stop.route.shift_id != link.shift_id


def _route(link: ShiftLink, act: Act) -> Route:
    route = Route.objects.filter(pk=act.route_id or 0, shift_id=link.shift_id).first()
    if route is None:
        raise NotYourStop
    return route


DOING: Final[dict[str, Callable[[ShiftLink, Act, datetime], Done]]] = {
    Kind.SCAN: _scan,
    Kind.START: _start,
    Kind.ARRIVE: _arrive,
    Kind.LATE: _late,
    Kind.PAUSE: _pause,
    Kind.RESUME: _resume,
    Kind.FINISH: _finish,
}
