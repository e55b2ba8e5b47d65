"""What must hold of what a driver says: its parcels, its check list, where it may be left, where and when."""

from datetime import timedelta
from typing import Any

import pytest

from scheduling import events
from scheduling.errors import (
    BadAttempt,
    DomainError,
    NeedsSomebody,
    NotOnTheRoad,
    StepMissing,
    StopDone,
    StopGone,
)
from scheduling.facts import SafePlace
from scheduling.invariants import breaches
from scheduling.models import Attempt, Booking, DayException, Delivery, Event, Route, Stop, TheftZone, Vehicle
from scheduling.outcomes import WHY_NOT, WHY_REFUSED
from scheduling.services.coming_back import end_route
from scheduling.services.days import finish_route
from scheduling.services.diverting import divert_delivery
from scheduling.services.doors import change_safe_place
from scheduling.services.handing_over import Handover, KeptPhoto, arrive, settle_stop, undo_attempt
from tests.factories import NOW, make_booking, make_network, make_point, some_facts, start_day

pytestmark = [pytest.mark.django_db, pytest.mark.both]

PHOTO = KeptPhoto("proofs/drawn-by-lot.jpg", "ab" * 32)
DRAWN = "[[[1,2],[30,40]]]"
DRIVER, DISPATCHER = "shift:1", "user:7"


@pytest.fixture
def outlet():
    return make_network(vans=1)


def out(booking: Booking) -> Booking:
    """Send the day's vehicles out."""
    start_day(booking.stop.route.shift.plan)
    booking.refresh_from_db()
    return booking


def on_the_road(outlet, **facts: Any) -> Booking:
    return out(make_booking(outlet, facts=some_facts(**facts)))


def at(booking: Booking, minutes: float = 0):
    return booking.stop.opens_at + timedelta(minutes=minutes)


def said(booking: Booking, outcome: str = "handed_over", *, actor: str = DRIVER, **more: Any) -> Attempt:
    handover = Handover(**{"outcome": outcome, "happened_at": at(booking)} | more)
    return settle_stop(stop_id=booking.stop_id, handover=handover, actor=actor, now=at(booking, 1))


def barcodes(booking: Booking) -> list[str]:
    return sorted(booking.delivery.parcels.values_list("barcode", flat=True))


def state(booking: Booking) -> str:
    return Delivery.objects.get(pk=booking.delivery_id).state


def raised(booking: Booking) -> list[str]:
    open_ = DayException.objects.filter(stop=booking.stop, settled_at=None)
    return list(open_.values_list("kind", flat=True))


def nothing_was_noted(booking: Booking) -> bool:
    stop = Stop.objects.get(pk=booking.stop_id)
    return stop.done_at is None and not Attempt.objects.exists() and state(booking) == "on_board"


# Parcels


def test_a_part_that_is_handed_over_leaves_the_rest_on_board_and_the_dispatcher_knows(outlet):
    booking = on_the_road(outlet, parcels=3)
    others = barcodes(booking)[1:]

    attempt = said(booking, barcodes=others)

    assert (attempt.outcome, attempt.parcels) == ("partly", others)
    assert sorted(each.parcel.barcode for each in attempt.handed.all()) == others
    assert (state(booking), raised(booking)) == ("delivered", ["came_back"])
    data = Event.objects.get(kind="delivery.delivered").data
    assert (data["parcels"], data["of"]) == (2, 3)
    assert list(breaches()) == []


def test_all_of_them_one_by_one_is_whole(outlet):
    booking = on_the_road(outlet, parcels=2)

    assert said(booking, "partly", barcodes=barcodes(booking)).outcome == "handed_over"
    assert raised(booking) == []


@pytest.mark.parametrize("said_of", [[], ["NOT-OURS"]])
def test_no_parcel_and_one_of_another_stop_are_refused(outlet, said_of):
    booking = on_the_road(outlet)

    with pytest.raises(BadAttempt):
        said(booking, barcodes=said_of)

    assert nothing_was_noted(booking)


# Check lists


def step_missing(booking: Booking, outcome: str = "handed_over", **more: Any) -> str:
    with pytest.raises(StepMissing) as caught:
        said(booking, outcome, **more)
    assert nothing_was_noted(booking)
    return caught.value.step


