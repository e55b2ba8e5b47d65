"""From a visit's facts to an answer for every slot: rules first, then the routes, then bands and prices.

Stands beside snapshots: it reads rows and asks the core. It writes nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import takewhile
from typing import Final

from django.utils.functional import Promise as LazyText

from scheduling.access import WHOLE, Part
from scheduling.answers import SlotAnswer
from scheduling.conversion import planned_within, visit_for
from scheduling.errors import OutsideArea
from scheduling.facts import VisitFacts
from scheduling.models import Delivery, Merchant, VehicleClass
from scheduling.routing.carbon import grams
from scheduling.routing.insertion import Reason, Scores, Slots, gap_of, score
from scheduling.routing.neighbours import booked_stops, neighbours
from scheduling.routing.offers import Candidate, options_for, shown_neighbours
from scheduling.routing.tape import Tape, concatenate
from scheduling.set_up import SetUp, set_up_of
from scheduling.slot_rules import DayOfOutlet, days_of, never_left, require_carriable, serving_outlets
from scheduling.snapshots import ROAD, joined_tape

DAYS_SHOWN: Final = 7
SPARE_DAYS: Final = 2  # today, and in the evening tomorrow too, can no longer be chosen
STATUS_OF: Final = {
    Reason.FITS: "access",  # all that a slot lacks is a part in which the vans may stop
    Reason.NO_TIME: "no_time",
    Reason.NO_ROOM: "taken",
    Reason.NO_VEHICLE: "no_time",
    Reason.NO_RANGE: "range",
}


def answers_for(
    *,
    merchant: Merchant,
    facts: VisitFacts,
    now: datetime,
    days: int,
    skip_days: int = 0,
    leaving_out: Delivery | None = None,
    set_up: SetUp | None = None,
) -> list[SlotAnswer]:
    """Return an answer for each slot of so many days, in order of day and time.

    The days begin with the first of which something might still be chosen. What is compared (bands,
    means, prices) is what is returned.

    `leaving_out` is a delivery whose present stop is thought away: it is being moved; `set_up` is the
    merchant's, where it is at hand. Raises OutsideArea if no outlet serves the address, TooLarge if no
    vehicle of theirs could carry it.
    """
    answers: list[SlotAnswer] = []
    booked_plans: set[int] = set()
    set_up = set_up or set_up_of(merchant, now=now)
    outlets, kinds = serving_outlets(set_up, facts), set_up.kinds
    require_carriable(set_up, outlets, facts)
    handed_over = bool(never_left(set_up, outlets, facts, merchant=merchant))
    for outlet in outlets:
        found = days_of(
            outlet,
            facts=facts,
            handed_over=handed_over,
            set_up=set_up,
            now=now,
            days=days + SPARE_DAYS,
            skip_days=skip_days,
            leaving_out=leaving_out,
        )
        scored, booked = _score(found, facts, kinds, leaving_out)
        booked_plans |= booked
        answers += scored
    shown = _first_days(answers, days)
    priced = _priced(shown, kinds, booked_plans, merchant.discount_cap_minor)
    return sorted(priced, key=lambda a: (a.service_date, a.opens_at, a.closes_at, a.key))


def never_left_at(set_up: SetUp, facts: VisitFacts, *, merchant: Merchant) -> str | LazyText:
    """Return why goods of a merchant can't be left outside where they go; "" where they can, or unknown."""
    try:
        return never_left(set_up, serving_outlets(set_up, facts), facts, merchant=merchant)
    except OutsideArea:
        return ""


def _first_days(answers: list[SlotAnswer], count: int) -> list[SlotAnswer]:
    by_day: dict[date, set[str]] = {}
    for answer in answers:
        by_day.setdefault(answer.service_date, set()).add(answer.status)
    over = list(takewhile(lambda day: by_day[day] == {"cutoff"}, sorted(by_day)))
    shown = sorted(by_day)[len(over) :][:count]
    return [answer for answer in answers if answer.service_date in shown]


def _score(
    days: list[DayOfOutlet],
    facts: VisitFacts,
    kinds: Mapping[str, VehicleClass],
    leaving_out: Delivery | None,
) -> tuple[list[SlotAnswer], set[int]]:
    """Score the open slots of an outlet in one pass; return all its answers, and the plans with bookings."""
    asked = [day for day in days if day.snapshot and any(slot.open for slot in day.slots)]
    answers = {slot.key: slot for day in days for slot in day.slots}
    if not asked:
        return list(answers.values()), set()
    tape = _tape_of(asked, leaving_out)
    visit = visit_for(facts)
    windows = [[_seconds(day, slot, visit.service_s) for slot in day.slots] for day in asked]
    slots = Slots.of(windows)
    parts = Parts.of(asked, visit.service_s, width=slots.opens_s.shape[1])
    scores = score(tape, visit, parts.beside(windows) if parts.asked else slots, ROAD)
    near = neighbours(tape, visit.place, visit.household, slots)
    class_of = _classes(asked, kinds)
    for d, day in enumerate(asked):
        for s, slot in enumerate(day.slots):
            if slot.open:
                at = parts.cheapest(scores, d, s)
                answers[slot.key] = _filled(slot, tape, scores, class_of, d, s, at, near=int(near[d, s]))
    booked = booked_stops(tape)
    plans = {day.plan.pk for d, day in enumerate(asked) if day.plan and booked[d]}
    return list(answers.values()), plans


