"""`python -m tests.proofs.rows KIND ...`: lay rows out in the database that the settings name."""

import json
import os
import sys


def last_places(places: str, shops: str = "1") -> dict[str, list[str]]:
    """For each shop one van with room for so many bags a day, and one long slot in which time never binds."""
    return {"merchants": [_shop_with_room(int(places)) for _i in range(int(shops))]}


def _shop_with_room(places: int) -> str:
    from scheduling import clock
    from scheduling.services.plans import extend_horizon
    from tests.factories import make_depot, make_merchant, make_outlet, make_vehicle, make_vehicle_class

    depot, merchant = make_depot(), make_merchant(service_s=10)
    make_vehicle(depot, make_vehicle_class(capacity_g=places * 3_000, speed_m_per_h=60_000))
    outlet = make_outlet(merchant, depot, hours=())
    outlet.slot_patterns.create(
        opens="08:00", closes="20:00", base_price_minor=490, cutoff_days_before=0, cutoff_time="00:01"
    )
    extend_horizon(depot=depot, now=clock.now(), days=3)
    return merchant.slug


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    kind, *arguments = sys.argv[1:]
    print(json.dumps({"last_places": last_places}[kind](*arguments)))


if __name__ == "__main__":
    main()
