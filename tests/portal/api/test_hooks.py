"""Webhook endpoints by the API: made with a secret, changed, tried, replayed, and each merchant's own."""

import json

import pytest
from standardwebhooks import Webhook

from portal.models import WebhookEndpoint
from portal.models.keys import Repeatable
from portal.tasks import send_due_webhooks
from scheduling import events
from tests.factories import NOW
from tests.fakes.receiver import Reply, receiving
from tests.portal.api.test_refusals import code_of

pytestmark = [pytest.mark.django_db, pytest.mark.both]

URL = "https://hooks.shop.example/doorstep"
ALL = "/webhook-endpoints"
OLD = {"since": "0001-01-01T00:00:00+14:00"}


def made(program, url=URL, **values):
    response = program("POST", ALL, {"url": url} | values)
    assert response.status_code == 201, response.content
    return response.json()


def one(endpoint, more=""):
    return f"{ALL}/{endpoint['id']}{more}"


def test_an_endpoint_is_made_looked_at_changed_and_deleted(program):
    endpoint = made(program, events=["booking.confirmed", "booking.moved"])
    seen = program("GET", one(endpoint)).json()
    assert (endpoint.pop("secret")[:6], endpoint) == ("whsec_", seen)
    assert (seen["state"], seen["why"], seen["secret_number"]) == ("live", "", 1)
    assert seen["events"] == ["booking.confirmed", "booking.moved"]
    assert program("GET", ALL).json() == {"endpoints": [seen]}

    changed = program("PATCH", one(endpoint), {"url": URL + "/2", "events": [], "state": "paused"}).json()
    assert (changed["url"], changed["events"]) == (URL + "/2", [])
    assert (changed["state"], changed["why"]) == ("paused", "asked")
    assert program("PATCH", one(endpoint), {"state": "live"}).json()["state"] == "live"

    assert program("DELETE", one(endpoint)).json() == {"id": endpoint["id"]}
    assert code_of(program("GET", one(endpoint))) == (404, "not_found")


def test_the_secret_is_in_the_first_answer_and_its_repeats_and_in_no_row(program, outlet):
    first = program("POST", ALL, {"url": URL}, Idempotency_Key="once")
    again = program("POST", ALL, {"url": URL}, Idempotency_Key="once")

    assert first.json() == again.json()
    assert again["Idempotency-Replayed"] == "true"
    assert WebhookEndpoint.objects.of(outlet.merchant).count() == 1
    assert "secret" not in program("GET", one(first.json())).json()
    kept = json.dumps(list(Repeatable.objects.of(outlet.merchant).values_list("answer", flat=True)))
    assert first.json()["secret"][6:] not in kept


def test_a_new_secret_is_another_and_the_old_one_signs_for_a_while(program):
    endpoint = made(program)
    rotated = program("POST", one(endpoint, "/rotate"), {"keep_old_s": 3600}).json()

    assert rotated["secret"] != endpoint["secret"]
    assert (rotated["secret_number"], rotated["old_secret_until"]) == (2, "2026-11-23T10:00:00Z")
    assert program("POST", one(endpoint, "/rotate"), {}).json()["old_secret_until"] == "2026-11-24T09:00:00Z"
    assert code_of(program("POST", one(endpoint, "/rotate"), {"keep_old_s": -1}))[0] == 422


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"url": "http://hooks.shop.example/"}, "bad_target"),
        ({"url": "https://127.0.0.1/"}, "bad_target"),
        ({"url": "https://hooks.shop.example:22/"}, "bad_target"),
        ({"url": URL, "events": ["plan.closed"]}, "invalid"),
        ({"url": URL, "secret": "mine"}, "invalid"),
        ({"url": 7}, "invalid"),
        ({"url": ""}, "invalid"),
        ({}, "invalid"),
    ],
)
def test_what_makes_no_endpoint_is_refused(program, body, code):
    status, said = code_of(program("POST", ALL, body))

    assert status == 422
    assert said == code or code == "invalid"


def test_there_are_no_more_than_ten(program):
    for _i in range(10):
        made(program)

    assert code_of(program("POST", ALL, {"url": URL})) == (409, "too_many_endpoints")


