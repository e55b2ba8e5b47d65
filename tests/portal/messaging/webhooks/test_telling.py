"""Merchants' servers are told of every event, signed."""

import json
import time
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from standardwebhooks import Webhook, WebhookVerificationError

from portal.messaging.signing import live_secrets, secret_of, signed_headers
from portal.models import WebhookEndpoint
from portal.services import hook_queue, hooks
from portal.tasks import send_due_webhooks
from scheduling import clock, events
from scheduling.models import Event
from tests.factories import NOW, make_network
from tests.portal.messaging.webhooks.hearing import books, listens, rows

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def test_what_happened_arrives_signed_and_as_get_events_says_it(outlet, receiver):
    listens(receiver, outlet.merchant)
    (booking,) = books(outlet)

    assert send_due_webhooks() == 2

    kept, confirmed = sorted(receiver.taken, key=lambda one: one.payload["data"]["sequence"])
    event = Event.objects.get(kind="booking.confirmed")
    assert kept.payload["type"] == "hold.placed"
    assert confirmed.payload["type"] == confirmed.payload["data"]["type"] == "booking.confirmed"
    assert (
        confirmed.payload["timestamp"] == confirmed.payload["data"]["occurred_at"] == "2026-11-23T09:00:00Z"
    )
    assert confirmed.payload["data"]["delivery"] == booking.delivery.ref
    assert confirmed.payload["data"]["order_number"] == booking.delivery.order.number
    assert confirmed.payload["data"]["sequence"] == 2
    assert confirmed.id == confirmed.payload["data"]["id"] == event.uid.hex
    assert confirmed.headers["content-type"] == "application/json"
    assert confirmed.headers["user-agent"] == "Doorstep-Webhooks/1"
    assert receiver.foreign == 0
    assert {row.state for row in rows(outlet.merchant)} == {"sent"}
    assert send_due_webhooks() == 0


def test_an_endpoint_is_told_of_the_kinds_it_wants_alone(outlet, receiver):
    listens(receiver, outlet.merchant, kinds=["booking.confirmed"])
    books(outlet)

    send_due_webhooks()

    assert [one.payload["type"] for one in receiver.taken] == ["booking.confirmed"]


def test_each_merchants_endpoints_hear_of_its_own_deliveries_alone(outlet, receiver):
    listens(receiver, outlet.merchant, path="/mine")
    other = make_network()
    listens(receiver, other.merchant, path="/other")
    books(outlet)
    (theirs,) = books(other)

    send_due_webhooks()

    heard = {one.payload["data"]["delivery"] for one in receiver.taken if one.path == "/other"}
    assert heard == {theirs.delivery.ref}
    assert len(receiver.taken) == 4


def test_an_event_handed_on_twice_is_queued_once(outlet, receiver):
    listens(receiver, outlet.merchant)
    books(outlet)
    Event.objects.update(relayed_at=None)
    events.relay(now=NOW)

    assert rows(outlet.merchant).count() == 2


def test_the_database_refuses_an_entry_twice_for_one_endpoint(outlet, receiver):
    listens(receiver, outlet.merchant)
    books(outlet)
    row = rows(outlet.merchant).first()

    with pytest.raises(IntegrityError), transaction.atomic():
        hook_queue.a_delivery(row.endpoint, row.entry, now=NOW).save()


def test_a_changed_a_late_and_a_foreign_message_are_refused(outlet, receiver):
    endpoint = listens(receiver, outlet.merchant)
    books(outlet)
    send_due_webhooks()
    message, ours = receiver.taken[0], Webhook(secret_of(endpoint))
    headers = dict(message.headers)

    assert ours.verify(message.body, headers)
    foreign = Webhook(secret_of(WebhookEndpoint(merchant=outlet.merchant)))
    late = signed_headers(
        secrets=[secret_of(endpoint)],
        message_id=message.id,
        body=message.body.decode(),
        at=clock.wall() - timedelta(minutes=6),
    )
    for webhook, body, sent in (
        (ours, message.body + b" ", headers),
        (ours, message.body, headers | {"webhook-id": "another"}),
        (ours, message.body, headers | {"webhook-timestamp": str(int(time.time()) + 1)}),
        (ours, message.body, late),
        (foreign, message.body, headers),
    ):
        with pytest.raises(WebhookVerificationError):
            webhook.verify(body, sent)


def test_while_a_secret_is_replaced_messages_verify_with_both(outlet, receiver, at):
    endpoint = listens(receiver, outlet.merchant)
    old = secret_of(endpoint)
    hooks.rotate_secret(endpoint=endpoint, keep_for=timedelta(hours=1), now=NOW)
    new = secret_of(endpoint)
    receiver.secrets.clear()
    books(outlet)
    send_due_webhooks()
    message = receiver.taken[0]

    assert old != new
    for secret in (old, new):
        assert Webhook(secret).verify(message.body, dict(message.headers))
    assert live_secrets(endpoint, now=NOW + timedelta(hours=1)) == [new]


def test_rotated_twice_the_oldest_secret_signs_no_more(outlet, receiver):
    endpoint = listens(receiver, outlet.merchant)
    oldest = secret_of(endpoint)
    for _i in range(2):
        hooks.rotate_secret(endpoint=endpoint, now=NOW)

    assert oldest not in live_secrets(endpoint, now=NOW)
    assert len(live_secrets(endpoint, now=NOW)) == 2


def test_while_secret_key_is_replaced_messages_verify_with_what_merchants_have(outlet, receiver, settings):
    endpoint = listens(receiver, outlet.merchant)
    known = secret_of(endpoint)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another-key-" * 5
    books(outlet)

    assert send_due_webhooks() == 2
    assert secret_of(endpoint) != known


def test_a_secret_is_256_bits_of_its_own_and_nowhere_in_the_rows(outlet, receiver):
    endpoints = [listens(receiver, outlet.merchant) for _i in range(3)]

    secrets = {secret_of(endpoint) for endpoint in endpoints}
    assert len(secrets) == 3
    assert all(secret.startswith("whsec_") and len(secret) == 6 + 44 for secret in secrets)
    kept = json.dumps(list(WebhookEndpoint.objects.of(outlet.merchant).values()), default=str)
    assert not any(secret[6:] in kept for secret in secrets)
