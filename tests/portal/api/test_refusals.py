"""Every refusal is JSON with a stable code; nothing of another merchant's is there; nothing breaks."""

import json

import pytest
from django.test import Client
from django.urls import resolve

from portal.api.v1 import api
from portal.models.keys import ApiKey, KeyKind, Scope
from portal.services.keys import end_key, issue_key
from scheduling.models import Booking, Hold
from tests.factories import NOW, make_merchant
from tests.portal.api.conftest import API, Program, a_question, an_order, secret

pytestmark = [pytest.mark.django_db, pytest.mark.once]

ENDPOINT = "0" * 32
WAYS = {
    ("POST", "/quotes"): Scope.QUOTES,
    ("POST", "/holds"): Scope.HOLDS,
    ("GET", "/holds/x"): Scope.HOLDS,
    ("PATCH", "/holds/x"): Scope.HOLDS,
    ("DELETE", "/holds/x"): Scope.HOLDS,
    ("POST", "/deliveries"): Scope.DELIVERIES_WRITE,
    ("GET", "/deliveries/X"): Scope.DELIVERIES_READ,
    ("GET", "/deliveries/X/tracking"): Scope.DELIVERIES_READ,
    ("POST", "/deliveries/X/quotes"): Scope.QUOTES,
    ("POST", "/deliveries/X/reschedule"): Scope.DELIVERIES_WRITE,
    ("POST", "/deliveries/X/cancel"): Scope.DELIVERIES_WRITE,
    ("POST", "/orders"): Scope.ORDERS_WRITE,
    ("GET", "/orders/1"): Scope.ORDERS_READ,
    ("POST", "/returns"): Scope.RETURNS_WRITE,
    ("GET", "/returns/X"): Scope.RETURNS_READ,
    ("POST", "/returns/X/quotes"): Scope.RETURNS_WRITE,
    ("POST", "/returns/X/pickup"): Scope.RETURNS_WRITE,
    ("POST", "/returns/X/cancel"): Scope.RETURNS_WRITE,
    ("POST", "/returns/X/receive"): Scope.RETURNS_WRITE,
    ("POST", "/returns/X/inspect"): Scope.RETURNS_WRITE,
    ("GET", "/events"): Scope.EVENTS_READ,
    ("GET", "/webhook-endpoints"): Scope.WEBHOOKS,
    ("POST", "/webhook-endpoints"): Scope.WEBHOOKS,
    ("GET", f"/webhook-endpoints/{ENDPOINT}"): Scope.WEBHOOKS,
    ("PATCH", f"/webhook-endpoints/{ENDPOINT}"): Scope.WEBHOOKS,
    ("DELETE", f"/webhook-endpoints/{ENDPOINT}"): Scope.WEBHOOKS,
    ("POST", f"/webhook-endpoints/{ENDPOINT}/rotate"): Scope.WEBHOOKS,
    ("POST", f"/webhook-endpoints/{ENDPOINT}/test"): Scope.WEBHOOKS,
    ("POST", f"/webhook-endpoints/{ENDPOINT}/replay"): Scope.WEBHOOKS,
    ("GET", f"/webhook-endpoints/{ENDPOINT}/attempts"): Scope.WEBHOOKS,
    ("POST", "/slot-sessions"): Scope.SESSIONS,
}
"""Every address with the scope it needs."""


def code_of(response):
    return response.status_code, response.json()["error"]["code"]


def test_every_address_is_in_the_matrix():
    known = {
        (
            method.upper(),
            path.removeprefix(API)
            .replace("{token}", "x")
            .replace("{ref}", "X")
            .replace("{id}", ENDPOINT)
            .replace("{number}", "1"),
        )
        for path, methods in api.get_openapi_schema(path_prefix=API + "/")["paths"].items()
        for method in methods
    }

    assert known == set(WAYS)


def test_a_key_may_what_its_scope_says_and_nothing_else(db):
    merchant = make_merchant()
    keys = {scope: Program(secret(merchant, scope)) for scope in Scope.values}

    for way, needed in WAYS.items():
        for scope, program in keys.items():
            answer = program(*way)
            if scope == needed:
                assert answer.status_code in (200, 404, 422), way
            else:
                assert code_of(answer) == (403, "wrong_scope"), (way, scope)


@pytest.mark.parametrize("token", ["", "dk_no", "pk_no", "dk_" + "a" * 43, "x" * 500, "dk_ä"])
def test_without_a_key_that_works_nobody_gets_in(db, token):
    for way in WAYS:
        answer = Program(token)(*way)

        assert code_of(answer) == (401, "no_key"), way
        assert answer["WWW-Authenticate"] == "Bearer"


def test_a_key_that_has_ended_lets_nobody_in(outlet, program):
    end_key(key=ApiKey.objects.of(outlet.merchant).get(), at=NOW)

    assert code_of(program("GET", "/events")) == (401, "no_key")


def test_nothing_of_anothers_is_there(program, stranger, outlet):
    token, booked = program.keeps(3), program.books()
    offer, ref = program.offer(4), booked["ref"]
    moved_offer = next(
        one["offer"] for one in program("POST", f"/deliveries/{ref}/quotes").json()["offers"] if one["offer"]
    )

    answers = [
        stranger("GET", f"/holds/{token}"),
        stranger("PATCH", f"/holds/{token}"),
        stranger("DELETE", f"/holds/{token}"),
        stranger("POST", "/deliveries", an_order(token)),
        stranger("GET", f"/deliveries/{ref}"),
        stranger("POST", f"/deliveries/{ref}/quotes"),
        stranger("POST", f"/deliveries/{ref}/reschedule", {"offer": moved_offer}),
        stranger("POST", f"/deliveries/{ref}/cancel"),
    ]

    assert {code_of(answer) for answer in answers} == {(404, "not_found")}
    assert code_of(stranger("POST", "/holds", {"offer": offer})) == (409, "offer_forged")
    assert stranger("GET", "/events").json()["events"] == []
    assert Hold.objects.get(token=token).state == "live"
    assert Booking.objects.get().state == "booked"


