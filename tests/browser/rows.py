"""Rows that many tests here begin with."""

from django.db import transaction

from scheduling.models import MerchantDepot
from tests.factories import make_booking, make_network, some_facts


def make_vans_about() -> MerchantDepot:
    """Lay out a network whose vans already drive about.

    In one transaction, before anybody else writes, rows can be copied (see tests/layouts.py); so each test
    changes settings that are its own, such as names of files, afterwards.
    """
    with transaction.atomic():
        outlet = make_network(days=9)
        for hour, metres in ((10, 50), (10, 120), (10, 200), (16, 900)):
            make_booking(outlet, hour=hour, facts=some_facts(north_m=metres))
    return outlet
