"""What `privacy` looks for is found where it stands."""

import pytest

from tests.proofs.passers_by import Found, Looker, faults_in
from tests.proofs.strangers import Stranger

VAN = (60.169171, 24.942312)
HOME = frozenset({60.17123, 24.93321})


@pytest.mark.parametrize(
    ("said", "name", "stage", "faults"),
    [
        ("nothing of any place, 12.50 €", "customers:booking", "at stop 4", 0),
        ('{"lat": 60.169}', "api:track", "at stop 4", 1),
        ('data-lat="60.169" data-lon="24.942"', "customers:follow", "at stop 3", 0),
        ('data-lat="60.16917"', "customers:follow", "at stop 3", 1),
        ('data-lat="60.169"', "customers:move", "at stop 3", 1),
        ('data-lat="60.17123"', "customers:move", "at stop 4", 0),
        ('data-lat="60.17123"', "customers:booking", "delivered", 1),
        ("Location: /x/?at=24.942", "customers:booking", "at the door", 1),
        ("for Zanzibar2x", "customers:booking", "at stop 4", 1),
    ],
)
def test_a_place_or_a_name_too_many_is_seen(said, name, stage, faults):
    looker = Looker(Stranger("somebody", None), frozenset({"Zanzibar2x"}), HOME)

    assert len(list(faults_in(said, looker, name, stage, VAN, Found()))) == faults
