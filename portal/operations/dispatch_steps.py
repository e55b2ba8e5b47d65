"""What a change by hand would do, in words, before it is done. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.operations.dispatch_words import driving, minutes, place, route_name, trip_name
from portal.operations.words import clock_time
from scheduling.services.dispatching import names_of_breaks

if TYPE_CHECKING:
    from collections.abc import Collection
    from zoneinfo import ZoneInfo

    from scheduling.models import DayPlan
    from scheduling.routing.by_hand import Break, Placement
    from scheduling.selectors.dispatch import DispatchBoard, DispatchRoute, DispatchStop
    from scheduling.services.dispatching import Proposal


@dataclass(frozen=True, slots=True)
class Step:
    """What can be done to a route: where, its button, and what it means. `bad` is hard to undo."""

    name: str
    url: str
    label: str
    says: str
    bad: bool

    @classmethod
    def of(cls, name: str, url: str) -> Self:
        """Return a step by its name: start, finish or break-down."""
        says = {
            "start": (
                _("The vehicle leaves"),
                _("What it brings is on its way from then on, and its customers are told."),
            ),
            "finish": (
                _("The vehicle is back"),
                _(
                    "Whoever was not reached is told, and may choose a time again: what was for them is back "
                    "at the depot."
                ),
            ),
            "break-down": (
                _("The vehicle broke down"),
                _(
                    "Its stops are on no route then. Promises stay; each stop shows among what needs you, "
                    "with the vehicles that could bring it."
                ),
            ),
        }
        label, sentence = says[name]
        return cls(name, url, label, sentence, name == "break-down")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a change breaks, a sentence for each; `fine` where nothing."""

    fine: bool
    title: str
    lines: list[str]


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One stop in another order: when it would be served, and whether that is too late."""

    key: int
    number: str
    address: str
    promised: str
    at: str
    late: str
    moved: str
    fixed: bool


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """One vehicle that could bring a stop: when, for how much more driving, and what that breaks."""

    route: int
    name: str
    facts: str
    fetch: str
    verdict: Verdict
    seen: list[str]


def stops_by_key(board: DispatchBoard) -> dict[int, DispatchStop]:
    """Return all stops of a board by their keys."""
    on_routes = {stop.key: stop for route in board.routes for stop in route.stops}
    return on_routes | {stop.key: stop for stop in board.alone}


def breaks_words(breaks: Collection[Break], board: DispatchBoard) -> Verdict:
    """Say what a change breaks."""
    stops = stops_by_key(board)
    vehicles = {route.shift_key: route_name(route) for route in board.routes}
    lines = [_break(each, stops, vehicles) for each in breaks]
    if not lines:
        return Verdict(True, _("It breaks nothing"), [])
    count = len(lines)
    title = ngettext("It breaks %(count)d thing", "It breaks %(count)d things", count) % {"count": count}
    return Verdict(False, title, lines)


def _break(of: Break, stops: dict[int, DispatchStop], vehicles: dict[int, str]) -> str:
    if of.kind == "window":
        stop = stops.get(of.key)
        facts = {"time": minutes(max(1, -(-of.by // 60))), "place": place(stop) if stop else ""}
        if stop is not None and stop.rest:
            return _("%(place)s begins %(time)s too late") % facts
        return _("%(place)s is served %(time)s after its promise") % facts
    vehicle = vehicles.get(of.key, "")
    sentences = {
        "load": _("%(vehicle)s carries more than it may"),
        "shift": _("%(vehicle)s is back %(time)s after its shift"),
        "range": _("%(vehicle)s drives further than its battery reaches"),
        "skills": _("%(vehicle)s lacks what a delivery requires"),
        "access": _("%(vehicle)s may not stop at one of its doors then"),
    }
    return sentences[of.kind] % {"vehicle": vehicle, "time": minutes(max(1, -(-of.by // 60)))}


def order_rows(of: Proposal, route: DispatchRoute, zone: ZoneInfo) -> list[OrderRow]:
    """The stops of a route in the order proposed."""
    stops = {stop.key: stop for stop in route.stops}
    before = [stop.key for stop in route.stops]
    rows, number = [], 0
    for at, key in enumerate(of.order):
        stop = stops[key]
        number += stop.served_there
        starts = of.at.get(key)
        rows.append(
            OrderRow(
                key=key,
                number=str(number) if stop.served_there else "",
                address=place(stop),
                promised=f"{clock_time(stop.opens)}–{clock_time(stop.closes)}",
                at=clock_time(starts.astimezone(zone)) if starts else clock_time(stop.done or stop.opens),
                late=_("too late") if key in of.late else "",
                moved=_moved(before.index(key), at),
                fixed=stop.over or stop.arrived is not None,
            )
        )
    return rows


def _moved(before: int, now: int) -> str:
    if before == now:
        return ""
    count = abs(before - now)
    if now < before:
        return ngettext("%(count)d earlier", "%(count)d earlier", count) % {"count": count}
    return ngettext("%(count)d later", "%(count)d later", count) % {"count": count}


def placement_rows(places: Collection[Placement], board: DispatchBoard, *, day: DayPlan) -> list[PlaceRow]:
    """The vehicles that could bring a stop, the best first."""
    return [
        PlaceRow(
            route=each.trip_key,
            name=trip_name(*board.vehicles[each.trip_key]),
            facts=_("Served about %(time)s, %(driving)s.")
            % {
                "time": clock_time(board.local(day, each.starts_s)),
                "driving": driving(each.added_s, each.added_m),
            },
            fetch=_("It is out already: the goods must be brought to it.") if each.has_left else "",
            verdict=breaks_words(each.breaks, board),
            seen=sorted(names_of_breaks(each.breaks)),
        )
        for each in places
    ]
