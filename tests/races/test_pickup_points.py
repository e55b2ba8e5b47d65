"""Many send their deliveries to one pickup point at the same moment, while others cancel, improve, lock."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from random import Random
from threading import Barrier

import pytest
from django.db import connection, transaction

from scheduling.errors import DomainError, PlanBusy, PointFull, TooLateToChange
from scheduling.invariants import breaches
from scheduling.models import Booking, DayPlan, Event, Improvement, PickupPoint, Stop
from scheduling.services import improvements
from scheduling.services.bookings import cancel_delivery
from scheduling.services.diverting import divert_delivery
from scheduling.services.plans import close_plan
from tests.factories import NOW, TOMORROW, make_booking, make_network, make_point, plan_on, some_facts
from tests.races.test_improvements import improve

PLACES, DELIVERIES = 5, 16


def at_once(changes: Sequence[Callable[[], object]]) -> list[DomainError | None]:
    """Make all changes at one moment, each on a connection of its own; return what refused each."""
    barrier = Barrier(len(changes))

    def one(change: Callable[[], object]) -> DomainError | None:
        try:
            barrier.wait(timeout=60)
            while True:
                try:
                    change()
                    return None
                except PlanBusy:  # what a page asks its reader to do: try again
                    continue
                except DomainError as error:
                    return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(changes)) as pool:
        return list(pool.map(one, changes))


def divert(booking: Booking, point: PickupPoint) -> None:
    divert_delivery(delivery=booking.delivery, point=point, actor="x", now=NOW)


def cancel(booking: Booking) -> None:
    cancel_delivery(delivery=booking.delivery, actor="x", now=NOW)


def used(point: PickupPoint) -> int:
    return PickupPoint.objects.get(pk=point.pk).used


@pytest.mark.django_db(transaction=True)
def test_the_last_places_of_a_point_are_given_once_whichever_the_day():
    outlet = make_network(vans=4, days=4)
    days = [plan.service_date for plan in DayPlan.objects.order_by("service_date")][1:]
    chance, point = Random(1), make_point(outlet.depot, capacity=PLACES)
    bookings = [
        make_booking(
            outlet,
            day=days[number % len(days)],
            hour=(8, 10, 12, 14)[number % 4],
            facts=some_facts(east_m=chance.uniform(-3_000, 3_000)),
        )
        for number in range(DELIVERIES)
    ]

    refused = at_once([partial(divert, booking, point) for booking in bookings])

    assert refused.count(None) == PLACES
    assert all(isinstance(error, PointFull) for error in refused if error)
    assert used(point) == PLACES
    assert Stop.objects.booked().filter(pickup_point=point).count() == PLACES
    assert Stop.objects.booked().count() == DELIVERIES
    assert Event.objects.filter(kind="delivery.diverted").count() == PLACES
    assert list(breaches()) == []


@pytest.mark.django_db(transaction=True)
def test_without_the_condition_on_the_counter_more_are_sent_than_there_are_places(monkeypatch):
    """The control: what the race proves is the one statement that takes places."""

    def unchecked(self, pk: int, parcels: int) -> bool:
        return PickupPoint.objects.get(pk=pk).free >= parcels  # looked at, not taken

    outlet = make_network(vans=4, days=3)
    point = make_point(outlet.depot, capacity=1)
    bookings = [make_booking(outlet, facts=some_facts(east_m=90 * number)) for number in range(4)]
    monkeypatch.setattr("scheduling.models.points.PickupPointQuerySet.take_places", unchecked)

    refused = at_once([partial(divert, booking, point) for booking in bookings])

    assert refused.count(None) > 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", [1, 2])
def test_who_diverts_and_cancels_at_once_leaves_no_place_taken_for_nobody(seed):
    outlet = make_network(vans=4, days=2)
    point, other = make_point(outlet.depot, capacity=50), make_point(outlet.depot, capacity=50)
    bookings = [make_booking(outlet, facts=some_facts(parcels=2, east_m=90 * n)) for n in range(8)]
    changes = [partial(cancel, booking) for booking in bookings]
    changes += [partial(divert, booking, at) for at in (point, other) for booking in bookings]
    Random(seed).shuffle(changes)

    at_once(changes)

    assert not Stop.objects.booked().exists()
    assert (used(point), used(other)) == (0, 0)
    assert list(breaches()) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", [1, 2])
def test_who_diverts_while_routes_are_improved_is_at_the_point_once(seed, monkeypatch):
    monkeypatch.setattr(improvements, "LEAST_MS", 60)
    monkeypatch.setattr(improvements, "MS_A_VISIT", 0)
    chance, outlet = Random(seed), make_network(vans=3, days=2)
    point = make_point(outlet.depot, capacity=50)
    bookings = [
        make_booking(outlet, hour=chance.choice((8, 10, 12, 14)), facts=some_facts(east_m=90 * n))
        for n in range(16)
    ]
    plan = plan_on(outlet)

    def improve_often() -> None:
        for _turn in range(6):
            with suppress(DomainError):
                improve(plan, Random(f"{seed}"))

    refused = at_once([improve_often, improve_often, *(partial(divert, one, point) for one in bookings[:10])])

    assert refused[2:] == [None] * 10
    assert used(point) == Stop.objects.booked().filter(pickup_point=point).count() == 10
    assert Stop.objects.booked().count() == 16
    assert Improvement.objects.filter(outcome=Improvement.Outcome.SWAPPED).exists()
    assert list(breaches()) == []


@pytest.mark.django_db(transaction=True)
def test_once_a_day_is_locked_nobody_more_is_diverted():
    outlet = make_network(vans=3, days=2)
    point = make_point(outlet.depot, capacity=50)
    bookings = [make_booking(outlet, facts=some_facts(east_m=90 * n)) for n in range(10)]
    plan = plan_on(outlet, TOMORROW)
    close_plan(plan_id=plan.pk, now=NOW)

    def lock_the_day() -> None:
        with transaction.atomic():
            row = DayPlan.objects.lock({plan.pk})[plan.pk]
            row.move_to(DayPlan.State.LOCKED)
            row.save(update_fields=["state"])

    refused = at_once([lock_the_day, *(partial(divert, booking, point) for booking in bookings)])

    went = refused[1:].count(None)
    assert all(isinstance(error, TooLateToChange) for error in refused[1:] if error)
    assert used(point) == Stop.objects.booked().filter(pickup_point=point).count() == went
    with pytest.raises(TooLateToChange):
        divert(bookings[0], make_point(outlet.depot))
    assert list(breaches()) == []
