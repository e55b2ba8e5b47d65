"""A customer sends a delivery to a pickup point: what is offered, what is asked, what is said afterwards."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from portal.access import FOLLOW, issue_link, token_of
from portal.collection import code_of
from scheduling import events
from scheduling.invariants import breaches
from scheduling.models import Booking, DayPlan, Delivery, Event, PickupPoint, Stop
from scheduling.services.plans import close_plan
from tests.factories import NOW, make_point

pytestmark = [pytest.mark.django_db, pytest.mark.once]

CODE = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{4} [0-9A-HJKMNP-TV-Z]{4}\b")


def text(response) -> str:
    return response.content.decode()


def plain(page: str) -> str:
    """A page's words, without its marks and with plain spaces."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).replace("\u00a0", " ").split())


@pytest.fixture
def depot(outlet):
    return outlet.depot


@pytest.fixture
def booked(shopper) -> str:
    """The address of a booking of two parcels which `shopper` made."""
    return shopper.books()


def test_the_nearest_five_are_shown_with_distance_hours_and_what_they_add(shopper, booked, depot):
    for number in range(7):
        make_point(depot, east_m=200 * (number + 1), name=f"Kioski numero {number + 1}")

    page = text(shopper.client.get(booked + "point/"))

    shown = re.findall(r'point__name">([^<]+)', page)
    assert shown == [f"Kioski numero {number}" for number in (1, 2, 3, 4, 5)]
    words = plain(page)
    assert "About 200 m from your address" in words
    assert "Open today until 21:00; Tue–Sun 7:00–21:00" in words
    assert "Against now: the same price" in words
    assert "Parcels wait there for 7 days" in words


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"capacity": 1}, "too large or too heavy"),
        ({"parcel_most_g": 1_000}, "too large or too heavy"),
        ({"hours": "We off; Th-Su 10:00-20:00"}, "Closed on that day"),
        ({"north_m": 300_000}, "can’t fit it in"),
    ],
)
def test_what_cannot_take_it_says_why_and_is_no_choice(shopper, booked, depot, values, said):
    point = make_point(depot, **values)

    page = text(shopper.client.get(booked + "point/"))

    assert said in page
    assert f"?to={point.external_id}" not in page
    sent = shopper.client.post(booked + "point/", {"to": point.external_id})
    assert sent.status_code == 409
    assert Stop.objects.booked().get().pickup_point is None


def test_a_full_point_says_so(shopper, booked, depot):
    point = make_point(depot, capacity=2)
    PickupPoint.objects.update(used=1)

    assert "Full right now." in text(shopper.client.get(booked + "point/"))
    refused = shopper.client.post(booked + "point/", {"to": point.external_id})
    assert refused.status_code == 409
    PickupPoint.objects.update(used=0)


def test_it_is_asked_once_more_and_looking_changes_nothing(shopper, booked, depot):
    point = make_point(depot, name="Kulman kioski")

    page = text(shopper.client.get(booked + f"point/?to={point.external_id}"))

    assert "Send it to Kulman kioski?" in page
    assert "21:00 at the latest" in plain(page)
    assert "as before" in plain(page)
    assert not Event.objects.filter(kind="delivery.diverted").exists()


def send(shopper, booked: str, point: PickupPoint) -> str:
    """Send it to a point; return the booking's page."""
    answer = shopper.client.post(booked + "point/", {"to": point.external_id})
    assert answer["Location"] == booked
    return text(shopper.client.get(booked))


def test_sent_there_its_page_says_where_until_when_and_the_code(shopper, booked, depot):
    point = make_point(depot, name="Kulman kioski", line="Rantatie 4")

    page = send(shopper, booked, point)

    words = plain(page)
    assert "It goes to the pickup point." in words
    assert "Your parcels wait at Kulman kioski, from about 21:00 at the latest, until" in words
    assert "Kulman kioski, Rantatie 4" in words
    assert code_of(Booking.objects.get().stop) in words
    assert "You sent it to Kulman kioski" in words
    assert "At the pickup point" in words
    assert list(breaches()) == []


def test_sent_twice_it_is_there_once(shopper, booked, depot):
    point = make_point(depot)
    send(shopper, booked, point)

    again = shopper.client.post(booked + "point/", {"to": point.external_id})

    assert again.status_code == 303
    assert Event.objects.filter(kind="delivery.diverted").count() == 1
    assert PickupPoint.objects.get().used == 2


def test_the_code_stays_and_is_another_after_going_elsewhere_and_back(shopper, booked, depot):
    first, second = make_point(depot), make_point(depot)

    codes = [CODE.search(plain(send(shopper, booked, point)))[0] for point in (first, second, first)]

    assert len(set(codes)) == 3
    assert CODE.search(plain(text(shopper.client.get(booked))))[0] == codes[-1]


def test_the_code_is_in_no_row_and_no_event(shopper, booked, depot):
    send(shopper, booked, make_point(depot))
    code = code_of(Booking.objects.get().stop)

    for event in Event.objects.all():
        assert code not in str(event.data)
        assert code.replace(" ", "") not in str(event.data)


def test_a_follow_link_sees_day_and_hours_but_neither_point_nor_code(shopper, booked, depot):
    send(shopper, booked, make_point(depot, name="Kulman kioski"))
    delivery = Delivery.objects.get(state="confirmed")
    follower = Client()
    follower.get(f"/l/{token_of(issue_link(delivery=delivery, kind=FOLLOW, now=NOW))}/")

    page = text(follower.get(f"/f/{delivery.ref}/"))

    assert "7:00–21:00" in plain(page)
    assert "kioski" not in page
    assert "pickup" not in page.lower()
    assert code_of(Booking.objects.get().stop) not in page
    assert follower.get(booked + "point/").status_code == 403
    assert follower.post(booked + "point/", {"to": "x"}).status_code == 403


def test_strangers_find_nothing(booked, depot):
    make_point(depot)

    assert Client().get(booked + "point/").status_code == 404
    assert Client().post(booked + "point/").status_code == 404


def test_it_comes_home_by_choosing_a_time_again(shopper, booked, depot):
    point = make_point(depot)
    send(shopper, booked, point)

    page = text(shopper.client.get(booked + "point/"))
    assert "Choose a time at your door" in page
    times = text(shopper.client.get(booked + "move/"))
    assert "Your time now" not in times
    offer = re.findall(r'name="(?:suggestion|offer)"[^>]* value="([^"]+)"', times)[0]
    shopper.client.post(booked + "move/", {"offer": offer})

    assert Booking.objects.get().stop.pickup_point is None
    assert PickupPoint.objects.get(pk=point.pk).used == 0
    assert "At your door" in text(shopper.client.get(booked))


def test_what_was_said_of_the_door_waits_at_home(shopper, booked, depot):
    Delivery.objects.filter(state="confirmed").update(safe_place="porch")
    point = make_point(depot)

    asked = text(shopper.client.get(booked + f"point/?to={point.external_id}"))
    assert "What you said about your door does not count there." in asked
    page = plain(send(shopper, booked, point))

    assert "May be left" not in page
    assert "counts again if the delivery comes home" in page


def test_goods_that_are_handed_over_are_offered_no_point(shopper, booked, depot):
    make_point(depot)
    Delivery.objects.filter(state="confirmed").update(requirements=["age_check"])

    assert "Pickup point" not in text(shopper.client.get(booked))
    assert shopper.client.get(booked + "point/")["Location"] == booked


def test_without_points_nothing_is_offered(shopper, booked):
    assert "Pickup point" not in text(shopper.client.get(booked))


def test_the_booking_leads_there(shopper, booked, depot):
    make_point(depot)

    page = text(shopper.client.get(booked))

    assert f'href="{booked}point/"' in page
    assert "No: it comes to your door" in plain(page)


def test_after_the_cut_off_it_says_that_it_will_not_come_home_again(shopper, booked, depot, at):
    point, booking = make_point(depot), Booking.objects.get()
    at.now = booking.change_until_at + timedelta(minutes=5)
    close_plan(plan_id=booking.stop.route.shift.plan_id, now=at.now)

    page = text(shopper.client.get(booked + f"point/?to={point.external_id}"))
    assert "but not have it brought home" in page

    assert "It goes to the pickup point" in send(shopper, booked, point)


def test_too_late_it_stays_and_says_so(shopper, booked, depot):
    point = make_point(depot)
    DayPlan.objects.update(state="locked")

    answer = shopper.client.post(booked + "point/", {"to": point.external_id})

    assert answer.status_code == 409
    assert "It stays as it was" in text(answer)


def test_an_unknown_point_is_refused_with_those_there_are(shopper, booked, depot):
    make_point(depot, name="Kulman kioski")

    answer = shopper.client.post(booked + "point/", {"to": "<script>"})
    asked = shopper.client.get(booked + "point/?to=nowhere")

    assert answer.status_code == 409
    assert "Kulman kioski" in text(answer)
    assert "can’t take it any more" in text(asked)


def test_the_map_shows_the_points_by_their_numbers(shopper, booked, depot):
    make_point(depot, name="Kulman kioski")

    page = text(shopper.client.get(booked + "point/"))

    assert "data-points=" in page
    assert "&quot;number&quot;: 1" in page


def test_the_calendar_file_says_where_it_waits(shopper, booked, depot):
    send(shopper, booked, make_point(depot, name="Kulman kioski", line="Rantatie 4"))

    file = text(shopper.client.get(booked + "calendar.ics")).replace("\r\n ", "")

    assert "Kulman kioski\\, Rantatie 4" in file
    assert "Your parcels wait at Kulman kioski" in file
    assert "We come within this time" not in file
    assert code_of(Booking.objects.get().stop) not in file


def test_events_reach_the_feed(shopper, booked, depot):
    send(shopper, booked, make_point(depot))

    events.relay(now=NOW)

    assert Event.objects.get(kind="delivery.diverted").relayed_at is not None
