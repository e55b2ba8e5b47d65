"""The way in from a mail."""

from datetime import timedelta

import pytest

from portal import access
from tests.factories import NOW, make_booking, make_link, make_network

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def booking():
    return make_booking(make_network())


@pytest.mark.parametrize(
    ("kind", "page", "closed"),
    [(access.MANAGE, "/d/{}/", "/f/nothing/"), (access.FOLLOW, "/f/{}/", "/d/{}/")],
)
def test_a_visit_swaps_the_token_for_a_cookie_and_goes_on(client, booking, kind, page, closed):
    ref, token = booking.delivery.ref, access.token_of(make_link(booking, kind))

    response = client.get(f"/l/{token}/")

    assert (response.status_code, response["Location"]) == (302, page.format(ref))
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["Cache-Control"] == "no-store, private"
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert client.get(page.format(ref)).status_code == 200
    assert client.get(closed.format(ref)).status_code in (403, 404)


def test_the_token_stands_in_no_page_it_leads_to(client, booking):
    token = access.token_of(make_link(booking))

    page = client.get(f"/l/{token}/", follow=True)

    assert token not in page.content.decode()
    assert token not in str(page.headers)
    assert token not in client.cookies.output()


@pytest.mark.parametrize("token", ["x", "A" * 64, "é" * 64, "../../admin", "%00" * 10])
def test_a_link_we_never_sent_says_so_and_where_to_get_one(client, token):
    response = client.get(f"/l/{token}/")

    assert response.status_code == 404
    if b"link_ended" in response.content:
        assert b'href="/find/"' in response.content


def test_an_ended_link_says_so(client, booking, at):
    link = make_link(booking)
    at.now = access.ends_at(link)

    response = client.get(f"/l/{access.token_of(link)}/")

    assert response.status_code == 404
    assert "This link does not work any more" in response.content.decode()
    assert access.cookie_name(booking.delivery.ref) not in response.cookies


def test_a_cookie_does_not_outlive_its_link(client, booking, at):
    link = make_link(booking)
    client.get(f"/l/{access.token_of(link)}/")
    at.now = access.ends_at(link) - timedelta(seconds=1)
    assert client.get(f"/d/{booking.delivery.ref}/").status_code == 200

    at.now = access.ends_at(link)

    assert client.get(f"/d/{booking.delivery.ref}/").status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_link_is_only_ever_looked_at(client, booking, method):
    token = access.token_of(make_link(booking))

    assert getattr(client, method)(f"/l/{token}/").status_code == 405


def test_two_deliveries_are_open_side_by_side(client, booking):
    other = make_booking(make_network())
    for each in (booking, other):
        client.get(f"/l/{access.token_of(make_link(each))}/")

    for each in (booking, other):
        assert client.get(f"/d/{each.delivery.ref}/").status_code == 200


def test_a_follow_link_gets_403_for_every_write(client, booking):
    ref = booking.delivery.ref
    client.get(f"/l/{access.token_of(make_link(booking, access.FOLLOW))}/")

    for path in (f"/d/{ref}/move/", f"/d/{ref}/cancel/"):
        assert client.post(path, {"yes": "1"}).status_code == 403, path
    booking.refresh_from_db()
    assert booking.state == "booked"


def test_the_right_to_manage_survives_a_look_at_the_follow_link(client, booking):
    ref = booking.delivery.ref
    client.get(f"/l/{access.token_of(make_link(booking))}/")
    client.get(f"/l/{access.token_of(make_link(booking, access.FOLLOW))}/")

    assert client.get(f"/d/{ref}/").status_code == 200
    assert make_link(booking).created_at == NOW