def _tape_of(days: list[DayOfOutlet], leaving_out: Delivery | None) -> Tape:
    snapshots = [day.snapshot for day in days if day.snapshot]
    if leaving_out is None:
        return joined_tape(snapshots)
    own = {snapshot.plan_id: snapshot.stops_of(leaving_out) for snapshot in snapshots}
    if not any(own.values()):
        return joined_tape(snapshots)
    return concatenate(
        [
            snapshot.tape_without(stops) if (stops := own[snapshot.plan_id]) else snapshot.tape
            for snapshot in snapshots
        ]
    )


def _seconds(day: DayOfOutlet, slot: SlotAnswer, service_s: int, part: Part = WHOLE[0]) -> tuple[int, int]:
    """Return a slot as the core counts it; (0, 0) stands for one that is not asked about."""
    if not slot.open or day.plan is None:
        return 0, 0
    return planned_within(
        slot.window, buffer_s=slot.buffer_s, part=part, service_s=service_s, origin_at=day.plan.origin_at
    )


@dataclass(frozen=True, slots=True)
class Parts:
    """What is asked beside the slots as they are: the parts that access rules leave of some of them.

    The slots themselves are asked too: what only they can have, a rule alone takes away. `asked` holds, by
    day and slot, where in the scores the slot's parts are; windows and classes are those of the parts, by
    day and in that order, after `width` slots.
    """

    asked: Mapping[tuple[int, int], Sequence[int]]
    windows: Sequence[Sequence[tuple[int, int]]]
    barred: Sequence[Sequence[frozenset[str]]]
    width: int

    @classmethod
    def of(cls, days: Sequence[DayOfOutlet], service_s: int, *, width: int) -> "Parts":
        asked: dict[tuple[int, int], Sequence[int]] = {}
        windows: list[list[tuple[int, int]]] = [[] for _day in days]
        barred: list[list[frozenset[str]]] = [[] for _day in days]
        for d, day in enumerate(days):
            for s, slot in enumerate(day.slots):
                parts = day.parts[slot.key]
                if slot.open and parts != WHOLE:
                    start = width + len(windows[d])
                    asked[d, s] = range(start, start + len(parts))
                    windows[d] += [_seconds(day, slot, service_s, part) for part in parts]
                    barred[d] += [part.barred for part in parts]
        return cls(asked, windows, barred, width)

    def beside(self, windows: Sequence[Sequence[tuple[int, int]]]) -> Slots:
        """Return the slots with their windows, and the parts after them."""
        both = zip(windows, self.windows, strict=True)
        return Slots.of(
            [[*whole, *[(0, 0)] * (self.width - len(whole)), *parts] for whole, parts in both],
            [[*[frozenset[str]()] * self.width, *keys] for keys in self.barred],
        )

    def cheapest(self, scores: Scores, d: int, s: int) -> int:
        """Return which column of the scores answers for a slot; -1 where no part of it can be served."""
        if (d, s) not in self.asked:
            return s
        served = [(int(scores.cost_s[d, at]), at) for at in self.asked[d, s] if scores.row[d, at] >= 0]
        return min(served, default=(0, -1))[1]


def _classes(days: Iterable[DayOfOutlet], kinds: Mapping[str, VehicleClass]) -> dict[int, VehicleClass]:
    """Return each shift's vehicle class."""
    return {
        shift.vehicle.key: kinds[shift.vehicle.kind.key]
        for day in days
        if day.snapshot
        for shift in day.snapshot.plan.shifts
    }


def _filled(
    slot: SlotAnswer,
    tape: Tape,
    scores: Scores,
    class_of: Mapping[int, VehicleClass],
    d: int,
    s: int,
    at: int,
    *,
    near: int,
) -> SlotAnswer:
    row = int(scores.row[d, at]) if at >= 0 else -1
    counted = {"neighbours": shown_neighbours(near), "exact_neighbours": near}
    if row < 0:
        return slot.but(status=STATUS_OF[Reason(int(scores.reason[d, s]))], **counted)
    kind = class_of[gap_of(tape, row).shift_key]
    metres = int(scores.metres[d, at])
    return slot.but(
        added_m=metres,
        added_s=int(scores.seconds[d, at]),
        exact_grams=grams(metres, kind.grams_per_km),
        vehicle_class=kind.slug,
        boundary=kind.boundary,
        **counted,
    )


def _priced(
    answers: list[SlotAnswer],
    kinds: Mapping[str, VehicleClass],
    booked_plans: Collection[int],
    cap_minor: int,
) -> list[SlotAnswer]:
    """Return the answers with what customers see: bands, grams, prices, what is pointed out."""
    candidates = [_candidate(answer, kinds[answer.vehicle_class]) for answer in answers if answer.open]
    options = options_for(candidates, days_with_bookings=booked_plans, cap_minor=cap_minor)
    shown = {option.key: option for option in options}
    return [
        answer.but(
            price_minor=option.price_minor,
            band_m=option.band_m,
            grams=option.grams,
            mean_band_m=option.mean_band_m,
            mean_grams=option.mean_grams,
            pointed_out=option.pointed_out,
            passing=option.passing,
        )
        if (option := shown.get(answer.key))
        else answer
        for answer in answers
    ]


def _candidate(answer: SlotAnswer, kind: VehicleClass) -> Candidate:
    # "Per day" is per day plan: what is pointed out is measured against the vans that would come.
    return Candidate(
        key=answer.key,
        day=answer.plan_id or 0,
        opens=int(answer.opens_at.timestamp()),
        closes=int(answer.closes_at.timestamp()),
        base_price_minor=answer.base_price_minor,
        metres=answer.added_m,
        grams_per_km=kind.grams_per_km,
        boundary=kind.boundary,
    )
