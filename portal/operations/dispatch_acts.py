"""What a dispatcher does to a route or a stop: what it would break is shown, a second press does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.http import redirect_page, render_page
from portal.operations import dispatch_words, words
from portal.operations.dispatch_steps import Step, breaks_words, order_rows, placement_rows
from portal.operations.manifest import require_dispatch
from portal.staff import actor_of, require_operations
from scheduling import clock
from scheduling.errors import BreaksMore, DomainError
from scheduling.selectors.dispatch import dispatch_of, drivers_of, first_route_of, route_at, shift_at, stop_at
from scheduling.services.coming_back import end_route
from scheduling.services.crews import assign_driver, assign_vehicle, propose_vehicle, vehicles_for
from scheduling.services.days import start_route
from scheduling.services.dispatching import (
    break_down,
    places_for,
    propose_order,
    reassign_stop,
    reorder_route,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from scheduling.models import Depot, Route, Shift, Stop

ROUTE, STOP = "operations/dispatch/route.html", "operations/dispatch/stop.html"
CONFIRM, ORDER = "operations/dispatch/confirm.html", "operations/dispatch/order.html"
MOST_STOPS = 500


@require_safe
@require_operations
def route(request: HttpRequest, depot: Depot, route: int) -> HttpResponse:
    """Show one route: its stops as they were and are expected, its crew, and what can be done."""
    require_dispatch(request, depot)
    return _route_page(request, depot, _route(depot, route), now=clock.now())


def _route(depot: Depot, route_id: int) -> Route:
    found = route_at(depot=depot, route_id=route_id)
    if found is None:
        raise Http404
    return found


def _route_page(
    request: HttpRequest,
    depot: Depot,
    found: Route,
    *,
    now: datetime,
    refused: str = "",
    status: int = 200,
) -> HttpResponse:
    plan = found.shift.plan
    board = dispatch_of(depot=depot, day=plan.service_date, now=now)
    seen = next(
        ((at, one) for at, one in enumerate(board.routes if board else ()) if one.key == found.pk), None
    )
    if seen is None:
        return redirect_page(request, "operations:dispatch-day", depot.slug, plan.service_date.isoformat())
    row = dispatch_words.route_row(seen[1], seen[0], depot=depot.slug, now=now.astimezone(depot.zone))
    context = {
        "depot": depot,
        "title": words.title(plan.service_date),
        "route": row,
        "refused": refused,
        "steps": _steps(depot, found),
        "crew": _crew(depot, found.shift, free=found.started_at is None),
        "order_url": reverse("operations:dispatch-order", args=[depot.slug, found.pk]),
        "orderable": sum(stop.free for stop in row.stops) > 1 and _is_open(found),
        "sheet_url": reverse(
            "operations:manifest", args=[depot.slug, plan.service_date.isoformat(), found.pk]
        ),
        "back_url": reverse("operations:dispatch-day", args=[depot.slug, plan.service_date.isoformat()]),
        "brand_note": words.moment(now.astimezone(depot.zone)),
    }
    return render_page(request, ROUTE, context=context, status=status)


def _is_open(found: Route) -> bool:
    return found.finished_at is None and found.broke_down_at is None


def _steps(depot: Depot, found: Route) -> list[Step]:
    """What can be done to a route in its state; the first is what usually comes next."""
    names = {"loaded": ["start"], "started": ["finish", "break-down"]}.get(found.state, [])
    if found.broke_down_at is not None:
        names = ["finish"]
    return [
        Step.of(name, reverse("operations:dispatch-act", args=[depot.slug, found.pk, name])) for name in names
    ]


def _crew(depot: Depot, shift: Shift, *, free: bool) -> dict[str, Any]:
    return {
        "url": reverse("operations:dispatch-crew", args=[depot.slug, shift.pk]),
        "drivers": drivers_of(depot),
        "driver": shift.driver_id,
        "vehicles": vehicles_for(shift) if free else [],
        "vehicle": shift.vehicle,
        "by_hand": bool(shift.assigned_by),
    }


ROUTE_ACTS: dict[str, Callable[..., object]] = {
    "start": start_route,
    "finish": end_route,
    "break-down": break_down,
}


@require_http_methods(["GET", "HEAD", "POST"])
@require_operations
def act(request: HttpRequest, depot: Depot, route: int, act: str) -> HttpResponse:
    """Say what an act means for a route, and do it by a second press."""
    require_dispatch(request, depot)
    now, found = clock.now(), _route(depot, route)
    if act not in ROUTE_ACTS:
        raise Http404
    if request.method != "POST":
        return _confirm(request, depot, found, act, now=now)
    try:
        ROUTE_ACTS[act](route_id=found.pk, actor=actor_of(request), now=now)
    except DomainError as error:
        found = _route(depot, route)
        return _route_page(request, depot, found, now=now, refused=str(error), status=409)
    return redirect_page(request, "operations:dispatch-route", depot.slug, found.pk)


def _confirm(request: HttpRequest, depot: Depot, found: Route, name: str, *, now: datetime) -> HttpResponse:
    day = found.shift.plan.service_date
    board = dispatch_of(depot=depot, day=day, now=now)
    seen = next((one for one in (board.routes if board else ()) if one.key == found.pk), None)
    left = [stop for stop in (seen.stops if seen else ()) if stop.served_there and not stop.over]
    context = {
        "depot": depot,
        "title": words.title(day),
        "step": Step.of(name, request.path),
        "vehicle": dispatch_words.route_name(seen) if seen else found.shift.vehicle.name,
        "left": [dispatch_words.place(stop) for stop in left],
        "back_url": reverse("operations:dispatch-route", args=[depot.slug, found.pk]),
        "brand_note": words.moment(now.astimezone(depot.zone)),
    }
    return render_page(request, CONFIRM, context=context)


@require_http_methods(["GET", "HEAD", "POST"])
@require_operations
def order(request: HttpRequest, depot: Depot, route: int) -> HttpResponse:
    """Show what another order would break, the best or one's own; a second press gives it to the driver."""
    require_dispatch(request, depot)
    now, found = clock.now(), _route(depot, route)
    if request.method != "POST":
        return _order_page(request, depot, found, _wanted(request), now=now)
    wanted = _numbers(request.POST.getlist("stop"))
    try:
        reorder_route(
            route_id=found.pk,
            order=wanted,
            seen=request.POST.getlist("seen"),
            actor=actor_of(request),
            now=now,
            by="solver" if request.POST.get("by") == "solver" else "hand",
        )
    except BreaksMore as error:
        return _order_page(request, depot, found, wanted, now=now, refused=str(error), status=409)
    except DomainError as error:
        return _route_page(request, depot, found, now=now, refused=str(error), status=409)
    return redirect_page(request, "operations:dispatch-route", depot.slug, found.pk)


