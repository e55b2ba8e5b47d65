"""A day on the road in words. Pure: a board in, sentences out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.operations.drawing import colour
from portal.operations.words import clock_time, km

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from scheduling.selectors.dispatch import (
        DispatchBoard,
        DispatchRoute,
        DispatchStop,
        ExceptionSeen,
        Promises,
    )

TIGHT_S = 15 * 60


@dataclass(frozen=True, slots=True)
class Way:
    """A way out of something: where it leads, in words."""

    url: str
    label: str


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    """One thing that needs somebody."""

    pk: int
    when: str
    tone: str
    what: str
    where: str
    why: str
    who: str
    ways: list[Way]
    route_url: str
    history_of: str
    acknowledge: bool
    settle: bool


@dataclass(frozen=True, slots=True)
class StopRow:
    """One stop of a route."""

    key: int
    number: str
    address: str
    for_whom: str
    history_of: str
    promised: str
    when: str
    state: str
    tone: str
    note: str
    move_url: str
    free: bool


@dataclass(frozen=True, slots=True)
class RouteRow:
    """One route: its heading, one line about it, its stops."""

    key: int
    name: str
    state: str
    tone: str
    facts: str
    crew: str
    margin: str
    margin_tone: str
    progress: str
    url: str
    colour: int
    stops: list[StopRow]
    next: str


def headline(board: DispatchBoard) -> str:
    """3 promises need you."""
    count = len(board.exceptions)
    if not count:
        return _("Nothing needs you")
    return ngettext("%(count)d thing needs you", "%(count)d things need you", count) % {"count": count}


def promises(of: Promises) -> str:
    """Of 142 promises 97 are kept, 0 broken, 45 to come."""
    facts = {"made": of.made, "kept": of.kept, "broken": of.broken, "left": of.to_come}
    return _("Of %(made)d promises %(kept)d are kept, %(broken)d broken, %(left)d to come.") % facts


def minutes(left: int) -> str:
    """11 -> 11 min, 80 -> 1 h 20 min, -5 -> 5 min ago."""
    hours, rest = divmod(abs(left), 60)
    size = _("%(hours)d h %(minutes)d min") if hours else _("%(minutes)d min")
    words = size % {"hours": hours, "minutes": rest}
    return words if left >= 0 else _("%(time)s ago") % {"time": words}


def exception_row(of: ExceptionSeen, *, depot: str, names: Mapping[str, str], writes: bool) -> ExceptionRow:
    """One exception with its ways out."""
    return ExceptionRow(
        pk=of.pk,
        when=minutes(of.minutes),
        tone="bad" if of.minutes < 0 else "warn" if of.minutes < 60 else "",
        what=capfirst(of.kind_name),
        where=_subject(of),
        why=_why(of),
        who=_who(of, names),
        ways=_ways(of, depot) if writes else [],
        route_url=reverse("operations:dispatch-route", args=[depot, of.route.key])
        if writes and of.route
        else "",
        history_of=of.stop.ref if of.stop else "",
        acknowledge=writes and not of.acknowledged_by,
        settle=writes and of.kind in {"missed", "came_back", "message_failed"},
    )


def _subject(of: ExceptionSeen) -> str:
    if of.stop is not None:
        hours = f"{clock_time(of.stop.opens)}–{clock_time(of.stop.closes)}"
        return _("%(place)s, promised %(hours)s") % {"place": place(of.stop), "hours": hours}
    return route_name(of.route) if of.route else ""


def _why(of: ExceptionSeen) -> str:
    stop, route = of.stop, of.route
    vehicle = route_name(route) if route else ""
    if of.kind == "late" and stop and stop.expected:
        return _expected(vehicle, stop.expected, stop.until)
    if of.kind == "missed" and stop:
        return _("%(vehicle)s: %(outcome)s") % {"vehicle": vehicle, "outcome": stop.outcome}
    if of.kind == "silent" and route:
        seen = clock_time(route.seen) if route.seen else ""
        return _("No position since %(time)s") % {"time": seen} if seen else _("No position so far")
    if of.kind == "unassigned":
        return _("%(vehicle)s broke down") % {"vehicle": vehicle}
    return vehicle


def _expected(vehicle: str, at: datetime, until: datetime | None) -> str:
    facts = {"vehicle": vehicle, "time": clock_time(at)}
    if until is None or until <= at:
        return _("%(vehicle)s is expected at %(time)s") % facts
    facts["until"] = clock_time(until)
    return _("%(vehicle)s is expected at %(time)s, perhaps as late as %(until)s") % facts


def _who(of: ExceptionSeen, names: Mapping[str, str]) -> str:
    if of.assigned_to:
        return _("%(name)s has it") % {"name": names.get(of.assigned_to, of.assigned_to)}
    if of.acknowledged_by:
        return _("Seen by %(name)s") % {"name": names.get(of.acknowledged_by, of.acknowledged_by)}
    return ""


def _ways(of: ExceptionSeen, depot: str) -> list[Way]:
    stop, route = of.stop, of.route
    ways = []
    if of.kind == "late" and route is not None:
        url = reverse("operations:dispatch-order", args=[depot, route.key])
        ways.append(Way(url, _("Put in the best order")))
    if of.kind in {"late", "unassigned"} and stop is not None and stop.movable:
        url = reverse("operations:dispatch-stop", args=[depot, stop.key])
        ways.append(Way(url, _("Give to another vehicle")))
    if route is not None and route.driver_phone and of.kind in {"late", "silent"}:
        ways.append(Way(f"tel:{route.driver_phone}", _("Call %(name)s") % {"name": route.driver}))
    return ways


def route_name(of: DispatchRoute) -> str:
    """Van 3, or Van 3, trip 2."""
    return trip_name(of.vehicle, of.trip)


def trip_name(vehicle: str, trip: int) -> str:
    """Van 3, or Van 3, trip 2."""
    return vehicle if trip == 1 else _("%(vehicle)s, trip %(trip)d") % {"vehicle": vehicle, "trip": trip}


def route_row(of: DispatchRoute, index: int, *, depot: str, now: datetime) -> RouteRow:
    """A route's heading and rows; `index` gives it its colour on the map."""
    state, tone = _state(of)
    margin, margin_tone = _margin(of)
    return RouteRow(
        key=of.key,
        name=route_name(of),
        state=state,
        tone=tone,
        facts=_seen(of, now),
        crew=of.driver or _("No driver yet"),
        margin=margin,
        margin_tone=margin_tone,
        progress=_("%(done)d done, %(left)d left") % {"done": of.done, "left": of.left},
        url=reverse("operations:dispatch-route", args=[depot, of.key]),
        colour=colour(index),
        stops=[stop_row(stop, number, depot=depot) for number, stop in _numbered(of.stops)],
        next=_next(of),
    )


