"""What came of a delivery, for its depot: verified; names and pictures only for who dispatches."""

import re
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.test import Client

from portal.models.people import Role
from scheduling import clock
from scheduling.models import Attempt, Booking, Delivery, Proof, Route
from scheduling.services.files import purge_proofs
from tests.factories import make_depot, make_membership, make_user
from tests.reported import at_the_door, on_the_road, reported

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def booking(settings, tmp_path) -> Booking:
    settings.MEDIA_ROOT = str(tmp_path)
    booking = on_the_road()
    clock.set_source(lambda: at_the_door(booking))
    yield booking
    clock.set_source(None)


def depot_of(booking: Booking):
    return booking.stop.route.shift.plan.depot


def somebody(booking: Booking, role: str = Role.DISPATCHER) -> Client:
    user, client = make_user(), Client()
    make_membership(user, role, depot=depot_of(booking))
    client.force_login(user)
    return client


def path_of(booking: Booking) -> str:
    return f"/depot/{depot_of(booking).slug}/deliveries/{booking.delivery.ref}/"


def words(client: Client, booking: Booking) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page_of(client, booking)).split())


def page_of(client: Client, booking: Booking) -> str:
    response = client.get(path_of(booking))
    assert response.status_code == 200
    return response.content.decode()


def pictures(page: str) -> list[str]:
    return re.findall(r'<img src="([^"]+/proofs/[^"]+)"', page)


def test_it_tells_what_came_of_it_and_that_it_is_as_it_was_noted(booking):
    reported(booking)

    said = words(somebody(booking), booking)

    for part in (
        "What was promised, and what came of it",
        "It came at",
        "as promised.",
        "Handed over",
        "Verified: as it was noted",
        "Aino Quillfeather",
        "the blue door",
        "2 of 2: DS",
        "give or take 5 m",
        "from the driver",
    ):
        assert part in said, part


def test_who_only_looks_sees_neither_names_nor_pictures(booking):
    reported(booking)
    url = pictures(page_of(somebody(booking), booking))[0]

    viewer = somebody(booking, Role.VIEWER)
    page = page_of(viewer, booking)

    assert "Verified: as it was noted" in page
    for word in ("Quillfeather", "the blue door", "/proofs/", "This was a mistake"):
        assert word not in page
    assert viewer.get(url).status_code == 403


def test_pictures_end_after_five_minutes_and_are_nobody_else_s(booking):
    reported(booking)
    client = somebody(booking)
    photo, signature = pictures(page_of(client, booking))

    assert [client.get(url)["Content-Type"] for url in (photo, signature)] == ["image/jpeg", "image/png"]
    assert somebody(booking).get(photo).status_code == 403
    assert Client().get(photo).status_code == 302
    elsewhere = make_depot()
    assert client.get(photo.replace(depot_of(booking).slug, elsewhere.slug)).status_code == 404
    clock.set_source(lambda: at_the_door(booking) + timedelta(minutes=5))
    assert client.get(photo).status_code == 403


def test_an_altered_photo_and_a_changed_name_are_told(booking):
    reported(booking)
    client, proof = somebody(booking), Proof.objects.get(kind="photo")
    data = bytearray(default_storage.open(proof.path).read())
    data[100] ^= 1
    default_storage.delete(proof.path)
    with default_storage.open(proof.path, "wb") as file:
        file.write(data)

    assert "Altered since it was noted" in page_of(client, booking)


def test_what_was_removed_in_time_still_verifies(booking):
    attempt = reported(booking)
    kept_at = attempt.proofs.first().kept_at
    purge_proofs(before=kept_at + timedelta(days=1), now=kept_at + timedelta(days=1))

    page = page_of(somebody(booking), booking)

    assert "2 removed, digests are kept" in page
    assert "Verified: as it was noted" in page
    assert pictures(page) == []


def takes_back(client: Client, booking: Booking, because: str = "Wrong door"):
    return client.post(path_of(booking) + "undo/", {"because": because})


def test_a_mistake_is_taken_back_with_a_reason_and_stays_there(booking):
    reported(booking)
    client = somebody(booking)
    assert "This was a mistake" in page_of(client, booking)

    assert takes_back(client, booking).status_code == 303

    assert Delivery.objects.get(pk=booking.delivery_id).state == "on_board"
    said = words(client, booking)
    assert re.search(r"Taken back .* by .*: Wrong door", said)
    assert "This was a mistake" not in said
    assert "It came at" not in said
    assert client.get(pictures(page_of(client, booking))[0]).status_code == 200


def test_only_who_dispatches_takes_back_and_not_without_a_reason(booking):
    reported(booking)

    assert takes_back(somebody(booking, Role.VIEWER), booking).status_code == 403
    assert takes_back(somebody(booking), booking, because=" ").status_code == 409
    assert Client().post(path_of(booking) + "undo/").status_code == 302
    assert Attempt.objects.get().undone_at is None


def test_once_the_van_is_back_there_is_no_button_for_it(booking):
    reported(booking)
    Route.objects.update(state="finished")
    client = somebody(booking)

    assert "This was a mistake" not in page_of(client, booking)
    assert takes_back(client, booking).status_code == 409


def test_the_day_says_how_many_promises_were_kept(booking):
    reported(booking)
    board = somebody(booking).get(f"/depot/{depot_of(booking).slug}/2026-11-24/").content.decode()

    assert "1 served: 1 in time for the first promise, 1 for the latest." in board
