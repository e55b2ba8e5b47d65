"""Grams by route and by stop: planned while a day is ahead, accounted for once it is over."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Max

from scheduling.models import CarbonAccount, CarbonShare, DayPlan, Shift, VehicleClass
from scheduling.models.network import distance_m
from scheduling.routing import problem
from scheduling.routing.carbon import grams, share_by_distance

AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class RouteGrams:
    """A trip's grams, what a kilometre counts and by whom, and each stop's share by the stop's id.

    Once they are accounted for, `method` names how, and `metres` are those that count.
    """

    grams: int
    grams_per_km: int
    factor: str
    boundary: str
    by_stop: Mapping[int, int]
    method: str = ""
    metres: int | None = None


def plans_to_account(*, now: datetime) -> list[int]:
    """Return the oldest day plans that are over and not accounted for yet. One query."""
    waiting = DayPlan.objects.filter(accounted_at__isnull=True, origin_at__lte=now)
    over = waiting.annotate(ended_at=Max("shifts__ends_at")).filter(ended_at__lte=now)
    return list(over.order_by("service_date", "depot_id").values_list("pk", flat=True)[:AT_ONCE])


def last_end_of(*, plan_id: int) -> datetime | None:
    """Return when the last shift of a day ends; None if nobody works. One query."""
    found: datetime | None = Shift.objects.filter(plan_id=plan_id).aggregate(last=Max("ends_at"))["last"]
    return found


def distance_from_depot_m(depot: problem.Place, visit: problem.Visit) -> int:
    """Return the straight line from a depot to a visit in whole metres: what grams are shared by."""
    return distance_to_m(depot, visit.place)


def distance_to_m(depot: problem.Place, place: problem.Place) -> int:
    """Return the straight line from a depot to a place in whole metres."""
    return round(distance_m(depot.lat, depot.lon, place.lat, place.lon))


def planned_grams(
    served: Iterable[problem.Visit], depot: problem.Place, kind: VehicleClass, *, metres: int
) -> RouteGrams:
    """Return what a trip of some metres is going to emit, shared as it will be once it is over. No query."""
    whole_g = grams(metres, kind.grams_per_km)
    distances_m = {visit.key: distance_from_depot_m(depot, visit) for visit in served}
    return RouteGrams(
        grams=whole_g,
        grams_per_km=kind.grams_per_km,
        factor=f"{kind.factor_source} ({kind.factor_year})",
        boundary=str(kind.get_boundary_display()),
        by_stop=share_by_distance(whole_g, distances_m) if distances_m else {},
    )


def accounted_grams(plan: DayPlan) -> dict[int, RouteGrams]:
    """Return by trip what a day was accounted for; nothing before it was. Two queries, or none."""
    if plan.accounted_at is None:
        return {}
    accounts = CarbonAccount.objects.filter(route__shift__plan=plan)
    shares: dict[int, dict[int, int]] = {}
    for share in CarbonShare.objects.filter(account__route__shift__plan=plan):
        shares.setdefault(share.account_id, {})[share.stop_id] = share.grams
    return {
        account.route_id: RouteGrams(
            grams=account.grams,
            grams_per_km=account.grams_per_km,
            factor=f"{account.factor_source} ({account.factor_year})",
            boundary=str(account.get_boundary_display()),
            by_stop=shares.get(account.pk, {}),
            method=account.method,
            metres=account.metres,
        )
        for account in accounts
    }
