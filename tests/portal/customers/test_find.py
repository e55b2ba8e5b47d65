import pytest
from django.test import Client

from scheduling.models import Event

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def asks(order_number="10482", email="aino@example.com"):
    return Client().post("/find/", {"order_number": order_number, "email": email})


def test_hit_and_miss_get_the_same_answer(shopper):
    shopper.books()

    hit, miss = asks(), asks(email="somebody@example.com")

    assert (hit.status_code, hit["Location"]) == (miss.status_code, miss["Location"]) == (303, "/find/asked/")
    assert hit.content == miss.content
    linked = Event.objects.filter(kind="links.asked").values_list("delivery", flat=True)
    assert [delivery is not None for delivery in linked.order_by("pk")] == [True, False]


def test_what_was_typed_wrong_is_said(db):
    response = asks(order_number="", email="aino")

    assert response.status_code == 422
    assert "Write the order number" in response.content.decode()
    assert 'value="aino"' in response.content.decode()


def test_guessing_is_stopped(db):
    codes = [asks(order_number=str(number)).status_code for number in range(10)]

    assert codes[-1] == 429


def test_the_answer_tells_what_to_do(client, db):
    page = client.get("/find/asked/")

    assert "Look into your mail" in page.content.decode()
    assert page["X-Robots-Tag"].startswith("noindex")
