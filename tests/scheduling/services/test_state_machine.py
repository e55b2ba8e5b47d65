"""Whatever is done in whatever order nothing breaks: the short form of `make prove ONLY=state-machine`."""

import pytest

from scheduling.models import Hold
from tests.proofs.random_orders import shop


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_order_of_changes_breaks_anything(seed):
    machine = shop(runs=6, steps=25, number=seed)

    assert machine.happened["hold.placed"]
    assert machine.happened["run swapped"] == machine.happened["plan.improved"]
    assert not Hold.objects.exists()