def _wanted(request: HttpRequest) -> list[int] | None:
    """Return the stops in the order of the numbers given to them; None where the best order is wanted."""
    keys = _numbers(request.GET.getlist("stop"))
    places = request.GET.getlist("place")
    if not keys or len(keys) != len(places):
        return None
    ranked = sorted(zip(_ranks(places), range(len(keys)), keys, strict=True))
    return [key for _rank, _at, key in ranked]


def _ranks(places: list[str]) -> list[float]:
    """Return numbers as typed; what is none stays behind."""
    return [float(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 1e9 for text in places]


def _numbers(texts: list[str]) -> list[int]:
    good = (text for text in texts[:MOST_STOPS] if text.isascii() and text.isdecimal() and len(text) < 19)
    return [int(text) for text in good]


def _order_page(
    request: HttpRequest,
    depot: Depot,
    found: Route,
    wanted: list[int] | None,
    *,
    now: datetime,
    refused: str = "",
    status: int = 200,
) -> HttpResponse:
    day = found.shift.plan.service_date
    board = dispatch_of(depot=depot, day=day, now=now)
    seen = next((one for one in (board.routes if board else ()) if one.key == found.pk), None)
    if board is None or seen is None or not _is_open(found):
        return redirect_page(request, "operations:dispatch-route", depot.slug, found.pk)
    proposal = propose_order(route=found, wanted=wanted, now=now)
    context = {
        "depot": depot,
        "title": words.title(day),
        "vehicle": dispatch_words.route_name(seen),
        "refused": refused,
        "by": "hand" if wanted else "solver",
        "rows": order_rows(proposal, seen, depot.zone),
        "same": list(proposal.order) == [stop.key for stop in seen.stops],
        "verdict": breaks_words(proposal.breaks, board),
        "saves": dispatch_words.driving(proposal.added_s, proposal.added_m),
        "late": dispatch_words.late_words(len(proposal.late_before), len(proposal.late)),
        "seen": sorted(proposal.seen),
        "order": proposal.order,
        "back_url": reverse("operations:dispatch-route", args=[depot.slug, found.pk]),
        "brand_note": words.moment(now.astimezone(depot.zone)),
    }
    return render_page(request, ORDER, context=context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@require_operations
def stop(request: HttpRequest, depot: Depot, stop: int) -> HttpResponse:
    """Show which vehicles could bring a stop instead, and what that would break; a second press does it."""
    require_dispatch(request, depot)
    now, found = clock.now(), stop_at(depot=depot, stop_id=stop)
    if found is None:
        raise Http404
    if request.method != "POST":
        return _stop_page(request, depot, found, now=now)
    target = next(iter(_numbers(request.POST.getlist("route"))), 0)
    if route_at(depot=depot, route_id=target) is None:
        raise Http404
    try:
        reassign_stop(
            stop_id=found.pk,
            route_id=target,
            seen=request.POST.getlist("seen"),
            actor=actor_of(request),
            now=now,
        )
    except DomainError as error:
        return _stop_page(request, depot, found, now=now, refused=str(error), status=409)
    return redirect_page(request, "operations:dispatch-route", depot.slug, target)


def _stop_page(
    request: HttpRequest, depot: Depot, found: Stop, *, now: datetime, refused: str = "", status: int = 200
) -> HttpResponse:
    day = found.route.shift.plan.service_date
    board = dispatch_of(depot=depot, day=day, now=now)
    every = [*(stop for one in board.routes for stop in one.stops), *board.alone] if board else []
    seen = next((stop for stop in every if stop.key == found.pk), None)
    if board is None or seen is None:
        raise Http404
    places = places_for(stop=found, now=now) if seen.movable else []
    context = {
        "depot": depot,
        "title": words.title(day),
        "stop": dispatch_words.stop_row(seen, 0, depot=depot.slug),
        "now_with": "" if seen.alone else found.route.shift.vehicle.name,
        "expected": words.clock_time(seen.expected) if seen.expected else "",
        "broken": found.route.shift.vehicle.name if seen.alone else "",
        "refused": refused,
        "places": placement_rows(places, board, day=found.route.shift.plan),
        "back_url": reverse("operations:dispatch-day", args=[depot.slug, day.isoformat()]),
        "brand_note": words.moment(now.astimezone(depot.zone)),
    }
    return render_page(request, STOP, context=context, status=status)


@require_POST
@require_operations
def crew(request: HttpRequest, depot: Depot, shift: int) -> HttpResponse:
    """Give a shift its driver, or another vehicle; what that breaks is shown before it is done."""
    now, found = clock.now(), shift_at(depot=depot, shift_id=shift)
    if found is None:
        raise Http404
    on_route = _route(depot, first_route_of(found))
    named: dict[str, Any] = {"depot": depot, "shift_id": shift, "actor": actor_of(request), "now": now}
    vehicle_id = next(iter(_numbers(request.POST.getlist("vehicle"))), 0)
    if vehicle_id and "sure" not in request.POST:
        return _vehicle_page(request, depot, on_route, vehicle_id, now=now)
    try:
        if vehicle_id:
            assign_vehicle(**named, vehicle_id=vehicle_id, seen=request.POST.getlist("seen"))
        else:
            driver_id = next(iter(_numbers(request.POST.getlist("driver"))), None)
            assign_driver(**named, driver_id=driver_id)
    except BreaksMore as error:
        return _vehicle_page(request, depot, on_route, vehicle_id, now=now, refused=str(error), status=409)
    except DomainError as error:
        return _route_page(request, depot, on_route, now=now, refused=str(error), status=409)
    return redirect_page(request, "operations:dispatch-route", depot.slug, on_route.pk)


def _vehicle_page(
    request: HttpRequest,
    depot: Depot,
    found: Route,
    vehicle_id: int,
    *,
    now: datetime,
    refused: str = "",
    status: int = 200,
) -> HttpResponse:
    shift, day = found.shift, found.shift.plan.service_date
    vehicle = next((each for each in vehicles_for(shift) if each.pk == vehicle_id), None)
    board = dispatch_of(depot=depot, day=day, now=now)
    if vehicle is None or board is None:
        sentence = _("That vehicle is not free that day.")
        return _route_page(request, depot, found, now=now, refused=sentence, status=409)
    swap = propose_vehicle(shift=shift, vehicle=vehicle, now=now)
    context = {
        "depot": depot,
        "title": words.title(day),
        "vehicle": shift.vehicle.name,
        "instead": vehicle.name,
        "vehicle_id": vehicle.pk,
        "verdict": breaks_words(swap.breaks, board),
        "seen": sorted(swap.seen),
        "refused": refused,
        "url": reverse("operations:dispatch-crew", args=[depot.slug, shift.pk]),
        "back_url": reverse("operations:dispatch-route", args=[depot.slug, found.pk]),
        "brand_note": words.moment(now.astimezone(depot.zone)),
    }
    return render_page(request, "operations/dispatch/vehicle.html", context=context, status=status)
