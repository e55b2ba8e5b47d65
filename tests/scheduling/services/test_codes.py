"""Codes are read for the next stop by its own people, noted each time, sealed anew, and removed."""

import logging
from datetime import timedelta

import pytest
from django.core.management import call_command

from scheduling.errors import CodeGone, CodeRefused, CodeUnreadable
from scheduling.invariants import breaches
from scheduling.models import AccessNotes, AccessRead, Booking, DayPlan, Delivery, Event, Route, Stop
from scheduling.sealing import key_of
from scheduling.services.bookings import cancel_delivery
from scheduling.services.codes import Reader, purge_codes, read_access_code, rotate_codes
from scheduling.services.notes import set_codes
from scheduling.tasks import purge_codes as purge_task
from tests.factories import NOW, make_booking, make_depot, make_network, make_point, some_facts

pytestmark = [pytest.mark.django_db, pytest.mark.both]
ON_THE_DAY = NOW + timedelta(days=1)
GATE, DOOR = "gate_code", "door_code"


def give(booking: Booking, **codes: str) -> AccessNotes:
    return set_codes(delivery=booking.delivery, codes=codes or {GATE: "4711#"}, actor="link:x", now=NOW)


@pytest.fixture
def two() -> tuple[Booking, Booking]:
    """Two stops of one route that is on the road, in their order, each with a gate code of its own."""
    outlet = make_network(vans=1)
    first = make_booking(outlet, hour=10)
    second = make_booking(outlet, hour=14, facts=some_facts(north_m=400))
    for booking, code in ((first, "1111"), (second, "2222")):
        give(booking, **{GATE: code})
    DayPlan.objects.filter(shifts__routes__stops=first.stop).update(state="started")
    Route.objects.filter(stops=first.stop).update(state="started")
    return first, second


def dispatcher(booking: Booking) -> Reader:
    return Reader(actor="user:1", depot_id=booking.stop.route.shift.plan.depot_id)


def read(booking: Booking, reader: Reader | None = None, *, code: str = GATE, now=ON_THE_DAY) -> str:
    reader = reader or dispatcher(booking)
    return read_access_code(stop_id=booking.stop_id, code=code, reader=reader, now=now)


def refused(booking: Booking, reader: Reader | None = None, **values) -> bool:
    with pytest.raises(CodeRefused):
        read(booking, reader, **values)
    return not AccessRead.objects.exists() and not Event.objects.filter(kind="delivery.code_read").exists()


def test_the_next_stops_code_is_read_and_who_looked_is_noted(two):
    first, _second = two

    assert read(first) == "1111"

    (noted,) = AccessRead.objects.all()
    assert (noted.delivery, noted.route, noted.code) == (first.delivery, first.stop.route, GATE)
    assert (noted.actor, noted.by, noted.read_at) == ("user:1", "depot", ON_THE_DAY)
    event = Event.objects.get(kind="delivery.code_read")
    assert (event.delivery, event.data) == (first.delivery, {"which": GATE, "by": "depot"})
    assert list(breaches()) == []


def test_each_look_is_noted(two):
    for _i in range(3):
        read(two[0])

    assert AccessRead.objects.count() == 3


def test_whoever_drives_the_shift_may_read_and_is_named_so(two):
    first, _second = two

    assert read(first, Reader(actor="shift:1", shift_id=first.stop.route.shift_id)) == "1111"
    assert AccessRead.objects.get().by == "driver"


def test_a_later_stops_code_stays_shut_until_it_is_next(two):
    first, second = two

    assert refused(second)
    Delivery.objects.filter(pk=first.delivery_id).update(state="delivered")
    assert read(second) == "2222"
    with pytest.raises(CodeRefused):
        read(first)


@pytest.mark.parametrize("state", ["tentative", "loaded", "finished"])
def test_on_a_route_that_is_not_on_the_road_every_code_stays_shut(two, state):
    Route.objects.update(state=state)

    assert refused(two[0])


@pytest.mark.parametrize("days", [0, 2])
def test_on_another_day_every_code_stays_shut(two, days):
    assert refused(two[0], now=NOW + timedelta(days=days))


def test_others_get_no_code(two):
    first, _second = two
    shift_id = first.stop.route.shift_id

    assert refused(first, Reader(actor="user:2"))
    assert refused(first, Reader(actor="user:2", depot_id=make_depot().pk))
    assert refused(first, Reader(actor="shift:2", shift_id=shift_id + 1))
    assert refused(first, Reader(actor="both", depot_id=dispatcher(first).depot_id, shift_id=shift_id + 1))


