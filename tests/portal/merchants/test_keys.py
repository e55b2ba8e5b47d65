"""A shop's managers make, replace and end its keys; a key is shown once."""

import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client

from portal.models import ApiKey
from portal.models.people import Role
from portal.models.tenants import Unscoped
from portal.services.keys import MOST_LIVE, key_of
from scheduling import clock
from tests.factories import NOW, make_membership, make_merchant

pytestmark = [pytest.mark.django_db, pytest.mark.both]
SERVER = {"name": "server", "kind": "secret", "scopes": ["quotes", "holds"], "origins": ""}
PAGE = {"name": "page", "kind": "publishable", "origins": "https://shop.example"}


@pytest.fixture(autouse=True)
def at():
    clock.set_source(lambda: NOW)
    yield
    clock.set_source(None)


@pytest.fixture
def shop():
    return make_merchant()


@pytest.fixture
def manager(shop) -> Client:
    return somebody(shop, Role.MANAGER)


def somebody(shop, role) -> Client:
    client = Client()
    client.force_login(make_membership(merchant=shop, role=role).user)
    return client


def path(shop, rest="") -> str:
    return f"/shop/{shop.slug}/keys/{rest}"


def made(client, shop, **values) -> str:
    """Make a key; return the token that is shown."""
    page = client.post(path(shop), SERVER | values)
    assert page.status_code == 201
    return re.search(r'class="token">([^<]+)<', page.content.decode())[1]


def test_a_key_is_shown_once_and_works(manager, shop):
    token = made(manager, shop)

    assert key_of(token, now=NOW).merchant == shop
    again = manager.get(path(shop)).content.decode()
    assert token not in again
    assert token[:11] in again
    assert token not in str(list(ApiKey.objects.of(shop).values()))


def test_a_key_for_pages_asks_and_keeps_only_whatever_is_ticked(manager, shop):
    token = made(manager, shop, **PAGE, scopes=["deliveries:write"])

    key = key_of(token, now=NOW)
    assert token.startswith("pk_")
    assert (key.scopes, key.origins) == (["quotes", "holds"], ["https://shop.example"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"kind": "gold"},
        PAGE | {"origins": ""},
        PAGE | {"origins": "shop.example"},
        PAGE | {"origins": "http://shop.example"},
        PAGE | {"origins": "https://shop.example/cart"},
        PAGE | {"origins": "https://[::1"},
        PAGE | {"origins": "https://shop.example:99999"},
    ],
)
def test_what_makes_no_sense_is_said_and_kept(manager, shop, wrong):
    page = manager.post(path(shop), SERVER | wrong)

    assert page.status_code == 422
    assert "notice--bad" in page.content.decode()
    assert not ApiKey.objects.of(shop).exists()


def test_a_key_that_is_replaced_works_for_another_day(manager, shop):
    old = made(manager, shop)
    number = key_of(old, now=NOW).pk

    page = manager.post(path(shop, f"{number}/replace/"))

    assert page.status_code == 201
    assert key_of(old, now=NOW + timedelta(hours=23)).pk == number
    assert key_of(old, now=NOW + timedelta(hours=24)) is None
    assert len(ApiKey.objects.of(shop)) == 2


def test_a_key_that_is_ended_works_no_more(manager, shop):
    token = made(manager, shop)
    number = key_of(token, now=NOW).pk

    assert manager.post(path(shop, f"{number}/end/")).status_code == 303
    assert key_of(token, now=NOW) is None
    assert manager.post(path(shop, f"{number}/end/")).status_code == 404


def test_there_are_only_so_many_at_once(manager, shop):
    for _ in range(MOST_LIVE):
        made(manager, shop)

    page = manager.post(path(shop), SERVER)

    assert page.status_code == 409
    assert "as many keys" in page.content.decode()


@pytest.mark.parametrize("role", [Role.RETURNS_DESK, Role.VIEWER])
def test_only_managers_see_and_make_keys(shop, role):
    other = somebody(shop, role)

    assert other.get(path(shop)).status_code == 403
    assert other.post(path(shop), SERVER).status_code == 403


def test_others_shops_do_not_exist(manager, shop):
    elsewhere = make_merchant()
    token = made(somebody(elsewhere, Role.MANAGER), elsewhere)

    assert manager.get(path(elsewhere)).status_code == 404
    assert manager.post(path(shop, f"{key_of(token, now=NOW).pk}/end/")).status_code == 404
    assert Client().get(path(shop)).status_code == 302


def test_rows_of_all_merchants_are_not_read_by_accident(shop):
    for ask in (ApiKey.objects.all, ApiKey.objects.count, ApiKey.objects.first):
        with pytest.raises(Unscoped):
            ask()


def test_the_managers_home_leads_there(manager, shop):
    assert path(shop) in manager.get("/staff/").content.decode()


def test_who_backs_up_gets_all_rows(manager, shop, capsys):
    made(manager, shop)

    call_command("dumpdata", "portal.apikey")

    assert f'"merchant": {shop.pk}' in capsys.readouterr().out
