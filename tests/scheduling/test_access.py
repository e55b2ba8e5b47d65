"""Which parts of a window access rules leave to whom: hours on the depot's clocks, service included."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction

from scheduling import windows
from scheduling.access import WHOLE, AccessHours, Part, parts_of
from scheduling.conversion import planned_within
from scheduling.models import AccessRule
from scheduling.models.network import EVERY_DAY
from scheduling.models.slots import access_at
from scheduling.windows import Window
from tests.factories import CENTRE, make_depot, make_vehicle_class

HELSINKI = ZoneInfo("Europe/Helsinki")
TUESDAY, SATURDAY = date(2026, 11, 24), date(2026, 11, 28)
SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)
"""In Helsinki 03:00-04:00 is skipped on the one and comes twice on the other."""
MONDAY_TO_FRIDAY = 0b0011111
MINUTE = timedelta(minutes=1)
VAN, TRUCK, BIKE = "van", "truck", "bike"
KINDS = (VAN, TRUCK, BIKE)


def at(hour: int, minute: int = 0, day: date = TUESDAY, zone: ZoneInfo = HELSINKI) -> datetime:
    return windows.instant(day, time(hour, minute), zone)


def window(opens: int, closes: int, day: date = TUESDAY, zone: ZoneInfo = HELSINKI) -> Window:
    return Window(at(opens, day=day, zone=zone), at(closes, day=day, zone=zone))


def no(*classes: str, starts: int | None, ends: int | None, weekdays: int = EVERY_DAY) -> AccessHours:
    hours = (None if hour is None else time(hour) for hour in (starts, ends))
    return AccessHours(weekdays, *hours, frozenset(classes))


def starts_of(part: Part, promised: Window, service_s: int) -> tuple[datetime, datetime]:
    """Between which instants, the second exclusive, a service in a part may begin."""
    origin = datetime(2026, 1, 1, tzinfo=UTC)
    opens_s, closes_s = planned_within(promised, buffer_s=0, part=part, service_s=service_s, origin_at=origin)
    return origin + timedelta(seconds=opens_s), origin + timedelta(seconds=closes_s)


# Parts


def test_without_hours_that_meet_it_a_window_is_whole():
    assert parts_of([], window(8, 10), HELSINKI) == WHOLE
    assert parts_of([no(VAN, starts=8, ends=9)], window(10, 12), HELSINKI) == WHOLE
    school = no(VAN, starts=8, ends=9, weekdays=MONDAY_TO_FRIDAY)
    assert parts_of([school], window(8, 10, SATURDAY), HELSINKI) == WHOLE


def test_who_is_barred_comes_afterwards_and_who_is_not_at_any_time():
    parts = parts_of([no(VAN, starts=8, ends=9)], window(8, 10), HELSINKI)

    assert parts == (Part(at(9), None), Part(None, None, frozenset({VAN})))


def test_hours_in_the_middle_leave_a_part_before_and_one_after():
    parts = parts_of([no(VAN, starts=9, ends=10)], window(8, 12), HELSINKI)

    assert parts == (Part(None, at(9)), Part(at(10), None), Part(None, None, frozenset({VAN})))


def test_a_window_within_the_hours_is_left_to_the_others_alone():
    parts = parts_of([no(VAN, TRUCK, starts=None, ends=None)], window(8, 10), HELSINKI)

    assert parts == (Part(None, None, frozenset({VAN, TRUCK})),)


def test_service_is_done_when_the_hours_begin():
    (before, *_rest) = parts_of([no(VAN, starts=9, ends=10)], window(8, 10), HELSINKI)

    assert starts_of(before, window(8, 10), 600) == (at(8), at(8, 50) + timedelta(seconds=1))
    assert starts_of(before, window(8, 10), 0) == (at(8), at(9))
    assert starts_of(before, window(8, 10), 3601)[1] <= at(8)


def test_hours_that_begin_after_the_window_count_for_who_is_still_there():
    parts = parts_of([no(VAN, starts=10, ends=11)], window(8, 10), HELSINKI)

    assert parts[0] == Part(None, at(10))
    assert starts_of(parts[0], window(8, 10), 600)[1] == at(9, 50) + timedelta(seconds=1)


def meets(hours: AccessHours, begun: datetime, minutes: int, zone: ZoneInfo) -> bool:
    """Whether clocks show one of the hours at any minute of a service, looked at one by one."""
    for minute in range(max(1, minutes)):
        shown = (begun + minute * MINUTE).astimezone(zone)
        begins, ends = hours.starts or time(0), hours.ends or time.max
        if hours.weekdays >> shown.weekday() & 1 and begins <= shown.time().replace(fold=0) < ends:
            return True
    return False


def random_hours(random: Random) -> AccessHours:
    first, last = sorted(random.sample(range(24 * 4), 2))
    starts, ends = (time(quarter // 4, quarter % 4 * 15) for quarter in (first, last))
    return AccessHours(
        random.choice([EVERY_DAY, MONDAY_TO_FRIDAY, random.randint(1, EVERY_DAY)]),
        random.choice([starts, starts, None]),
        random.choice([ends, ends, None]),
        frozenset(random.sample(KINDS, random.randint(1, 3))),
    )


@pytest.mark.parametrize("seed", range(4))
def test_a_class_may_begin_where_looking_at_every_minute_says_so(seed):
    random = Random(seed)
    for _ in range(8):
        rules = [random_hours(random) for _rule in range(random.randint(1, 4))]
        opens, closes = sorted(random.sample(range(5, 24), 2))
        day, minutes = TUESDAY + timedelta(days=random.randrange(7)), random.choice([0, 1, 3, 40, 119])
        asked = window(opens, closes, day)
        parts = parts_of(rules, asked, HELSINKI)
        spans = [(starts_of(part, asked, 60 * minutes), part.barred) for part in parts]
        for kind in KINDS:
            for minute in range((asked.closes_at - asked.opens_at) // MINUTE):
                begun = asked.opens_at + minute * MINUTE
                allowed = any(lo <= begun < hi and kind not in barred for (lo, hi), barred in spans)
                expected = not any(
                    kind in rule.classes and meets(rule, begun, minutes, HELSINKI) for rule in rules
                )
                assert allowed == expected, (rules, asked, kind, begun)


# Clock changes


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_on_the_day_of_a_change_the_hours_of_the_day_are_as_ever(day):
    parts = parts_of([no(VAN, starts=8, ends=9)], window(8, 10, day), HELSINKI)

    assert parts == (Part(at(9, day=day), None), Part(None, None, frozenset({VAN})))


def test_an_hour_that_comes_twice_is_barred_both_times():
    twice = AccessHours(EVERY_DAY, time(3, 30), time(3, 45), frozenset({VAN}))
    ban = twice.ban_on(AUTUMN, HELSINKI)

    assert ban is not None
    assert ban.ends_at - ban.starts_at == timedelta(hours=1, minutes=15)
    assert no(VAN, starts=3, ends=4).ban_on(AUTUMN, HELSINKI).ends_at - at(3, day=AUTUMN) == timedelta(
        hours=2
    )


@pytest.mark.parametrize("zone", ["Europe/Helsinki", "America/Santiago", "Australia/Lord_Howe"])
def test_whatever_the_clocks_do_nobody_is_let_in_too_early(zone):
    random, zone = Random(zone), ZoneInfo(zone)
    for _ in range(150):
        day = date(2027, 1, 1) + timedelta(days=random.randrange(365))
        if random.random() < 0.5:
            day = random.choice([SPRING, AUTUMN, date(2027, 4, 3), date(2027, 9, 5), date(2027, 10, 3)])
        hours = random_hours(random)
        asked = Window(windows.midnight(day, zone), windows.midnight(day, zone) + timedelta(hours=6))
        for part in parts_of([hours], asked, zone):
            if part.barred & hours.classes:
                continue
            lo, hi = starts_of(part, asked, 60)
            for minute in range(max(0, (hi - lo) // MINUTE)):
                assert not meets(hours, lo + minute * MINUTE, 1, zone), (hours, day)


# Rows


def a_rule(**values) -> AccessRule:
    return AccessRule(**{"name": "School", "starts": time(8), "ends": time(9)} | values)


@pytest.mark.django_db
@pytest.mark.both
def test_the_area_decides_for_whom_it_counts():
    lat, lon = CENTRE
    around = [[lat - 0.1, lon - 0.1], [lat + 0.1, lon - 0.1], [lat + 0.1, lon + 0.1], [lat - 0.1, lon + 0.1]]
    depot, van = make_depot(), make_vehicle_class()
    rows = [
        a_rule(depot=depot, name="1", area="depot"),
        a_rule(depot=depot, name="2", area="postcodes", postcodes=["001 00"]),
        a_rule(depot=depot, name="3", area="polygon", polygon=around),
    ]
    for number, row in enumerate(rows):
        row.weekdays = 1 << number
        row.save()
        row.barred.add(van)

    def met_at(north: float, postcode: str) -> list[int]:
        found = access_at(rows, lat=lat + north, lon=lon, postcode=postcode)
        assert all(hours.classes == {van.slug} for hours in found)
        return [hours.weekdays for hours in found]

    assert met_at(0, "00100") == [1, 2, 4]
    assert met_at(0, "00200") == [1, 4]
    assert met_at(0.2, "00100") == [1, 2]


@pytest.mark.django_db
@pytest.mark.both
@pytest.mark.parametrize(
    "wrong", [{"weekdays": 0}, {"weekdays": 128}, {"ends": time(8)}, {"area": "radius"}], ids=str
)
def test_the_database_keeps_to_what_makes_sense(wrong):
    depot = make_depot()
    a_rule(depot=depot).save()

    with pytest.raises(IntegrityError), transaction.atomic():
        a_rule(depot=depot, **{"name": "Other"} | wrong).save()
    with pytest.raises(IntegrityError), transaction.atomic():
        a_rule(depot=depot).save()
    a_rule(depot=depot, name="All night", starts=time(22), ends=None).save()
