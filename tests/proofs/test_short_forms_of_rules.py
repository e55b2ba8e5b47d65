"""Short forms of the proofs of rules: see short_forms.py."""

import pytest

from tests.proofs.catalogue import PROOFS
from tests.proofs.short_forms import OF_PROCESSES, OF_RULES, misses_of

pytestmark = [pytest.mark.once, pytest.mark.slow]


@pytest.mark.parametrize("name", OF_RULES)
def test_the_proof_holds_in_its_short_form(name, tmp_path):
    assert misses_of(name, tmp_path) == ""


def test_every_proof_has_its_short_form_tested():
    assert {*OF_PROCESSES, *OF_RULES} == set(PROOFS)
    assert len(OF_PROCESSES) + len(OF_RULES) == len(PROOFS)
