"""The outbox: recorded with the change, handed on at least once, taking effect once."""

from datetime import timedelta

import pytest
from django.db import transaction

from scheduling import events
from scheduling.models import Event, Operator, Receipt
from scheduling.selectors.outbox import events_waiting, oldest_waiting_event
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def handled():
    """A handler that writes a row for each event, and forgets its subscription afterwards."""
    before = {kind: dict(found) for kind, found in events._handlers.items()}

    def handler(event, now):
        Operator.objects.create(name=event.kind, slug=f"seen-{event.pk}")

    events.subscribe("plan.closed", "writer", handler)
    yield
    events._handlers.clear()
    events._handlers.update(before)


def record():
    return events.record("plan.closed", actor="test", now=NOW)


def test_an_event_of_a_change_that_rolled_back_never_was():
    @transaction.atomic
    def change():
        record()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        change()

    assert not Event.objects.exists()


def test_only_listed_kinds_are_recorded_or_subscribed_to():
    with pytest.raises(ValueError, match="no event"):
        events.record("plan.vanished", actor="test", now=NOW)
    with pytest.raises(ValueError, match="no event"):
        events.subscribe("plan.vanished", "writer", print)


def test_an_event_takes_effect_once_however_often_it_is_relayed(handled):
    event = record()
    events.relay(now=NOW)
    Event.objects.filter(pk=event.pk).update(relayed_at=None, leased_until=None)

    events.relay(now=NOW + timedelta(minutes=1))

    assert Operator.objects.count() == 1
    assert Receipt.objects.count() == 1
    assert Event.objects.get().relayed_at == NOW + timedelta(minutes=1)


def test_a_leased_event_is_left_alone_until_its_lease_ends(handled):
    event = record()
    Event.objects.filter(pk=event.pk).update(leased_until=NOW + events.LEASE)

    assert events.relay(now=NOW + timedelta(seconds=29)) == 0
    assert events.relay(now=NOW + timedelta(seconds=30)) == 1


def test_a_failing_handler_is_tried_again_and_stops_nobody(handled):
    def fail(event, now):
        raise RuntimeError("not today")

    events.subscribe("plan.closed", "broken", fail)
    event = record()

    events.relay(now=NOW)

    event.refresh_from_db()
    assert Operator.objects.count() == 1
    assert event.relayed_at is None
    assert event.last_error == "broken: RuntimeError"
    assert event.leased_until > NOW + events.LEASE
    assert not Receipt.objects.filter(handler="broken").exists()


def test_waits_between_tries_grow_and_end_at_an_hour(handled):
    event = record()
    Event.objects.filter(pk=event.pk).update(attempts=50)
    events.subscribe("plan.closed", "broken", lambda event, now: 1 / 0)

    events.relay(now=NOW)

    event.refresh_from_db()
    assert event.leased_until == NOW + events.LONGEST_WAIT


def test_an_event_nobody_wants_is_done_at_once():
    record()

    assert events.relay(now=NOW) == 1
    assert events.relay(now=NOW) == 0


def test_recording_wakes_the_relay_after_the_commit(django_capture_on_commit_callbacks):
    woken = []
    before = events._waker
    events.set_waker(lambda: woken.append(1))
    with django_capture_on_commit_callbacks(execute=True):
        record()
        assert woken == []
    events.set_waker(None)
    with django_capture_on_commit_callbacks(execute=True):
        record()
    events.set_waker(before)

    assert woken == [1]


def test_what_waits_longest_is_known_and_what_failed_waits_from_its_next_try(handled):
    assert (oldest_waiting_event(now=NOW), events_waiting()) == (None, 0)
    first = record()
    events.record("plan.closed", actor="test", now=NOW + timedelta(minutes=1))
    tried_again_at = NOW + timedelta(minutes=5)

    assert (oldest_waiting_event(now=NOW), events_waiting()) == (NOW, 2)
    Event.objects.filter(pk=first.pk).update(leased_until=tried_again_at)

    assert oldest_waiting_event(now=tried_again_at - timedelta(seconds=1)) == NOW + timedelta(minutes=1)
    Event.objects.exclude(pk=first.pk).update(relayed_at=NOW)
    assert oldest_waiting_event(now=tried_again_at) == tried_again_at
