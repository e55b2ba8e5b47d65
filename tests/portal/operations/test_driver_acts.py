"""What a driver says: each act once, in whatever order it comes, and never for another's stop."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest

from portal.models import DriverAct, ParcelScan
from portal.shift_links import seal_of
from scheduling import clock
from scheduling.models import Event, Parcel, Route, Stop
from tests.factories import a_break
from tests.portal.driving import Day, Morning, make_day

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def day() -> Day:
    return make_day(2)


@pytest.fixture(autouse=True)
def at(request):
    source = Morning(None)
    clock.set_source(source)
    if "day" in request.fixturenames:
        source.now = request.getfixturevalue("day").now
    yield source
    clock.set_source(None)


def barcodes(stop: Stop) -> list[str]:
    return list(Parcel.objects.filter(delivery=stop.delivery).values_list("barcode", flat=True))


# On board


@pytest.fixture
def loading(at) -> Day:
    day = make_day(2, started=False, vans=2)
    at.now = day.now
    return day


def test_parcels_are_scanned_and_what_is_missing_or_foreign_is_named(loading):
    phone, [first, second] = loading.phone(), loading.stops
    [mine], [missing] = barcodes(first), barcodes(second)

    answers = [phone.says("scan", route=loading.route.pk, barcode=code) for code in (mine, mine, "DSNOBODYS")]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert answers[0].json()["sentence"] == f"{mine} is on board."
    assert "no vehicle brings it today" in answers[2].json()["sentence"]
    assert ParcelScan.objects.count() == 2
    refused = phone.says("start", route=loading.route.pk)
    assert refused.status_code == 409
    assert refused.json()["error"]["code"] == "parcels_missing"
    assert missing in refused.json()["error"]["message"]
    assert phone.says("start", route=loading.route.pk, sure="1").status_code == 200
    assert loading.route.state == Route.State.STARTED
    act = DriverAct.objects.get(aside="missing")
    assert missing in act.sentence


def test_a_parcel_of_another_van_is_named_with_its_van(loading):
    route, phone = loading.route, loading.phone()
    other = Route.objects.exclude(pk=route.pk).filter(trip=1, shift__plan=loading.shift.plan).first()
    stop = loading.stops[1]
    Stop.objects.filter(pk=stop.pk).update(route=other)

    said = phone.says("scan", route=route.pk, barcode=barcodes(stop)[0]).json()["sentence"]

    assert f"it goes on {other.shift.vehicle.name}" in said


def test_all_on_board_leaves_without_a_question_and_as_of_when_it_was_said(loading, at):
    phone = loading.phone()
    for stop in loading.stops:
        phone.says("scan", route=loading.route.pk, barcode=barcodes(stop)[0])
    left_at = at.now
    at.now += timedelta(minutes=30)

    sent = left_at + timedelta(days=700, minutes=30)
    said = {"happened_at": sent - timedelta(minutes=20), "sent_at": sent}
    phone.says("start", route=loading.route.pk, **{name: each.isoformat() for name, each in said.items()})

    assert loading.route.started_at == left_at + timedelta(minutes=10)


def test_nothing_leaves_before_its_day_is_locked(loading):
    Route.objects.filter(pk=loading.route.pk).update(state="tentative")

    refused = loading.phone().says("start", route=loading.route.pk, sure="1")

    assert refused.json()["error"]["code"] == "not_loaded_yet"


@pytest.mark.parametrize("barcode", ["", " ", "x" * 65, "\u202e"])
def test_no_barcode_is_no_scan(loading, barcode):
    refused = loading.phone().says("scan", route=loading.route.pk, barcode=barcode)

    assert refused.status_code == 422
    assert not DriverAct.objects.exists()


# Once


def test_an_act_said_again_has_its_first_answer_and_takes_effect_once(day):
    phone, uid = day.phone(), uuid4().hex

    answers = [phone.says("arrive", day.stops[0], uid=uid) for _time in range(3)]

    assert len({answer.content for answer in answers}) == 1
    assert DriverAct.objects.count() == 1
    assert Event.objects.filter(kind="delivery.arrived").count() == 1


def test_what_was_refused_first_stays_refused(day):
    phone, uid = day.phone(), uuid4().hex
    first = phone.says("finish", route=day.route.pk, uid=uid)
    again = phone.says("finish", route=day.route.pk, uid=uid, sure="1")

    assert first.status_code == again.status_code == 409
    assert first.content == again.content
    assert "2 stops are left" in first.json()["error"]["message"]
    assert day.route.state == Route.State.STARTED


def test_an_acts_name_is_of_one_shift_only(day, at):
    mine, uid = day.phone(), uuid4().hex
    mine.says("arrive", day.stops[0], uid=uid)
    other = make_day(1)

    assert other.phone().says("arrive", other.stops[0], uid=uid).status_code == 404


# Whose


def test_another_routes_stop_is_not_there(day):
    other = make_day(1)
    phone = day.phone()

    for seal in ("", "0" * 32, seal_of(other.phone(opened=False).link, other.stops[0].pk)):
        assert phone.says("arrive", other.stops[0], seal=seal).status_code == 404
    assert phone.says("finish", route=2**61, sure="1").status_code == 404
    assert phone.says("finish", route=other.route.pk, sure="1").status_code == 404
    assert phone.says("arrive", other.stops[0], script=False, seal="").status_code == 404
    assert not DriverAct.objects.exists()


def test_a_stop_that_went_to_another_van_meanwhile_counts_and_both_are_told(at):
    day = make_day(3, vans=2)
    at.now = day.now
    phone, stop = day.phone(), day.stops[1]
    other = Route.objects.exclude(pk=day.route.pk).filter(trip=1, shift__plan=day.shift.plan).first()
    Route.objects.filter(pk=other.pk).update(state="started", started_at=day.now)
    said = {"seal": seal_of(phone.link, stop.pk)}
    Stop.objects.filter(pk=stop.pk).update(route=other)

    answer = phone.says("arrive", stop, **said)

    assert answer.status_code == 200
    assert "given this stop to another vehicle" in answer.json()["sentence"]
    assert DriverAct.objects.get().aside == "elsewhere"
    stop.refresh_from_db()
    assert stop.arrived_at is not None


# When


@pytest.mark.parametrize(
    ("ago", "wrong_by"), [(0, 0), (20, 0), (20, 60 * 24 * 900), (20, -60 * 24 * 900), (-30, 0)]
)
def test_what_happened_earlier_happened_then_however_wrong_the_phones_clock_is(day, at, ago, wrong_by):
    phone = day.phone()
    at.now += timedelta(hours=2)
    sent = at.now + timedelta(minutes=wrong_by)
    said = {"happened_at": sent - timedelta(minutes=ago), "sent_at": sent}

    phone.says("arrive", day.stops[0], **{name: each.isoformat() for name, each in said.items()})

    assert DriverAct.objects.get().happened_at == at.now - timedelta(minutes=max(0, ago))


def test_nothing_happened_before_the_phone_was_bound(day, at):
    phone = day.phone()
    at.now += timedelta(hours=1)

    phone.says("arrive", day.stops[0], happened_at="2001-01-01T00:00:00Z", sent_at=at.now.isoformat())

    assert DriverAct.objects.get().happened_at == phone.link.bound_at


def test_after_the_shift_what_happened_before_its_end_is_taken_for_a_day(day, at):
    phone, over = day.phone(), day.shift.ends_at + timedelta(hours=4)
    at.now = over + timedelta(hours=23)

    def said(minutes_before_end: int) -> dict[str, str]:
        return {
            "happened_at": (over - timedelta(minutes=minutes_before_end)).isoformat(),
            "sent_at": at.now.isoformat(),
        }

    assert phone.says("arrive", day.stops[0], **said(60)).status_code == 200
    assert phone.says("arrive", day.stops[1], **said(-1)).status_code == 401
    at.now = over + timedelta(hours=24)
    assert phone.says("arrive", day.stops[1], **said(60)).status_code == 401
    assert phone.client.get("/driver/").status_code == 401


# Bad input


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        b'{"uid": "x"}',
        b'{"shift": ["a"], "kind": {}}',
        b'{"uid": "\\ud800", "kind": "arrive", "seal": "\\ud800"}',
        b"[" * 5000,
    ],
)
def test_json_that_is_no_act_is_refused_in_words(day, body):
    phone = day.phone()
    answer = phone.client.post("/driver/acts/", body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "bad_act"


def test_an_act_as_json_is_taken_like_a_form(day):
    phone, stop = day.phone(), day.stops[0]
    body = {"uid": str(uuid4()), "kind": "arrive", "stop": stop.pk, "route": stop.route_id, "sure": False}

    answer = phone.client.post("/driver/acts/", json.dumps(body), content_type="application/json")

    assert answer.status_code == 200
    assert DriverAct.objects.get().stop_id == stop.pk


def test_a_form_without_a_script_is_sent_on_to_the_sheet_which_tells_the_answer(day):
    phone = day.phone()
    sent = phone.says("arrive", day.stops[0], script=False)

    assert sent.status_code == 303
    page = phone.client.get(sent["Location"]).content.decode()
    assert "Noted: you are at the door." in page
    refused = phone.says("finish", script=False, route=day.route.pk)
    assert refused.status_code == 409
    assert "2 stops are left" in refused.content.decode()
    for odd in ("x" * 32, "é" * 32, "", "0" * 32, "<b>"):
        assert phone.client.get("/driver/", {"said": odd}).status_code == 200


# On the way


def test_running_late_is_told_to_who_is_next(day):
    answer = day.phone().says("late", route=day.route.pk, minutes=20)

    assert answer.status_code == 200
    event = Event.objects.get(kind="delivery.running_late")
    assert event.delivery_id == day.stops[0].delivery_id
    assert event.data["minutes"] == 20
    assert Event.objects.get(kind="route.running_late").data["route"] == day.route.pk


@pytest.mark.parametrize("minutes", ["0", "-5", "241", "x", "9" * 30])
def test_no_other_delay_is_taken(day, minutes):
    assert day.phone().says("late", route=day.route.pk, minutes=minutes).status_code == 400
    assert not Event.objects.filter(kind="route.running_late").exists()


def test_a_delay_without_minutes_is_refused(day):
    assert day.phone().says("late", route=day.route.pk).status_code == 409


def test_a_pause_is_shown_until_the_driver_goes_on(day, at):
    phone = day.phone()
    phone.says("pause", route=day.route.pk)
    assert "data-paused" in phone.reads()
    at.now += timedelta(minutes=10)
    phone.says("resume", route=day.route.pk)

    assert "data-paused" not in phone.reads()


def test_a_planned_break_begins_and_ends_and_the_next_stop_follows(at):
    day = make_day(1, rests=[a_break(8, hours=12)])
    at.now = day.now
    phone, rest = day.phone(), Stop.objects.get(state="rest", route=day.route)

    phone.says("pause", rest)
    at.now += timedelta(minutes=30)
    phone.says("resume", rest)

    rest.refresh_from_db()
    assert rest.done_at - rest.arrived_at == timedelta(minutes=30)


def test_a_trip_that_ends_with_stops_left_sends_them_back_to_the_depot(day):
    phone = day.phone()
    refused = phone.says("finish", route=day.route.pk)
    assert refused.json()["error"]["code"] == "stops_left"

    assert phone.says("finish", route=day.route.pk, sure="1").status_code == 200

    assert day.route.state == Route.State.FINISHED
    assert {stop.attempt.reason for stop in day.stops} == {"not_reached"}
    assert phone.client.get("/driver/").status_code == 401