def test_what_is_no_stop_or_no_code_is_refused_alike(two):
    first, _second = two

    assert refused(first, code="text")
    with pytest.raises(CodeRefused):
        read_access_code(stop_id=0, code=GATE, reader=dispatcher(first), now=ON_THE_DAY)


def test_a_refusal_is_logged_without_content(two, caplog):
    with caplog.at_level(logging.DEBUG):
        refused(two[1])

    assert f"A code of stop {two[1].stop_id} was refused to user:1" in caplog.text
    assert "2222" not in caplog.text


def test_where_none_is_kept_that_is_said(two):
    with pytest.raises(CodeGone):
        read(two[0], code=DOOR)
    AccessNotes.objects.all().delete()
    with pytest.raises(CodeGone):
        read(two[0])
    assert not AccessRead.objects.exists()


def test_a_code_copied_from_another_row_or_column_does_not_open(two):
    first, second = (AccessNotes.objects.get(delivery=each.delivery) for each in two)
    AccessNotes.objects.filter(pk=first.pk).update(
        gate_code=second.gate_code, door_code=first.gate_code, door_code_at=NOW
    )

    for code in (GATE, DOOR):
        with pytest.raises(CodeUnreadable):
            read(two[0], code=code)
    assert not AccessRead.objects.exists()


# Keys


def test_rotating_seals_all_with_the_newest_key_and_twice_is_once(two, settings):
    settings.ACCESS_KEYS = [("new", b"n" * 32), *settings.ACCESS_KEYS]

    assert (rotate_codes().sealed, rotate_codes().sealed) == (2, 0)

    settings.ACCESS_KEYS = settings.ACCESS_KEYS[:1]
    assert {key_of(notes.gate_code) for notes in AccessNotes.objects.all()} == {"new"}
    assert read(two[0]) == "1111"
    assert AccessNotes.objects.filter(gate_code_at=NOW).count() == 2


def test_the_command_counts_and_fails_where_a_key_is_lost(two, settings, capsys):
    settings.ACCESS_KEYS = [("new", b"n" * 32), *settings.ACCESS_KEYS]
    call_command("rotate_access_keys")
    assert "2 codes sealed anew with the key new." in capsys.readouterr().out

    settings.ACCESS_KEYS = [("newer", b"o" * 32)]
    with pytest.raises(SystemExit):
        call_command("rotate_access_keys")
    said = capsys.readouterr()
    assert "0 codes sealed anew" in said.out
    assert "2 codes can't be opened" in said.err


# Removed


def test_codes_go_a_day_after_the_promised_window_and_what_was_said_stays(two):
    AccessNotes.objects.update(text="Past the bikes")
    first, second = two
    over = first.stop.closes_at + timedelta(hours=24)

    assert purge_codes(now=over - timedelta(seconds=1)) == 0
    assert purge_codes(now=over) == 1
    assert [each.codes for each in notes_of(first, second)] == [(), (GATE,)]
    assert purge_codes(now=second.stop.closes_at + timedelta(hours=24)) == 1
    assert {each.text for each in notes_of(first, second)} == {"Past the bikes"}
    with pytest.raises(CodeGone):
        read(first)


def notes_of(*bookings: Booking) -> list[AccessNotes]:
    return [AccessNotes.objects.get(delivery=booking.delivery) for booking in bookings]


def test_codes_of_a_cancelled_delivery_go_a_day_after_that():
    booking = make_booking(make_network(), hour=14)
    give(booking)
    cancel_delivery(delivery=booking.delivery, actor="link:x", now=NOW)

    assert purge_codes(now=NOW + timedelta(hours=23)) == 0
    assert purge_codes(now=NOW + timedelta(hours=24)) == 1


def test_a_move_to_a_later_day_keeps_codes_for_that_day(two):
    first, _second = two
    later = timedelta(days=2)
    Stop.objects.filter(pk=first.stop_id).update(
        opens_at=first.stop.opens_at + later, closes_at=first.stop.closes_at + later
    )

    purge_codes(now=first.stop.closes_at + timedelta(hours=25))

    assert notes_of(first)[0].codes == (GATE,)


def test_an_operator_may_keep_them_for_less_and_the_timetable_removes_them(two, settings, monkeypatch):
    settings.ACCESS_CODES_KEPT_H = 0
    monkeypatch.setattr("scheduling.clock._source", lambda: two[0].stop.closes_at)

    assert purge_task() == 1


def test_at_a_pickup_point_the_code_of_somebodys_own_door_stays_shut(two):
    first, _second = two
    point = make_point(first.stop.route.shift.plan.depot)
    Stop.objects.filter(pk=first.stop_id).update(pickup_point=point, service_s=60)

    assert refused(first)
