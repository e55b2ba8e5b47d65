"""Sessions: who may open one, for which page, how long it lasts, and what of it is kept."""

import json
from datetime import timedelta

import pytest
from django.core import serializers

from portal.models.widget import Widget, WidgetSession
from portal.services.keys import BadKey
from portal.services.sessions import (
    SessionEnded,
    TooManyOrigins,
    forget_sessions,
    list_origins,
    origins_of,
    session_of,
)
from scheduling.models import Hold, Quote
from tests.factories import NOW, make_merchant
from tests.portal.api.conftest import Program, an_order, secret
from tests.portal.widget.conftest import PAGE, TESTIKATU, Frame, a_basket, publishable

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def test_a_server_opens_a_session_for_a_listed_page(program):
    answer = program("POST", "/slot-sessions", a_basket(address=TESTIKATU))

    said = answer.json()
    assert answer.status_code == 201
    assert said["session"].startswith("st_")
    assert said["expires_at"] == "2026-11-23T09:30:00Z"
    assert (said["origin"], said["address"]) == (PAGE, "found")


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, "unknown"),
        ({"address": TESTIKATU}, "found"),
        ({"address": TESTIKATU | {"line": "Testikatu 99"}}, "unsure"),
        ({"address": {"line": "Nowhere 1"}}, "unknown"),
        ({"address": {"postcode": "00100"}}, "unknown"),
        ({"address": {"line": "Nowhere 1"}, "location": {"lat": 60.17, "lon": 24.94}}, "found"),
    ],
)
def test_what_is_not_known_of_the_address_is_asked_in_the_frame(program, values, state):
    assert program("POST", "/slot-sessions", a_basket(**values)).json()["address"] == state


def test_asked_again_with_the_same_key_it_is_the_same_session_though_its_token_is_not_kept(program):
    first = program("POST", "/slot-sessions", a_basket(), Idempotency_Key="once")
    again = program("POST", "/slot-sessions", a_basket(), Idempotency_Key="once")

    assert first.json() == again.json()
    assert again["Idempotency-Replayed"] == "true"
    assert WidgetSession.objects.of_everybody().count() == 1


def test_no_row_holds_a_token(program):
    from portal.models.keys import Repeatable

    token = program("POST", "/slot-sessions", a_basket(address=TESTIKATU)).json()["session"]

    assert len(token) >= 32 + 3  # 192 bits at 6 a sign
    for rows in (WidgetSession.objects.of_everybody(), Repeatable.objects.of_everybody()):
        assert token not in serializers.serialize("json", rows)


@pytest.mark.parametrize(
    "origin",
    ["http://shop.example", "shop.example", "https://shop.example/path", "javascript:alert(1)", "null", ""],
)
def test_what_is_no_page_is_refused_by_its_field(program, origin):
    answer = program("POST", "/slot-sessions", a_basket(origin=origin))

    assert answer.status_code == 422
    assert "origin" in answer.json()["error"]["fields"]


def test_a_page_that_is_not_listed_is_refused(program):
    answer = program("POST", "/slot-sessions", a_basket(origin="https://elsewhere.example"))

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "origin_not_listed")


def test_a_key_without_the_scope_opens_none(outlet):
    answer = Program(secret(outlet.merchant, "quotes", "holds"))("POST", "/slot-sessions", a_basket())

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "wrong_scope")


def test_a_session_lasts_half_an_hour_then_as_long_as_a_kept_time(frame, at):
    at.now = NOW + timedelta(minutes=29)
    assert frame.holds()["view"] == "kept"

    at.now = NOW + timedelta(minutes=43)
    assert frame("extend").status_code == 200
    at.now = NOW + timedelta(minutes=57)
    assert frame("open").json()["view"] == "kept"
    at.now = NOW + timedelta(minutes=59)
    assert frame("open").json()["error"]["code"] == "session_ended"


