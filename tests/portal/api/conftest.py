"""A shop's own program, and the town's few addresses."""

import json
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from django.test import Client

from portal.models.keys import KeyKind, Scope
from portal.services.keys import issue_key
from scheduling.models import Merchant, MerchantDepot
from tests.factories import NOW, make_network
from tests.portal.customers.conftest import _few_addresses, at

__all__ = ["_few_addresses", "at"]

API = "/api/v1"
_numbers = count(1)


def secret(merchant: Merchant, *scopes: str) -> str:
    """A key's token: with all scopes unless some are named."""
    kept = scopes or tuple(Scope.values)
    return issue_key(merchant=merchant, kind=KeyKind.SECRET, name="shop", scopes=kept, actor="test", now=NOW)[
        1
    ]


@dataclass
class Program:
    """A program that sends a key."""

    token: str
    headers: dict[str, str] = field(default_factory=dict)
    client: Client = field(default_factory=Client)

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        known = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": f"k{next(_numbers)}"}
        sent = known | self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.client.generic(method, API + path, data, content_type="application/json", headers=sent)

    def times(self, **values: Any) -> dict[str, Any]:
        """The answer to a question about one bag for Testikatu."""
        response = self("POST", "/quotes", a_question(**values))
        assert response.status_code == 200, response.content
        return response.json()

    def offer(self, number: int = 0, **values: Any) -> str:
        found = [one["offer"] for one in self.times(**values)["offers"] if one["offer"]]
        return found[number]

    def keeps(self, number: int = 0, **values: Any) -> str:
        """The token of a hold."""
        response = self("POST", "/holds", {"offer": self.offer(number, **values)})
        assert response.status_code == 201, response.content
        return response.json()["hold"]

    def books(self, order: str = "10482", number: int = 0, **values: Any) -> dict[str, Any]:
        response = self("POST", "/deliveries", an_order(self.keeps(number, **values), order_number=order))
        assert response.status_code == 201, response.content
        return response.json()


def a_question(**values: Any) -> dict[str, Any]:
    address = {"line": "Testikatu 1", "postcode": "00100", "city": "Helsinki"}
    return {"address": address, "load": {"grams": 3_000}} | values


def an_order(hold: str, **values: Any) -> dict[str, Any]:
    contact = {"email": "aino@example.com", "name": "Aino", "phone": "+358401234567"}
    return {"hold": hold, "order_number": "10482", "contact": contact} | values


@pytest.fixture
def outlet(db) -> MerchantDepot:
    return make_network(days=9)


@pytest.fixture
def program(outlet) -> Program:
    return Program(secret(outlet.merchant))


@pytest.fixture
def stranger(outlet) -> Program:
    """A program of another shop at the same depot."""
    return Program(secret(make_network(days=9).merchant))
