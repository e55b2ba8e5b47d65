"""Whatever customers do in whatever order, points count what goes to them and nothing else."""

from collections import Counter
from random import Random

import pytest

from scheduling.errors import DomainError
from scheduling.facts import VisitFacts
from scheduling.invariants import breaches
from scheduling.models import Booking, Event, MerchantDepot, PickupPoint, Stop
from scheduling.services.bookings import cancel_delivery, reschedule_delivery
from scheduling.services.diverting import divert_delivery
from scheduling.services.improvements import begin_improvement, finish_improvement
from scheduling.services.joining import join_delivery
from tests.factories import (
    NOW,
    a_session,
    ask_for,
    make_booking,
    make_network,
    make_point,
    plan_on,
    some_facts,
)
from tests.proofs.reroutes import best_of_some

pytestmark = [pytest.mark.django_db, pytest.mark.both]
HOURS = ("Mo-Su 07:00-21:00", "Mo-Su 09:00-12:00,13:00-17:00", "Mo-Tu 16:00-02:00", "24/7")
STEPS = 30


class History:
    """Bookings at one shop and points near them, and all that may become of them."""

    def __init__(self, seed: int) -> None:
        self.chance, self.happened = Random(seed), Counter[str]()
        self.outlet: MerchantDepot = make_network(vans=2, days=4)
        self.points = [
            make_point(self.outlet.depot, capacity=size, hours=hours, north_m=self.chance.uniform(-900, 900))
            for size, hours in zip((1, 2, 4, 9), HOURS, strict=True)
        ]
        self.bookings = [self.book() for _i in range(8)]

    def book(self) -> Booking:
        facts = some_facts(parcels=self.chance.randint(1, 3), east_m=self.chance.uniform(-2_000, 2_000))
        return make_booking(self.outlet, hour=self.chance.choice((8, 10, 12, 14)), facts=facts)

    def divert(self, booking: Booking) -> None:
        point = self.chance.choice(self.points)
        divert_delivery(delivery=booking.delivery, point=point, actor="x", now=NOW)

    def choose_a_time(self, booking: Booking) -> None:
        session, facts = a_session(), VisitFacts.from_json(booking.quote.facts)
        view = ask_for(self.outlet, facts, session_key=session, moving=booking.delivery)
        tokens = [one.token for day in view.days for one in day.offers if one.available]
        token = self.chance.choice(tokens)
        reschedule_delivery(
            delivery=booking.delivery, offer_token=token, session_key=session, actor="x", now=NOW
        )

    def cancel(self, booking: Booking) -> None:
        cancel_delivery(delivery=booking.delivery, actor="x", now=NOW)

    def add_an_order(self, booking: Booking) -> None:
        goods = {"load_g": 500, "load_ml": 900, "parcels": self.chance.randint(1, 2)}
        number = f"J-{self.chance.random()}"
        join_delivery(delivery=booking.delivery, order_number=number, actor="x", now=NOW, **goods)

    def improve(self, _booking: Booking) -> None:
        begun = begin_improvement(plan_id=plan_on(self.outlet).pk, actor="x", now=NOW)
        if begun is not None:
            found = best_of_some(begun.plan, Random(self.chance.random()))
            finish_improvement(begun=begun, found=found, now=NOW)

    def step(self) -> None:
        whatever = (self.choose_a_time, self.add_an_order, self.cancel, self.improve)
        change = self.chance.choices((self.divert, *whatever), weights=(6, 3, 2, 1, 1))[0]
        try:
            change(self.chance.choice(self.bookings))
        except DomainError as error:
            self.happened[error.code] += 1
        else:
            self.happened[change.__name__] += 1


def counted() -> dict[int, int]:
    """By point, the parcels of booked stops there: counted one by one."""
    found: Counter[int] = Counter()
    for stop in Stop.objects.booked().filter(pickup_point__isnull=False).select_related("delivery"):
        found[stop.pickup_point_id] += stop.delivery.parcel_count
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_no_history_makes_a_point_miscount(seed):
    history = History(seed)

    for _step in range(STEPS):
        history.step()
        there = counted()
        for point in PickupPoint.objects.all():
            assert 0 <= point.used == there[point.pk] <= point.capacity

    assert list(breaches()) == []
    assert history.happened["divert"] >= 3
    assert Event.objects.filter(kind="delivery.diverted").exists()