@pytest.mark.parametrize(
    ("requirements", "missing", "done"),
    [
        (("signature",), "signature", {"signature": DRAWN}),
        (("age_check",), "age_check", {"age_checked": True}),
        (("age_check", "signature"), "age_check", {"age_checked": True, "signature": DRAWN}),
    ],
)
def test_what_the_goods_require_is_done_before_they_are_handed_over(outlet, requirements, missing, done):
    Vehicle.objects.update(skills=["age_check"])
    booking = on_the_road(outlet, requirements=requirements)

    assert step_missing(booking) == missing
    attempt = said(booking, **done)

    assert attempt.age_checked is ("age_check" in requirements)
    assert [proof.kind for proof in attempt.proofs.all()] == ["signature"] * ("signature" in requirements)


def test_neither_is_asked_for_where_nobody_opens(outlet):
    booking = on_the_road(outlet, requirements=("signature",))

    assert said(booking, "not_possible", reason="nobody_signs").reason == "nobody_signs"


def test_a_part_needs_to_say_which(outlet):
    assert step_missing(on_the_road(outlet, parcels=2), "partly") == "parcels"


@pytest.mark.parametrize("outcome", ["not_possible", "refused"])
def test_a_failure_needs_a_reason_of_its_own_list(outlet, outcome):
    booking = on_the_road(outlet)

    assert step_missing(booking, outcome) == "reason"
    for reason in {"not_ordered" if outcome == "not_possible" else "nobody_home", "he was rude"}:
        with pytest.raises(BadAttempt):
            said(booking, outcome, reason=reason)
    assert nothing_was_noted(booking)


def test_what_is_handed_over_has_no_reason(outlet):
    with pytest.raises(BadAttempt):
        said(on_the_road(outlet), reason="nobody_home")


def test_what_is_refused_as_damaged_is_shown(outlet):
    booking = on_the_road(outlet)

    assert step_missing(booking, "refused", reason="damaged") == "photo"
    attempt = said(booking, "refused", reason="damaged", photos=[PHOTO])

    assert (state(booking), raised(booking)) == ("failed", ["missed"])
    assert attempt.proofs.get().digest == PHOTO.digest
    assert Event.objects.get(kind="delivery.missed").data["outcome"] == "refused"
    assert list(breaches()) == []


def test_every_reason_is_one_of_the_rows():
    assert {*WHY_NOT, *WHY_REFUSED} == set(Attempt.Reason.values)


# Left somewhere


PORCH = {"safe_place": "porch", "safe_place_note": "left of the door"}


def test_a_safe_place_needs_its_photo(outlet):
    booking = on_the_road(outlet, **PORCH)

    assert step_missing(booking, "safe_place") == "photo"
    assert said(booking, "safe_place", photos=[PHOTO]).served
    assert list(breaches()) == []


def test_nothing_is_left_where_nobody_said_so(outlet):
    booking = on_the_road(outlet)

    for outcome in ("safe_place", "neighbour"):
        with pytest.raises(NeedsSomebody, match="did not say"):
            said(booking, outcome, photos=[PHOTO])
    assert nothing_was_noted(booking)


def test_nothing_is_left_in_a_theft_zone(outlet):
    booking = on_the_road(outlet, **PORCH)
    about = {"name": "Here", "postcodes": ["00100"], "sentence": "Parcels are stolen here."}
    TheftZone.objects.create(depot=outlet.depot, **about)

    with pytest.raises(NeedsSomebody, match="stolen here"):
        said(booking, "safe_place", photos=[PHOTO])


def test_the_neighbour_is_the_one_that_was_named(outlet):
    booking = make_booking(outlet)
    place = SafePlace("neighbour", neighbour="Mika", neighbour_unit="B 7")
    change_safe_place(delivery=booking.delivery, place=place, actor="link:1", now=NOW)

    assert said(out(booking), "neighbour").to_whom == "Mika, B 7"


@pytest.mark.parametrize("outcome", ["collected", "at_point", "nonsense"])
def test_an_end_that_the_stop_can_not_have_is_refused(outlet, outcome):
    with pytest.raises(BadAttempt):
        said(on_the_road(outlet), outcome)


