"""Each rule is seen to fail when it is broken."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from scheduling.invariants import breaches
from scheduling.models import Booking, Delivery, Event, Hold, Promise, Route, Stop, VehicleClass
from scheduling.services.holds import extend_hold
from tests.factories import NOW, TOMORROW, make_booking, make_hold, make_network

pytestmark = pytest.mark.django_db


def late_stop(booking):
    Stop.objects.filter(pk=booking.stop_id).update(arc_s=90_000)


def shorten_an_arc(booking):
    Stop.objects.filter(pk=booking.stop_id).update(arc_s=1, arc_m=1)


def unconfirm(booking):
    Delivery.objects.filter(pk=booking.delivery_id).update(state="lapsed")


def overload(booking):
    VehicleClass.objects.update(capacity_g=10)


def drive_home_alone(booking):
    Route.objects.exclude(pk=booking.stop.route_id).update(return_m=5)


def lose_the_stop(booking):
    Stop.objects.filter(pk=booking.stop_id).update(state="cancelled")


def lose_the_booking(booking):
    Booking.objects.filter(pk=booking.pk).update(state="cancelled", cancelled_at=booking.confirmed_at)


def lose_the_delivery(booking):
    Delivery.objects.filter(pk=booking.delivery_id).update(state="cancelled")
    other = make_booking(make_network())
    Booking.objects.filter(pk=other.pk).update(state="cancelled", cancelled_at=other.confirmed_at)


def skip_a_promise(booking):
    Promise.objects.update(number=2)


def lose_the_promise(booking):
    Promise.objects.all().delete()


def move_the_promise(booking):
    Promise.objects.update(
        opens_at=booking.stop.opens_at + timedelta(hours=1),
        closes_at=booking.stop.closes_at + timedelta(hours=1),
    )


def override_first(booking):
    Promise.objects.update(cause="overridden", reason="because")


def forget_the_event(booking):
    Event.objects.filter(kind="booking.confirmed").delete()


def invent_an_event(booking):
    Event.objects.create(
        kind="booking.cancelled", delivery_id=booking.delivery_id, actor="x", occurred_at=booking.confirmed_at
    )


def charge_more(booking):
    Booking.objects.update(price_minor=booking.price_minor + 1)


def lose_the_choice(booking):
    Hold.objects.update(state="released")


def choose_what_was_not_offered(booking):
    Hold.objects.update(kind=8)


@pytest.mark.parametrize(
    ("breaking", "rule"),
    [
        (late_stop, "I1"),
        (overload, "I1"),
        (shorten_an_arc, "I1"),
        (unconfirm, "I3"),
        (drive_home_alone, "I1"),
        (lose_the_stop, "I3"),
        (lose_the_booking, "I3"),
        (lose_the_delivery, "I3"),
        (lose_the_choice, "I3"),
        (choose_what_was_not_offered, "I3"),
        (skip_a_promise, "I4"),
        (lose_the_promise, "I4"),
        (move_the_promise, "I4"),
        (override_first, "I4"),
        (forget_the_event, "I5"),
        (invent_an_event, "I5"),
        (charge_more, "I6"),
    ],
)
def test_a_broken_rule_is_counted(breaking, rule):
    booking = make_booking(make_network())
    assert list(breaches()) == []

    breaking(booking)

    assert rule in {breach.rule for breach in breaches()}


def test_a_hold_and_its_stop_belong_together():
    hold = make_hold(make_network())
    Hold.objects.update(state="released")

    assert {b.subject for b in breaches() if b.rule == "I3"} == {f"stop {hold.stop_id}"}


def test_a_live_hold_without_its_stop_is_counted():
    hold = make_hold(make_network())
    Stop.objects.update(state="released")

    assert f"hold {hold.pk}" in {b.subject for b in breaches() if b.rule == "I3"}


def test_a_forgotten_extension_is_counted():
    hold = make_hold(make_network())
    extend_hold(hold=hold, actor="test", now=NOW)
    assert list(breaches()) == []
    Event.objects.filter(kind="hold.extended").delete()

    assert {breach.rule for breach in breaches()} == {"I5"}


def test_another_deliverys_stop_is_counted():
    outlet = make_network()
    first, second = make_booking(outlet), make_hold(outlet, day=TOMORROW + timedelta(days=1))
    Booking.objects.filter(pk=first.pk).update(stop=second.stop)

    assert "has another delivery's stop" in {breach.what for breach in breaches()}


def test_the_command_prints_counts_and_exits_1_if_there_are_any():
    booking = make_booking(make_network())
    out = StringIO()
    call_command("check_invariants", stdout=out)
    assert out.getvalue().endswith("0 breaches\n")

    charge_more(booking)
    out = StringIO()
    with pytest.raises(SystemExit) as stopped:
        call_command("check_invariants", stdout=out)

    assert stopped.value.code == 1
    assert "I6" in out.getvalue()
