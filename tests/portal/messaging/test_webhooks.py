"""Merchants' servers are told of every event, signed, for days, whatever becomes of some of them."""

import json
import time
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from standardwebhooks import Webhook, WebhookVerificationError

from portal import metrics
from portal.benchmarks.servers import wait_until
from portal.messaging import posting, targets
from portal.messaging.signing import live_secrets, secret_of, signed_headers
from portal.models import WebhookDelivery, WebhookEndpoint
from portal.services import hook_queue, hooks
from portal.tasks import send_due_messages, send_due_webhooks, tend_webhooks
from scheduling import clock, events
from scheduling.models import Event
from tests.factories import NOW, make_booking, make_merchant, make_network
from tests.fakes.receiver import Reply, receiving

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def outlet(at):
    return make_network()


@pytest.fixture
def receiver(settings):
    with receiving() as started:
        settings.WEBHOOK_TEST_TARGETS = [started.target]
        yield started


def listens(receiver, merchant, *, path="/hooks", kinds=()) -> WebhookEndpoint:
    endpoint = hooks.create_endpoint(
        merchant=merchant, url=receiver.url(path), kinds=kinds, actor="test", now=clock.now()
    )
    receiver.secrets[path] = secret_of(endpoint)
    return endpoint


def dead(settings, merchant, port=9) -> WebhookEndpoint:
    """An endpoint where nobody listens."""
    settings.WEBHOOK_TEST_TARGETS = [*settings.WEBHOOK_TEST_TARGETS, f"127.0.0.1:{port}"]
    return hooks.create_endpoint(
        merchant=merchant, url=f"http://127.0.0.1:{port}/", actor="test", now=clock.now()
    )


def books(outlet, number=1):
    day = clock.now().date() + timedelta(days=1)
    made = [make_booking(outlet, day=day, now=clock.now()) for _i in range(number)]
    events.relay(now=clock.now(), limit=1000)
    return made


def rows(merchant):
    return WebhookDelivery.objects.of(merchant)


def again(endpoint):
    endpoint.refresh_from_db()
    return endpoint


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


# Signatures


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


# Tried again


def test_what_is_refused_is_tried_again_with_the_same_id_and_body(outlet, receiver, at):
    listens(receiver, outlet.merchant, kinds=["booking.confirmed"])
    receiver.reply = lambda _: Reply(500)
    books(outlet)
    send_due_webhooks()
    row = rows(outlet.merchant).get()
    assert (row.state, row.attempts, row.status, row.error) == ("queued", 1, 500, "answered 500")
    assert row.next_attempt_at == NOW + timedelta(seconds=5)

    receiver.reply = lambda _: Reply(204, body=b"")
    at.now = NOW + timedelta(seconds=4)
    assert send_due_webhooks() == 0
    at.now = NOW + timedelta(seconds=5)
    assert send_due_webhooks() == 1

    first, second = receiver.messages
    assert (first.id, first.body) == (second.id, second.body)
    row.refresh_from_db()
    assert (row.state, row.attempts, row.status, row.error, row.sent_at) == ("sent", 2, 204, "", at.now)
    assert row.took_ms is not None


def test_tries_go_on_for_three_days_and_end_then(outlet, receiver, at):
    endpoint = listens(receiver, outlet.merchant, kinds=["booking.confirmed"])
    receiver.reply = lambda _: Reply(500)
    books(outlet)
    tried = []
    while (row := rows(outlet.merchant).get()).state == "queued":
        at.now = row.next_attempt_at
        tried.append((at.now - NOW).total_seconds())
        send_due_webhooks()

    assert tried[:6] == [0, 5, 35, 155, 755, 2555]
    assert 68 * 3600 < tried[-1] <= 72 * 3600
    assert 20 < len(tried) == row.attempts < 30
    assert row.state == "failed"
    assert again(endpoint).failing_since == NOW


def test_how_long_is_tried_is_a_setting(outlet, receiver, at, settings):
    settings.WEBHOOK_RETRY_H, settings.WEBHOOK_LONGEST_WAIT_S = 1, 60
    listens(receiver, outlet.merchant, kinds=["booking.confirmed"])
    receiver.reply = lambda _: Reply(500)
    books(outlet)
    while (row := rows(outlet.merchant).get()).state == "queued":
        at.now = row.next_attempt_at
        send_due_webhooks()

    assert at.now <= NOW + timedelta(hours=1)
    assert row.attempts == 62


