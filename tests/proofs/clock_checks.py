"""The inside of `clocks`: windows, cut-offs, packing hours and the horizon, compared with the oracle."""

import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import numpy as np
from django.db import transaction

from scheduling import windows
from scheduling.models import SlotPattern
from scheduling.models.network import EVERY_DAY
from scheduling.services.plans import extend_horizon
from scheduling.set_up import read_set_up
from scheduling.slot_rules import days_of
from tests.factories import make_depot, make_merchant, make_outlet, make_vehicle, some_facts
from tests.proofs.wall_clocks import DAY_MINUTES, WallClock

FIRST, DAYS = date(2026, 1, 1), 4 * 365 + 1
HALF_HOURS = range(0, DAY_MINUTES, 30)
Check = tuple[str, object, object]
"""What was looked at, what the house says, and what the oracle says."""


def compare(zones: list[str], seeds: list[int], whole: bool) -> list[dict[str, object]]:
    """Compare zones, on every day or around their changes and on some others; return counts of each."""
    return [_compared(zone, seeds, whole=whole) for zone in zones]


def _compared(zone: str, seeds: list[int], *, whole: bool) -> dict[str, object]:
    clock = WallClock(zone, FIRST, DAYS, step=1 if whole else 60)
    checked, wrong, lengths = 0, [], {}
    for what, ours, theirs in checks(clock, seeds, whole=whole):
        checked += 1
        if what.startswith("length"):
            lengths[what] = f"{theirs / 60:g}"
        if ours != theirs:
            wrong.append(f"{zone}, {what}: {ours}, not {theirs}")
    print(f"  {zone}: {checked:,} comparisons, {len(wrong)} mismatches", file=sys.stderr, flush=True)
    counts = Counter(lengths.values())
    return {"checked": checked, "mismatches": len(wrong), "some": wrong[:2], "lengths": counts}


def checks(clock: WallClock, seeds: list[int], *, whole: bool) -> Iterator[Check]:
    """Every comparison of one zone."""
    changes = clock.changes()
    around = {day + timedelta(days=by) for day in changes for by in (-1, 0, 1)}
    for seed in seeds:
        chance = Random(f"{seed} {clock.zone}")
        some = around | set(chance.sample(list(clock.every_day()), 10))
        for day in clock.every_day() if whole else sorted(some):
            yield from _of_day(clock, day, chance)
        for day in (*changes, *chance.sample(list(clock.every_day()), 4)):
            yield from _of_horizon(clock, day - timedelta(days=1), chance)


def _of_day(clock: WallClock, day: date, chance: Random) -> Iterator[Check]:
    zone = ZoneInfo(clock.zone)
    for minute in (*HALF_HOURS, chance.randrange(DAY_MINUTES)):
        yield f"{day} {_time(minute)}", windows.instant(day, _time(minute), zone), clock.instant(day, minute)
    begins_at, ends_at = windows.midnight(day, zone), windows.midnight(day + windows.DAY, zone)
    yield f"length of {day}", (ends_at - begins_at) // timedelta(minutes=1), clock.minutes_shown(day)
    for minute in HALF_HOURS:
        at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minute)
        yield f"date at {at}", windows.local_date(at, zone), clock.date_at(at)
    for pattern in _some_patterns(chance):
        yield from _of_pattern(clock, day, pattern)
    yield _of_packing(clock, day, chance)


def _some_patterns(chance: Random) -> list[SlotPattern]:
    """Slots at any time of a day, most of them in the hours in which clocks change."""
    found = []
    for last in (4 * 60, DAY_MINUTES - 1):
        opens, closes = sorted(chance.sample(range(last), 2))
        found.append(
            SlotPattern(
                opens=_time(opens),
                closes=_time(closes),
                cutoff_days_before=chance.randint(0, 14),
                cutoff_time=_time(chance.randrange(last)),
            )
        )
    return found


