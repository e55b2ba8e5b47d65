"""A change asked for twice is made once and answered alike."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from portal.models.keys import Repeatable
from portal.services.repeats import KEPT_FOR, forget_repeats
from scheduling.models import Booking, Event, Hold
from tests.factories import NOW
from tests.portal.api.conftest import Program, an_order, secret

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both]


def test_asked_again_it_is_answered_as_before_and_nothing_more_happens(program):
    order = an_order(program.keeps())

    first = program("POST", "/deliveries", order, Idempotency_Key="one")
    again = program("POST", "/deliveries", order, Idempotency_Key="one")

    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert Event.objects.filter(kind="booking.confirmed").count() == 1


def test_no_link_is_kept(program):
    booked = program.books()

    kept = list(Repeatable.objects.of_everybody().values_list("answer", flat=True))
    token = booked["follow_url"].rstrip("/").rpartition("/")[2]
    assert len(token) == 64
    assert not [answer for answer in kept if token in answer]


def test_another_request_with_the_same_key_is_refused(program):
    order = an_order(program.keeps())
    program("POST", "/deliveries", order, Idempotency_Key="one")

    other = program("POST", "/deliveries", order | {"order_number": "2"}, Idempotency_Key="one")

    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key_reused")


def test_a_change_without_a_key_is_not_made(program):
    offer = program.offer()

    for key in ("", "x" * 256, "a b", "ä", "\t"):
        answer = program("POST", "/holds", {"offer": offer}, Idempotency_Key=key)

        assert answer.json()["error"]["code"] == "idempotency_key_missing"
    assert not Hold.objects.exists()


def test_a_refusal_is_judged_again(program, at):
    token = program.keeps()
    at.now = NOW + timedelta(hours=3)
    late = program("POST", "/deliveries", an_order(token), Idempotency_Key="one")
    at.now = NOW
    good = program("POST", "/deliveries", an_order(token), Idempotency_Key="one")

    assert (late.status_code, good.status_code) == (409, 201)


def test_merchants_keys_are_their_own(program, stranger):
    offers = program.offer(), stranger.offer()

    kept = [
        who("POST", "/holds", {"offer": offer}, Idempotency_Key="one").status_code
        for who, offer in zip((program, stranger), offers, strict=True)
    ]

    assert kept == [201, 201]


def test_what_nobody_asks_again_is_forgotten(program):
    program.books()

    assert forget_repeats(now=NOW + KEPT_FOR - timedelta(seconds=1)) == 0
    assert forget_repeats(now=NOW + KEPT_FOR) == 2
    assert not Repeatable.objects.of_everybody().exists()


def test_of_many_at_once_one_takes_effect(outlet):
    token = secret(outlet.merchant)
    order = an_order(Program(token).keeps())
    start = Barrier(8)

    def ask(_number: int):
        start.wait()
        try:
            return Program(token)("POST", "/deliveries", order, Idempotency_Key="one")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))

    assert Booking.objects.count() == Event.objects.filter(kind="booking.confirmed").count() == 1
    good = [answer.json() for answer in answers if answer.status_code == 201]
    assert good
    assert all(answer == good[0] for answer in good)
    assert {a.json()["error"]["code"] for a in answers if a.status_code != 201} <= {
        "in_progress",
        "plan_busy",
    }