def test_retry_after_is_kept_to_by_the_whole_endpoint_up_to_an_hour(outlet, receiver, at):
    endpoint = listens(receiver, outlet.merchant)
    receiver.reply = lambda _: Reply(429, {"Retry-After": "120"})
    books(outlet)
    send_due_webhooks()
    assert again(endpoint).rests_until == NOW + timedelta(seconds=120)
    before = len(receiver.messages)

    at.now = NOW + timedelta(seconds=119)
    assert send_due_webhooks() == 0
    assert len(receiver.messages) == before
    receiver.reply = lambda _: Reply(503, {"Retry-After": "999999"})
    at.now = NOW + timedelta(seconds=120)
    send_due_webhooks()
    assert again(endpoint).rests_until == at.now + timedelta(hours=1)


@pytest.mark.parametrize("status", [301, 302, 400, 401, 404, 500])
def test_whatever_is_not_2xx_is_not_taken(status, outlet, receiver):
    listens(receiver, outlet.merchant)
    receiver.reply = lambda _: Reply(status, {"Location": receiver.url("/elsewhere")})
    books(outlet)

    assert send_due_webhooks() == 0
    assert {row.state for row in rows(outlet.merchant)} == {"queued"}
    assert {one.path for one in receiver.messages} == {"/hooks"}


def test_410_disables_the_endpoint_at_once_and_its_merchant_is_mailed(outlet, receiver, mail_server):
    outlet.merchant.contact_email = "it@shop.example"
    outlet.merchant.save()
    endpoint = listens(receiver, outlet.merchant)
    receiver.reply = lambda _: Reply(410)
    books(outlet, 3)
    send_due_webhooks()

    assert (again(endpoint).state, endpoint.why) == ("disabled", "gone")
    assert {row.state for row in rows(outlet.merchant)} == {"failed"}
    sent = len(receiver.messages)
    assert sent <= hook_queue.AT_ONCE
    books(outlet)
    send_due_webhooks()
    assert len(receiver.messages) == sent
    events.relay(now=NOW)
    send_due_messages()
    (mail,) = mail_server.to("it@shop.example")
    assert "disabled" in mail.subject
    assert endpoint.url in mail.text
    assert f"/shop/{outlet.merchant.slug}/webhooks/{endpoint.pk}/" in mail.text


def test_one_that_takes_nothing_for_a_day_is_paused_and_its_merchant_mailed_once(
    outlet, receiver, at, mail_server
):
    outlet.merchant.contact_email = "it@shop.example"
    outlet.merchant.save()
    endpoint = listens(receiver, outlet.merchant, kinds=["booking.confirmed"])
    receiver.reply = lambda _: Reply(500)
    books(outlet)
    send_due_webhooks()
    at.now = NOW + timedelta(hours=23, minutes=59)
    assert tend_webhooks() == 0

    at.now = NOW + timedelta(hours=24)
    assert tend_webhooks() == 1
    assert tend_webhooks() == 0
    assert (again(endpoint).state, endpoint.why) == ("paused", "silent")
    events.relay(now=at.now)
    send_due_messages()
    (mail,) = mail_server.to("it@shop.example")
    assert "paused" in mail.subject
    assert send_due_webhooks() == 0

    receiver.reply = lambda _: Reply()
    hooks.resume_endpoint(endpoint=endpoint, now=at.now)
    assert send_due_webhooks() == 1
    assert again(endpoint).failing_since is None


def test_an_endpoint_with_nothing_to_be_told_is_not_paused(outlet, receiver, at):
    endpoint = listens(receiver, outlet.merchant)
    at.now = NOW + timedelta(days=9)
    tend_webhooks()

    assert again(endpoint).state == "live"


def test_what_happens_while_it_is_paused_waits_but_not_for_longer_than_anything_is_tried(
    outlet, receiver, at
):
    endpoint = listens(receiver, outlet.merchant, kinds=["booking.confirmed"])
    hooks.pause_endpoint(endpoint=endpoint)
    books(outlet)
    at.now = NOW + timedelta(days=2)
    books(outlet)
    at.now = NOW + timedelta(days=3)
    tend_webhooks()
    hooks.resume_endpoint(endpoint=endpoint, now=at.now)

    assert send_due_webhooks() == 1
    assert sorted(rows(outlet.merchant).values_list("state", "error")) == [("failed", ""), ("sent", "")]


