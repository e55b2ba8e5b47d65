import pytest
from django.urls import reverse

from portal.customers.pages import shop_of
from portal.customers.theme import digest_of, stylesheet
from portal.models import Brand

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def brand(outlet) -> Brand:
    return Brand.objects.create(merchant=outlet.merchant, accent="#a02060", letter="N")


def test_a_shops_pages_load_its_own_accent(client, brand, outlet):
    page = client.get(f"/s/{outlet.merchant.slug}/").content.decode()

    assert shop_of(outlet.merchant).theme_url in page
    assert ">N</span>" in page


def test_the_stylesheet_is_kept_for_a_year_under_its_own_digest(client, brand, outlet):
    response = client.get(shop_of(outlet.merchant).theme_url)

    assert response["Content-Type"].startswith("text/css")
    assert "immutable" in response["Cache-Control"]
    assert "--accent:#a02060" in response.content.decode()


def test_an_old_address_gets_todays_accent_and_is_not_kept(client, brand, outlet):
    old = reverse("customers:theme", args=[outlet.merchant.slug, digest_of(stylesheet("#123456"))])

    response = client.get(old)

    assert response["Cache-Control"] == "no-cache"
    assert "--accent:#a02060" in response.content.decode()


def test_a_shop_without_a_brand_wears_our_own_colours(client, outlet):
    assert "/theme/" not in client.get(f"/s/{outlet.merchant.slug}/").content.decode()
    assert client.get(reverse("customers:theme", args=[outlet.merchant.slug, "0"])).status_code == 404
