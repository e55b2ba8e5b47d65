"""Whatever is done in whatever order nothing breaks: one seed of `make prove ONLY=state-machine`.

The proof's short form runs three others, on both databases, and may try no swap; this one does.
"""

import pytest

from scheduling.models import Hold
from tests.proofs.random_orders import shop

pytestmark = [pytest.mark.django_db, pytest.mark.once, pytest.mark.slow]


def test_no_order_of_changes_breaks_anything():
    machine = shop(runs=3, steps=20, number=5)

    assert machine.happened["hold.placed"]
    assert machine.happened["run swapped"] == machine.happened["plan.improved"] > 0
    assert not Hold.objects.exists()