def test_what_was_settled_long_ago_is_forgotten(outlet, receiver, at):
    listens(receiver, outlet.merchant)
    books(outlet)
    send_due_webhooks()
    at.now = NOW + timedelta(days=59)
    tend_webhooks()
    assert rows(outlet.merchant).count() == 2

    at.now = NOW + timedelta(days=60)
    tend_webhooks()
    assert rows(outlet.merchant).count() == 0


# Several at once


def test_of_two_senders_one_gets_a_message(outlet, receiver):
    listens(receiver, outlet.merchant)
    books(outlet)
    pk = rows(outlet.merchant).first().pk

    assert hook_queue.claim_delivery(pk=pk, now=NOW)
    assert hook_queue.claim_delivery(pk=pk, now=NOW) is None
    assert hook_queue.claim_delivery(pk=pk, now=NOW + hook_queue.LEASE)


def test_a_slow_sender_whose_lease_ran_out_settles_nothing_but_a_success(outlet, receiver, at):
    listens(receiver, outlet.merchant)
    books(outlet)
    pk = rows(outlet.merchant).first().pk
    slow = hook_queue.claim_delivery(pk=pk, now=NOW)
    later = NOW + hook_queue.LEASE
    quick = hook_queue.claim_delivery(pk=pk, now=later)

    hook_queue.mark_refused(slow, status=500, error="answered 500", ms=1, now=later)
    assert rows(outlet.merchant).get(pk=pk).status is None
    hook_queue.mark_taken(slow, status=200, ms=1, now=later)
    hook_queue.mark_refused(quick, status=500, error="answered 500", ms=1, now=later)
    assert rows(outlet.merchant).get(pk=pk).state == "sent"


def test_a_paused_or_deleted_endpoints_message_is_put_back(outlet, receiver):
    endpoint = listens(receiver, outlet.merchant)
    books(outlet)
    due = hook_queue.due_deliveries(now=NOW, busy={})
    hooks.pause_endpoint(endpoint=endpoint)

    assert hook_queue.claim_delivery(pk=due[0], now=NOW) is None
    row = rows(outlet.merchant).get(pk=due[0])
    assert (row.attempts, row.next_attempt_at) == (0, NOW)
    hooks.delete_endpoint(endpoint=endpoint)
    assert hook_queue.claim_delivery(pk=due[1], now=NOW) is None


def test_who_does_not_answer_is_tried_one_at_a_time_and_left_alone_for_longer_and_longer(
    outlet, settings, at
):
    endpoint = dead(settings, outlet.merchant)
    books(outlet, 6)
    rests = []
    for _i in range(9):
        send_due_webhooks()
        rests.append((again(endpoint).rests_until - at.now).total_seconds())
        assert hook_queue.due_deliveries(now=at.now, busy={}) == []
        at.now = endpoint.rests_until
        assert len(hook_queue.due_deliveries(now=at.now, busy={})) == 1

    assert rests[-1] == 300
    assert rests == sorted(rests)


def test_of_a_dead_endpoint_one_sender_at_a_time_finds_out_whether_it_is_back(outlet, settings, at):
    endpoint = dead(settings, outlet.merchant)
    books(outlet, 2)
    send_due_webhooks()
    at.now = again(endpoint).rests_until + timedelta(minutes=10)
    one, two = rows(outlet.merchant).values_list("pk", flat=True)[:2]

    assert hook_queue.claim_delivery(pk=one, now=at.now)
    assert hook_queue.claim_delivery(pk=two, now=at.now) is None


def test_a_slow_endpoint_keeps_nobody_waiting(outlet, receiver, settings, monkeypatch):
    monkeypatch.setattr(targets, "READ_S", 2.0)
    listens(receiver, outlet.merchant, path="/slow")
    other = make_network()
    listens(receiver, other.merchant, path="/quick")
    receiver.reply = lambda one: Reply(after_s=9 if one.path == "/slow" else 0)
    books(outlet, 5)
    books(other, 5)
    began = time.time()
    send_due_webhooks()

    quick = [one.at - began for one in receiver.taken if one.path == "/quick"]
    assert len(quick) == 10
    assert max(quick) < 1.5
    assert rows(other.merchant).exclude(state="sent").count() == 0
    assert rows(outlet.merchant).filter(state="sent").count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_run_does_not_wait_for_slow_answers_and_they_are_noted_all_the_same(
    at, receiver, monkeypatch, settings
):
    monkeypatch.setattr(posting, "PATIENCE_S", 0.1)
    outlet = make_network()
    listens(receiver, outlet.merchant)
    receiver.reply = lambda _: Reply(after_s=0.8)
    books(outlet)
    began = time.monotonic()

    assert send_due_webhooks() == 0
    assert time.monotonic() - began < 0.7
    assert {row.state for row in rows(outlet.merchant)} == {"queued"}
    wait_until(lambda: rows(outlet.merchant).filter(state="sent").count() == 2, seconds=10, what="answers")
    wait_until(lambda: not posting.sender.flying, seconds=10, what="threads")
    assert len(receiver.taken) == 2


