"""Two at once: a look at a code against its removal, two tabs that save, a rotation against new codes."""

from collections import Counter
from datetime import timedelta
from functools import partial

import pytest

from scheduling.errors import ChangedMeanwhile, CodeGone
from scheduling.invariants import breaches
from scheduling.models import AccessNotes, AccessRead, Booking, DayPlan, Event, Route
from scheduling.services.codes import Reader, purge_codes, read_access_code, rotate_codes
from scheduling.services.notes import save_notes, set_codes
from scheduling.ways_in import WayIn
from tests.factories import NOW, make_booking, make_network
from tests.races.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)
ON_THE_DAY = NOW + timedelta(days=1)
ROUNDS = 12


@pytest.fixture
def booking() -> Booking:
    booking = make_booking(make_network(vans=1))
    Route.objects.filter(stops=booking.stop).update(state="started")
    DayPlan.objects.filter(shifts__routes__stops=booking.stop).update(state="started")
    return booking


def give(booking: Booking, code: str = "4711#"):
    return set_codes(delivery=booking.delivery, codes={"gate_code": code}, actor="link:x", now=NOW)


def save(booking: Booking, way_in: WayIn, *, seen: int) -> bool:
    return save_notes(
        delivery=booking.delivery, way_in=way_in, kept=False, seen=seen, actor="link:x", now=NOW
    )


def test_a_look_and_a_removal_at_once_leave_a_noted_look_or_none(booking):
    reader = Reader(actor="user:1", depot_id=booking.stop.route.shift.plan.depot_id)
    over = booking.stop.closes_at + timedelta(hours=24)
    outcomes: Counter[str] = Counter()

    for _i in range(ROUNDS):
        give(booking)
        before = AccessRead.objects.count()
        seen, removed = at_once(
            lambda: read_access_code(
                stop_id=booking.stop_id, code="gate_code", reader=reader, now=ON_THE_DAY
            ),
            lambda: purge_codes(now=over),
        )
        noted = AccessRead.objects.count() - before
        assert removed == 1
        assert (seen == "4711#", noted) in ((True, 1), (False, 0)), (seen, noted)
        assert seen == "4711#" or isinstance(seen, CodeGone)
        outcomes["seen" if noted else "gone"] += 1

    assert AccessNotes.objects.get().codes == ()
    assert Event.objects.filter(kind="delivery.code_read").count() == AccessRead.objects.count()
    assert outcomes.total() == ROUNDS
    assert [each for each in breaches() if each.rule == "I5"] == []


def test_of_two_tabs_that_save_at_once_one_is_kept_and_the_other_is_told(booking):
    for round_ in range(ROUNDS):
        seen = AccessNotes.objects.values_list("revision", flat=True).first() or 0
        said = [WayIn(buzzer=f"{tab}{round_}") for tab in "ab"]

        results = at_once(*(partial(save, booking, way_in, seen=seen) for way_in in said))

        assert [result is True for result in results].count(True) == 1
        assert [isinstance(result, ChangedMeanwhile) for result in results].count(True) == 1
        assert WayIn.of(AccessNotes.objects.get()) == said[results.index(True)]
    assert Event.objects.filter(kind="delivery.notes_changed").count() == ROUNDS


def test_a_rotation_beside_new_codes_loses_none(booking, settings):
    settings.ACCESS_KEYS = [("a", b"a" * 32)]
    give(booking, "0")
    settings.ACCESS_KEYS = [("b", b"b" * 32), ("a", b"a" * 32)]
    reader = Reader(actor="user:1", depot_id=booking.stop.route.shift.plan.depot_id)

    for round_ in range(ROUNDS):
        at_once(rotate_codes, lambda code=str(round_): give(booking, code))
        code = read_access_code(stop_id=booking.stop_id, code="gate_code", reader=reader, now=ON_THE_DAY)
        assert code == str(round_)
