"""The photo of a safe place: sent, shown for five minutes to whom it concerns, replaced, and gone."""

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from portal.access import FOLLOW, issue_link
from portal.models.people import Role
from portal.services.erasure import erase_person
from portal.services.photos import sweep_photos
from scheduling import clock
from scheduling.models import Delivery, FileToRemove
from tests.factories import NOW, make_booking, make_membership, make_network, make_user
from tests.portal.customers.codes import passes_code
from tests.portal.customers.test_at_door import PORCH, zone
from tests.portal.customers.test_joining import came_by, text
from tests.portal.test_photos import HEIC, SECRET, SVG, picture, png_of, with_notes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@pytest.fixture(autouse=True)
def folder(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = str(tmp_path / "media")
    return tmp_path / "media" / "safe-places"


@pytest.fixture
def booked(shopper) -> str:
    return shopper.books()


def delivery(number: str = "10482") -> Delivery:
    return Delivery.objects.get(order__number=number)


def sends(shopper, booked: str, data: bytes | None = None, name: str = "porch.jpg", **typed):
    data = picture() if data is None else data
    return shopper.client.post(booked + "place/", PORCH | {"photo": SimpleUploadedFile(name, data)} | typed)


def shown_at(shopper, booked: str) -> str:
    return re.search(r'<img src="([^"]+/photo/[^"]+)"', text(shopper.client.get(booked + "place/")))[1]


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_photo_is_kept_as_a_plain_jpeg_under_a_name_of_our_own_and_shown(shopper, booked, folder):
    assert sends(shopper, booked, with_notes(), name="../../Aino's home.jpg").status_code == 303

    (name,) = files(folder)
    assert re.fullmatch(r"[\w-]{32}\.jpg", name)
    assert SECRET not in (folder / name).read_bytes()
    assert delivery().safe_place_photo == f"safe-places/{name}"
    response = shopper.client.get(shown_at(shopper, booked))
    assert response.content == (folder / name).read_bytes()
    assert response["Content-Type"] == "image/jpeg"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "no-store, private"


def test_its_address_ends_after_five_minutes(shopper, booked, at):
    sends(shopper, booked)
    address = shown_at(shopper, booked)

    at.now += timedelta(minutes=4, seconds=59)
    assert shopper.client.get(address).status_code == 200
    at.now += timedelta(seconds=1)
    assert shopper.client.get(address).status_code == 404


def test_its_address_is_of_no_use_to_others_and_cannot_be_made_up(shopper, outlet, booked):
    sends(shopper, booked)
    address = shown_at(shopper, booked)
    other = came_by(issue_link(delivery=make_booking(outlet).delivery, kind="manage", now=NOW))
    follower = came_by(issue_link(delivery=delivery(), kind=FOLLOW, now=NOW))

    assert [client.get(address).status_code for client in (Client(), other, follower)] == [404, 404, 403]
    assert shopper.client.get(address[:-3] + "xx/").status_code == 404
    for made_up in (f"/media/{delivery().safe_place_photo}", f"/static/{delivery().safe_place_photo}"):
        assert shopper.client.get(made_up).status_code == 404


def test_the_depots_staff_see_it_and_other_depots_do_not(shopper, outlet, booked):
    sends(shopper, booked)
    page = f"/depot/{outlet.depot.slug}/deliveries/{delivery().ref}/photo/"
    staff, stranger = Client(), Client()
    for client, depot in ((staff, outlet.depot), (stranger, make_network().depot)):
        user = make_user()
        make_membership(user, Role.VIEWER, depot=depot)
        client.force_login(user)
    day = delivery().booking.stop.route.shift.plan.service_date

    board = text(staff.get(f"/depot/{outlet.depot.slug}/{day.isoformat()}/"))
    sealed = staff.get(page)["Location"]

    assert f'href="{page}"' in board
    assert staff.get(sealed)["Content-Type"] == "image/jpeg"
    assert stranger.get(page).status_code == stranger.get(sealed).status_code == 404
    assert shopper.client.get(sealed).status_code in (302, 404)
    assert "Photo of the place" not in text(shopper.client.get(booked.replace("/d/", "/f/")))


def test_another_one_replaces_it_and_the_old_file_is_gone(shopper, booked, folder):
    sends(shopper, booked)
    first = files(folder)

    sends(shopper, booked, picture("PNG"), name="new.png")

    assert len(files(folder)) == 1
    assert files(folder) != first
    assert not FileToRemove.objects.exists()


@pytest.mark.parametrize("typed", [PORCH | {"without_photo": "on"}, {"place": "home"}, {"do": "take-off"}])
def test_it_is_taken_off_and_its_file_is_gone(shopper, booked, folder, typed):
    sends(shopper, booked)

    assert shopper.client.post(booked + "place/", typed).status_code == 303

    assert delivery().safe_place_photo == ""
    assert files(folder) == []


def test_without_another_one_it_stays(shopper, booked, folder):
    sends(shopper, booked)
    kept = files(folder)

    shopper.client.post(booked + "place/", PORCH | {"note": "right of the door"})

    assert files(folder) == kept
    assert delivery().safe_place_photo.endswith(kept[0])


@pytest.mark.parametrize(
    ("data", "name", "why"),
    [
        (SVG, "porch.svg", "can’t read that as a photo"),
        (SVG, "porch.jpg", "can’t read that as a photo"),
        (HEIC, "IMG_0001.HEIC", "Your phone’s photo format is HEIC"),
        (png_of(30_000, 30_000), "bomb.png", "photo"),
        (b"", "empty.jpg", "can’t read that as a photo"),
        (picture() + b"<script>alert(1)</script>", "both.jpg", "more than a photo"),
    ],
)
def test_what_is_no_photo_is_said_plainly_and_all_that_was_typed_is_kept(
    shopper, booked, folder, data, name, why
):
    response = sends(shopper, booked, data, name)

    assert response.status_code == 422
    assert why in text(response)
    assert "left  of the door" in text(response)
    assert re.search(r'value="porch"[^>]* checked', text(response))
    assert (delivery().safe_place, files(folder)) == ("", [])


def test_twelve_megabytes_are_taken_and_what_is_larger_is_refused_before_it_is_read(shopper, booked):
    large = picture("PNG", (2_100, 1_900))
    assert 10_000_000 > len(large) > 256 * 1024

    assert sends(shopper, booked, large, "large.png").status_code == 303
    assert sends(shopper, booked, b"\xff\xd8" + b"\0" * 13_000_000).status_code == 413
    elsewhere = {"minutes": "3", "x": SimpleUploadedFile("x", b"\0" * 300_000)}
    assert shopper.client.post(booked + "longer/", elsewhere).status_code == 413


def test_where_nothing_may_be_left_no_photo_is_kept(shopper, booked, outlet, folder):
    zone(outlet)

    assert sends(shopper, booked).status_code == 409
    assert files(folder) == []


def test_one_that_no_row_names_is_swept_and_others_stay(shopper, booked, folder):
    sends(shopper, booked)
    kept = files(folder)
    for name, hours in (("old.jpg", 2), ("new.jpg", 0)):
        (folder / name).write_bytes(b"x")
        then = (clock.wall() - timedelta(hours=hours)).timestamp()
        os.utime(folder / name, (then, then))
    os.utime(folder / kept[0], (0, 0))

    assert sweep_photos(wall=clock.wall()) == 1
    assert files(folder) == sorted([*kept, "new.jpg"])


def test_from_last_time_it_is_the_same_photo_shown_to_the_depot_alone(shopper, booked, outlet, folder):
    passes_code(shopper.client, booked)
    sends(shopper, booked)
    shopper.client.cookies.clear()
    shopper.types()
    shopper.keeps()
    again = shopper.confirms(order_number="10490")["Location"]

    assert delivery("10490").safe_place_photo == delivery().safe_place_photo
    assert "/photo/" not in text(shopper.client.get(again + "place/"))
    shopper.client.post(again + "place/", {"do": "take-off"})
    assert len(files(folder)) == 1


def test_who_is_erased_leaves_no_photo(shopper, booked, folder):
    sends(shopper, booked)

    erase_person(delivery=delivery(), actor="test", now=NOW)

    assert files(folder) == []
    assert not default_storage.exists("safe-places/none.jpg")