def test_at_a_pickup_point_nobody_is_asked_for(outlet):
    booking = make_booking(outlet)
    point = make_point(outlet.depot)
    booking = divert_delivery(delivery=booking.delivery, point=point, actor="link:1", now=NOW)
    booking = out(booking)

    with pytest.raises(BadAttempt):
        said(booking, "safe_place", photos=[PHOTO])
    attempt = said(booking, "at_point", lat=point.lat, lon=point.lon)

    assert (attempt.distance_m, state(booking)) == (0, "delivered")


def test_what_is_fetched_is_collected(outlet):
    booking = on_the_road(outlet, direction="in")

    with pytest.raises(BadAttempt):
        said(booking)
    said(booking, "collected")

    assert state(booking) == "delivered"
    assert Event.objects.filter(kind="delivery.collected").count() == 1
    assert list(breaches()) == []


# Where and when


def test_it_says_how_far_from_the_address_the_driver_was(outlet):
    booking = on_the_road(outlet)
    address = booking.delivery.address

    attempt = said(booking, lat=address.lat + 12 / 111_195, lon=address.lon, accuracy_m=5)

    assert (attempt.distance_m, attempt.accuracy_m) == (12, 5.0)


@pytest.mark.parametrize(
    "where",
    [{"lat": 91.0, "lon": 24.0}, {"lat": float("nan"), "lon": 24.0}, {"lat": 60.0}, {"lon": 24.0},
     {"lat": 60.0, "lon": 24.0, "accuracy_m": -1.0}, {"lat": 60.0, "lon": 24.0, "accuracy_m": float("inf")}],
)  # fmt: skip
def test_a_place_off_the_map_is_refused(outlet, where):
    with pytest.raises(BadAttempt):
        said(on_the_road(outlet), **where)


def test_who_gives_no_place_is_believed_without(outlet):
    assert said(on_the_road(outlet)).distance_m is None


# Twice, and taken back


def test_said_again_the_first_answer_stands_and_another_is_refused(outlet):
    booking = on_the_road(outlet, parcels=2)
    first = said(booking, to_whom="Aino")

    assert said(booking, to_whom="Aino again", happened_at=at(booking, 1)) == first
    for other in ({"outcome": "not_possible", "reason": "nobody_home"}, {"barcodes": barcodes(booking)[:1]}):
        with pytest.raises(StopDone):
            said(booking, **other)
    assert Attempt.objects.get().to_whom == "Aino"
    assert Event.objects.filter(kind="delivery.delivered").count() == 1


def undo(booking: Booking, *, because: str = "Pressed at the wrong stop", actor: str = DISPATCHER):
    return undo_attempt(stop_id=booking.stop_id, because=because, actor=actor, now=at(booking, 2))


@pytest.mark.parametrize(("outcome", "reason"), [("handed_over", ""), ("not_possible", "nobody_home")])
def test_what_was_noted_by_mistake_is_taken_back_and_stays_known(outlet, outcome, reason):
    booking = on_the_road(outlet)
    wrong = said(booking, outcome, reason=reason)

    assert undo(booking) == wrong
    assert undo(booking) is None

    assert (state(booking), raised(booking)) == ("on_board", [])
    assert Stop.objects.get(pk=booking.stop_id).done_at is None
    assert list(breaches()) == []
    right = said(booking, "not_possible", reason="no_way_in")
    assert [one.pk for one in booking.delivery.attempts.all()] == [wrong.pk, right.pk]
    wrong.refresh_from_db()
    assert (wrong.undone_by, wrong.undone_because) == (DISPATCHER, "Pressed at the wrong stop")
    assert [one.number for one in booking.delivery.attempts.all()] == [1, 2]
    assert Event.objects.filter(kind="delivery.undone").count() == 1
    assert list(breaches()) == []


@pytest.mark.parametrize(("because", "actor"), [("", DISPATCHER), (" ", DISPATCHER), ("mine", DRIVER)])
def test_only_who_dispatches_takes_back_and_says_why(outlet, because, actor):
    booking = on_the_road(outlet)
    said(booking)

    with pytest.raises(BadAttempt):
        undo(booking, because=because, actor=actor)
    assert state(booking) == "delivered"


