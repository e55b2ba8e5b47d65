"""Several senders at once, and endpoints that are slow or dead, keep nobody else waiting."""

import time
from datetime import timedelta

import pytest

from portal import metrics
from portal.benchmarks.servers import wait_until
from portal.messaging import posting, targets
from portal.models import WebhookEndpoint
from portal.services import hook_queue, hooks
from portal.tasks import send_due_webhooks
from scheduling import events
from tests.factories import NOW, make_booking, make_network
from tests.fakes.receiver import Reply
from tests.portal.messaging.webhooks.hearing import again, books, dead, listens, rows

pytestmark = [pytest.mark.django_db, pytest.mark.both]


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
    monkeypatch.setattr(targets, "READ_S", 4.0)
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
    assert max(quick) < 3
    assert rows(other.merchant).exclude(state="sent").count() == 0
    assert rows(outlet.merchant).filter(state="sent").count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_run_does_not_wait_for_slow_answers_and_they_are_noted_all_the_same(
    at, receiver, monkeypatch, settings
):
    monkeypatch.setattr(posting, "PATIENCE_S", 0.1)
    outlet = make_network()
    listens(receiver, outlet.merchant)
    receiver.reply = lambda _: Reply(after_s=3)
    books(outlet)
    began = time.monotonic()

    assert send_due_webhooks() == 0
    assert time.monotonic() - began < 2
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