def _numbered(stops: tuple[DispatchStop, ...]) -> list[tuple[int, DispatchStop]]:
    number, found = 0, []
    for stop in stops:
        number += stop.served_there
        found.append((number, stop))
    return found


def _state(of: DispatchRoute) -> tuple[str, str]:
    if of.broken:
        return _("broke down at %(time)s") % {"time": clock_time(of.broken)}, "bad"
    if of.state == "started" and of.started:
        return _("out since %(time)s") % {"time": clock_time(of.started)}, "good"
    if of.state == "finished" and of.finished:
        return _("back at %(time)s") % {"time": clock_time(of.finished)}, ""
    return of.state_name, ""


def _seen(of: DispatchRoute, now: datetime) -> str:
    if of.seen is None or of.state != "started":
        return ""
    ago = max(0, int((now - of.seen).total_seconds()) // 60)
    return _("seen %(time)s") % {"time": minutes(-ago)} if ago else _("seen just now")


def _margin(of: DispatchRoute) -> tuple[str, str]:
    if of.margin_s is None:
        return "", ""
    return margin_words(of.margin_s)


def margin_words(margin_s: int) -> tuple[str, str]:
    """12 min to spare, or 3 min late (rounded against us), and how bad that is."""
    if margin_s <= 0:
        return _("%(time)s late") % {"time": minutes(max(1, -(margin_s // 60)))}, "bad"
    tone = "warn" if margin_s < TIGHT_S else ""
    return _("%(time)s to spare") % {"time": minutes(margin_s // 60)}, tone


def _next(of: DispatchRoute) -> str:
    stop = of.next
    if stop is None:
        return ""
    if stop.expected is None:
        return place(stop)
    return _("Next: %(place)s, about %(time)s") % {"place": place(stop), "time": clock_time(stop.expected)}


def stop_row(of: DispatchStop, number: int, *, depot: str) -> StopRow:
    """One row of a route's table."""
    state, tone = _stop_state(of)
    return StopRow(
        key=of.key,
        number=str(number) if of.served_there else "",
        address=place(of),
        for_whom=of.for_whom,
        history_of=of.ref if of.served_there and not of.held else "",
        promised=f"{clock_time(of.opens)}–{clock_time(of.closes)}",
        when=_when(of),
        state=state,
        tone=tone,
        note=_("put here by hand") if of.by_hand else "",
        move_url=reverse("operations:dispatch-stop", args=[depot, of.key]) if of.movable else "",
        free=not of.over and of.arrived is None and of.state in {"booked", "rest"} and not of.alone,
    )


def _when(of: DispatchStop) -> str:
    at = of.done or of.arrived or of.expected
    return clock_time(at) if at else ""


def _stop_state(of: DispatchStop) -> tuple[str, str]:
    if of.over:
        return (of.outcome or _("over")), "bad" if of.failed else "good"
    if of.alone:
        return _("on no route"), "bad"
    if of.arrived:
        return _("at the door"), "good"
    words, tone = margin_words(of.margin_s) if of.margin_s is not None else ("", "")
    return (words, tone) if tone else ("", "")


def place(of: DispatchStop) -> str:
    """Where a stop is: an address, or what the vehicle rests for and where."""
    if not of.rest:
        return ", ".join(filter(None, [of.address, of.unit]))
    facts = {"rest": capfirst(of.rest), "place": of.address}
    return (_("%(rest)s at %(place)s") if of.address else _("%(rest)s at the depot")) % facts


def driving(added_s: int, added_m: int) -> str:
    """2 km and 5 min more driving."""
    facts = {"km": km(abs(added_m)), "time": minutes(-(-abs(added_s) // 60))}
    if added_m > 0 or (added_m == 0 and added_s > 0):
        return _("%(km)s and %(time)s more driving") % facts
    if added_m < 0 or added_s < 0:
        return _("%(km)s and %(time)s less driving") % facts
    return _("no more driving")


def late_words(before: int, after: int) -> str:
    """How many promises are late as it is, and would be."""
    if before == after:
        return ""
    return _("%(after)d too late instead of %(before)d.") % {"before": before, "after": after}


def drawn(board: DispatchBoard) -> str:
    """The routes as map-routes.js draws them: what is over filled, and vehicles where they were last seen."""
    depot = {"lat": board.depot_lat, "lon": board.depot_lon, "kind": "depot", "label": ""}
    routes = [
        {
            "key": route.key,
            "label": route.vehicle,
            "colour": colour(index),
            "points": [depot, *(_point(stop) for stop in route.stops), depot],
            "van": {"lat": route.seen_at[0], "lon": route.seen_at[1], "label": route.vehicle}
            if route.seen_at and route.state == "started"
            else None,
        }
        for index, route in enumerate(board.routes)
    ]
    return json.dumps(routes)


def _point(of: DispatchStop) -> dict[str, object]:
    kind = "rest" if of.rest else "over" if of.over else "booked"
    return {"lat": of.lat, "lon": of.lon, "kind": kind, "label": place(of)}