def test_turns_are_fair_between_a_full_queue_and_an_empty_one(outlet, receiver):
    listens(receiver, outlet.merchant, path="/many")
    other = make_network()
    books(outlet, 8)
    listens(receiver, other.merchant, path="/one")
    books(other)

    first = hook_queue.due_deliveries(now=NOW, busy={})

    per_endpoint = [rows(outlet.merchant).filter(pk__in=first).count(), len(first)]
    assert per_endpoint == [hook_queue.AT_ONCE, hook_queue.AT_ONCE + 2]


def test_no_more_is_begun_than_there_is_room_for_and_few_to_those_that_do_not_answer(outlet, settings):
    books(outlet)
    endpoints = [dead(settings, outlet.merchant, port) for port in (9, 10, 11)]
    for endpoint in endpoints:
        hooks.replay_since(endpoint=endpoint, since=NOW, now=NOW)
    assert len(hook_queue.due_deliveries(now=NOW, busy={})) == 6
    assert len(hook_queue.due_deliveries(now=NOW, busy={}, room=3)) == 3
    assert len(hook_queue.due_deliveries(now=NOW, busy={endpoints[0].pk: 4, endpoints[1].pk: 3})) == 3

    WebhookEndpoint.objects.of(outlet.merchant).update(unanswered=1)
    assert len(hook_queue.due_deliveries(now=NOW, busy={}, slow_room=2)) == 2
    assert len(hook_queue.due_deliveries(now=NOW, busy={endpoints[0].pk: 1})) == 2


def test_one_that_cannot_be_made_holds_up_no_other(outlet, receiver, monkeypatch):
    listens(receiver, outlet.merchant)
    books(outlet)
    real, broken = posting.sign, rows(outlet.merchant).first().pk

    def sign(delivery, **values):
        if delivery.pk == broken:
            raise KeyError("lost")
        return real(delivery, **values)

    monkeypatch.setattr(posting, "sign", sign)

    assert send_due_webhooks() == 1
    assert rows(outlet.merchant).get(pk=broken).error == "our fault"


def test_what_came_of_each_try_is_counted(outlet, receiver, settings):
    listens(receiver, outlet.merchant, kinds=["booking.confirmed"])
    books(outlet)
    before = counted()
    receiver.reply = lambda _: Reply(500)
    send_due_webhooks()
    rows(outlet.merchant).update(next_attempt_at=NOW)
    receiver.reply = lambda _: Reply()
    send_due_webhooks()
    dead(settings, outlet.merchant)
    books(outlet)
    send_due_webhooks()

    now = counted()
    assert {name: now[name] - before[name] for name in now} == {"taken": 2, "refused": 1, "unanswered": 2}


def counted() -> dict[str, float]:
    names = ("taken", "refused", "unanswered")
    return {name: metrics.webhooks.labels(name)._value.get() for name in names}


def test_a_target_that_became_forbidden_is_not_sent_to(outlet, receiver, settings):
    listens(receiver, outlet.merchant)
    books(outlet)
    settings.WEBHOOK_TEST_TARGETS = []

    assert send_due_webhooks() == 0
    assert receiver.messages == []
    assert {row.error for row in rows(outlet.merchant)} <= {"not an address we send to", ""}


@pytest.mark.django_db(transaction=True)
def test_the_sender_is_woken_once_the_entry_is_certain(at, settings, monkeypatch):
    woken = []
    monkeypatch.setattr(hook_queue, "_waker", lambda: woken.append("now"))
    outlet = make_network()
    dead(settings, outlet.merchant)
    make_booking(outlet)
    assert woken == []
    events.relay(now=NOW)

    assert woken == ["now", "now"]


# Replayed, tested


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
