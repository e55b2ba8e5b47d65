"""Exact numbers as a planner reads them. Pure: a board in, sentences out."""

from dataclasses import dataclass
from datetime import date, datetime

from django.utils.formats import date_format, number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.door import left_words, minutes_more
from portal.operations.drawing import colour
from scheduling.promises import KeptRates
from scheduling.selectors.board import Board, BoardDay, Places
from scheduling.selectors.board_routes import BoardRoute, BoardStop
from scheduling.selectors.plans import ImprovementSeen
from scheduling.selectors.shopper import ACCOUNT_METHOD, DRIVEN_METHOD, VISITED_METHOD


@dataclass(frozen=True, slots=True)
class StopRow:
    """One row of a route's table."""

    number: str
    address: str
    for_whom: str
    history_of: str
    photo_of: str
    promised: str
    arrives: str
    metres: str
    minutes: str
    load: str
    grams: str
    held: str
    door: list[str]


@dataclass(frozen=True, slots=True)
class RouteTable:
    """One route: its heading, one line about it, its stops. `key` stays its own while its stops change.

    `sheet_url` is the page of its stops to print, "" for who may not see it.
    """

    key: int
    name: str
    kind: str
    facts: str
    carbon: str
    load_percent: int
    load: str
    held: int
    count: int
    stops: list[StopRow]
    colour: int
    sheet_url: str = ""


@dataclass(frozen=True, slots=True)
class StripDay:
    """One day of the strip, as components/days.html shows it."""

    date: date
    weekday: str
    number: int
    month: str
    note: str
    url: str
    open: bool
    has_room: bool


@dataclass(frozen=True, slots=True)
class ImproveLine:
    """What a board says of better routes.

    `ask_url` is where its button asks for them, "" where there is none; `runs_url` leads to all runs, if any.
    """

    looking: bool
    latest: str
    ask_url: str
    runs_url: str


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run of the solver as a row."""

    started: str
    day: str
    took: str
    asked_by: str
    stops: int
    version: int
    driving: str
    outcome: str
    taken: bool


def title(day: date) -> str:
    """Tuesday 24 November."""
    return date_format(day, "l j F")


def totals(board: Board) -> str:
    """68 stops on 6 routes, 163.2 km."""
    stops = ngettext("%(count)d stop", "%(count)d stops", board.stops) % {"count": board.stops}
    count = len(board.routes)
    routes = ngettext("%(count)d route", "%(count)d routes", count) % {"count": count}
    return _("%(stops)s on %(routes)s, %(km)s") % {"stops": stops, "routes": routes, "km": km(board.metres)}


def promises_kept(of: KeptRates) -> str:
    """42 served: 40 in time for the first promise, 41 for the latest; or nothing."""
    if not of.served:
        return ""
    counts = {"served": of.served, "first": of.first, "latest": of.latest}
    sentence = _("%(served)d served: %(first)d in time for the first promise, %(latest)d for the latest.")
    return sentence % counts


def places(of: Places) -> str:
    """68 of 90 places taken. Kept for Kotikolo: 9, until 24 h before a time’s cut-off."""
    taken = ngettext("%(taken)d of %(count)d place taken.", "%(taken)d of %(count)d places taken.", of.a_day)
    kept = _("Kept for %(shop)s: %(count)d, until %(hours)d h before a time’s cut-off.")
    sentences = [taken % {"taken": of.taken, "count": of.a_day}]
    sentences += [kept % {"shop": k.merchant, "count": k.places, "hours": k.until_h} for k in of.kept]
    return " ".join(sentences)


def counting(board: Board) -> str:
    """How the grams on a board came about, and by whose factors."""
    factors = sorted({route.factor for route in board.routes})
    if not factors:
        return ""
    sources = _("Factors: %(sources)s.") % {"sources": "; ".join(factors)}
    return f"{_counted(board)} {sources}"


def _counted(board: Board) -> str:
    if board.accounted is None:
        return _(
            "Grams are planned: a route’s metres times its vehicle’s factor, shared among its stops by their "
            "distance from the depot."
        )
    shared = _("Grams were shared among the stops on %(time)s, by their distance from the depot.")
    by = {route.counted_by for route in board.routes}
    return " ".join([shared % {"time": moment(board.accounted)}, *_metres_from(by)])


def _metres_from(methods: set[str]) -> list[str]:
    """Say where the metres of a day come from, the best first; several ways where routes differ."""
    sentences = {
        DRIVEN_METHOD: _("Metres are those along the vehicles’ own positions."),
        VISITED_METHOD: _(
            "Where there were too few positions, metres are those between the stops as they were visited."
        ),
        ACCOUNT_METHOD: _("Metres are as planned: nobody told where the vehicles really drove."),
    }
    return [sentence for method, sentence in sentences.items() if method in methods]


def strip_day(day: date, there: BoardDay | None, url: str, *, open_: date) -> StripDay:
    """One day of the strip; `open_` is the day that is shown."""
    note = (
        ngettext("%(count)d stop", "%(count)d stops", there.stops) % {"count": there.stops} if there else ""
    )
    return StripDay(
        date=day,
        weekday=date_format(day, "D"),
        number=day.day,
        month=date_format(day, "F"),
        note=note or _("not open"),
        url=url,
        open=day == open_,
        has_room=there is not None,
    )


def route(of: BoardRoute, index: int, *, sheet_url: str = "") -> RouteTable:
    """A route's heading and rows; `index` is its place on the board, which gives it its colour."""
    return RouteTable(
        key=of.key,
        name=of.vehicle
        if of.trip == 1
        else _("%(vehicle)s, trip %(trip)d") % {"vehicle": of.vehicle, "trip": of.trip},
        kind=of.vehicle_class,
        facts=_("%(departs)s–%(returns)s, %(km)s")
        % {"departs": clock_time(of.departs), "returns": clock_time(of.returns), "km": km(of.metres)},
        carbon=_("%(grams)s CO₂e: %(factor)d g a km, %(boundary)s")
        % {"grams": grams(of.grams), "factor": of.grams_per_km, "boundary": of.boundary},
        load_percent=round(100 * of.load_g / of.capacity_g) if of.capacity_g else 0,
        load=_("%(load)s of %(room)s") % {"load": kg(of.load_g), "room": kg(of.capacity_g)},
        held=of.held,
        count=of.served,
        stops=[stop(one) for one in of.stops],
        colour=colour(index),
        sheet_url=sheet_url,
    )


