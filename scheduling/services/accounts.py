"""When a day is over its grams are shared among the stops that were served, once and for all."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from scheduling import events
from scheduling.editor import PlanEditor
from scheduling.models import CarbonAccount, CarbonShare, DayPlan, Shift
from scheduling.routing import problem
from scheduling.routing.carbon import ACCOUNT_METHOD, grams, share_by_distance
from scheduling.selectors.carbon import distance_from_depot_m, last_end_of
from scheduling.services.changes import one_change
from scheduling.services.plans import edit


@one_change
def close_account(*, plan_id: int, now: datetime) -> int:
    """Share the grams of each route of a day that is over among its stops; return how many stops got some.

    Metres are those of the routes as they were planned last: where vans really drove is not known. A day that
    is not over, or that was accounted for before, stays as it is.
    """
    editor = edit(DayPlan.objects.lock({plan_id}).values(), now=now)[plan_id]
    editor.save()
    plan, ended_at = editor.row, last_end_of(plan_id=plan_id)
    if plan.accounted_at is not None or ended_at is None or now < ended_at:
        return 0
    shares = [share for account, stops in _accounts(editor) for share in _keep(account, stops)]
    plan.accounted_at = now
    plan.save(update_fields=["accounted_at"])
    events.record("plan.accounted", actor="clock", now=now, data=_said(plan, stops=len(shares)))
    return len(shares)


def _said(plan: DayPlan, *, stops: int) -> dict[str, Any]:
    return {
        "plan": plan.pk,
        "depot": plan.depot.slug,
        "date": str(plan.service_date),
        "method": ACCOUNT_METHOD,
        "stops": stops,
    }


def _accounts(editor: PlanEditor) -> Iterator[tuple[CarbonAccount, dict[int, int]]]:
    """Each trip that was driven, unsaved, and the distances of the stops that it served."""
    shifts = Shift.objects.filter(plan_id=editor.row.pk).select_related("vehicle__vehicle_class")
    kinds = {shift.pk: shift.vehicle.vehicle_class for shift in shifts}
    for shift in editor.plan.shifts:
        if not shift.used:  # nobody drives for a rest alone
            continue
        kind = kinds[shift.vehicle.key]
        for trip in shift.trips:
            if not trip.visits:
                continue
            metres, served = sum(leg.metres for leg in trip.legs), _served(trip, editor.plan.depot)
            yield (
                CarbonAccount(
                    route_id=trip.key,
                    metres=metres,
                    grams=grams(metres, kind.grams_per_km),
                    stops=len(served),
                    grams_per_km=kind.grams_per_km,
                    factor_source=kind.factor_source,
                    factor_year=kind.factor_year,
                    boundary=kind.boundary,
                    method=ACCOUNT_METHOD,
                ),
                served,
            )


def _served(trip: problem.Trip, depot: problem.Place) -> dict[int, int]:
    """Return the distances of a trip's stops; a place that is only driven through stands for nothing."""
    return {visit.key: distance_from_depot_m(depot, visit) for visit in trip.visits if visit.booked}


def _keep(account: CarbonAccount, distances_m: dict[int, int]) -> list[CarbonShare]:
    account.save()
    shared = share_by_distance(account.grams, distances_m) if distances_m else {}
    return CarbonShare.objects.bulk_create(
        CarbonShare(account=account, stop_id=key, distance_m=distances_m[key], grams=share)
        for key, share in shared.items()
    )
