"""Staff come in by one throttled door."""

from datetime import timedelta

import pytest
from django.test import Client

from tests.factories import NOW, PASSWORD, make_depot, make_membership, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.once]

DOOR = "/staff/login/"


@pytest.fixture
def user():
    return make_membership(make_user("ana@shop.example", name="Ana"), depot=make_depot(name="North")).user


def sign_in(client, email="ana@shop.example", password=PASSWORD, **values):
    return client.post(DOOR, {"email": email, "password": password} | values)


def test_who_may_come_in_comes_in_and_sees_where_they_work(client, user):
    response = sign_in(client, email=" Ana@Shop.example ")

    assert (response.status_code, response["Location"]) == (303, "/staff/")
    page = client.get("/staff/").content.decode()
    assert "Hello Ana" in page
    assert "North" in page
    assert "Manager" in page
    assert f'href="/depot/{user.memberships.get().depot.slug}/"' in page


@pytest.mark.parametrize(
    ("email", "password"),
    [("ana@shop.example", "wrong"), ("nobody@shop.example", PASSWORD), ("ana@shop.example", PASSWORD + " ")],
)
def test_a_wrong_address_and_a_wrong_password_sound_the_same(client, user, email, password):
    response = sign_in(client, email, password)

    assert response.status_code == 422
    assert "That address and password do not go together." in response.content.decode()
    assert email in response.content.decode()
    assert password not in response.content.decode()


def test_an_empty_form_says_what_is_missing(client, user):
    response = client.post(DOOR, {})

    assert response.status_code == 422
    assert response.content.decode().count("This field is required.") >= 2


def test_who_was_shut_out_stays_out(client, user):
    user.is_active = False
    user.save()

    assert sign_in(client).status_code == 422


def test_the_way_goes_on_to_where_they_wanted(client, user):
    asked = client.get("/staff/")
    assert (asked.status_code, asked["Location"]) == (302, f"{DOOR}?next=/staff/")

    assert 'name="next" value="/staff/"' in client.get(asked["Location"]).content.decode()
    assert sign_in(client, next="/staff/?a=1")["Location"] == "/staff/?a=1"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_but_never_to_another_site(client, user, elsewhere):
    assert sign_in(client, next=elsewhere)["Location"] == "/staff/"


def test_guessing_one_account_is_stopped_from_wherever_it_comes(user, settings):
    settings.TRUSTED_PROXY_HOPS = 1
    answers = [
        Client(headers={"x-forwarded-for": f"10.1.{i}.1"}).post(
            DOOR, {"email": "ANA@shop.example", "password": "x"}
        )
        for i in range(12)
    ]

    assert [answer.status_code for answer in answers] == [422] * 10 + [429] * 2
    assert int(answers[-1]["Retry-After"]) > 0


def test_guessing_many_accounts_from_one_network_is_stopped(client, user, settings):
    settings.TRUSTED_PROXY_HOPS = 1
    codes = [
        client.post(
            DOOR,
            {"email": f"p{i}@shop.example", "password": "x"},
            headers={"x-forwarded-for": f"{i}.2.3.4, 198.51.100.{i}"},
        ).status_code
        for i in range(32)
    ]

    assert codes == [422] * 30 + [429] * 2


def test_after_the_wait_the_right_password_works_again(client, user, at):
    for _i in range(11):
        sign_in(client, password="wrong")
    assert sign_in(client).status_code == 429

    at.now = NOW + timedelta(minutes=31)

    assert sign_in(client).status_code == 303


def test_who_signs_out_is_out(client, user):
    sign_in(client)

    assert client.get("/staff/logout/").status_code == 405
    assert client.post("/staff/logout/")["Location"] == DOOR
    assert client.get("/staff/").status_code == 302


def test_the_session_changes_when_somebody_signs_in(client, user):
    client.get(DOOR)
    client.session["before"] = 1
    client.session.save()
    before = client.session.session_key

    sign_in(client)

    assert client.session.session_key != before


def test_who_works_nowhere_sees_nothing(client):
    make_user("stranger@shop.example")
    sign_in(client, "stranger@shop.example")

    assert client.get("/staff/").status_code == 404


# The admin has no door of its own


def test_the_set_up_pages_send_strangers_to_the_one_door(client):
    response = client.get("/admin/login/?next=/admin/")

    assert response.status_code == 302
    assert response["Location"].startswith(DOOR)
    assert client.post("/admin/login/", {"username": "x", "password": "y"})["Location"].startswith(DOOR)


def test_who_is_not_staff_gets_403_there(client, user):
    sign_in(client)

    assert client.get("/admin/", follow=True).status_code == 403


def test_staff_get_in(client):
    make_user("root@shop.example", is_staff=True, is_superuser=True)
    sign_in(client, "root@shop.example")

    assert client.get("/admin/").status_code == 200
