import re
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import Client

from scheduling import clock
from scheduling.models import MerchantDepot
from tests.factories import NOW, make_network
from tests.layouts import laid_out_once

ADDRESS = "Testikatu 1, 00100 Helsinki"
GAZETTEER = """street,number,postcode,city,lat,lon
Testikatu,1,00100,Helsinki,60.1700,24.9400
Testikatu,3,00100,Helsinki,60.1702,24.9404
Testikatu,5,00100,Helsinki,60.1704,24.9408
Testikatu,7,00100,Helsinki,60.1706,24.9412
Rantatie,4,00100,Helsinki,60.1650,24.9500
Rantatie,4,00200,Helsinki,60.1560,24.8700
Kaukotie,9,99999,Utsjoki,69.9000,27.0000
"""


class Clock:
    """What views read: `now` stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture(autouse=True)
def at():
    source = Clock()
    clock.set_source(source)
    yield source
    clock.set_source(None)


@pytest.fixture(autouse=True)
def _few_addresses(settings, few_addresses: Path) -> None:
    settings.GEOCODER, settings.GAZETTEER_FILE = "gazetteer", str(few_addresses)


@dataclass
class Shopper:
    """Somebody at the pages of one shop."""

    outlet: MerchantDepot
    client: Client = field(default_factory=Client)

    @property
    def base(self) -> str:
        return f"/s/{self.outlet.merchant.slug}/"

    def types(self, address: str = ADDRESS, **values):
        data = {"address": address, "unit": "", "size": "boxes"} | values
        return self.client.post(self.base + "?order=10482", data)

    def sees_times(self, day: str = "", **headers):
        return self.client.get(self.base + "times/" + (f"?day={day}" if day else ""), headers=headers or None)

    def offers(self, day: str = "2026-11-25") -> list[str]:
        return offers_in(self.sees_times(day))

    def keeps(self, offer: str | None = None):
        return self.client.post(self.base + "hold/", {"offer": offer or self.offers()[0]})

    def checks(self):
        return self.client.get(self.base + "check/")

    def confirms(self, **values):
        page = self.checks().content.decode()
        found = re.search(r'name="keeping" value="([^"]+)"', page)
        data = {"email": "aino@example.com", "mobile": "", "order_number": "10482"}
        keeping = found[1] if found else ""
        return self.client.post(self.base + "check/", data | {"keeping": keeping} | values)

    def books(self) -> str:
        """Walk the whole way; return the booking's address."""
        address, self.client.cookies = walk(self.outlet, self.client.cookies)
        cache.clear()  # how often was asked on the way is nobody's count
        return address


@laid_out_once
def walk(outlet: MerchantDepot, cookies: SimpleCookie) -> tuple[str, SimpleCookie]:
    """Book by the pages in a browser with these cookies; return the booking's address, and the cookies."""
    shopper = Shopper(outlet)
    shopper.client.cookies = cookies
    shopper.types()
    shopper.keeps()
    return shopper.confirms()["Location"], shopper.client.cookies


def offers_in(response) -> list[str]:
    """The offers that can be chosen on a page, those of the open day last."""
    return re.findall(r'name="(?:suggestion|offer)"[^>]* value="([^"]+)"', response.content.decode())


@pytest.fixture
def outlet(db) -> MerchantDepot:
    return make_network(days=4)


@pytest.fixture
def shopper(outlet) -> Shopper:
    return Shopper(outlet)
