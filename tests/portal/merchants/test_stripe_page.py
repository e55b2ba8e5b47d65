"""A shop's key at Stripe goes in, and never comes out."""

import pytest
from django.test import Client

from portal.models.people import Role
from returns.models import StripeAccount
from tests.factories import make_membership, make_merchant
from tests.fakes.stripe_server import KEY, SECRET

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    return make_merchant()


def somebody(shop, role=Role.MANAGER) -> Client:
    client = Client()
    client.force_login(make_membership(merchant=shop, role=role).user)
    return client


def test_a_key_is_kept_and_only_hinted_at(shop):
    manager, path = somebody(shop), f"/shop/{shop.slug}/stripe/"

    assert manager.post(path, {"key": KEY, "secret": SECRET}).status_code == 303

    page = manager.get(path).content.decode()
    assert KEY not in page
    assert SECRET not in page
    assert KEY[-4:] in page
    assert f"/stripe/{shop.slug}/events/" in page


def test_what_is_no_key_is_refused_and_not_shown_again(shop):
    page = somebody(shop).post(f"/shop/{shop.slug}/stripe/", {"key": "hunter2-hunter2", "secret": ""})

    assert page.status_code == 422
    assert "hunter2-hunter2" not in page.content.decode()
    assert not StripeAccount.objects.exists()


def test_a_key_is_taken_away(shop):
    manager, path = somebody(shop), f"/shop/{shop.slug}/stripe/"
    manager.post(path, {"key": KEY, "secret": SECRET})

    manager.post(f"{path}forget/")

    assert not StripeAccount.objects.exists()


def test_only_managers_see_the_page(shop):
    for role in (Role.RETURNS_DESK, Role.VIEWER):
        assert somebody(shop, role).get(f"/shop/{shop.slug}/stripe/").status_code == 403
    assert somebody(make_merchant()).get(f"/shop/{shop.slug}/stripe/").status_code == 404
