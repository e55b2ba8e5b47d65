"""What is not taken is tried for days; who takes nothing is paused, and told so."""

from datetime import timedelta

import pytest

from portal.services import hook_queue, hooks
from portal.tasks import send_due_messages, send_due_webhooks, tend_webhooks
from scheduling import events
from tests.factories import NOW
from tests.fakes.receiver import Reply
from tests.portal.messaging.webhooks.hearing import again, books, listens, rows

pytestmark = [pytest.mark.django_db, pytest.mark.both]


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
