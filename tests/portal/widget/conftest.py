"""A page of a shop with the widget in it, as the frame's script speaks for it."""

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client

from portal.models.keys import KeyKind, Scope
from portal.services.keys import issue_key
from portal.services.sessions import list_origins
from scheduling.models import Merchant, MerchantDepot
from tests.factories import NOW, make_network
from tests.portal.api.conftest import Program, secret
from tests.portal.customers.conftest import _few_addresses, at

__all__ = ["_few_addresses", "at"]

PAGE = "https://shop.example"


def a_basket(**values: Any) -> dict[str, Any]:
    return {"origin": PAGE, "load": {"grams": 3_000}} | values


TESTIKATU = {"line": "Testikatu 1", "postcode": "00100", "city": "Helsinki"}


def publishable(merchant: Merchant, *origins: str) -> str:
    scopes = (Scope.QUOTES, Scope.HOLDS)
    return issue_key(
        merchant=merchant,
        kind=KeyKind.PUBLISHABLE,
        name="page",
        scopes=scopes,
        origins=origins or (PAGE,),
        actor="test",
        now=NOW,
    )[1]


@dataclass
class Frame:
    """The frame in one browser: what its script would send."""

    merchant: Merchant
    token: str
    page: str = PAGE
    client: Client = field(default_factory=Client)

    @property
    def base(self) -> str:
        return f"/embed/v1/frame/{self.merchant.slug}/"

    def __call__(self, step: str, **fields: str) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "X-Doorstep-Origin": self.page}
        return self.client.post(f"{self.base}{step}/", fields, headers=headers)

    def begins(self, **fields: str) -> dict[str, Any]:
        answer: dict[str, Any] = self("open", **fields).json()
        self.token = answer.get("session", self.token)
        return answer

    def offers(self, day: str = "2026-11-25") -> list[str]:
        return re.findall(r'name="offer"[^>]* value="([^"]+)"', self("times", day=day).json()["html"])

    def holds(self, number: int = 0) -> dict[str, Any]:
        answer: dict[str, Any] = self("hold", offer=self.offers()[number]).json()
        return answer


@pytest.fixture
def outlet(db) -> MerchantDepot:
    made = make_network(days=9)
    list_origins(merchant=made.merchant, origins=[PAGE])
    return made


@pytest.fixture
def program(outlet) -> Program:
    return Program(secret(outlet.merchant))


@pytest.fixture
def frame(outlet, program) -> Frame:
    """A frame whose shop knows the address."""
    answer = program("POST", "/slot-sessions", a_basket(address=TESTIKATU))
    assert answer.status_code == 201, answer.content
    return Frame(outlet.merchant, answer.json()["session"])


@pytest.fixture
def asking(outlet, program) -> Frame:
    """A frame that asks for the address itself."""
    return Frame(outlet.merchant, program("POST", "/slot-sessions", a_basket()).json()["session"])


@pytest.fixture
def public(outlet) -> Frame:
    """A frame of a shop without a server."""
    return Frame(outlet.merchant, publishable(outlet.merchant))
