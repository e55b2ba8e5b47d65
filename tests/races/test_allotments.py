"""Shoppers of two shops want one depot's places at the same moment: what is kept for one stays its own."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from scheduling import clock, snapshots
from scheduling.errors import PlanBusy
from scheduling.invariants import breaches
from scheduling.models import MerchantDepot, Stop
from scheduling.services.plans import extend_horizon
from tests.factories import make_depot, make_merchant, make_outlet, make_vehicle, make_vehicle_class
from tests.races.shopper import HELSINKI, Shopper, addresses

PLACES, KEPT, SHOPPERS_EACH = 10, 4, 8
NOTHING_OFFERED = 0
BUSY = str(PlanBusy.sentence)


@pytest.fixture(autouse=True)
def _as_behind_a_proxy(settings):
    """Real addresses, and shoppers from different networks."""
    settings.GAZETTEER_FILE, settings.TRUSTED_PROXY_HOPS = str(HELSINKI), 1


def two_shops() -> tuple[MerchantDepot, MerchantDepot]:
    """Vans with more than room enough, and places that run out; some are kept for the second shop."""
    depot = make_depot(places_a_day=PLACES)
    make_vehicle(depot, make_vehicle_class(speed_m_per_h=60_000))
    outlets = [make_outlet(make_merchant(service_s=10), depot, hours=()) for _shop in range(2)]
    for outlet in outlets:
        outlet.slot_patterns.create(
            opens="08:00", closes="20:00", base_price_minor=490, cutoff_days_before=0, cutoff_time="00:01"
        )
    MerchantDepot.objects.filter(pk=outlets[1].pk).update(reserved=KEPT)
    extend_horizon(depot=depot, now=clock.now(), days=2)
    return outlets[0], outlets[1]


def rush(live_server, shops: list[MerchantDepot]) -> Counter[tuple[int, int]]:
    """Let a shopper for each entry ask, wait for all, and hold the first time; count outlets and statuses."""
    barrier = Barrier(len(shops))

    def shop(number: int, outlet: MerchantDepot, address: str) -> tuple[int, int]:
        shopper = Shopper(live_server.url, network=f"10.{number}.0.1")
        tokens = shopper.ask(outlet.merchant.slug, address)
        barrier.wait(timeout=120)
        return outlet.pk, press(shopper, outlet, tokens[0]) if tokens else NOTHING_OFFERED

    with ThreadPoolExecutor(len(shops)) as pool:
        return Counter(pool.map(shop, range(len(shops)), shops, addresses(len(shops))))


def press(shopper: Shopper, outlet: MerchantDepot, token: str) -> int:
    """Hold a time; on a slow machine the day may be busy: press again."""
    while (answer := shopper.hold(outlet.merchant.slug, token)).status == 409 and BUSY in answer.body:
        continue
    return answer.status


def held(outlet: MerchantDepot) -> int:
    return Stop.objects.active().filter(delivery__merchant_id=outlet.merchant_id).count()


@pytest.mark.django_db(transaction=True)
def test_what_is_kept_for_a_shop_is_there_for_its_shoppers_however_many_others_come(live_server, capsys):
    mine, theirs = two_shops()

    alone = rush(live_server, [mine] * SHOPPERS_EACH)
    both = rush(live_server, [mine, theirs] * SHOPPERS_EACH)

    with capsys.disabled():
        print(f"\nallotments: {PLACES} places, {KEPT} kept: {held(mine)} held, {held(theirs)} of the kept")
    assert alone[mine.pk, 303] == held(mine) == PLACES - KEPT
    assert both[mine.pk, NOTHING_OFFERED] == SHOPPERS_EACH
    assert both[theirs.pk, 303] == held(theirs) == KEPT
    assert both[theirs.pk, 409] == SHOPPERS_EACH - KEPT
    assert list(breaches()) == []


@pytest.mark.django_db(transaction=True)
def test_of_two_shops_with_their_own_kept_places_neither_takes_one_of_the_other(live_server):
    mine, theirs = two_shops()
    MerchantDepot.objects.filter(pk=mine.pk).update(reserved=PLACES - KEPT)

    statuses = rush(live_server, [mine, theirs] * SHOPPERS_EACH)

    assert (held(mine), held(theirs)) == (PLACES - KEPT, KEPT)
    assert sum(count for (_outlet, status), count in statuses.items() if status == 303) == PLACES
    assert list(breaches()) == []


@pytest.mark.django_db(transaction=True)
def test_judged_by_what_was_seen_before_the_lock_the_same_rush_takes_kept_places(live_server, monkeypatch):
    """The control: that kept places stay is the doing of the count under the lock."""
    from scheduling.allotments import Taken
    from scheduling.editor import PlanEditor

    mine, _theirs = two_shops()
    monkeypatch.setattr(PlanEditor, "taken", lambda self: Taken({}))

    rush(live_server, [mine] * SHOPPERS_EACH)

    assert held(mine) > PLACES - KEPT
    snapshots.forget_all()
