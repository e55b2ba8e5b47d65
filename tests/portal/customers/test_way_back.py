"""Who comes from a shop's page is led back there, and nobody is led anywhere else."""

import pytest

from portal.services.sessions import list_origins
from tests.portal.customers.conftest import ADDRESS

pytestmark = [pytest.mark.django_db, pytest.mark.once]
PAGE = "https://shop.example/thanks?cart=7"


@pytest.fixture
def from_shop(shopper):
    """Books as somebody whom a shop's page has sent; returns the booking's page."""
    list_origins(merchant=shopper.outlet.merchant, origins=["https://shop.example"])

    def books(back: str) -> str:
        form = {"address": ADDRESS, "unit": "", "size": "boxes"}
        shopper.client.post(shopper.base, form, QUERY_STRING=f"return={back.replace('&', '%26')}")
        shopper.keeps()
        return shopper.client.get(shopper.confirms()["Location"]).content.decode()

    return books


def test_a_page_that_the_shop_listed_is_led_back_to(from_shop, shopper):
    page = from_shop(PAGE)

    assert f'href="{PAGE}"' in page
    assert f"Back to {shopper.outlet.merchant.name}" in page


@pytest.mark.parametrize(
    "back",
    [
        "",
        "https://evil.example/",
        "https://shop.example.evil.example/",
        "https://shop.example@evil.example/",
        "//shop.example/",
        "http://shop.example/",
        "javascript:alert(1)//https://shop.example",
        "https://shop.example:444/",
        "https://shop.example/" + "x" * 400,
        "https://[shop.example/",
        "https://shop.example/%0d%0aSet-Cookie:x",
    ],
)
def test_nobody_is_led_anywhere_else(from_shop, back):
    assert "Back to " not in from_shop(back)
