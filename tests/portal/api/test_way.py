"""From a question to a booking, its changes and its end: what a shop's program does."""

import pytest

from scheduling import events
from scheduling.models import Booking, Delivery, Hold
from scheduling.selectors.slots import view_of
from scheduling.services.diverting import divert_delivery
from tests.factories import NOW, make_point, start_day
from tests.portal.api.conftest import a_question, an_order
from tests.reported import reported

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def test_a_question_is_answered_with_the_times_of_a_week(program):
    answer = program.times()

    assert len({offer["window"]["date"] for offer in answer["offers"]}) == 7
    first = next(offer for offer in answer["offers"] if offer["offer"])
    assert first["window"]["time_zone"] == "Europe/Helsinki"
    assert first["impact"]["up_to_m"] % 250 == 0
    assert answer["address"]["line"] == "Testikatu 1"
    assert {suggestion["offer"] for suggestion in answer["suggestions"]} <= {
        offer["offer"] for offer in answer["offers"]
    }


def test_for_a_postcode_alone_times_are_about_right_and_none_can_be_kept(program):
    answer = program.times(address={"postcode": "00100"})

    assert answer["indicative"]
    assert answer["address"]["line"] == answer["address"]["postcode"] == "00100"
    assert {one["offer"] for one in answer["offers"]} == {None}
    assert "address_needed" in {one["reason"]["code"] for one in answer["offers"]}
    assert any(one["impact"] for one in answer["offers"])
    assert answer["suggestions"] == []
    assert not program.times()["indicative"]


def test_a_time_is_kept_booked_moved_and_cancelled(program):
    booked = program.books()
    ref = booked["ref"]
    assert booked["state"] == "confirmed"
    assert program("GET", f"/deliveries/{ref}").json() == booked

    times = program("POST", f"/deliveries/{ref}/quotes").json()["offers"]
    other = next(one for one in times if one["offer"] and one["window"] != booked["window"])
    moved = program("POST", f"/deliveries/{ref}/reschedule", {"offer": other["offer"]})
    assert moved.json()["window"] == other["window"]

    cancelled = program("POST", f"/deliveries/{ref}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert Booking.objects.get().state == "cancelled"


def test_a_delivery_that_goes_to_a_pickup_point_names_it_and_its_shop_is_told(program):
    ref = program.books()["ref"]
    assert program("GET", f"/deliveries/{ref}").json()["pickup_point"] is None
    booking = Booking.objects.get()
    point = make_point(booking.stop.route.shift.plan.depot, external_id="k7", name="Kioski")

    divert_delivery(delivery=booking.delivery, point=point, actor="link", now=NOW)
    events.relay(now=NOW)

    assert program("GET", f"/deliveries/{ref}").json()["pickup_point"] == {"ref": "k7", "name": "Kioski"}
    told = program("GET", "/events").json()["events"][-1]
    assert told["type"] == "delivery.diverted"
    assert told["data"]["pickup_point"] == {"ref": "k7", "name": "Kioski"}
    assert told["data"]["price_difference_minor"] == 0


def test_a_hold_is_kept_longer_and_given_back(program, at):
    token = program.keeps()
    at.now = NOW.replace(minute=10)

    longer = program("PATCH", f"/holds/{token}").json()
    given = program("DELETE", f"/holds/{token}").json()

    assert longer["expires_at"] == "2026-11-23T09:25:00Z"
    assert (longer["state"], given["state"]) == ("live", "released")
    assert program("POST", "/deliveries", an_order(token)).json()["error"]["code"] == "hold_ended"


def test_a_shopper_keeps_one_time_at_a_time(program):
    first = program.keeps(0, shopper="cart-7")
    program.keeps(3, shopper="cart-7")
    elsewhere = program.keeps(5, shopper="cart-8")

    assert Hold.objects.get(token=first).state == "released"
    assert Hold.objects.get(token=elsewhere).state == "live"
    assert Hold.objects.filter(state="live").count() == 2


def test_what_happened_is_read_in_order_and_without_gaps(program):
    ref = program.books()["ref"]
    program("POST", f"/deliveries/{ref}/cancel")
    events.relay(now=NOW)

    first = program("GET", "/events?limit=2").json()
    rest = program("GET", f"/events?after={first['next']}").json()

    assert [one["type"] for one in first["events"]] == ["hold.placed", "booking.confirmed"]
    assert first["more"]
    assert [(one["type"], one["sequence"]) for one in rest["events"]] == [("booking.cancelled", 3)]
    assert rest["events"][0]["order_number"] == "10482"
    assert not rest["more"]
    assert "hold" not in first["events"][0]["data"]


def test_the_times_are_those_of_the_pages(program, outlet):
    from portal.customers.offers import Pricing, times_of
    from scheduling.models import Quote
    from scheduling.selectors.slots import answers_of

    answer = program.times()
    quote = Quote.objects.get(ref=answer["quote"])
    view = view_of(quote, answers_of(quote))

    shown = times_of(view, pricing=Pricing("Shop", "EUR"), chosen_day=None, url="/")
    assert [row.offer for row in shown.suggestions] == [one["offer"] for one in answer["suggestions"]]
    on_page = {row.offer for row in shown.rows if row.offer}
    assert on_page <= {one["offer"] for one in answer["offers"]}


def test_goods_that_need_a_signature_are_not_left_outside(program):
    question = a_question(requirements=["signature"], safe_place={"place": "porch"})

    answer = program("POST", "/quotes", question)

    assert answer.status_code == 200
    program("POST", "/holds", {"offer": next(o["offer"] for o in answer.json()["offers"] if o["offer"])})
    assert Delivery.objects.get().safe_place == ""


def test_it_tells_what_came_of_each_try_without_names_and_pictures(program, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    ref = program.books()["ref"]
    booking = Booking.objects.get()
    assert program("GET", f"/deliveries/{ref}").json()["attempts"] == []
    start_day(booking.stop.route.shift.plan)
    reported(booking)

    answer = program("GET", f"/deliveries/{ref}")

    [attempt] = answer.json()["attempts"]
    said = {name: attempt[name] for name in ("outcome", "reason", "photos", "signed", "undone_at")}
    assert said == {"outcome": "handed_over", "reason": "", "photos": 1, "signed": True, "undone_at": None}
    assert attempt["parcels"] == [parcel.barcode for parcel in booking.delivery.parcels.all()]
    for word in ("Quillfeather", "the blue door", "60.1701", "proofs/"):
        assert word not in answer.content.decode()
