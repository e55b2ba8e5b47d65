"""Seals of what happened: another word, another file or another key, and they do not hold."""

import pytest

from scheduling.proving import holds, seal

RECORD = {
    "delivery": "7K2MQ9XA",
    "outcome": "handed_over",
    "parcels": ["DS1"],
    "files": [["photo", "ab" * 32]],
}


@pytest.fixture(autouse=True)
def keys(settings):
    settings.PROOF_KEYS = [("b", b"b" * 32), ("a", b"a" * 32)]


def test_a_seal_holds_for_its_record_only():
    sealed = seal(RECORD)

    assert sealed.startswith("1.b.")
    assert holds(sealed, dict(reversed(RECORD.items())))
    for name in RECORD:
        assert not holds(sealed, RECORD | {name: "another"})
        assert not holds(sealed, {key: value for key, value in RECORD.items() if key != name})


def test_a_seal_of_an_older_key_still_holds(settings):
    settings.PROOF_KEYS = [("a", b"a" * 32)]
    sealed = seal(RECORD)
    settings.PROOF_KEYS = [("b", b"b" * 32), ("a", b"a" * 32)]

    assert holds(sealed, RECORD)


@pytest.mark.parametrize("sealed", ["", "1", "1.b", "1.b.", "2.b.ab", "1.unknown.ab", "..", "1.b.é"])
def test_what_is_no_seal_does_not_hold(sealed):
    assert not holds(sealed, RECORD)


def test_another_key_of_the_same_name_does_not_do(settings):
    sealed = seal(RECORD)
    settings.PROOF_KEYS = [("b", b"c" * 32)]

    assert not holds(sealed, RECORD)