def _of_pattern(clock: WallClock, day: date, pattern: SlotPattern) -> Iterator[Check]:
    zone = ZoneInfo(clock.zone)
    window = pattern.window_on(day, zone)
    opens_at, closes_at = (clock.instant(day, _minute(at)) for at in (pattern.opens, pattern.closes))
    expected = (opens_at, closes_at) if opens_at < closes_at else None
    yield f"slot {pattern} on {day}", (window.opens_at, window.closes_at) if window else None, expected
    cutoff_day = day - timedelta(days=pattern.cutoff_days_before)
    yield (
        f"cut-off of {pattern} on {day}",
        pattern.cutoff_at(day, zone),
        clock.instant(cutoff_day, _minute(pattern.cutoff_time)),
    )


def _of_packing(clock: WallClock, day: date, chance: Random) -> Check:
    """Packing time: the minutes worked from a start on, counted one by one."""
    opens, closes = sorted(chance.sample(HALF_HOURS, 2))
    weekdays = chance.randint(1, EVERY_DAY)
    start = clock.instant(day, chance.randrange(DAY_MINUTES))
    minutes = chance.randint(1, (closes - opens) * 3 // 2)
    worked = np.concatenate(
        [
            np.arange(max(clock.index(start), clock.index(clock.instant(today, opens))), closed)
            for today in (day + timedelta(days=number) for number in range(24))
            if weekdays >> today.weekday() & 1
            for closed in [clock.index(clock.instant(today, closes))]
        ]
    )
    hours = windows.WorkingHours(_time(opens), _time(closes), weekdays, ZoneInfo(clock.zone))
    what = f"{minutes} minutes of {_time(opens)}-{_time(closes)} on {weekdays:b} from {start}"
    return what, hours.after(start, timedelta(minutes=minutes)), clock.at(int(worked[minutes - 1]) + 1)


def _of_horizon(clock: WallClock, day: date, chance: Random) -> Iterator[Check]:
    """The days laid out ahead, their shifts, and the slots of each with their cut-offs."""
    now = clock.instant(day, chance.randrange(DAY_MINUTES))
    with transaction.atomic():
        depot, merchant = make_depot(time_zone=clock.zone), make_merchant()
        make_vehicle(depot, starts=_time(30), ends=_time(22 * 60))
        outlet = make_outlet(merchant, depot, hours=())
        pattern = outlet.slot_patterns.create(
            opens=_time(150), closes=_time(14 * 60), base_price_minor=490, cutoff_days_before=1,
            cutoff_time=_time(chance.randrange(0, DAY_MINUTES, 15)),
        )  # fmt: skip
        extend_horizon(depot=depot, now=now, days=4)
        yield from _of_plans(clock, depot, now)
        set_up = read_set_up(merchant, now=now)
        for found in days_of(outlet, facts=some_facts(), set_up=set_up, now=now, days=4, handed_over=False):
            yield from _of_slots(clock, found, pattern, now)
        transaction.set_rollback(True)


def _of_plans(clock, depot, now) -> Iterator[Check]:
    today = clock.date_at(now)
    plans = list(depot.day_plans.order_by("service_date"))
    expected = [today + timedelta(days=number) for number in range(4)]
    yield f"horizon at {now}", [plan.service_date for plan in plans], expected
    for plan in plans:
        yield f"origin of {plan}", plan.origin_at, clock.instant(plan.service_date, 0)
        for shift in plan.shifts.all():
            hours = clock.instant(plan.service_date, 30), clock.instant(plan.service_date, 22 * 60)
            yield f"shift on {plan}", (shift.starts_at, shift.ends_at), hours


def _of_slots(clock, found, pattern, now) -> Iterator[Check]:
    day = found.service_date
    opens_at = clock.instant(day, 150)
    cutoff_at = clock.instant(day - timedelta(days=1), _minute(pattern.cutoff_time))
    expected = (
        [(opens_at, clock.instant(day, 14 * 60), cutoff_at, now >= cutoff_at)] if now < opens_at else []
    )
    ours = [(slot.opens_at, slot.closes_at, slot.cutoff_at, slot.status == "cutoff") for slot in found.slots]
    yield f"slots of {day} at {now}", ours, expected


def _time(minute: int) -> time:
    return time(*divmod(minute, 60))


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute
