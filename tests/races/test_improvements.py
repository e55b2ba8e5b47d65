"""Some book, move, cancel while others improve the routes of the same day: nothing breaks or is lost."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import count
from random import Random
from threading import Barrier

import pytest
from django.db import connection

from scheduling.errors import DomainError, PlanBusy
from scheduling.facts import VisitFacts
from scheduling.invariants import breaches
from scheduling.models import Booking, DayPlan, Event, Improvement, MerchantDepot, Stop
from scheduling.services import improvements
from scheduling.services.bookings import cancel_delivery, reschedule_delivery
from tests.factories import (
    NOW,
    TOMORROW,
    a_session,
    ask_for,
    make_booking,
    make_network,
    plan_on,
    some_facts,
    token_at,
)
from tests.proofs.reroutes import put_out_of_order

HOURS, TURNS = (8, 10, 12, 14, 16), 6
Outcome = Improvement.Outcome


def place(chance: Random) -> VisitFacts:
    return some_facts(north_m=chance.uniform(-6_000, 6_000), east_m=chance.uniform(-6_000, 6_000))


def book(outlet: MerchantDepot, chance: Random) -> Booking:
    return make_booking(outlet, hour=chance.choice(HOURS), facts=place(chance))


def move(outlet: MerchantDepot, mine: Iterator[Booking], chance: Random) -> Booking:
    booking, session = next(mine), a_session()
    facts = VisitFacts.from_json(booking.quote.facts)
    view = ask_for(outlet, facts, session_key=session, moving=booking.delivery)
    return reschedule_delivery(
        delivery=booking.delivery,
        offer_token=token_at(view, chance.choice(HOURS)),
        session_key=session,
        actor="x",
        now=NOW,
    )


def cancel(mine: Iterator[Booking]) -> None:
    cancel_delivery(delivery=next(mine).delivery, actor="x", now=NOW)


def improve(plan: DayPlan, chance: Random) -> None:
    put_out_of_order(plan_id=plan.pk, chance=chance, now=NOW)
    begun = improvements.begin_improvement(plan_id=plan.pk, actor="x", now=NOW)
    if begun is None:
        return
    found = improvements.solve(begun)
    while True:
        with suppress(PlanBusy):
            improvements.finish_improvement(begun=begun, found=found, now=NOW)
            return


def turns(barrier: Barrier, change: Callable[[], object]) -> int:
    """Make a change again and again, on a connection of its own; return how often it was made."""
    made = 0
    try:
        barrier.wait(timeout=60)
        for _turn in range(TURNS):
            with suppress(DomainError, StopIteration):
                change()
                made += 1
    finally:
        connection.close()
    return made


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_who_books_moves_and_cancels_loses_nothing_to_those_who_improve(seed, monkeypatch, capsys):
    monkeypatch.setattr(improvements, "LEAST_MS", 60)
    monkeypatch.setattr(improvements, "MS_A_VISIT", 0)
    chance, outlet = Random(seed), make_network(vans=4, days=2)
    first = [book(outlet, chance) for _booking in range(3 * TURNS)]
    own = iter(first[:TURNS]), iter(first[TURNS : 2 * TURNS])
    plan, chances = plan_on(outlet), (Random(f"{seed} {number}") for number in count())
    changes = [
        partial(book, outlet, next(chances)),
        partial(book, outlet, next(chances)),
        partial(move, outlet, own[0], next(chances)),
        partial(cancel, own[1]),
        partial(improve, plan, next(chances)),
        partial(improve, plan, next(chances)),
    ]

    with ThreadPoolExecutor(len(changes)) as pool:
        made = list(pool.map(partial(turns, Barrier(len(changes))), changes))

    booked, moved, cancelled = made[0] + made[1], made[2], made[3]
    runs = Counter(Improvement.objects.values_list("outcome", flat=True))
    with capsys.disabled():
        print(
            f"\nimproving (seed {seed}): {booked} booked, {moved} moved, {cancelled} cancelled, {dict(runs)}"
        )
    assert list(breaches()) == []
    assert Booking.objects.count() == len(first) + booked
    assert Stop.objects.booked().count() == len(first) + booked - cancelled
    assert Stop.objects.booked().filter(route__shift__plan=plan).count() == Stop.objects.booked().count()
    assert runs[Outcome.SWAPPED] == Event.objects.filter(kind="plan.improved").count() > 0
    assert runs[Outcome.RUNNING] == 0
    assert plan.service_date == TOMORROW