def test_a_publishable_key_asks_and_keeps_from_its_own_pages_alone(outlet):
    _key, token = issue_key(
        merchant=outlet.merchant,
        kind=KeyKind.PUBLISHABLE,
        name="checkout",
        scopes=["quotes", "holds"],
        origins=["https://shop.example/"],
        actor="test",
        now=NOW,
    )
    here = Program(token, {"Origin": "https://shop.example"})
    server = Program(secret(outlet.merchant))
    theirs = server.keeps(5)

    assert here.keeps()
    assert code_of(Program(token)("POST", "/quotes", a_question())) == (403, "wrong_origin")
    elsewhere = Program(token, {"Origin": "https://evil.example"})
    assert code_of(elsewhere("POST", "/quotes", a_question())) == (403, "wrong_origin")
    assert code_of(here("DELETE", f"/holds/{theirs}")) == (404, "not_found")
    assert code_of(here("POST", "/deliveries", an_order(theirs))) == (403, "wrong_scope")
    booked = server.books(number=8)
    assert code_of(here("POST", f"/deliveries/{booked['ref']}/quotes")) == (404, "not_found")


NONSENSE = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"x"',
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    json.dumps(a_question(more=1)).encode(),
    json.dumps(a_question(load={"grams": "3000"})).encode(),
    json.dumps(a_question(load={"grams": True})).encode(),
    json.dumps(a_question(load={"grams": -1})).encode(),
    json.dumps(a_question(load={"grams": 10**400})).encode(),
    json.dumps(a_question(load={"grams": 1, "parcels": 10**9})).encode(),
    json.dumps(a_question(location={"lat": float("nan"), "lon": 24.9})).encode(),
    json.dumps(a_question(location={"lat": 91, "lon": 24.9})).encode(),
    json.dumps(a_question(address={"line": "a\u0000b"})).encode(),
    json.dumps(a_question(address={"line": "\ud800"})).encode(),
    json.dumps(a_question(address={"line": "x" * 10_000})).encode(),
    json.dumps(a_question(address={"line": "  "})).encode(),
    json.dumps(a_question(requirements=["gold"])).encode(),
    json.dumps(a_question(requirements=["signature"] * 100)).encode(),
    json.dumps(a_question(safe_place={"place": "roof"})).encode(),
]


def test_what_makes_no_sense_is_said_to_make_none(program):
    for body in NONSENSE:
        answer = program("POST", "/quotes", body)

        assert answer.status_code in (400, 422), (body[:80], answer.content)
        assert answer.json()["error"]["message"]


def test_the_field_that_is_wrong_is_named(program):
    answer = program("POST", "/quotes", a_question(address={"line": "Testikatu 1", "postcode": 100}))

    assert code_of(answer) == (422, "invalid")
    assert list(answer.json()["error"]["fields"]) == ["address.postcode"]


def test_an_address_that_is_not_sure_comes_back_with_what_it_may_be(program):
    answer = program("POST", "/quotes", a_question(address={"line": "Rantatie 4"}))

    assert code_of(answer) == (422, "address_unsure")
    assert len(answer.json()["error"]["fields"]["candidates"]) == 2


@pytest.mark.parametrize("address", [{}, {"line": " "}, {"line": "", "postcode": ""}, {"city": "Helsinki"}])
def test_an_address_says_a_street_or_at_least_a_postcode(program, address):
    assert code_of(program("POST", "/quotes", a_question(address=address))) == (422, "invalid")


def test_a_postcode_that_nobody_knows_is_no_place(program):
    answer = program("POST", "/quotes", a_question(address={"postcode": "77777"}))

    assert code_of(answer) == (422, "address_unsure")


def test_a_place_outside_and_goods_too_large_are_told_apart(program):
    far = program("POST", "/quotes", a_question(location={"lat": 69.9, "lon": 27.0}))
    heavy = program("POST", "/quotes", a_question(load={"grams": 1_900_000}))

    assert code_of(far) == (422, "outside_area")
    assert code_of(heavy) == (422, "too_large")


def test_too_much_and_unknown_addresses_are_refused_in_json(db, program):
    assert code_of(program("POST", "/quotes", b" " * 300_000)) == (413, "too_large_to_read")
    assert code_of(program("GET", "/nothing")) == (404, "not_found")
    assert code_of(program("PUT", "/quotes", {})) == (405, "method_not_allowed")
    assert program("PUT", "/quotes", {})["Allow"] == "POST"


def test_who_asks_too_often_is_told_when_to_come_back(settings, program):
    settings.API_REQUESTS_PER_MINUTE = 3

    answers = [program("GET", "/events") for _ in range(4)]

    assert [answer["RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert code_of(answers[3]) == (429, "too_many_requests")
    assert 0 < int(answers[3]["Retry-After"]) <= 60


def test_guessing_keys_is_slowed_down(db):
    answers = [Program(f"dk_{number}")("GET", "/events").status_code for number in range(70)]

    assert answers[-1] == 429


def test_no_cookie_is_set_and_none_is_read(program):
    answer = program("GET", "/events")

    assert not answer.cookies
    assert resolve(API + "/events").func.csrf_exempt
    assert Client().get(API + "/events").status_code == 401


def test_a_key_is_for_one_merchant(outlet):
    other = make_merchant()

    assert Program(secret(other))("POST", "/quotes", a_question()).json()["error"]["code"] == "outside_area"
