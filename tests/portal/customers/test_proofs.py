"""What a customer sees of what happened at their door: behind the manage link, for five minutes a picture."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from django.test import Client
from PIL import Image

from portal.access import FOLLOW, MANAGE
from portal.services.kept import kept_about
from scheduling.models import Booking, Delivery
from scheduling.services.handing_over import undo_attempt
from tests.factories import NOW, make_link
from tests.portal.links import came_by
from tests.reported import at_the_door, on_the_road, reported

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def booking(at) -> Booking:
    booking = on_the_road()
    at.now = at_the_door(booking)
    return booking


def page_of(booking: Booking, kind: str = MANAGE) -> tuple[Client, str]:
    client = came_by(make_link(booking, kind))
    path = f"/{'f' if kind == FOLLOW else 'd'}/{booking.delivery.ref}/"
    return client, client.get(path).content.decode()


def pictures(page: str) -> list[str]:
    return re.findall(r'<img src="([^"]+/proof/[^"]+)"', page)


def said(page: str) -> str:
    """The words of the proof."""
    found = re.search(r'(?<=aria-labelledby="proof-title">).*?</section>', page, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split()) if found else ""


def test_it_tells_who_took_it_when_how_far_and_shows_photo_and_signature(booking):
    reported(booking)

    client, page = page_of(booking)

    words = said(page)
    assert words.startswith("Proof of delivery When Tuesday 24 November, 10:00 Who took it Aino Quillfeather")
    assert "Parcels 2 parcels" in words
    assert re.search(r"Where \d\d metres from your address", words)
    assert "the blue door" not in page
    photo, signature = (client.get(url) for url in pictures(page))
    assert (photo["Content-Type"], signature["Content-Type"]) == ("image/jpeg", "image/png")
    for answer in (photo, signature):
        assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store, private")
        assert answer["X-Content-Type-Options"] == "nosniff"
        Image.open(BytesIO(answer.content)).verify()


def test_before_anything_happened_there_is_nothing_of_it(booking):
    assert said(page_of(booking)[1]) == ""


def test_an_address_of_a_picture_ends_after_five_minutes_and_is_for_who_asked(booking, at):
    reported(booking)
    client, page = page_of(booking)
    url, _signature = pictures(page)
    stranger, other = Client(), came_by(make_link(booking, FOLLOW))

    assert [who.get(url).status_code for who in (client, stranger, other)] == [200, 404, 403]
    unsigned = url.rpartition("/")[0].rpartition("/")[0]
    for wrong in (url[:-4] + "xxx/", unsigned + "/none/", re.sub(r"/proof/\d+/", "/proof/0/", url)):
        assert client.get(wrong).status_code == 403
    assert client.post(url).status_code == 405
    at.now += timedelta(minutes=5)
    assert client.get(url).status_code == 403
    assert client.get(pictures(page_of(booking)[1])[0]).status_code == 200


def test_one_delivery_s_picture_is_no_other_s(booking, at):
    reported(booking)
    _client, page = page_of(booking)
    url = pictures(page)[0]
    other = on_the_road()

    assert page_of(other)[0].get(url.replace(booking.delivery.ref, other.delivery.ref)).status_code == 403


def test_who_follows_sees_nothing_of_it(booking):
    reported(booking)

    _client, page = page_of(booking, FOLLOW)

    for word in ("quillfeather", "/proof/", "signature", "metres"):
        assert word not in page.lower()


def test_a_part_says_how_much_is_still_to_come(booking):
    some = booking.delivery.parcels.values_list("barcode", flat=True)[:1]
    reported(booking, barcodes=list(some))

    assert "Parcels 1 of 2. The rest is still with us." in said(page_of(booking)[1])


def test_what_was_refused_as_damaged_shows_what_was_seen(booking):
    reported(booking, outcome="refused", reason="damaged")

    _client, page = page_of(booking)
    assert said(page).startswith("What we saw")
    assert "You did not take it: it was damaged." in said(page)
    assert len(pictures(page)) == 2


def test_at_a_safe_place_nobody_took_it(at):
    booking = on_the_road(requirements=(), safe_place="porch")
    at.now = at_the_door(booking)
    reported(booking, outcome="safe_place", to_whom="")

    assert "Nobody: it is where you said it may be left" in said(page_of(booking)[1])


def test_where_the_phone_did_not_know_it_says_nothing_of_where(booking):
    reported(booking, lat=None, lon=None, accuracy_m=None)

    assert "Where" not in said(page_of(booking)[1])


def test_what_was_taken_back_is_shown_no_more(booking, at):
    reported(booking)
    client, page = page_of(booking)
    undo_attempt(stop_id=booking.stop_id, because="Wrong door", actor="user:1", now=at.now)

    assert client.get(pictures(page)[0]).status_code == 403
    assert said(page_of(booking)[1]) == ""


def test_all_of_it_is_in_what_is_kept_about_them(booking):
    reported(booking)

    file = "".join(kept_about(booking.delivery, now=NOW))
    for word in ("Aino Quillfeather", "the blue door", "60.1701", '"signature"', "[[[10,80]"):
        assert word in file


def test_a_neighbour_who_took_it_is_named_to_who_named_them(at):
    booking = on_the_road(requirements=())
    named = {"safe_place": "neighbour", "neighbour_name": "Mika", "neighbour_unit": "B 7"}
    Delivery.objects.filter(pk=booking.delivery_id).update(**named)
    at.now = at_the_door(booking)
    reported(booking, outcome="neighbour", to_whom="")

    assert "Who took it Mika, B 7" in said(page_of(booking)[1])