def test_an_unused_session_ends_after_half_an_hour(frame, at):
    at.now = NOW + timedelta(minutes=30)

    answer = frame("open")

    assert answer.status_code == 401
    assert answer.json()["error"] == {
        "code": "session_ended",
        "message": "This took a while, so we start over. Reload the page to see fresh times.",
        "retryable": False,
    }


@pytest.mark.parametrize("token", ["", "st_", "st_x", "dk_x", "st_" + "a" * 43, "st_" + "a" * 5_000, "st_é"])
def test_a_token_that_is_none_opens_nothing(outlet, token):
    with pytest.raises(SessionEnded):
        session_of(token, merchant=outlet.merchant, origin=PAGE, now=NOW)


def test_a_session_works_in_its_page_and_at_its_merchant_only(frame):
    elsewhere = Frame(frame.merchant, frame.token, page="https://elsewhere.example")
    other = Frame(make_merchant(), frame.token)

    assert elsewhere("open").status_code == 401
    assert other("open").status_code == 401
    assert frame("open").status_code == 200


def test_pages_are_listed_as_origins_once_each_and_not_too_many(outlet):
    list_origins(merchant=outlet.merchant, origins=["https://a.example/", "https://A.example", PAGE])

    assert Widget.objects.of(outlet.merchant).get().origins == ["https://a.example", PAGE]
    with pytest.raises(BadKey):
        list_origins(merchant=outlet.merchant, origins=["http://a.example"])
    with pytest.raises(TooManyOrigins):
        list_origins(merchant=outlet.merchant, origins=[f"https://{n}.example" for n in range(21)])


def test_the_pages_of_a_live_publishable_key_may_show_the_widget_too(outlet):
    publishable(outlet.merchant, "https://key.example", PAGE)

    assert origins_of(outlet.merchant, now=NOW) == [PAGE, "https://key.example"]
    assert origins_of(make_merchant(), now=NOW) == []


def test_the_shops_server_confirms_what_was_kept_in_the_widget(frame, program):
    token = frame.holds()["held"]["hold_token"]

    booked = program("POST", "/deliveries", an_order(token))

    assert (booked.status_code, booked.json()["state"]) == (201, "confirmed")
    assert Hold.objects.get().session_key.startswith("widget:")
    assert frame.begins()["held"]["state"] == "confirmed"


def test_a_shopper_who_comes_again_has_the_price_shown_and_gives_up_the_time_kept_before(program, outlet):
    first, second = (
        Frame(
            outlet.merchant,
            program("POST", "/slot-sessions", a_basket(address=TESTIKATU, shopper="cart-7")).json()[
                "session"
            ],
        )
        for _ in range(2)
    )

    one, other = first.holds(0)["held"], second.holds(2)["held"]

    assert Hold.objects.get(token=one["hold_token"]).state == "released"
    assert Hold.objects.get(token=other["hold_token"]).state == "live"
    assert len({quote.session_key for quote in Quote.objects.all()}) == 1


def test_the_basket_is_the_servers_and_its_requirements_count(program, outlet):
    basket = a_basket(address=TESTIKATU, load={"grams": 9_000, "parcels": 2}, requirements=["fridge"])
    frame = Frame(outlet.merchant, program("POST", "/slot-sessions", basket).json()["session"])

    assert frame.begins()["view"] == "times"
    facts = Quote.objects.get().facts
    assert (facts["load_g"], facts["parcels"], facts["requirements"]) == (9_000, 2, ["fridge"])


def test_sessions_are_forgotten_a_day_after_they_ended(frame):
    assert forget_sessions(now=NOW + timedelta(hours=24)) == 0
    assert forget_sessions(now=NOW + timedelta(hours=25)) == 1


def test_unknown_fields_and_wrong_types_are_refused(program):
    for wrong in ({"address": "Testikatu 1"}, {"load": 3}, {"merchant": "other"}, {"locale": "x" * 40}):
        answer = program("POST", "/slot-sessions", json.loads(json.dumps(a_basket(**wrong))))
        assert answer.status_code == 422, wrong
