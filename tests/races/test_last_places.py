"""Shoppers want the last places at the same moment, over HTTP: nobody too many gets one, none stays empty.

As many as the proofs `race` and `sqlite-race` have (64 for 50 places) would show here what those show.
"""

from concurrent.futures import ThreadPoolExecutor
from random import getrandbits
from threading import Barrier
from time import perf_counter

import pytest
from django.core.cache import cache

from scheduling import clock, snapshots
from scheduling.invariants import breaches
from scheduling.models import Hold, MerchantDepot, Stop, VehicleClass
from scheduling.services.plans import extend_horizon
from tests.factories import make_depot, make_merchant, make_outlet, make_vehicle, make_vehicle_class
from tests.races.shopper import HELSINKI, Shopper, addresses

SHOPPERS, PLACES, BAG_G = 24, 16, 3_000


def room_for(places: int) -> MerchantDepot:
    """One van with room for so many bags, and one long slot in which time never binds."""
    depot, merchant = make_depot(), make_merchant(service_s=10)
    make_vehicle(depot, make_vehicle_class(capacity_g=places * BAG_G, speed_m_per_h=60_000))
    outlet = make_outlet(merchant, depot, hours=())
    outlet.slot_patterns.create(
        opens="08:00", closes="20:00", base_price_minor=490, cutoff_days_before=0, cutoff_time="00:01"
    )
    extend_horizon(depot=depot, now=clock.now(), days=3)
    return outlet


@pytest.fixture(autouse=True)
def _as_behind_a_proxy(settings):
    """Real addresses, and shoppers from different networks."""
    settings.GAZETTEER_FILE, settings.TRUSTED_PROXY_HOPS = str(HELSINKI), 1


def rush(live_server, outlet, shoppers: int) -> tuple[list[int], list[float]]:
    """Let all ask, wait for each other, and hold the first time; return statuses and seconds."""
    barrier = Barrier(shoppers)
    slug = outlet.merchant.slug

    def shop(number: int, address: str) -> tuple[int, float]:
        shopper = Shopper(live_server.url, network=f"10.{number}.0.1")
        token = shopper.ask(slug, address)[0]
        barrier.wait(timeout=120)
        started = perf_counter()
        answer = shopper.hold(slug, token)
        return answer.status, perf_counter() - started

    with ThreadPoolExecutor(shoppers) as pool:
        results = list(pool.map(shop, range(shoppers), addresses(shoppers)))
    return [status for status, _s in results], sorted(seconds for _status, seconds in results)


@pytest.mark.django_db(transaction=True)
def test_the_last_places_are_sold_once_and_all_of_them(live_server, capsys):
    outlet = room_for(PLACES)

    statuses, seconds = rush(live_server, outlet, SHOPPERS)

    p95_ms = seconds[int(0.95 * len(seconds))] * 1000
    with capsys.disabled():
        held = Stop.objects.active().count()
        print(f"\nrace: {SHOPPERS} shoppers, {PLACES} places: {held} held, p95 {p95_ms:.0f} ms")
    assert sorted(statuses) == [303] * PLACES + [409] * (SHOPPERS - PLACES)
    assert Hold.objects.filter(state="live").count() == PLACES
    assert list(breaches()) == []


@pytest.mark.django_db(transaction=True)
def test_without_lock_and_recheck_the_same_race_oversells(live_server, monkeypatch):
    """The control: what the race proves is the lock's and the recheck's doing."""
    from scheduling import editor
    from scheduling.models import DayPlan

    outlet = room_for(5)
    stale = {}

    def unlocked(self, ids):
        return {plan.pk: plan for plan in DayPlan.objects.filter(pk__in=set(ids)).select_related("depot")}

    def first_seen(plan, *, now):
        return stale.setdefault(plan.pk, snapshots.read_snapshot(plan, version=plan.version, now=now))

    def save_anyway(self):
        DayPlan.objects.filter(pk=self.row.pk).update(version=self.row.version + 1)

    monkeypatch.setattr("scheduling.models.plans.DayPlanQuerySet.lock", unlocked)
    monkeypatch.setattr(editor, "cached_snapshot", first_seen)
    monkeypatch.setattr(editor.PlanEditor, "save", save_anyway)
    monkeypatch.setattr(editor.PlanEditor, "_position_at", lambda self, gap: getrandbits(40))
    statuses, _seconds = rush(live_server, outlet, 12)

    assert statuses.count(303) > 5 or Stop.objects.active().count() > 5
    assert VehicleClass.objects.count() == 1
    cache.clear()
