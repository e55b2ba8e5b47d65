"""A shop's managers say which pages may show its widget."""

import pytest
from django.test import Client

from portal.models.people import Role
from portal.services.sessions import list_origins, listed_origins
from tests.factories import make_membership, make_merchant

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def somebody(shop, role) -> Client:
    client = Client()
    client.force_login(make_membership(merchant=shop, role=role).user)
    return client


def path(shop) -> str:
    return f"/shop/{shop.slug}/widget/"


def test_a_manager_lists_pages_and_takes_them_back():
    shop = make_merchant()
    manager = somebody(shop, Role.MANAGER)

    assert manager.post(path(shop), {"pages": "https://a.example/\n https://b.example"}).status_code == 303
    assert listed_origins(shop) == ["https://a.example", "https://b.example"]
    page = manager.get(path(shop)).content.decode()
    assert "https://a.example\nhttps://b.example</textarea>" in page
    assert f"merchant=&quot;{shop.slug}&quot;" in page
    manager.post(path(shop), {"pages": ""})
    assert listed_origins(shop) == []


@pytest.mark.parametrize(
    "pages", ["a.example", "http://a.example", "\n".join(f"https://{n}.e" for n in range(21))]
)
def test_what_is_no_page_is_said_and_changes_nothing(pages):
    shop = make_merchant()
    list_origins(merchant=shop, origins=["https://kept.example"])

    answer = somebody(shop, Role.MANAGER).post(path(shop), {"pages": pages})

    assert answer.status_code == 422
    assert pages in answer.content.decode()
    assert listed_origins(shop) == ["https://kept.example"]


def test_who_is_no_manager_there_lists_nothing():
    shop = make_merchant()

    for client, status in (
        (somebody(shop, Role.VIEWER), 403),
        (somebody(make_merchant(), Role.MANAGER), 404),
        (Client(), 302),
    ):
        assert client.post(path(shop), {"pages": "https://evil.example"}).status_code == status
    assert listed_origins(shop) == []