def test_once_the_route_is_back_nothing_is_taken_back(outlet):
    booking = on_the_road(outlet)
    said(booking)
    finish_route(route_id=booking.stop.route_id, actor=DRIVER, now=at(booking, 2))

    with pytest.raises(NotOnTheRoad):
        undo(booking)


# The driver's facts win


def test_a_tour_that_ended_without_it_gives_way_to_who_was_there(outlet):
    booking = on_the_road(outlet)
    end_route(route_id=booking.stop.route_id, actor=DISPATCHER, now=at(booking, 2))
    assert state(booking) == "at_depot"

    attempt = said(booking, happened_at=at(booking, -5))

    assert (attempt.outcome, state(booking)) == ("handed_over", "delivered")
    assert raised(booking) == []
    assert [one.outcome for one in booking.delivery.attempts.all()] == ["not_possible", "handed_over"]
    assert list(breaches()) == []


def test_a_stop_that_was_moved_to_another_vehicle_is_done_by_who_was_there(outlet):
    booking = on_the_road(outlet)
    old = booking.stop
    old.move_to(Stop.State.REPLACED)
    old.save()
    fresh = Stop.objects.get(pk=old.pk)
    fresh.pk, fresh.state, fresh.position = None, Stop.State.BOOKED, old.position + 1
    fresh.save()
    Booking.objects.filter(pk=booking.pk).update(stop=fresh)

    attempt = said(booking)

    assert attempt.stop == fresh
    assert state(booking) == "delivered"


def test_a_stop_of_a_vehicle_that_has_not_left_is_done_by_nobody_who_is_not_out(outlet):
    booking = on_the_road(outlet)
    Route.objects.filter(pk=booking.stop.route_id).update(state="loaded", started_at=None)

    for actor in (f"shift:{booking.stop.route.shift_id}", "shift:999999", "shift:x", "user:1"):
        with pytest.raises(NotOnTheRoad):
            said(booking, actor=actor)
    assert nothing_was_noted(booking)


@pytest.mark.parametrize("gone", ["cancelled", "replaced"])
def test_a_stop_that_is_gone_says_so_and_notes_nothing(outlet, gone):
    booking = on_the_road(outlet)
    Stop.objects.filter(pk=booking.stop_id).update(state=gone)

    for act in (lambda: said(booking), lambda: arrive(stop_id=booking.stop_id, at=NOW, actor="x", now=NOW)):
        with pytest.raises(StopGone, match="call the depot"):
            act()
    assert not Attempt.objects.exists()


def test_a_stop_that_never_was_is_not_on_the_road(outlet):
    with pytest.raises(NotOnTheRoad):
        arrive(stop_id=0, at=NOW, actor="x", now=NOW)


# What is never noted in half


def test_a_fault_on_the_way_leaves_nothing(outlet, monkeypatch):
    booking = on_the_road(outlet)

    def broken(*_args, **_more):
        raise DomainError

    monkeypatch.setattr(events, "record", broken)
    with pytest.raises(DomainError):
        said(booking, photos=[PHOTO], signature=DRAWN)

    assert nothing_was_noted(booking)


def test_events_say_nothing_of_anybody(outlet):
    booking = on_the_road(outlet, **PORCH)
    said(
        booking, "safe_place", photos=[PHOTO], to_whom="Aino", note="behind the blue door", lat=60.1, lon=24.9
    )

    text = str(list(Event.objects.filter(kind="delivery.delivered").values_list("data", flat=True)))

    for word in ("Aino", "blue", "60.1", "porch", "left of"):
        assert word not in text


def test_what_must_never_be_is_found(outlet):
    booking = on_the_road(outlet, parcels=2)
    attempt = said(booking)
    assert list(breaches()) == []

    attempt.handed.first().delete()
    Delivery.objects.filter(pk=booking.delivery_id).update(state="on_board")
    Stop.objects.filter(pk=booking.stop_id).update(done_at=at(booking, 1))

    found = [f"{one.subject}: {one.what}" for one in breaches()]
    assert len(found) == 3
    Attempt.objects.all().delete()
    assert any("nobody said what came of it" in one.what for one in breaches())
