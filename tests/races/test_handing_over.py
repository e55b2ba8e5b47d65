"""Two who say at the same moment what came of a stop: one answer, one attempt, one event."""

from datetime import timedelta
from multiprocessing import get_context

import pytest
from django.db import connections

from scheduling.errors import DomainError, StopDone
from scheduling.invariants import breaches
from scheduling.models import Attempt, Booking, Delivery, Event, HandedParcel
from scheduling.services.bookings import cancel_delivery
from scheduling.services.handing_over import Handover, settle_stop, undo_attempt
from tests.factories import make_booking, make_network, start_day
from tests.races.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def booking() -> Booking:
    booking = make_booking(make_network(vans=1))
    start_day(booking.stop.route.shift.plan)
    booking.refresh_from_db()
    return booking


def says(booking: Booking, outcome: str = "handed_over", reason: str = ""):
    at = booking.stop.opens_at
    handover = Handover(outcome=outcome, reason=reason, happened_at=at)
    return lambda: settle_stop(stop_id=booking.stop_id, handover=handover, actor="shift:1", now=at)


def undoes(booking: Booking):
    at = booking.stop.opens_at + timedelta(minutes=1)
    return lambda: undo_attempt(stop_id=booking.stop_id, because="A mistake", actor="user:1", now=at)


def told() -> dict[str, int]:
    kinds = Event.objects.filter(kind__in=("delivery.delivered", "delivery.missed", "delivery.undone"))
    counts = list(kinds.values_list("kind", flat=True))
    return {kind: counts.count(kind) for kind in counts}


def test_the_same_said_twice_at_once_is_one_attempt(booking):
    results = at_once(*[says(booking)] * 4)

    assert results == [Attempt.objects.get()] * 4
    assert HandedParcel.objects.count() == 1
    assert told() == {"delivery.delivered": 1}
    assert list(breaches()) == []


def test_of_two_devices_that_say_different_things_the_first_counts(booking):
    results = at_once(says(booking), says(booking, "not_possible", "nobody_home"))

    attempt = Attempt.objects.get()
    assert sorted(isinstance(result, StopDone) for result in results) == [False, True]
    assert attempt in results
    assert sum(told().values()) == 1
    assert list(breaches()) == []


def in_processes(*changes) -> list[str]:
    """Make these changes at one moment, each in a process of its own; return how each ended."""
    fork = get_context("fork")
    barrier, ends = fork.Barrier(len(changes)), fork.SimpleQueue()

    def run(change) -> None:
        barrier.wait(timeout=30)
        try:
            ends.put(str(change().pk))
        except DomainError as error:
            ends.put(error.code)
        finally:
            connections.close_all()

    connections.close_all()
    started = [fork.Process(target=run, args=(change,)) for change in changes]
    for process in started:
        process.start()
    for process in started:
        process.join(timeout=60)
    return sorted(ends.get() for _process in started)


def test_from_two_processes_it_is_one_attempt_too(booking):
    said_by = [says(booking)] * 3 + [says(booking, "not_possible", "nobody_home")] * 3

    ends = in_processes(*said_by)

    attempt = Attempt.objects.get()
    assert ends == sorted([str(attempt.pk)] * 3 + ["stop_done"] * 3)
    assert sum(told().values()) == 1
    assert list(breaches()) == []


def test_taken_back_and_said_again_at_once_is_done_or_to_be_done(booking):
    for _round in range(6):
        says(booking)()
        at_once(undoes(booking), says(booking), undoes(booking))

        assert Attempt.objects.filter(stop=booking.stop_id).count() <= 1
        assert list(breaches()) == []


def test_handed_over_and_cancelled_at_once_is_one_of_the_two(booking):
    handed, cancelled = at_once(
        says(booking),
        lambda: cancel_delivery(
            delivery=booking.delivery, actor="link:1", now=booking.stop.opens_at - timedelta(minutes=1)
        ),
    )

    state = Delivery.objects.get(pk=booking.delivery_id).state
    assert (state, isinstance(handed, Attempt), isinstance(cancelled, DomainError)) in (
        ("delivered", True, True),
        ("cancelled", False, False),
    )
    assert list(breaches()) == []
