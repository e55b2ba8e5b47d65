"""Events are sent again when asked for, endpoints tested, changed and refused."""

from datetime import timedelta

import pytest

from portal.messaging.signing import secret_of
from portal.services import hooks
from portal.tasks import send_due_webhooks
from scheduling.models import Event
from tests.factories import NOW, make_merchant
from tests.portal.messaging.webhooks.hearing import again, books, dead, listens, rows

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def test_one_event_is_sent_again_with_its_old_id(outlet, receiver, at):
    endpoint = listens(receiver, outlet.merchant)
    books(outlet)
    send_due_webhooks()
    event = Event.objects.get(kind="booking.confirmed")
    at.now = NOW + timedelta(days=10)

    assert hooks.replay_one(endpoint=endpoint, event_id=event.uid, now=at.now) == 1
    assert send_due_webhooks() == 1
    ids = [one.id for one in receiver.taken]
    assert ids.count(event.uid.hex) == 2
    assert rows(outlet.merchant).count() == 2


def test_all_since_an_instant_is_sent_again_also_what_came_before_the_endpoint(outlet, receiver, at):
    books(outlet)
    at.now = NOW + timedelta(hours=1)
    books(outlet, 2)
    endpoint = listens(receiver, outlet.merchant, kinds=["booking.confirmed"])

    assert hooks.replay_since(endpoint=endpoint, since=at.now, now=at.now) == 2
    assert send_due_webhooks() == 2
    assert hooks.replay_since(endpoint=endpoint, since=NOW, now=at.now) == 3
    assert send_due_webhooks() == 3


def test_more_than_one_replay_takes_is_refused(outlet, receiver, monkeypatch):
    monkeypatch.setattr(hooks, "MOST_REPLAYED", 3)
    endpoint = listens(receiver, outlet.merchant)
    books(outlet, 2)

    with pytest.raises(hooks.TooMuchToReplay):
        hooks.replay_since(endpoint=endpoint, since=NOW, now=NOW)


def test_anothers_event_is_not_replayed(outlet, receiver):
    endpoint = listens(receiver, make_merchant())
    books(outlet)

    assert hooks.replay_one(endpoint=endpoint, event_id=Event.objects.last().uid, now=NOW) == 0
    assert hooks.replay_since(endpoint=endpoint, since=NOW, now=NOW) == 0


def test_a_test_says_nothing_but_that_it_is_one(outlet, receiver):
    endpoint = listens(receiver, outlet.merchant, kinds=["booking.moved"])
    row = hooks.send_test(endpoint=endpoint, now=NOW)

    assert send_due_webhooks() == 1
    (message,) = receiver.taken
    assert message.payload == {
        "type": "webhook.test",
        "timestamp": "2026-11-23T09:00:00Z",
        "data": {"id": message.id, "endpoint": endpoint.pk.hex},
    }
    row.refresh_from_db()
    assert row.state == "sent"


def test_nothing_is_sent_or_replayed_to_an_endpoint_that_is_off(outlet, receiver):
    endpoint = listens(receiver, outlet.merchant)
    hooks.pause_endpoint(endpoint=endpoint)

    for ask in (
        lambda: hooks.send_test(endpoint=endpoint, now=NOW),
        lambda: hooks.replay_since(endpoint=endpoint, since=NOW, now=NOW),
        lambda: hooks.replay_one(endpoint=endpoint, event_id=endpoint.pk, now=NOW),
    ):
        with pytest.raises(hooks.EndpointOff):
            ask()


def test_a_new_address_begins_afresh(outlet, settings, receiver):
    endpoint = dead(settings, outlet.merchant)
    books(outlet)
    send_due_webhooks()
    assert again(endpoint).unanswered

    hooks.change_endpoint(endpoint=endpoint, url=receiver.url())
    receiver.secrets["/hooks"] = secret_of(endpoint)
    rows(outlet.merchant).update(next_attempt_at=NOW)

    assert send_due_webhooks() == 2


def test_endpoints_are_few(outlet, receiver):
    for _i in range(hooks.MOST_ENDPOINTS):
        listens(receiver, outlet.merchant)

    with pytest.raises(hooks.TooManyEndpoints):
        listens(receiver, outlet.merchant)


def test_kinds_that_nobody_is_told_of_are_refused(outlet, receiver):
    with pytest.raises(hooks.BadEndpoint):
        listens(receiver, outlet.merchant, kinds=["plan.closed"])