def stop(of: BoardStop) -> StopRow:
    """One row of a route's table."""
    return StopRow(
        number=str(of.number) if of.served else "",
        address=place(of),
        for_whom=_for_whom(of),
        history_of=of.ref if of.served and not of.held_until else "",
        photo_of=of.ref if of.photo else "",
        promised=f"{clock_time(of.opens)}–{clock_time(of.closes)}",
        arrives=clock_time(of.arrives),
        metres=_("%(metres)s m") % {"metres": number_format(of.leg_m, force_grouping=True)},
        minutes=_("%(minutes)d min") % {"minutes": -(-of.leg_s // 60)},
        load="" if of.rest else kg(of.load_g),
        grams=grams(of.grams) if of.served else "",
        held=_("Held until %(time)s") % {"time": clock_time(of.held_until)} if of.held_until else "",
        door=at_door(of) if of.served else [],
    )


def at_door(of: BoardStop) -> list[str]:
    """Return what a driver has to know of the door: where it may be left, how much longer it takes."""
    if of.point:
        return [_("Pickup point")]
    place, more = left_words(of.left_at), minutes_more(of.extra_s)
    found = [fetched(of)] if of.alone_m else []
    where = _("Stands ready: %(place)s") if of.alone_m else _("May be left: %(place)s")
    found += [where % {"place": place}] if place else []
    return found + ([_("Takes %(minutes)s at the door") % {"minutes": more}] if more else [])


def fetched(of: BoardStop) -> str:
    """Say that something is collected there, and what that adds beside a trip of its own."""
    facts = {"added": km(of.added_m), "alone": km(of.alone_m)}
    return _("Collects: adds %(added)s; a trip of its own: %(alone)s") % facts


def place(of: BoardStop) -> str:
    """Where a stop is: an address, or what the vehicle rests for and where."""
    if not of.rest:
        return ", ".join(filter(None, [of.address, of.unit]))
    facts = {"rest": capfirst(of.rest), "place": of.address}
    return (_("%(rest)s at %(place)s") if of.address else _("%(rest)s at the depot")) % facts


def _for_whom(of: BoardStop) -> str:
    if of.rest:
        return _("%(minutes)d min, nobody is served") % {"minutes": of.minutes}
    if not of.served:
        return _("Driven past, not served")
    return " ".join(filter(None, [of.merchant, of.order]))


def kept(board: Board) -> list[str]:
    """A sentence for each place that is kept while somebody decides."""
    sentence = _("%(vehicle)s drives %(metres)s m more for %(address)s, kept until %(time)s.")
    return [
        sentence
        % {
            "vehicle": route.vehicle,
            "metres": number_format(stop.added_m, force_grouping=True),
            "address": stop.address,
            "time": clock_time(stop.held_until),
        }
        for route in board.routes
        for stop in route.stops
        if stop.held_until
    ]


def improve_line(board: Board, today: date, *, ask_url: str, runs_url: str) -> ImproveLine:
    """What a board says of better routes; `today` is the depot's."""
    latest = board.improving.latest
    return ImproveLine(
        looking=board.improving.looking,
        latest=latest_run(latest, today) if latest else "",
        ask_url=ask_url if board.improvable else "",
        runs_url=runs_url if latest else "",
    )


def latest_run(run: ImprovementSeen, today: date) -> str:
    """14:03: better routes taken, 3.2 km less driving (12.4 instead of 15.6 km)."""
    at = clock_time(run.started) if run.started.date() == today else moment(run.started)
    return _("%(time)s: %(news)s") % {"time": at, "news": _news(run)}


def _news(run: ImprovementSeen) -> str:
    if not run.taken:
        return _why_not(run)
    after = number_format((run.after_m or 0) / 1000, decimal_pos=1)
    facts = {"after": after, "before": km(run.before_m or 0), "less": distance(run.saved_m)}
    if run.saved_m > 0:
        return _("better routes taken, %(less)s less driving (%(after)s instead of %(before)s).") % facts
    return _("better routes taken: less time or fewer vans, not less driving (%(after)s km).") % facts


def _why_not(run: ImprovementSeen) -> str:
    if run.outcome == "no_gain":
        return _("looked for better routes; none worth a change.")
    return _("looked for better routes; none taken: %(why)s.") % {"why": run.outcome_name}


def run_row(run: ImprovementSeen) -> RunRow:
    """One run of the solver as a row."""
    return RunRow(
        started=clock_time(run.started),
        day=date_format(run.started, "D j M"),
        took=_("%(seconds)s s") % {"seconds": number_format(run.seconds, decimal_pos=1)}
        if run.seconds is not None
        else "",
        asked_by=_("by itself") if run.actor == "clock" else _("by hand"),
        stops=run.visits,
        version=run.version,
        driving=_driving(run),
        outcome=run.outcome_name,
        taken=run.taken,
    )


def _driving(run: ImprovementSeen) -> str:
    if run.before_m is None:
        return ""
    if run.after_m is None:
        return km(run.before_m)
    return _("%(before)s → %(after)s") % {"before": km(run.before_m), "after": km(run.after_m)}


def distance(metres: int) -> str:
    """840 -> 840 m, 3240 -> 3.2 km."""
    return km(metres) if metres >= 1000 else _("%(metres)s m") % {"metres": number_format(metres)}


def km(metres: int) -> str:
    """163240 -> 163.2 km."""
    return _("%(amount)s km") % {"amount": number_format(metres / 1000, decimal_pos=1)}


def grams(amount_g: int) -> str:
    """12345 -> 12,345 g."""
    return _("%(amount)s g") % {"amount": number_format(amount_g, force_grouping=True)}


def kg(load_g: int) -> str:
    """9000 -> 9 kg."""
    return _("%(amount)s kg") % {"amount": number_format(round(load_g / 1000))}


def clock_time(at: datetime) -> str:
    """A local time: 10:00."""
    return date_format(at, "H:i")


def moment(at: datetime) -> str:
    """Thu 26 Nov · 10:31."""
    return f"{date_format(at, 'D j M')} · {clock_time(at)}"
