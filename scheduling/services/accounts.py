"""When a day is over its grams are shared among the stops that were visited, once and for all."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from scheduling import events
from scheduling.editor import PlanEditor
from scheduling.models import CarbonAccount, CarbonShare, DayPlan, Route, VehicleClass
from scheduling.routing import problem
from scheduling.routing.carbon import (
    ACCOUNT_METHOD,
    DRIVEN_METHOD,
    VISITED_METHOD,
    grams,
    share_by_distance,
)
from scheduling.selectors.carbon import distance_from_depot_m, distance_to_m, last_end_of
from scheduling.selectors.tracks import driven_m, fixes_of, legs_m, place_of, visited_on
from scheduling.services.changes import one_change
from scheduling.services.plans import edit

LATEST: Final = timedelta(hours=12)
"""So long after the last shift a vehicle that is still out is waited for."""


@one_change
def close_account(*, plan_id: int, now: datetime) -> int:
    """Share the grams of each route of a day that is over among its stops; return how many stops got some.

    Metres are those along the vehicle's positions where there are enough, else those between what it visited,
    in the order in which it did. Where nobody told of a day at all, they are those of its routes as planned
    last. A day that is not over, of which a vehicle is still out, or that was accounted for before, stays as
    it is.
    """
    editor = edit(DayPlan.objects.lock({plan_id}).values(), now=now)[plan_id]
    editor.save()
    plan, ended_at = editor.row, last_end_of(plan_id=plan_id)
    if plan.accounted_at is not None or ended_at is None or now < ended_at:
        return 0
    if now < ended_at + LATEST and _routes(plan).filter(state=Route.State.STARTED).exists():
        return 0
    driven = list(_driven(editor))
    shares = [share for each in driven for share in _keep(each)]
    plan.accounted_at = now
    plan.save(update_fields=["accounted_at"])
    methods = sorted({each.method for each in driven}) or [ACCOUNT_METHOD]
    said = _said(plan, stops=len(shares), method=", ".join(methods))
    events.record("plan.accounted", actor="clock", now=now, data=said)
    return len(shares)


def _said(plan: DayPlan, *, stops: int, method: str) -> dict[str, Any]:
    return {
        "plan": plan.pk,
        "depot": plan.depot.slug,
        "date": str(plan.service_date),
        "method": method,
        "stops": stops,
    }


@dataclass(frozen=True, slots=True)
class _Driven:
    """One trip that was driven: its metres, how they are known, and how far its stops are from the depot."""

    route_id: int
    kind: VehicleClass
    metres: int
    method: str
    distances_m: Mapping[int, int]


def _driven(editor: PlanEditor) -> Iterator[_Driven]:
    told = (DayPlan.State.STARTED, DayPlan.State.FINISHED)
    yield from (_as_told(editor) if editor.row.state in told else _as_planned(editor))


def _routes(plan: DayPlan) -> Any:
    found = Route.objects.filter(shift__plan=plan)
    return found.select_related("shift__plan__depot", "shift__vehicle__vehicle_class").order_by("pk")


def _as_planned(editor: PlanEditor) -> Iterator[_Driven]:
    kinds = {route.pk: route.shift.vehicle.vehicle_class for route in _routes(editor.row)}
    for shift in editor.plan.shifts:
        if not shift.used:  # nobody drives for a rest alone
            continue
        for trip in shift.trips:
            if trip.visits:
                metres = sum(leg.metres for leg in trip.legs)
                served = _served(trip, editor.plan.depot)
                yield _Driven(trip.key, kinds[trip.key], metres, ACCOUNT_METHOD, served)


def _served(trip: problem.Trip, depot: problem.Place) -> dict[int, int]:
    """Return the distances of a trip's stops; a place that is only driven through stands for nothing."""
    return {visit.key: distance_from_depot_m(depot, visit) for visit in trip.visits if visit.booked}


def _as_told(editor: PlanEditor) -> Iterator[_Driven]:
    """Each trip that left; who was tried in vain was driven to as well."""
    for route in _routes(editor.row).filter(started_at__isnull=False):
        stops, method = visited_on(route), DRIVEN_METHOD
        metres = None
        if route.finished_at is not None:
            fixes = fixes_of(route)
            metres = driven_m(fixes, left_at=route.started_at, back_at=route.finished_at)
        if metres is None:
            metres, method = legs_m(route, stops), VISITED_METHOD
        depot = editor.plan.depot
        tried = {
            stop.pk: distance_to_m(depot, place_of(stop)) for stop in stops if stop.delivery_id is not None
        }
        yield _Driven(route.pk, route.shift.vehicle.vehicle_class, metres, method, tried)


def _keep(each: _Driven) -> list[CarbonShare]:
    account = CarbonAccount.objects.create(
        route_id=each.route_id,
        metres=each.metres,
        grams=grams(each.metres, each.kind.grams_per_km),
        stops=len(each.distances_m),
        grams_per_km=each.kind.grams_per_km,
        factor_source=each.kind.factor_source,
        factor_year=each.kind.factor_year,
        boundary=each.kind.boundary,
        method=each.method,
    )
    shared = share_by_distance(account.grams, each.distances_m) if each.distances_m else {}
    return CarbonShare.objects.bulk_create(
        CarbonShare(account=account, stop_id=key, distance_m=each.distances_m[key], grams=share)
        for key, share in shared.items()
    )
