"""Short forms of the proofs of processes: see short_forms.py."""

import pytest

from tests.proofs.short_forms import OF_PROCESSES, misses_of

pytestmark = [pytest.mark.once, pytest.mark.slow]


@pytest.mark.parametrize("name", OF_PROCESSES)
def test_the_proof_holds_in_its_short_form(name, tmp_path):
    assert misses_of(name, tmp_path) == ""
