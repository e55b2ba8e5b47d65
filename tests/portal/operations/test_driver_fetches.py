"""A pickup on the driver’s sheet: how it is packed, how many of each are announced and taken."""

import pytest

from portal.services.shift_links import hand_out
from returns.models import Return
from returns.services.pickups import book_pickup, choose_kind
from scheduling import clock
from scheduling.models import Attempt
from tests.factories import NOW, make_network
from tests.portal.driving import Phone
from tests.returns.pickups import a_hold, a_return, a_swap, relay_all, sent_out

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def ret() -> Return:
    outlet = make_network(vans=1)
    return choose_kind(a_return(outlet).pk, "labelless")


@pytest.fixture
def booking(ret):
    outlet = ret.merchant.outlets.get()
    booked = book_pickup(ret.pk, a_hold(outlet, ret).token, actor="link:1", now=NOW)
    out = sent_out(outlet, booked)
    clock.set_source(lambda: out.stop.opens_at)
    yield out
    clock.set_source(None)


@pytest.fixture
def phone(booking) -> Phone:
    found = Phone(hand_out(shift=booking.stop.route.shift, now=booking.stop.opens_at))
    assert found.opens().status_code == 303
    found.link.refresh_from_db()
    return found


def test_the_sheet_says_how_it_is_packed_and_what_is_announced(ret, phone):
    page = phone.reads()

    for words in ("Bring a box and a label", "How many of each do you take?", "Cup", "Coat", "1 announced"):
        assert words in page


def test_what_is_counted_is_noted_by_item(ret, booking, phone):
    cup, coat = ret.order.items.all()

    phone.says("collect", booking.stop, how="collected", **{f"count-{cup.ref}": 1, f"count-{coat.ref}": 0})
    relay_all(booking.stop.opens_at)

    assert Attempt.objects.get().counts == {cup.ref: 1}
    assert [each.collected for each in ret.items.all()] == [1, 0]
    assert Return.objects.get(pk=ret.pk).parcel == "collected"


@pytest.mark.parametrize("count", ["-1", "many", "99999999", "1.5"])
def test_what_is_no_number_is_asked_again(ret, booking, phone, count):
    cup, _coat = ret.order.items.all()

    answer = phone.says("collect", booking.stop, how="collected", **{f"count-{cup.ref}": count})

    assert not Attempt.objects.exists()
    assert "look at the numbers again" in answer.content.decode()


def test_counting_nothing_is_no_collection(ret, booking, phone):
    refs = [item.ref for item in ret.order.items.all()]

    answer = phone.says("collect", booking.stop, how="collected", **{f"count-{ref}": 0 for ref in refs})

    assert not Attempt.objects.exists()
    assert "Count what you take" in answer.content.decode()


# An exchange at the door


@pytest.fixture
def swapping():
    outlet = make_network(vans=1)
    ret = a_swap(outlet)
    booked = book_pickup(ret.pk, a_hold(outlet, ret).token, actor="link:1", now=NOW)
    out = sent_out(outlet, booked)
    clock.set_source(lambda: out.stop.opens_at)
    phone = Phone(hand_out(shift=out.stop.route.shift, now=out.stop.opens_at))
    assert phone.opens().status_code == 303
    phone.link.refresh_from_db()
    yield ret, out, phone
    clock.set_source(None)


def test_the_sheet_says_what_is_taken_back_for_what_is_handed_over(swapping):
    _ret, _booking, phone = swapping
    page = phone.reads()

    for words in ("1 parcel to hand over, 1 to take back", "Take back first:", "1 × Coat", "Swapped"):
        assert words in page
    assert 'value="not_ready"' in page


def test_nothing_is_handed_over_before_the_old_is_taken_back(swapping):
    ret, booking, phone = swapping

    answer = phone.says("hand_over", booking.stop, how="handed_over")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "unfinished")
    assert not Attempt.objects.exists()

    assert phone.says("hand_over", booking.stop, how="handed_over", check="exchange").status_code == 200
    relay_all(booking.stop.opens_at)
    assert Return.objects.get(pk=ret.pk).parcel == "collected"