def test_anothers_endpoint_is_not_there(program, stranger):
    endpoint = made(program)
    asked = [
        stranger("GET", one(endpoint)),
        stranger("PATCH", one(endpoint), {"state": "paused"}),
        stranger("DELETE", one(endpoint)),
        stranger("POST", one(endpoint, "/rotate"), {}),
        stranger("POST", one(endpoint, "/test")),
        stranger("POST", one(endpoint, "/replay"), {"since": "2026-11-23T00:00:00Z"}),
        stranger("GET", one(endpoint, "/attempts")),
    ]

    assert {code_of(answer) for answer in asked} == {(404, "not_found")}
    assert stranger("GET", ALL).json() == {"endpoints": []}
    assert program("GET", one(endpoint)).json()["state"] == "live"


def test_what_was_sent_is_what_get_events_says_and_the_log_shows(program, settings):
    with receiving() as receiver:
        settings.WEBHOOK_TEST_TARGETS = [receiver.target]
        endpoint = made(program, receiver.url())
        receiver.secrets["/hooks"] = endpoint["secret"]
        program.books()
        events.relay(now=NOW)
        send_due_webhooks()
        told = program("GET", "/events").json()["events"]
        log = program("GET", one(endpoint, "/attempts?limit=1")).json()
        older = program("GET", one(endpoint, f"/attempts?before={log['next']}")).json()

    heard = sorted(
        (message.payload["data"] for message in receiver.taken), key=lambda event: event["sequence"]
    )
    assert heard == told
    assert (log["more"], older["more"]) == (True, False)
    latest = log["attempts"][0]
    assert latest["payload"]["data"] == told[-1]
    assert latest["webhook_id"] == told[-1]["id"]
    assert (latest["state"], latest["status"], latest["attempts"], latest["error"]) == ("sent", 200, 1, "")
    assert [each["payload"]["data"] for each in older["attempts"]] == told[:1]
    assert program("GET", one(endpoint)).json()["last_success_at"] == "2026-11-23T09:00:00Z"


def test_a_test_and_replays_are_sent(program, stranger, settings):
    with receiving() as receiver:
        settings.WEBHOOK_TEST_TARGETS = [receiver.target]
        program.books()
        events.relay(now=NOW)
        endpoint = made(program, receiver.url(), events=["booking.confirmed"])
        receiver.secrets["/hooks"] = endpoint["secret"]
        event = program("GET", "/events").json()["events"][0]["id"]

        assert program("POST", one(endpoint, "/test")).json() == {"queued": 1}
        assert program("POST", one(endpoint, "/replay"), {"event": event}).json() == {"queued": 1}
        since = {"since": "2026-11-23T10:00:00+02:00"}
        assert program("POST", one(endpoint, "/replay"), since).json() == {"queued": 1}
        assert send_due_webhooks() == 3

    kinds = sorted(message.payload["type"] for message in receiver.taken)
    assert kinds == ["booking.confirmed", "hold.placed", "webhook.test"]
    for body in (
        {},
        {"event": event, **since},
        {"since": "yesterday"},
        {"since": "2026-11-23T10:00:00"},
        OLD,
    ):
        assert program("POST", one(endpoint, "/replay"), body).status_code == 422
    assert code_of(program("POST", one(endpoint, "/replay"), {"event": "0" * 32})) == (404, "not_found")
    program("PATCH", one(endpoint), {"state": "paused"})
    assert code_of(program("POST", one(endpoint, "/test"))) == (409, "endpoint_off")


def test_what_was_refused_says_so_in_the_log(program, settings):
    with receiving(lambda _: Reply(500)) as receiver:
        settings.WEBHOOK_TEST_TARGETS = [receiver.target]
        endpoint = made(program, receiver.url())
        program("POST", one(endpoint, "/test"))
        send_due_webhooks()
        (line,) = program("GET", one(endpoint, "/attempts")).json()["attempts"]

    assert (line["state"], line["status"], line["error"]) == ("queued", 500, "answered 500")
    assert line["next_attempt_at"] == "2026-11-23T09:00:05Z"
    assert program("GET", one(endpoint)).json()["failing_since"] == "2026-11-23T09:00:00Z"


def test_the_secret_is_one_for_the_library(program):
    secret = made(program)["secret"]

    assert Webhook(secret).sign("1", NOW, "{}").startswith("v1,")
